"""How long the disk will do: what the catalogue holds, the report of a day and of months before, and who is told."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ivr.access.model import Role
from ivr.apart import NotAnswered
from ivr.recordings.capacity import Capacity, NotKnown
from ivr.recordings.capacity_routes import CapacityRoutes
from ivr.recordings.capacity_wire import plain_report, plain_rule, report_of, rule_of
from ivr.recordings.capacity_work import DaySum, Seen, day_sums, elsewhere, seen
from ivr.recordings.disk_guard import DiskGuard
from ivr.records.store import RecordStore
from ivr.site.recordings import RecordingSettings
from ivr.testing.api import ADMIN, AUDITOR, MONITOR, Api, principal
from ivr.testing.clock import ManualClock
from recordings.capacity import Alarm, Disk, Limits
from recordings.catalogue import Recording, SqlCatalogue, State
from recordings.periods import Period
from recordings.retention import RetentionRule
from tests.records import fresh
from tests.tools import run

ZONE, TODAY, DAY = ZoneInfo("America/Bogota"), date(2026, 11, 23), timedelta(days=1)
RULES = (
    RetentionRule(queue=("cartera",), keep=Period(years=5), archive_after=Period(days=90)),
    RetentionRule(direction=("internal",), keep=Period(days=30)),
    RetentionRule(keep=Period(days=180)),
)
MB = 1_000_000
HALF_FULL = Disk(1000 * MB, 500 * MB)


class Records:
    """A catalogue of generated rows."""

    def __init__(self, folder: Path) -> None:
        self.url = fresh(folder / "records.sqlite")
        self.store = RecordStore.open(self.url)
        self.catalogue = SqlCatalogue(self.store.engine)
        self._count = 0

    def recorded(self, day: date, stored: int = MB, hour: int = 10, **more: Any) -> None:
        """On a day of the site's calendar."""
        self._count += 1
        finished = datetime.combine(day, time(hour), ZONE).astimezone(UTC)
        given: dict[str, Any] = {
            "recording": f"c{self._count}_1", "call": f"c{self._count}", "leg": "1", "queue": "servicio",
            "agent": "101", "finished": finished, "length_us": 60_000_000, "bytes": stored, "sha256": "0" * 64,
            "file": f"{self._count}", "direction": "inbound", "state": State.KEPT,
        }  # fmt: skip
        self.catalogue.add(Recording(**{**given, **more}))


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    made = Records(tmp_path)
    yield made
    made.store.close()


def report_about(records: Records, disk: Disk = HALF_FULL) -> Seen:
    return seen(
        records.store.engine, RULES, ZONE, TODAY, disk=disk, site="S", labels={"servicio": "Servicio"}, limits=Limits()
    )


# ---------------------------------------------------------------------- the catalogue's sums
def test_the_days_are_those_of_the_sites_calendar(records: Records) -> None:
    records.recorded(TODAY, 5, hour=0)
    records.recorded(TODAY, 7, hour=23)
    records.recorded(TODAY - DAY, 11, hour=23)
    records.recorded(TODAY - 700 * DAY, 13, queue="", direction="internal", state=State.DELETED)
    assert list(day_sums(records.store.engine, ZONE)) == [
        DaySum(TODAY - 700 * DAY, "", "internal", State.DELETED, 1, 13),
        DaySum(TODAY - DAY, "servicio", "inbound", State.KEPT, 1, 11),
        DaySum(TODAY, "servicio", "inbound", State.KEPT, 2, 12),
    ]


def test_a_day_on_which_the_clock_changes_is_whole(records: Records) -> None:
    zone = ZoneInfo("Europe/Madrid")
    for hour in range(72):
        moment = datetime(2026, 10, 24, tzinfo=zone).astimezone(UTC) + timedelta(hours=hour)
        records.recorded(TODAY, 1, finished=moment)
    assert [(one.day.day, one.count) for one in day_sums(records.store.engine, zone)] == [(24, 24), (25, 25), (26, 23)]


def test_an_empty_catalogue_knows_nothing(records: Records) -> None:
    made = report_about(records).report
    assert made.foreseen.days_known == 0 and made.count == 0 and made.alarms == frozenset()


def test_what_was_recorded_counts_whatever_became_of_it_and_what_is_there_leaves_by_its_rule(records: Records) -> None:
    for ago in range(1, 57):
        records.recorded(TODAY - ago * DAY, 2 * MB, state=State.DELETED if ago > 28 else State.KEPT)
        records.recorded(TODAY - ago * DAY, MB, queue="cartera", state=State.ARCHIVED if ago > 50 else State.KEPT)
    records.recorded(TODAY - DAY, 900 * MB, state=State.TAKEN)
    records.recorded(TODAY - DAY, 900 * MB, state=State.SPOILT)
    records.recorded(TODAY - DAY, 3 * MB, queue="", direction="internal")
    told = report_about(records, Disk(1000 * MB, 300 * MB))
    assert told.states["taken"] == (1, 900 * MB) and told.states["archived"] == (6, 6 * MB)
    made = told.report
    assert (made.count, made.stored) == (28 + 50 + 1, 56 * MB + 50 * MB + 3 * MB)
    assert made.by_queue == {"servicio": 2 * MB, "cartera": MB, "": pytest.approx(3 * MB / 28)}
    freed = {(one.month, one.rule): one.known for one in made.freed if one.known}
    words = [str(rule) for rule in RULES]
    assert sum(bytes for (_, rule), bytes in freed.items() if rule == words[0]) == 50 * MB
    assert sum(bytes for (_, rule), bytes in freed.items() if rule == words[2]) == 56 * MB
    assert freed["2026-12", words[1]] == 3 * MB
    # For 34 days 3 MB come a day and nothing leaves, then as much of cartera as comes: 300 MB do for about 133 days.
    assert made.foreseen.days_known == 56 and made.foreseen.days is not None and 125 <= made.foreseen.days <= 140


def test_a_process_of_its_own_says_the_same(records: Records, tmp_path: Path) -> None:
    for ago in range(1, 30):
        records.recorded(TODAY - ago * DAY, ago * MB)
    about: dict[str, Any] = {"site": "Línea", "labels": {"servicio": "Servicio"}, "limits": Limits(free_below=100.0)}
    told = elsewhere(
        records.url, tmp_path, today=TODAY, zone=ZONE.key, rules=RULES, before=frozenset({Alarm.DISK_LOW}), **about
    )
    here = seen(records.store.engine, RULES, ZONE, TODAY, disk=told.report.disk, **about)
    assert told.report == replace(here.report, alarms=told.report.alarms) and Alarm.DISK_LOW in told.report.alarms
    assert dict(told.states) == dict(here.states) and told.report.disk.size > 0
    with pytest.raises(NotAnswered):
        elsewhere(f"{records.url}x", tmp_path, today=TODAY, zone=ZONE.key, rules=RULES, before=frozenset(), **about)


def test_reports_and_rules_come_back_as_they_were(records: Records) -> None:
    records.recorded(TODAY - DAY)
    made = report_about(records, Disk(1000, 10)).report
    assert made.alarms and report_of(plain_report(made)) == made
    assert [rule_of(plain_rule(rule)) for rule in RULES] == list(RULES)


# ---------------------------------------------------------------------- the shell
class Office:
    """A capacity whose process is a function, with virtual time."""

    def __init__(self, records: Records, folder: Path) -> None:
        self.records, self.clock = records, ManualClock(datetime(2026, 11, 23, 15, tzinfo=UTC))
        self.settings = RecordingSettings(keep=RULES)
        self.noted: list[str] = []
        self.made: list[frozenset[Alarm]] = []
        self.fails: Exception | None = None
        self.disk = Disk(1000 * MB, 500 * MB)
        queue = SimpleNamespace(label="Servicio", agents_ever=("101",), open="")
        self.site: Any = SimpleNamespace(
            label="Línea", timezone=ZONE.key, zone=ZONE, language="es-CO", queues={"servicio": queue}, mailboxes={},
            local=lambda at: at.astimezone(ZONE),
        )  # fmt: skip
        self.capacity = Capacity(records.store, records.url, folder, self.now, self.clock, self, self.make)

    def now(self) -> Any:
        self.site.recordings = self.settings
        return self.site

    def make(self, url: str, vault: Path, *, zone: str, before: frozenset[Alarm], **about: Any) -> Seen:
        if self.fails is not None:
            raise self.fails
        self.made.append(before)
        return seen(self.records.store.engine, zone=ZoneInfo(zone), disk=self.disk, before=before, **about)

    async def note(self, what: str, recording: str, **detail: object) -> None:
        self.noted.append(what)


@pytest.fixture
def office(records: Records, tmp_path: Path) -> Office:
    return Office(records, tmp_path)


@run
async def test_it_is_looked_at_once_a_day_and_when_the_rules_change(office: Office) -> None:
    office.records.recorded(TODAY - DAY)
    first = await office.capacity.latest()
    assert await office.capacity.latest() is first and len(office.made) == 1
    office.settings = replace(office.settings, keep=RULES[2:])
    assert (await office.capacity.latest()).rules == RULES[2:] and len(office.made) == 2
    office.clock.wall += 8 * timedelta(hours=1)
    await office.capacity.latest()
    assert len(office.made) == 2
    office.clock.wall += 8 * timedelta(hours=1)
    assert (await office.capacity.latest()).today == TODAY + DAY and len(office.made) == 3


@run
async def test_two_who_ask_at_once_are_answered_by_one_look(office: Office) -> None:
    first, second = await asyncio.gather(office.capacity.latest(), office.capacity.latest())
    assert first is second and len(office.made) == 1


@run
async def test_full_soon_is_told_when_it_begins_and_when_it_ends(office: Office) -> None:
    for ago in range(1, 57):
        office.records.recorded(TODAY - ago * DAY, 10 * MB)
    office.disk = Disk(1000 * MB, 100 * MB)
    assert Alarm.FULL_SOON in (await office.capacity.latest()).alarms and office.noted == ["full_soon"]
    office.clock.wall += DAY
    await office.capacity.latest()
    assert office.noted == ["full_soon"] and office.made[-1] >= {Alarm.FULL_SOON}, "it is not told each day"
    office.disk = Disk(10_000 * MB, 9_000 * MB)
    office.clock.wall += DAY
    assert (await office.capacity.latest()).alarms == frozenset() and office.noted == ["full_soon", "full_later"]


@run
async def test_each_month_keeps_its_last_report(office: Office) -> None:
    office.clock.wall = datetime(2026, 10, 30, 15, tzinfo=UTC)
    await office.capacity.latest()
    office.records.recorded(date(2026, 10, 30))
    office.clock.wall += DAY
    october = await office.capacity.latest()
    office.clock.wall += 10 * DAY
    assert await office.capacity.of_month("2026-10") == october and october.count == 1
    assert (await office.capacity.of_month("2026-11")).today == date(2026, 11, 10)
    for month in ("2026-09", "2027-01"):
        with pytest.raises(NotKnown, match=month):
            await office.capacity.of_month(month)
    office.records.store.keep_state("recordings report 2026-09", {"an": "older form"})
    with pytest.raises(NotKnown, match="2026-09"):
        await office.capacity.of_month("2026-09")


@run
async def test_what_cannot_be_looked_at_leaves_what_was_known(office: Office) -> None:
    office.fails = NotAnswered("ended in the middle")
    with pytest.raises(NotKnown, match="ended in the middle"):
        await office.capacity.latest()
    office.fails = None
    first = await office.capacity.latest()
    office.fails = NotAnswered("ended in the middle")
    office.clock.wall += DAY
    assert await office.capacity.latest() is first
    office.fails = None
    assert await office.capacity.latest() is not first


# ---------------------------------------------------------------------- over the API
async def serving(office: Office, folder: Path) -> Api:
    guard = DiskGuard({"vault": folder}, Limits, office.clock)
    await guard.look()
    return Api([CapacityRoutes(office.capacity, guard, lambda: "es-CO")])


@run
async def test_the_api_tells_it_to_who_may(office: Office, tmp_path: Path) -> None:
    for ago in range(1, 30):
        office.records.recorded(TODAY - ago * DAY)
    office.disk = Disk(1000 * MB, 60 * MB)
    api = await serving(office, tmp_path)
    for who in (ADMIN, AUDITOR, MONITOR):
        told = await api.told(who, "GET", "/recordings/capacity")
        assert told["count"] == 29 and told["bytes_a_day"] == {"servicio": MB} and told["today"] == "2026-11-23"
        assert told["until_full"]["days_known"] == 29 and told["until_full"]["earliest"] == 60
        [disk] = told["disks"]
        assert disk["folder"] == "vault" and disk["room"] in ("ok", "low", "stop") and 0 < disk["free"] <= disk["size"]
        assert sum(one["known"] for one in told["freed"]) == 29 * MB
    for who in (principal(Role.SUPERVISOR, queues=["servicio"]), principal(Role.AGENT, extension="101")):
        assert await api.status(who, "GET", "/recordings/capacity") == 403
        assert await api.status(who, "GET", "/recordings/report") == 403


@run
async def test_the_report_is_a_page_or_a_table_in_both_languages(office: Office, tmp_path: Path) -> None:
    for ago in range(1, 30):
        office.records.recorded(TODAY - ago * DAY)
    api = await serving(office, tmp_path)
    pages = {
        (form, language): await api.ask(ADMIN, "GET", "/recordings/report", format=form, language=language)
        for form in ("html", "csv")
        for language in ("es", "en", "")
    }
    assert all(page.status_code == 200 for page in pages.values())
    assert "Capacidad de las grabaciones" in pages["html", "es"].text and 'lang="en"' in pages["html", "en"].text
    assert pages["html", ""].text == pages["html", "es"].text, "the site's language"
    assert pages["html", "es"].headers["content-security-policy"].startswith("default-src 'none'")
    assert pages["csv", "es"].text.startswith("\ufeffclase;") and pages["csv", "en"].text.startswith("\ufeffkind,")
    assert pages["csv", "en"].headers["content-disposition"] == 'attachment; filename="recordings-2026-11.csv"'
    assert pages["csv", "en"].headers["content-type"].startswith("text/csv")
    assert "a day,Servicio" in pages["csv", "en"].text


@run
async def test_what_is_asked_wrongly_is_refused(office: Office, tmp_path: Path) -> None:
    api = await serving(office, tmp_path)
    for query in ({"month": "2026-13"}, {"month": "../x"}, {"format": "pdf"}, {"language": "fr"}):
        assert await api.status(ADMIN, "GET", "/recordings/report", **query) == 400, query
    assert await api.status(ADMIN, "GET", "/recordings/report", month="2020-01") == 404
    assert await api.status(ADMIN, "GET", "/recordings/report", month="2026-11") == 200
    office.fails, office.clock.wall = NotAnswered("no"), office.clock.wall + DAY
    assert await api.status(ADMIN, "GET", "/recordings/capacity") == 200, "what was known yesterday"
