"""Retention by night: in the quiet hours, at its pace, by a sure clock; and what a dry run tells of a million rows."""

import asyncio
import os
import random
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.event import listen

from ivr.recordings import counting
from ivr.recordings import due as reading
from ivr.recordings import retention as work
from ivr.recordings.due import Due
from ivr.recordings.retention import Busy, segments
from ivr.site.callers import CallerEntries, CallerList, Entry
from ivr.site.recordings import QuietHours
from recordings.backup.gate import only_one
from recordings.catalogue import State, recording_of, table
from recordings.holds import Holds, OverCall, OverCaller, OverQueue, OverRecording
from recordings.intake import QUARANTINE
from recordings.judge import Judge
from recordings.periods import Period
from recordings.retention import ClockLeapt, DryRun, Kept, Planned, RetentionRule, Rulebook, Sum, Verdict
from recordings.retention import State as Where
from recordings.vault.folder import INCOMING
from tests.tools import run
from tests.unit.recordings.shop import BOGOTA, DAY, HALF_A_YEAR, LATER, Shop, called, fill, on, row

CARTERA = RetentionRule(queue=("cartera",), keep=Period(years=5), archive_after=Period(days=90))


def states(shop: Shop) -> dict[str, int]:
    found: dict[str, int] = {}
    with shop.store.engine.connect() as connection:
        for state in connection.execute(select(table.c.state)).scalars():
            found[state] = found.get(state, 0) + 1
    return found


@run
async def test_a_clock_that_leaps_in_the_middle_of_a_pass_deletes_nothing_more(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.filled()
    shop.clock.wall = LATER - timedelta(days=30)  # none of them is due for weeks
    real = shop.remover.finish

    async def finish() -> Any:
        shop.clock.wall = LATER + timedelta(days=3650)
        return await real()

    with monkeypatch.context() as patched:
        patched.setattr(shop.remover, "finish", finish)
        done = await shop.retention.at_once(10)
    assert done.deleted == 0 and len(shop.files()) == 3 and shop.faults() == []
    with pytest.raises(ClockLeapt):
        await shop.retention.at_once(10)
    await shop.audit.close()


# ---------------------------------------------------------------------- by itself
@run
async def test_what_is_due_is_deleted_in_the_quiet_hours_alone(shop: Shop) -> None:
    await shop.filled()
    shop.clock.wall = LATER - timedelta(hours=1)  # half past one
    await shop.retention.look()
    assert shop.retention.last is None and len(shop.files()) == 3
    shop.clock.advance(1800)
    await shop.retention.look()
    done = shop.retention.last
    assert done is not None and (done.deleted, done.stopped, done.left) == (3, "", {})
    assert shop.files() == [] and shop.faults() == [] and shop.retention.trouble == ""
    await shop.retention.look()
    assert shop.retention.last is done, "not again at once"
    shop.clock.advance(1000)
    await shop.retention.look()
    assert shop.retention.last is not done
    await shop.audit.close()


def quarantined(shop: Shop, name: str, days: float) -> Path:
    file = shop.folder / QUARANTINE / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(b"somebody talks")
    moment = (LATER - days * DAY).timestamp()
    os.utime(file, (moment, moment))
    return file


@run
async def test_what_is_in_quarantine_goes_when_no_rule_would_keep_it_any_longer(shop: Shop) -> None:
    await shop.audit.open()
    fill(shop.store.engine, [row("s0_1", LATER - 200 * DAY, state=State.SPOILT.value, file="s0_1.raw")])
    (shop.vault / INCOMING).mkdir()
    old = [quarantined(shop, name, 200) for name in ("s0_1.raw", "u0_1.raw", "u0_1~2.raw", "other.wav")]
    quarantined(shop, "u1_1.raw", 100)
    held = quarantined(shop, "u2_1.raw", 200)
    shop.hold(OverCall("u2"))
    year = RetentionRule(queue=("cartera",), keep=Period(years=1))
    for rules in ((year, HALF_A_YEAR), (year, RetentionRule(keep=None)), (year,)):
        shop.change(keep=rules)
        assert (await shop.retention.at_once(100)).deleted == 0 and all(file.exists() for file in old)
    shop.change(keep=(HALF_A_YEAR,))
    assert (await shop.retention.at_once(100)).deleted == 3
    assert [file for file in old if file.exists()] == [] and shop.state("s0_1") is State.DELETED
    assert sorted(file.name for file in held.parent.iterdir()) == ["u1_1.raw", "u2_1.raw"]
    assert sorted(shop.about("deleted")) == ["other.wav", "s0_1", "u0_1"]
    assert "u2_1" not in shop.about("deleting") and "u2_1" not in shop.about("spared"), "not told anew each night"
    shop.change(deletions_an_hour=1)
    shop.clock.advance(100 * 86_400)
    await shop.retention.believe()
    assert (await shop.retention.at_once(100)).deleted == 1
    await shop.audit.close()


@run
async def test_it_goes_on_by_itself_until_it_is_closed(shop: Shop) -> None:
    await shop.filled()
    shop.clock.wall = LATER - timedelta(hours=2)
    shop.retention.start()
    for _ in range(3000):
        await asyncio.sleep(0.001)
        if shop.retention.last is not None:
            break
    await shop.retention.close()
    assert shop.retention.last is not None and shop.retention.last.deleted == 3
    await shop.audit.close()


@run
async def test_quiet_hours_may_reach_over_midnight_and_what_is_left_comes_the_next_night(shop: Shop) -> None:
    await shop.audit.open()
    shop.old(100)
    shop.change(quiet=QuietHours(23 * 60 + 30, 30), deletions_an_hour=30)
    shop.clock.wall = datetime(2027, 6, 2, 4, 29, tzinfo=UTC)  # 23:29 in Bogotá
    for minute in range(1, 40):
        await shop.retention.look()
        assert (shop.retention.last is not None) == (minute > 1)
        if shop.retention.last is not None:
            break
        shop.clock.advance(60)
    first = shop.retention.last
    assert first is not None and first.stopped == "the quiet hours are over" and 25 <= first.deleted <= 31
    assert shop.clock.wall.astimezone(BOGOTA).strftime("%d %H:%M") == "02 00:30"
    for _ in range(24 * 60):
        shop.clock.advance(60)
        await shop.retention.look()
        if shop.retention.last is not first:
            break
    assert shop.clock.wall.astimezone(BOGOTA) >= datetime(2027, 6, 3, 0, 30, tzinfo=BOGOTA)
    second = shop.retention.last
    assert second is not None and states(shop)["deleted"] == first.deleted + second.deleted
    await shop.audit.close()


@run
async def test_no_hour_has_more_deletions_than_it_may(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    await shop.audit.open()
    shop.old(400)
    shop.change(deletions_an_hour=150, quiet=QuietHours(0, 24 * 60 - 1))
    done: list[tuple[int, int]] = []
    real = shop.remover.begin

    async def counted(doomed: Any) -> Any:
        done.append((shop.clock.engine_us(), len(doomed)))
        return await real(doomed)

    monkeypatch.setattr(shop.remover, "begin", counted)
    began = shop.clock.wall
    told = await shop.retention.nightly()
    assert told.deleted == 400 == sum(count for _, count in done) and told.stopped == ""
    for begin, _ in done:
        assert sum(count for at, count in done if begin <= at < begin + 3_600_000_000) <= 150
    assert timedelta(hours=2.5) < shop.clock.wall - began < timedelta(hours=3)
    more = await shop.retention.at_once(10)
    assert more.stopped == "" and more.deleted == 0
    await shop.audit.close()


@run
async def test_by_hand_it_is_bounded_and_obeys_the_same_hour(shop: Shop) -> None:
    await shop.audit.open()
    shop.old(200)
    shop.clock.wall = LATER + timedelta(hours=8)  # the day's work
    assert (await shop.retention.at_once(70)).stopped == "as many as were asked for" and states(shop)["deleted"] == 70
    shop.change(deletions_an_hour=100)
    done = await shop.retention.at_once(70)
    assert (done.deleted, done.stopped) == (30, "100 an hour are allowed")
    shop.clock.advance(3600)
    assert (await shop.retention.at_once(500)).deleted == 100
    await shop.audit.close()


@run
async def test_rules_that_change_end_a_pass(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    await shop.audit.open()
    shop.old(50)
    shop.change(deletions_an_hour=60)
    real = shop.remover.begin

    async def then_changed(doomed: Any) -> Any:
        shop.change(keep=(RetentionRule(keep=Period(years=5)),))
        return await real(doomed)

    monkeypatch.setattr(shop.remover, "begin", then_changed)
    done = await shop.retention.nightly()
    assert (done.deleted, done.stopped) == (1, "the rules have changed")
    assert (await shop.retention.nightly()).deleted == 0
    await shop.audit.close()


@run
async def test_copies_are_asked_for_several_together_and_nothing_new_begins_while_too_many_wait(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.audit.open()
    monkeypatch.setattr(work, "MOST_OPEN", 40)
    shop.old(100)
    shop.change(deletions_an_hour=1200)
    shop.copies.away["nube"] = "503; wait"
    done = await shop.retention.nightly()
    assert (len(done.left), done.deleted, states(shop)) == (40, 0, {"kept": 100})
    assert done.stopped == "too many wait for a place that cannot be reached"
    shop.opened()
    shop.clock.advance(60)
    assert len((await shop.retention.at_once(10)).left) == 40 == len(shop.about("deleting"))
    del shop.copies.away["nube"]
    shop.copies.asked.clear()
    assert (await shop.retention.nightly()).deleted == 100
    assert [len(files) for files in shop.copies.asked] == [40, 40, 20]
    assert len(set(shop.about("deleted"))) == len(shop.about("deleted")) == 100
    await shop.audit.close()


@run
async def test_of_two_only_one_works(shop: Shop) -> None:
    await shop.filled()
    with only_one(shop.root / "retention.lock") as alone:
        assert alone
        with pytest.raises(Busy, match="another process"):
            await shop.retention.nightly()
        await shop.retention.look()
        assert shop.retention.trouble == ""
    assert len(shop.files()) == 3
    await shop.audit.close()


@run
async def test_what_is_held_or_not_in_the_vault_is_left_alone(shop: Shop) -> None:
    await shop.filled()
    taken = shop.finished("c7_o7")
    shop.catalogue.add(replace(shop.finished("c8_o8"), state=State.SPOILT))
    called(shop, "c1_o1", caller="ana")
    shop.hold(OverRecording("c0_o0"))
    shop.hold(OverCaller("ana"), "h2")
    done = await shop.retention.nightly()
    assert done.deleted == 1 and shop.about("deleting") == ["c2_o2"], "of what is held nothing begins"
    assert shop.state("c7_o7") is State.TAKEN and (shop.folder / taken.file).exists()
    assert shop.state("c8_o8") is State.SPOILT
    told = await shop.retention.dry_run()
    assert (told.held.count, told.deletions.count) == (2, 0)
    await shop.audit.close()


# ---------------------------------------------------------------------- the clock
@run
async def test_a_clock_that_leapt_deletes_nothing_until_somebody_says_that_it_is_right(shop: Shop) -> None:
    await shop.filled()
    shop.clock.wall = LATER - 100 * DAY
    await shop.retention.look()  # nothing is due, and the moment is sure
    shop.clock.wall = LATER
    await shop.retention.look()
    assert "100 days after" in shop.retention.trouble and "--clock-is-right" in shop.retention.trouble
    with pytest.raises(ClockLeapt):
        await shop.retention.at_once(5)
    shop.opened()
    with pytest.raises(ClockLeapt):
        await shop.retention.nightly()
    assert len(shop.files()) == 3
    await shop.retention.believe()
    assert (await shop.retention.nightly()).deleted == 3
    await shop.audit.close()


@run
async def test_a_clock_that_went_back_deletes_less_and_a_weekend_is_no_leap(shop: Shop) -> None:
    await shop.filled()
    shop.clock.wall = LATER - 12 * DAY
    await shop.retention.nightly()
    shop.clock.wall = LATER - 400 * DAY
    assert (await shop.retention.nightly()).deleted == 0
    shop.clock.wall = LATER - 9 * DAY
    assert (await shop.retention.nightly()).deleted == 3, "the sure moment was not forgotten"
    await shop.audit.close()


# ---------------------------------------------------------------------- what is looked at
def plainly(rules: Sequence[RetentionRule], kepts: Sequence[Kept], now: datetime, limit: int) -> DryRun:
    """A dry run that looks at each."""
    book = Rulebook(rules)
    sums = {verdict: Sum() for verdict in (Verdict.DELETE, Verdict.ARCHIVE, Verdict.HELD)}
    by_rule: dict[RetentionRule, dict[Verdict, Sum]] = {rule: {} for rule in rules}
    planned = []
    for kept in kepts:
        fate = book.fate(kept, now)
        if fate.verdict is Verdict.KEEP or fate.at is None or fate.at > now or fate.rule is None:
            continue
        sums[fate.verdict].add(kept)
        by_rule[fate.rule].setdefault(fate.verdict, Sum()).add(kept)
        if fate.verdict is not Verdict.HELD:
            planned.append((fate.at, kept.recording, Planned(kept, fate)))
    first = tuple(one for *_, one in sorted(planned, key=lambda found: found[:2])[:limit])
    return DryRun(sums[Verdict.DELETE], sums[Verdict.ARCHIVE], sums[Verdict.HELD], by_rule, first)


def looked_at(shop: Shop, rules: tuple[RetentionRule, ...], now: datetime, limit: int) -> tuple[Any, Any]:
    """What the shell tells, and what the pure rules say of every row, read one by one."""
    judge = Judge(rules, now.astimezone(BOGOTA))
    told = counting.dry_run(Due(shop.store.engine, BOGOTA, segments(shop.in_force())), judge, limit)
    with shop.store.engine.connect() as connection:
        rows = [recording_of(dict(one)) for one in connection.execute(select(table)).mappings()]
    callers = {call.call: call.caller for call in shop.store.calls(10_000)}
    holds = Holds(shop.holds.all(), BOGOTA)
    kepts = []
    for one in rows:
        if one.state not in (State.KEPT, State.ARCHIVED):
            continue
        kept = Kept(
            recording=one.recording, call=one.call, ended=one.finished.astimezone(BOGOTA), bytes=one.bytes,
            queue=one.queue, direction=one.direction, caller=callers.get(one.call, ""), state=Where(one.state.value),
        )  # fmt: skip
        kepts.append(replace(kept, holds=holds.of(kept)))
    return told, plainly(rules, kepts, now.astimezone(BOGOTA), limit)


@pytest.mark.parametrize("seed", range(8))
def test_a_dry_run_tells_what_the_rules_say_of_each(shop: Shop, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    monkeypatch.setattr(reading, "READ", 97)
    monkeypatch.setattr(counting, "MOST_HOLDS", -1 if seed > 5 else 400)  # every row is looked at, or few
    chance = random.Random(seed)
    rules = (
        CARTERA,
        RetentionRule(direction=("internal",), keep=Period(months=chance.randint(1, 8))),
        RetentionRule(queue=("ventas",), keep=None, archive_after=Period(days=300)),
        RetentionRule(keep=Period(days=chance.randint(100, 400))),
    )
    rows = []
    for number in range(700):
        finished = LATER - timedelta(
            seconds=chance.randrange(round(2300 * DAY / timedelta(seconds=1)) if number else 1)
        )
        if number % 9 == 0:
            finished = LATER - 180 * DAY  # several at one moment
        rows.append(
            row(f"r{chance.randrange(10**9):09}_{number}", finished, number,
                call=f"k{number % 200}", queue=chance.choice(["cartera", "servicio", "ventas", ""]),
                direction=chance.choice(["inbound", "internal", ""]),
                state=chance.choice(["kept", "kept", "archived", "deleted", "taken"]))
        )  # fmt: skip
    rows.append(row("old_1", datetime(1970, 1, 1, tzinfo=UTC)))
    fill(shop.store.engine, rows)
    called(shop, "k7_1", "k8_1", caller="ana")
    if seed % 2:
        shop.hold(OverCaller("ana"))
        shop.hold(OverCall("k9"), "h2")
        shop.hold(OverQueue("cartera", on("2021-06-01"), on("2022-01-31")), "h3")
        shop.hold(OverRecording(rows[5]["recording"]), "h4")
    told, expected = looked_at(shop, rules, LATER, 40)
    assert (told.deletions, told.archivings, told.held) == (expected.deletions, expected.archivings, expected.held)
    assert told.by_rule == expected.by_rule
    # Whose call it is, is looked for only where somebody is held.
    assert [(one.kept.recording, one.fate) for one in told.first] == [
        (one.kept.recording, one.fate) for one in expected.first
    ]
    if seed % 2:
        assert told.held.count > 3
    assert told.deletions.count > 50 and told.archivings.count > 10


def test_a_segment_comes_from_the_lists_by_the_callers_number(shop: Shop) -> None:
    entries = CallerEntries({"573001234567": Entry()}, {})
    shop.site.lists = {
        "oro": CallerList(name="oro", label="oro", use="segment", segment="oro", file="x", entries=entries)
    }
    rules = (RetentionRule(segment=("oro",), keep=Period(years=5)), HALF_A_YEAR)
    fill(shop.store.engine, [row(f"c{n}_1", LATER - 200 * DAY) for n in range(3)])
    called(shop, "c1_1", caller="ana")
    shop.store.keep_callers([{"caller": "ana", "number": "+573001234567", "name": "", "seen": LATER}])
    judge = Judge(rules, LATER.astimezone(BOGOTA))
    due = Due(shop.store.engine, BOGOTA, segments(shop.in_force()))
    assert [one.kept.recording for one in counting.dry_run(due, judge).first] == ["c0_1", "c2_1"]
    page = due.page(judge, Where.KEPT, None)
    assert [one.kept.recording for one in page.planned] == ["c0_1", "c2_1"]


def test_pages_come_one_after_the_other(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PAGE", 7)
    fill(shop.store.engine, [row(f"c{n:03}_1", LATER - 200 * DAY + timedelta(seconds=n // 10)) for n in range(50)])
    judge, due = Judge((HALF_A_YEAR,), LATER.astimezone(BOGOTA)), Due(shop.store.engine, BOGOTA, lambda *_: "")
    found, after = [], None
    while True:
        page = due.page(judge, Where.KEPT, after)
        found += [one.kept.recording for one in page.planned]
        after = page.next
        if after is None:
            break
    assert found == [f"c{n:03}_1" for n in range(50)]


@pytest.mark.parametrize("count", [20_000, pytest.param(1_000_000, marks=pytest.mark.soak)])
def test_a_dry_run_of_very_many(shop: Shop, count: int, record_property: Any) -> None:
    """Ten years of talks, of which half are due: the worst that a changed rule makes of it."""
    chance = random.Random(3)
    step = 3650 * DAY / count
    for start in range(0, count, 20_000):
        rows = [
            row(f"{chance.randrange(16**12):012x}_1", LATER - 3650 * DAY + number * step, number,
                queue="cartera" if number % 2 else "servicio", peaks=b"x" * 200)
            for number in range(start, min(count, start + 20_000))
        ]  # fmt: skip
        fill(shop.store.engine, rows)
    shop.hold(OverQueue("servicio", on("2020-01-01"), on("2020-01-31")))
    judge = Judge((CARTERA, HALF_A_YEAR), LATER.astimezone(BOGOTA))
    due = Due(shop.store.engine, BOGOTA, lambda *_: "")
    began = time.monotonic()
    told = counting.dry_run(due, judge)
    seconds = time.monotonic() - began
    record_property("seconds", seconds)
    print(f"dry run of {count} rows: {seconds:.2f} s")
    # What ended before 2020 is doubtful: of 3650 days about 2708 are left.
    due_service = count / 2 * (2708 - 180) / 3650
    assert told.deletions.count + told.held.count == pytest.approx(
        due_service + count / 2 * (2708 - 1826) / 3650, rel=0.01
    )
    assert told.held.count == pytest.approx(count / 2 * 31 / 3650, rel=0.05) and len(told.first) == 100
    assert seconds < 6


def test_nothing_but_an_index_is_read_of_those_of_which_all_is_sure(shop: Shop) -> None:
    """A row has its waveform in it: a million of them are some gigabytes."""
    shop.old(50)
    asked: list[tuple[str, Any]] = []
    listen(shop.store.engine, "before_cursor_execute", lambda _c, _u, sql, values, *_: asked.append((sql, values)))
    due = Due(shop.store.engine, BOGOTA, lambda *_: "")
    judge = Judge((CARTERA, HALF_A_YEAR), LATER.astimezone(BOGOTA))
    assert counting.dry_run(due, judge).deletions.count == 50
    assert len(due.page(judge, Where.KEPT, None).planned) == 50
    with shop.store.engine.connect() as connection:
        plans = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values).all() for sql, values in list(asked)]
    read = [row[3] for plan in plans for row in plan if " recordings " in row[3]]
    assert len(read) > 3 and {row.partition(" (")[0] for row in read} == {
        "SEARCH recordings USING COVERING INDEX recordings_state"
    }
