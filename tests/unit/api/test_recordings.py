"""Recordings over the API: found, heard with seeking, taken away, each within the account's reach and noted."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import soundfile

from ivr.access.model import Role
from ivr.call import facts
from ivr.call.calls import LiveCalls
from ivr.clock import LoopClock
from ivr.exchange.recording.leg import CannotChange
from ivr.figures.call_record import CallOutcome, CallRecord, Pause, TalkRuling
from ivr.recordings.player import Player
from ivr.recordings.routes import RecordingRoutes
from ivr.testing.api import ADMIN, AUDITOR, MONITOR, Api, principal
from recordings.catalogue import Gap, State
from recordings.encode import Codec
from tests.tools import run
from tests.unit.recordings.test_keeper import House
from tests.unit.recordings.vault.own_keys import OwnKeys

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
SITE: Any = SimpleNamespace(
    zone=ZoneInfo("America/Bogota"),
    queues={
        "servicio": SimpleNamespace(agents_ever=("101",), open=""),
        "cartera": SimpleNamespace(agents_ever=("301",), open=""),
    },
    mailboxes={},
)
OWN = principal(Role.SUPERVISOR, queues=["cartera"])
SELF = principal(Role.AGENT, extension="101")


class Talks:
    """Obeys, but for the leg `forced`."""

    def __init__(self) -> None:
        self.done: list[tuple[str, str, str]] = []

    async def pause(self, live: Any, leg: str, by: str) -> str:
        if leg == "none":
            raise CannotChange("this talk is not recorded")
        self.done.append(("pause", leg, by))
        return "paused"

    resume = begin = pause


class Office:
    """Recordings of three talks: two of service, one of collections."""

    def __init__(self, folder: Path, codec: Codec) -> None:
        self.house, self.calls, self.talks = House(folder, codec), LiveCalls(), Talks()
        self.identities = self.house.keys.identities

    async def filled(self) -> "Office":
        records = []
        for number, (queue, agent, seconds) in enumerate(
            (("servicio", "101", 12), ("cartera", "301", 2), ("servicio", "102", 1))
        ):
            name, finished = f"n1-{number}.0_1", AT + timedelta(minutes=number)
            row = self.house.finished(name, seconds=seconds)
            gaps = (Gap(0, 500_000, "paused"),) if number == 0 else ()
            self.house.catalogue.add(replace(row, queue=queue, agent=agent, finished=finished, did="601", gaps=gaps))
            said, pause = (f"queue|{queue}|yes",), Pause(begun=AT, by="telephone")
            ruling = TalkRuling(leg="1", queue=queue, agent=agent, record=True, why="yes", said=said)
            ruling = replace(ruling, pauses=(pause,) if number == 0 else ())
            call = CallRecord(call=f"n1-{number}.0", did="601", started=AT, caller="key" if number else "other")
            records.append(replace(call, outcome=CallOutcome.ANSWERED, notice="v7", rulings=(ruling,)))
        self.house.store.save(1, records, {})
        await self.house.keeper.look()
        return self

    @property
    def keys(self) -> OwnKeys:
        return self.house.keys

    def routes(self) -> RecordingRoutes:
        store, house = self.house.store, self.house
        return RecordingRoutes(
            store.engine,
            Player(house.catalogue, house.keys, folder=house.folder, vault=house.vault),
            lambda: SITE,
            lambda number: ["key"] if number.endswith("3001234567") else [],
            LoopClock(),
            self.calls,
            self.talks,
            lambda call: next(iter(store.calls(1, call=call)), None),
        )


@asynccontextmanager
async def serving(folder: Path, codec: Codec = Codec.WAV) -> AsyncIterator[tuple[Api, Office]]:
    office = await Office(folder, codec).filled()
    try:
        yield Api([office.routes()]), office
    finally:
        office.house.store.close()


async def names(api: Api, who: Any, **query: Any) -> list[str]:
    return [one["call"] for one in (await api.told(who, "GET", "/recordings", **query))["recordings"]]


def actions(api: Api) -> list[tuple[str, str, str]]:
    return [(one.note.action, one.note.object, one.result.value) for one in api.door.noted if one.note.action]


@run
async def test_they_are_found_by_what_is_known_of_them(tmp_path: Path) -> None:
    async with serving(tmp_path) as (api, _):
        assert await names(api, ADMIN) == ["n1-2.0", "n1-1.0", "n1-0.0"]
        assert await names(api, ADMIN, queue="servicio") == ["n1-2.0", "n1-0.0"]
        assert await names(api, ADMIN, agent="301") == await names(api, ADMIN, call="n1-1.0") == ["n1-1.0"]
        assert await names(api, ADMIN, shortest=1.5, longest=5) == ["n1-1.0"]
        assert await names(api, ADMIN, **{"from": "2026-11-23T10:01"}) == ["n1-2.0", "n1-1.0"]  # the site's time
        assert await names(api, ADMIN, caller="other", outcome="answered") == ["n1-0.0"]
        assert await names(api, ADMIN, state="deleted") == await names(api, ADMIN, outcome="abandoned") == []
        page = await api.told(ADMIN, "GET", "/recordings", limit=2)
        assert await names(api, ADMIN, after=page["next"]) == ["n1-0.0"]
        found = await api.told(ADMIN, "POST", "/recordings/search", {"number": "+573001234567"})
        assert [one["call"] for one in found["recordings"]] == ["n1-2.0", "n1-1.0"]
        assert api.door.noted[-1].note.action == "recordings.search" and "3001234" not in str(api.door.noted[-1].note)


@run
async def test_each_role_has_its_reach(tmp_path: Path) -> None:
    async with serving(tmp_path) as (api, _):
        assert await names(api, OWN) == ["n1-1.0"] and len(await names(api, AUDITOR)) == 3
        for path in ("", "/audio", "/waveform"):
            assert await api.status(OWN, "GET", f"/recordings/n1-0.0_1{path}") == 404
            assert await api.status(OWN, "GET", f"/recordings/n1-1.0_1{path}") == 200
            assert await api.status(SELF, "GET", f"/recordings/n1-0.0_1{path}") == 403
            assert await api.status(MONITOR, "GET", f"/recordings/n1-0.0_1{path}") == 403
            assert await api.status(None, "GET", f"/recordings/n1-0.0_1{path}") == 401
        assert await api.status(OWN, "GET", "/calls/n1-0.0/rulings") == 404


@pytest.mark.parametrize("codec", list(Codec))
@run
async def test_it_is_heard_whole_and_in_any_range(tmp_path: Path, codec: Codec) -> None:
    async with serving(tmp_path, codec) as (api, office):
        whole = await api.ask(ADMIN, "GET", "/recordings/n1-0.0_1/audio")
        assert whole.headers["accept-ranges"] == "bytes" and whole.headers["cache-control"] == "no-store"
        assert whole.content == await office.house.audio("n1-0.0_1")
        info = soundfile.info(io.BytesIO(whole.content))
        assert info.channels == 2 and info.duration == pytest.approx(12, abs=0.1)
        size = len(whole.content)
        for begin, end in ((0, 1), (10, 3000), (size - 7, size)):
            part = await asked(api, ADMIN, "n1-0.0_1", f"bytes={begin}-{end - 1}")
            assert part.status_code == 206 and part.content == whole.content[begin:end]
            assert part.headers["content-range"] == f"bytes {begin}-{end - 1}/{size}"
        beyond = await asked(api, ADMIN, "n1-0.0_1", f"bytes={size}-")
        assert beyond.status_code == 416 and beyond.headers["content-range"] == f"bytes */{size}"


async def asked(api: Api, who: Any, recording: str, wanted: str) -> Any:
    import httpx

    api.door.who = who
    transport = httpx.ASGITransport(app=api.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://centralita") as client:
        return await client.get(f"/api/recordings/{recording}/audio", headers={"Range": wanted})


@run
async def test_a_listening_is_noted_once_and_a_copy_with_its_reason(tmp_path: Path) -> None:
    async with serving(tmp_path) as (api, _):
        for wanted in ("bytes=0-", "bytes=5-9", "bytes=100-"):
            await asked(api, AUDITOR, "n1-1.0_1", wanted)
        await asked(api, OWN, "n1-1.0_1", "bytes=0-")
        assert actions(api) == [("recordings.play", "n1-1.0_1", "done")] * 2
        assert await api.status(ADMIN, "POST", "/recordings/n1-1.0_1/copy", {"reason": "x"}) == 400
        copy = await api.ask(ADMIN, "POST", "/recordings/n1-1.0_1/copy", {"reason": "demanda 123"})
        assert copy.headers["content-disposition"] == 'attachment; filename="n1-1.0_1.wav"'
        noted = api.door.noted[-1].note
        assert (noted.action, noted.object, noted.detail["reason"]) == ("recordings.export", "n1-1.0_1", "demanda 123")


@run
async def test_a_listening_that_could_not_be_noted_is_noted_when_it_comes_about(tmp_path: Path) -> None:
    async with serving(tmp_path) as (api, _):
        real = api.door.note

        async def away(*given: Any) -> None:
            raise OSError("the disk is full")

        api.door.note = away  # type: ignore[method-assign]
        assert await api.status(ADMIN, "GET", "/recordings/n1-1.0_1/audio") == 503
        api.door.note = real  # type: ignore[method-assign]
        assert actions(api) == []
        for _ in range(2):
            assert await api.status(ADMIN, "GET", "/recordings/n1-1.0_1/audio") == 200
        assert actions(api) == [("recordings.play", "n1-1.0_1", "done")]


@run
async def test_who_is_refused_to_hear_or_to_take_away_stands_in_the_ledger(tmp_path: Path) -> None:
    async with serving(tmp_path) as (api, office):
        assert await api.status(OWN, "GET", "/recordings/n1-0.0_1/audio") == 404
        assert await api.status(OWN, "POST", "/recordings/n1-0.0_1/copy", {"reason": "demanda 123"}) == 404
        assert api.door.noted[-1].note.detail == {"reason": "demanda 123"} and api.door.noted[-1].why
        found = office.house.catalogue.get("n1-1.0_1")
        assert found is not None
        (office.house.vault / found.file).unlink()
        assert await api.status(ADMIN, "GET", "/recordings/n1-1.0_1/audio") in (410, 503)
        assert actions(api) == [
            ("recordings.play", "n1-0.0_1", "refused"),
            ("recordings.export", "n1-0.0_1", "refused"),
            ("recordings.play", "n1-1.0_1", "refused"),
        ]
        assert (await asked(api, ADMIN, "n1-2.0_1", "bytes=99999999-")).status_code == 416
        assert actions(api)[-1] == ("recordings.play", "n1-2.0_1", "refused")


@run
async def test_what_is_not_in_the_vault_yet_is_heard_all_the_same(tmp_path: Path) -> None:
    async with serving(tmp_path) as (api, office):
        office.house.finished("n1-9.0_1", seconds=1)
        whole = await api.ask(ADMIN, "GET", "/recordings/n1-9.0_1/audio")
        audio, rate = soundfile.read(io.BytesIO(whole.content), dtype="int16")
        assert rate == 8000 and audio[:2].tolist() == [[2, 1], [2, 1]] and len(audio) == 8000
        for begin, end in ((0, 50), (45, 47), (43, 101), (31_999, 32_044)):
            part = await asked(api, ADMIN, "n1-9.0_1", f"bytes={begin}-{end - 1}")
            assert part.content == whole.content[begin:end], (begin, end)


@run
async def test_why_nothing_can_be_heard(tmp_path: Path) -> None:
    async with serving(tmp_path) as (api, office):
        house, path = office.house, "/recordings/n1-0.0_1/audio"
        house.keys.identities = ()
        locked = await api.ask(ADMIN, "GET", path)
        assert locked.status_code == 503 and "ivr recordings unlock" in locked.text
        house.keys.identities = office.identities
        row = house.catalogue.get("n1-0.0_1")
        assert row is not None
        file = house.vault / row.file
        content = file.read_bytes()
        file.write_bytes(content[:-1])
        damaged = await api.ask(ADMIN, "GET", path)
        assert damaged.status_code == 410 and "damaged" in damaged.text
        file.unlink()
        assert "not in the vault" in (await api.ask(ADMIN, "GET", path)).text
        house.catalogue.add(replace(row, state=State.DELETED))
        assert await api.status(ADMIN, "GET", path) == 410
        assert actions(api) == [("recordings.play", "n1-0.0_1", "refused")] * 4, "nobody has heard anything"


@run
async def test_a_name_leads_nowhere_else(tmp_path: Path) -> None:
    async with serving(tmp_path) as (api, _):
        for name in ("..%2f..%2fsecrets", "n1-0.0_1%00", "%2e%2e", "x" * 300):
            assert await api.status(ADMIN, "GET", f"/recordings/{name}/audio") in (400, 404), name


@run
async def test_why_a_talk_was_recorded(tmp_path: Path) -> None:
    async with serving(tmp_path) as (api, _):
        told = await api.told(ADMIN, "GET", "/calls/n1-0.0/rulings")
        (talk,) = told["talks"]
        assert (
            told["notice"] == "v7"
            and talk["record"]
            and talk["why"] == "yes"
            and talk["said"] == ["queue|servicio|yes"]
        )
        assert talk["pauses"][0]["by"] == "telephone"
        assert await api.status(ADMIN, "GET", "/calls/nobody/rulings") == 404


@run
async def test_a_living_talk_is_paused_by_who_may(tmp_path: Path) -> None:
    async with serving(tmp_path) as (api, office):
        path, now = "/calls/n1-8.0/recording", datetime.now(UTC)
        assert await api.status(ADMIN, "POST", path, {"do": "pause"}) == 404
        live = office.calls.meet("n1-8.0")  # type: ignore[arg-type]
        ruled = {"at": now, "call": "n1-8.0", "queue": "servicio", "agent": "101", "record": True, "why": "yes"}
        live.ruled = {leg: facts.RecordingRuled(**ruled, leg=leg) for leg in ("7", "none")}
        live.talk = "7"  # type: ignore[assignment]
        assert (await api.told(SELF, "POST", path, {"do": "pause"}))["became"] == "paused"
        assert await api.status(principal(Role.AGENT, extension="301"), "POST", path, {"do": "pause"}) == 404
        assert await api.status(OWN, "POST", path, {"do": "pause"}) == 404
        assert await api.status(AUDITOR, "POST", path, {"do": "pause"}) == 403
        assert await api.status(ADMIN, "POST", path, {"do": "stop"}) == 400
        assert office.talks.done == [("pause", "7", "agent")]
        live.talk = "none"  # type: ignore[assignment]
        refused = await api.ask(ADMIN, "POST", path, {"do": "pause"})
        assert refused.status_code == 409 and "not recorded" in refused.text
