"""Rules of retention by disposition: what became of a talk decides how long it is kept, on a million rows as on one."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from sqlalchemy import select

from ivr.recordings import counting
from ivr.recordings import due as reading
from ivr.recordings.capacity_work import day_sums
from ivr.recordings.due import Due
from recordings.catalogue import State, recording_of, table
from recordings.holds import OverCall, OverRecording
from recordings.judge import Judge
from recordings.periods import Period
from recordings.retention import EARLIEST, Kept, RetentionRule, Rulebook, Verdict, Why
from recordings.retention import State as Where
from tests.tools import run
from tests.unit.recordings.shop import BOGOTA, DAY, HALF_A_YEAR, LATER, Shop, fill, row
from tests.unit.recordings.test_retention import kepts, moments, rules

RECLAMO = RetentionRule(disposition=("reclamo",), keep=Period(years=5))
DEEDS = (Verdict.DELETE, Verdict.ARCHIVE)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path, RECLAMO, HALF_A_YEAR)
    yield made
    made.store.close()


# ---------------------------------------------------------------------- the borders
@given(rules, kepts, moments)
def test_between_the_borders_alone_a_recording_is_looked_at(
    some: Sequence[RetentionRule], one: Kept, now: datetime
) -> None:
    one, judge = replace(one, holds=()), Judge(some, now)
    border = judge.border(one.queue, one.direction, one.segment, one.state, one.disposition)
    fate, sure = judge.fate(one), border.verdict(one.ended)
    if one.ended >= EARLIEST and sure in DEEDS:
        assert (fate.verdict, fate.rule) == (sure, border.rule)
    if sure is Verdict.KEEP:
        assert fate.verdict not in DEEDS
    if fate.verdict in DEEDS:
        queues, others = judge.ends()
        assert one.ended <= queues.get(one.queue, others)


@given(rules, kepts, moments)
def test_who_has_a_disposition_is_judged_by_it(some: Sequence[RetentionRule], one: Kept, now: datetime) -> None:
    one = replace(one, disposition=one.disposition or "otro")
    assert Judge(some, now).fate(one) == Rulebook(some).fate(one, now)


# ---------------------------------------------------------------------- at work
@run
async def test_a_complaint_is_kept_longer_and_what_has_none_may_still_be_one(shop: Shop) -> None:
    await shop.filled()
    shop.catalogue.remark("c0_o0", disposition="reclamo")
    shop.catalogue.remark("c1_o1", disposition="venta")
    told = await shop.retention.dry_run()
    assert [one.kept.recording for one in told.first] == ["c1_o1"] and told.deletions.count == 1
    assert (await shop.retention.nightly()).deleted == 1
    assert shop.state("c1_o1") is State.DELETED
    assert shop.state("c0_o0") is State.KEPT and shop.state("c2_o2") is State.KEPT
    shop.catalogue.remark("c2_o2", disposition="otro")
    shop.clock.advance(3600)
    assert (await shop.retention.nightly()).deleted == 1 and shop.state("c2_o2") is State.DELETED
    shop.clock.advance(5 * 366 * 86_400)
    await shop.retention.believe()
    assert (await shop.retention.nightly()).deleted == 1 and shop.state("c0_o0") is State.DELETED
    assert [one["detail"]["rule"] for one in shop.told("deleted")][-1] == "disposition reclamo: 5 years"
    await shop.audit.close()


@run
async def test_a_complaint_that_is_told_at_the_last_moment_is_spared(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before its key is destroyed."""
    await shop.filled()
    for name in ("c0_o0", "c1_o1", "c2_o2"):
        shop.catalogue.remark(name, disposition="venta")
    real = shop.work.destroy

    def told_before(*given: Any) -> Any:
        shop.catalogue.remark("c1_o1", disposition="reclamo", note="dice que no compró nada")
        return real(*given)

    monkeypatch.setattr(shop.work, "destroy", told_before)
    assert (await shop.retention.nightly()).deleted == 2
    found = shop.catalogue.get("c1_o1")
    assert found is not None and found.state is State.KEPT and found.note == "dice que no compró nada"
    assert [(one["object"], one["detail"]) for one in shop.told("spared")] == [("c1_o1", {"holds": []})]
    assert await shop.audio("c1_o1") and shop.faults() == []
    shop.clock.advance(3600)
    assert (await shop.retention.nightly()).deleted == 0, "the rules keep it now"
    await shop.audit.close()


# ---------------------------------------------------------------------- of very many
@pytest.mark.parametrize("most_kinds", [0, 300])
@pytest.mark.parametrize("seed", range(4))
def test_a_dry_run_and_its_pages_tell_what_the_rules_say_of_each(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, seed: int, most_kinds: int
) -> None:
    monkeypatch.setattr(reading, "READ", 97)
    monkeypatch.setattr(reading, "PAGE", 97)
    monkeypatch.setattr(counting, "MOST_KINDS", most_kinds)
    chance = random.Random(seed)
    site = (
        RetentionRule(queue=("cartera",), disposition=("reclamo", "fraude"), keep=None),
        RetentionRule(disposition=("reclamo",), keep=Period(years=chance.randint(1, 5)), archive_after=Period(days=90)),
        RetentionRule(direction=("internal",), keep=Period(months=chance.randint(1, 8))),
        RetentionRule(disposition=("venta",), keep=Period(days=chance.randint(30, 60))),
        RetentionRule(keep=Period(days=chance.randint(100, 400))),
    )
    said = ["", "reclamo", "venta", "fraude", "otro"]
    rows = []
    for number in range(600):
        finished = LATER - timedelta(seconds=chance.randrange(2300 * 86_400)) if number % 9 else LATER - 180 * DAY
        rows.append(
            row(f"r{number:04}_1", finished, number, call=f"k{number % 200}", disposition=chance.choice(said),
                queue=chance.choice(["cartera", "servicio"]), direction=chance.choice(["inbound", "internal"]),
                state=chance.choice(["kept", "kept", "archived", "deleted"]))
        )  # fmt: skip
    fill(shop.store.engine, rows)
    if seed % 2:
        shop.hold(OverCall("k9"))
        shop.hold(OverRecording("r0005_1"), "h2")
    judge = Judge(site, LATER.astimezone(BOGOTA))
    due = Due(shop.store.engine, BOGOTA, lambda *_: "")
    told, right = counting.dry_run(due, judge, 1_000), [*judged(shop, judge)]
    assert [(one.kept.recording, one.fate) for one in told.first] == right and len(right) > 100
    assert told.deletions.count + told.archivings.count == len(right)
    assert (told.held.count > 0) is bool(seed % 2)
    assert {str(fate.rule) for _, fate in right} >= {str(site[1]), str(site[3]), str(site[4])}
    planned = []
    for state in Where:
        after = None
        while (page := due.page(judge, state, after)).next is not None:
            planned += page.planned
            after = page.next
        planned += page.planned
    assert sorted(one.kept.recording for one in planned) == sorted(name for name, _ in right)


def judged(shop: Shop, judge: Judge) -> Iterator[tuple[str, Any]]:
    """What is due, each row by itself, first what was due first."""
    with shop.store.engine.connect() as connection:
        rows = [recording_of(dict(one)) for one in connection.execute(select(table)).mappings()]
    held = {one.over for one in shop.holds.all()}
    found = []
    for one in rows:
        if one.state not in (State.KEPT, State.ARCHIVED) or {OverCall(one.call), OverRecording(one.recording)} & held:
            continue
        kept = Kept(
            recording=one.recording, call=one.call, ended=one.finished.astimezone(BOGOTA), bytes=one.bytes,
            queue=one.queue, direction=one.direction, disposition=one.disposition, state=Where(one.state.value),
        )  # fmt: skip
        fate = judge.fate(kept)
        if fate.verdict in DEEDS:
            assert fate.at is not None and fate.why is Why.DUE
            found.append((fate.at, kept.recording, fate))
    for _, name, fate in sorted(found, key=lambda one: one[:2]):
        yield name, fate


def test_the_days_sums_tell_dispositions_apart(shop: Shop) -> None:
    fill(shop.store.engine, [row(f"c{n}_1", LATER, disposition="reclamo" if n else "") for n in range(3)])
    assert [(one.disposition, one.count) for one in day_sums(shop.store.engine, BOGOTA)] == [("", 1), ("reclamo", 2)]
