"""Messages over the API."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from ivr.access.model import Role
from ivr.testing.api import ADMIN, AUDITOR, MONITOR, Api, principal
from ivr.voicemail.routes import VoicemailRoutes
from ivr.web.api.door import Result
from tests.tools import run
from tests.unit.voicemail.house import BOX, House, site_with, wav

OWN = principal(Role.SUPERVISOR, queues=["x"], mailboxes=["servicio"])
OTHER = principal(Role.SUPERVISOR, queues=["servicio"], mailboxes=["ventas"])
SELF, NOT_SELF = principal(Role.AGENT, extension="101"), principal(Role.AGENT, extension="301")


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[tuple[Api, House]]:
    house = House(folder, site_with(BOX, replace(BOX, name="ventas", extensions=())))
    await house.open()
    now = house.clock.now()
    house.records.keep_callers([{"caller": "key", "number": "+573001234567", "name": "", "seen": now}])
    try:
        yield Api([VoicemailRoutes(house.inbox, lambda: house.site)]), house
    finally:
        await house.close()


@run
async def test_messages_are_seen_within_reach_and_numbers_in_full_are_noted(tmp_path: Path) -> None:
    async with serving(tmp_path) as (api, house):
        file = await house.leave(3)
        for who, boxes in (
            (ADMIN, ["servicio", "ventas"]),
            (AUDITOR, ["servicio", "ventas"]),
            (OWN, ["servicio"]),
            (OTHER, ["ventas"]),
            (SELF, ["servicio"]),
            (NOT_SELF, []),
        ):
            assert [b["mailbox"] for b in (await api.told(who, "GET", "/voicemail"))["mailboxes"]] == boxes
            messages = (await api.told(who, "GET", "/voicemail/messages"))["messages"]
            assert [m["message"] for m in messages] == ([file] if "servicio" in boxes else [])
            assert "3001234567" not in str(messages)
            allowed = 200 if "servicio" in boxes else 403
            assert await api.status(who, "GET", "/voicemail/messages", mailbox="servicio") == allowed
        assert not api.door.noted
        (message,) = (await api.told(OWN, "GET", "/voicemail/messages", numbers="yes"))["messages"]
        assert message["number"] == "+573001234567"
        noted = api.door.noted[-1].note
        assert (noted.action, noted.detail["messages"]) == ("voicemail.numbers", [file])
        assert await api.status(MONITOR, "GET", "/voicemail") == 403
        assert await api.status(ADMIN, "GET", "/voicemail/messages", mailbox="nada") == 404


@run
async def test_messages_come_in_pages(tmp_path: Path) -> None:
    async with serving(tmp_path) as (api, house):
        files = []
        for _ in range(3):
            files.append(await house.leave(3))
            house.clock.advance(1)
        seen, place = [], ""
        while True:
            page = await api.told(OWN, "GET", "/voicemail/messages", limit=2, after=place, numbers="yes")
            seen.append([message["message"] for message in page["messages"]])
            assert api.door.noted[-1].note.detail["messages"] == seen[-1], "each page names what it showed"
            if (place := page["next"]) is None:
                break
            await house.inbox.delete(seen[-1][-1], "ana")  # what a page ended with may be gone at the next
        assert seen == [files[:2], files[2:]]
        assert (await api.told(OWN, "GET", "/voicemail/messages"))["next"] is None
        for wrong in ({"limit": 0}, {"limit": 501}, {"after": "nowhere"}):
            assert await api.status(OWN, "GET", "/voicemail/messages", **wrong) == 400


@run
async def test_listening_is_noted_and_only_within_reach(tmp_path: Path) -> None:
    async with serving(tmp_path) as (api, house):
        file = await house.leave(3)
        for who, status in ((ADMIN, 200), (AUDITOR, 200), (OWN, 200), (SELF, 200), (OTHER, 404), (NOT_SELF, 404)):
            answer = await api.ask(who, "GET", f"/voicemail/messages/{file}/audio")
            assert answer.status_code == status
            noted = api.door.noted[-1]
            assert (noted.note.action, noted.note.object) == ("voicemail.play", file)
            assert noted.result is (Result.DONE if status == 200 else Result.REFUSED)
            if status == 200:
                assert answer.content == wav(3) and answer.headers["content-type"] == "audio/wav"
        assert await api.status(MONITOR, "GET", f"/voicemail/messages/{file}/audio") == 403
        assert house.inbox.counts("servicio") == (1, 0)


@run
async def test_what_is_done_with_a_message_is_noted_and_only_within_reach(tmp_path: Path) -> None:
    async with serving(tmp_path) as (api, house):
        file = await house.leave(3)
        one = f"/voicemail/messages/{file}"
        for who, status in ((OTHER, 404), (NOT_SELF, 404), (AUDITOR, 403), (MONITOR, 403)):
            assert await api.status(who, "DELETE", one) == status
            assert await api.status(who, "POST", f"{one}/heard") == status
        assert house.inbox.counts("servicio") == (1, 0)
        assert (await api.told(SELF, "POST", f"{one}/heard"))["state"] == "heard"
        assert (await api.told(OWN, "DELETE", one))["state"] == "deleted"
        noted = api.door.noted[-1].note
        assert (noted.action, noted.before, noted.after) == ("voicemail.delete", "heard", "deleted")
        assert noted.detail["mailbox"] == "servicio"
        assert await api.status(ADMIN, "DELETE", one) == 409
        assert (await api.told(ADMIN, "POST", f"{one}/restore"))["state"] == "heard"
        assert house.told[-1].by == "admin"
        assert await api.status(ADMIN, "POST", "/voicemail/messages/nothing/heard") == 404


@run
async def test_a_database_that_is_away_is_told(tmp_path: Path) -> None:
    async with serving(tmp_path) as (api, house):
        file = await house.leave(3)
        house.rename_table("messages", "gone")
        house.rename_table("callers", "gone_too")
        assert await api.status(ADMIN, "DELETE", f"/voicemail/messages/{file}") == 503
        assert await api.status(ADMIN, "GET", "/voicemail/messages") == 503
        house.rename_table("gone", "messages")
        assert house.inbox.counts("servicio") == (1, 0)
