"""What recordings.yaml becomes, and what the parts of the server ask of it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from ivr.language import load_site
from ivr.site import Site
from ivr.site.recordings import (
    EVERYTHING,
    BackupSettings,
    BackupTarget,
    FolderPlace,
    HostPlace,
    Proof,
    QuietHours,
    RecordingSettings,
    S3Place,
    begins,
    needs_notice,
    rule_in_words,
)
from recordings.capacity import Limits
from recordings.periods import Period
from recordings.policy import Level, Rule, Said, Why, Wish, rule_for
from recordings.retention import Kept, RetentionRule, Rulebook, Verdict
from tests.unit.language.fixtures import GOOD, good_site, load

ROOT = Path(__file__).parents[3]


def with_recordings(folder: Path, text: str) -> Site:
    site = good_site(folder)
    (site / "config" / "recordings.yaml").write_text(text)
    checked = load(site)
    assert checked.site is not None, checked.problems
    assert checked.problems == ()
    return checked.site


def test_everything_that_the_file_says(tmp_path: Path) -> None:
    found = with_recordings(tmp_path, (GOOD / "recordings" / "everything.yaml").read_text()).recordings
    assert found == RecordingSettings(
        directions={"inbound": Rule(Wish.NO), "outbound": Rule(Wish.NEVER), "internal": Rule(Wish.NO)},
        numbers={"6017436967": Rule(Wish.FORCE)},
        agents={"101": Rule(Wish.YES, 20)},
        codec="wav",
        keep=(
            RetentionRule(
                queue=("servicio",),
                direction=("inbound", "internal"),
                keep=Period(years=5),
                archive_after=Period(days=90),
            ),
            RetentionRule(disposition=("queja", "fraude"), keep=None),
            RetentionRule(segment=("vip",), keep=Period(months=18)),
            EVERYTHING,
        ),
        dispositions=("queja", "fraude", "venta"),
        quiet=QuietHours(23 * 60, 5 * 60),
        deletions_an_hour=500,
        backup=BackupSettings(
            targets=(
                BackupTarget(name="disco", place=FolderPlace(path="/mnt/respaldo")),
                BackupTarget(
                    name="otra_sede",
                    place=HostPlace(
                        user="centralita",
                        host="192.0.2.20",
                        path="/respaldo",
                        port=2222,
                        key_file="respaldo.key",
                        known_hosts="/etc/centralita/known_hosts",
                    ),
                ),
                BackupTarget(
                    name="nube",
                    place=S3Place(
                        bucket="centralita-respaldo",
                        endpoint="https://s3.example.com",
                        region="sa-east-1",
                        prefix="centralita/bogota",
                        credentials="nube.secret",
                    ),
                ),
            ),
            every=timedelta(hours=2),
            proof=Proof(10, timedelta(days=1)),
            archive="nube",
        ),
        alarms=Limits(45, 15, 2.5),
    )


@pytest.mark.parametrize("text", [None, "format: opus\n", "alarms: {}\nrecord: {}\n"])
def test_what_the_file_leaves_out(text: str | None, tmp_path: Path) -> None:
    site = good_site(tmp_path)
    file = site / "config" / "recordings.yaml"
    if text is None:
        file.unlink()
    else:
        file.write_text(text)
    checked = load(site)
    assert checked.problems == () and checked.site is not None
    assert checked.site.recordings == RecordingSettings()
    assert checked.site.recordings.keep == (RetentionRule(keep=Period(days=180)),)


def test_the_repositorys_file_keeps_collections_for_five_years() -> None:
    site = load_site(ROOT / "config", ROOT / "ivr" / "flows").site
    assert site is not None
    moment = datetime(2026, 11, 22, tzinfo=UTC)
    for queue, days, verdict in (
        ("servicio", 179, Verdict.KEEP),
        ("servicio", 180, Verdict.DELETE),
        ("cartera", 5 * 365, Verdict.KEEP),
        ("cartera", 5 * 366, Verdict.DELETE),
        ("", 180, Verdict.DELETE),
    ):
        one = Kept(recording="1_2", call="1", queue=queue, ended=moment - timedelta(days=days), bytes=1)
        assert Rulebook(site.recordings.keep).fate(one, moment).verdict is verdict, (queue, days)


@pytest.mark.parametrize(
    ("written", "rule"),
    [
        ("yes", Rule(Wish.YES)),
        ("no", Rule(Wish.NO)),
        ("force", Rule(Wish.FORCE)),
        ("on demand", Rule(Wish.ON_DEMAND)),
        ("never", Rule(Wish.NEVER)),
        ("20 % of the calls", Rule(Wish.YES, 20)),
        ("2,5% of the calls", Rule(Wish.YES, 2.5)),
        ("100 % of the calls", Rule(Wish.YES)),
        ('"yes"', Rule(Wish.YES)),
    ],
)
def test_what_a_queue_may_say(written: str, rule: Rule, tmp_path: Path) -> None:
    site = good_site(tmp_path)
    queues = site / "config" / "queues.yaml"
    queues.write_text(queues.read_text().replace("record: yes", f"record: {written}"))
    checked = load(site)
    assert checked.site is not None and checked.problems == ()
    assert checked.site.queues["servicio"].record == rule


def test_a_queue_that_may_be_recorded_needs_a_notice_before_it(tmp_path: Path) -> None:
    for written, warned in (("yes", 1), ("on demand", 1), ("5 % of the calls", 1), ("no", 0), ("never", 0)):
        site = good_site(tmp_path / written.replace(" ", "_").replace("%", ""))
        queues, flow = site / "config" / "queues.yaml", site / "flows" / "principal.yaml"
        queues.write_text(queues.read_text().replace("record: yes", f"record: {written}"))
        flow.write_text(flow.read_text().replace("notice: ", "play: "))
        assert [p.code for p in load(site).problems if p.code == "FLOW032"] == ["FLOW032"] * warned, written


@pytest.mark.parametrize(
    ("rules", "who"),
    [
        ({"agents": {"102": "20 % of the calls"}}, "agent '102' in recordings.yaml"),
        ({"agents": {"100": "yes"}}, "agent '100' in recordings.yaml"),
        ({"numbers": {"6017436967": "on demand"}}, "the number '6017436967' in recordings.yaml"),
        ({"directions": {"inbound": "force"}}, "the direction 'inbound' in recordings.yaml"),
        ({"directions": {"inbound": "yes"}, "numbers": {"6017436967": "no"}}, ""),
        ({"directions": {"internal": "yes"}}, ""),
        ({"agents": {"101": "never", "102": "no"}}, ""),
    ],
)
def test_whoever_else_asks_for_it_a_notice_has_to_be_heard_before(
    rules: dict[str, dict[str, str]], who: str, tmp_path: Path
) -> None:
    site = good_site(tmp_path)
    queues, flow = site / "config" / "queues.yaml", site / "flows" / "principal.yaml"
    queues.write_text(queues.read_text().replace("record: yes", "record: no"))
    flow.write_text(flow.read_text().replace("recording: declined", "recording: agreed"))
    (site / "config" / "recordings.yaml").write_text(yaml.safe_dump({"record": rules}))
    assert [p for p in load(site).problems if p.code == "FLOW032"] == [], "it has a notice"
    flow.write_text(flow.read_text().replace("notice: ", "play: "))
    told = [p.message for p in load(site).problems if p.code == "FLOW032"]
    assert bool(told) == bool(who) and all(f"is recorded ({who}), but" in one for one in told), told


def test_wishes_in_words() -> None:
    for rule, starts, notice, words in (
        (Rule(Wish.FORCE), True, True, "force"),
        (Rule(Wish.YES), True, True, "yes"),
        (Rule(Wish.YES, 12.5), True, True, "12.5 % of the calls"),
        (Rule(Wish.ON_DEMAND), False, True, "on demand"),
        (Rule(Wish.NO), False, False, "no"),
        (Rule(Wish.NEVER), False, False, "never"),
    ):
        assert (begins(rule), needs_notice(rule), rule_in_words(rule)) == (starts, notice, words)


def test_what_it_says_of_a_talk() -> None:
    settings = RecordingSettings(
        directions={"inbound": Rule(Wish.YES)}, numbers={"601": Rule(Wish.NO)}, agents={"101": Rule(Wish.NEVER)}
    )
    said = settings.said(direction="inbound", number="601", agent="101")
    assert said[Level.NUMBER] == Said(Level.NUMBER, "601", Rule(Wish.NO))
    assert set(said) == {Level.DIRECTION, Level.NUMBER, Level.AGENT}
    assert rule_for(said, call="1", notice_heard=True).why is Why.NEVER
    assert set(settings.said(direction="inbound", number="602", agent="102")) == {Level.DIRECTION}
    assert settings.said(direction="outbound") == {}


@pytest.mark.parametrize(
    ("hours", "inside", "outside"),
    [
        (QuietHours(120, 300), ("02:00", "04:59"), ("01:59", "05:00", "23:00")),
        (QuietHours(1380, 300), ("23:00", "00:00", "04:59"), ("22:59", "05:00")),
        (QuietHours(0, 1440), ("00:00", "23:59"), ()),
    ],
)
def test_quiet_hours(hours: QuietHours, inside: tuple[str, ...], outside: tuple[str, ...]) -> None:
    def at(clock: str) -> datetime:
        return datetime.fromisoformat(f"2026-11-22T{clock}")

    assert all(hours.hold(at(clock)) for clock in inside)
    assert not any(hours.hold(at(clock)) for clock in outside)


def test_a_change_of_the_file_is_another_version(tmp_path: Path) -> None:
    texts = ("format: wav\n", "format: opus\n")
    found = {with_recordings(tmp_path / str(n), text).version for n, text in enumerate(texts)}
    assert len(found) == 2
