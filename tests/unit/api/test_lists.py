"""Lists of callers over the API, on the repository's site."""

import errno
from pathlib import Path
from typing import Any

import pytest

from ivr.access.model import Role
from ivr.lists.routes import ListRoutes
from ivr.site.callers import caller_facts
from ivr.testing.api import ADMIN, AUDITOR, MONITOR, Api, principal
from ivr.versions.changes import Changes
from ivr.versions.trials import Trials
from ivr.web.api.door import Result
from tests.tools import run
from tests.unit.versions.site_files import NOW, Office

VIP = "number,until,note\n3001234567,,Eva 3109998877\n3105550000,2020-01-01,\n"
OTHERS = (MONITOR, principal(Role.SUPERVISOR, queues=["cartera"]), principal(Role.AGENT, extension="101"))


class Desk:
    def __init__(self, office: Office, changes: Changes) -> None:
        self.office, self.changes = office, changes
        self.file = office.folders.config / "lists" / "vip.csv"
        routes = ListRoutes(changes, changes.editions.active, office.clock, lambda number: "key")
        self.api = Api([routes])

    def is_vip(self, number: str) -> bool:
        return "vip" in caller_facts(self.changes.editions.active(), number, NOW.date()).lists


async def served(folder: Path) -> Desk:
    office = Office(folder, {"lists/vip.csv": VIP})
    return Desk(office, await office.serve())


@run
async def test_lists_and_their_lines_are_shown(tmp_path: Path) -> None:
    desk = await served(tmp_path)
    api = desk.api
    blocked, vip = (await api.told(AUDITOR, "GET", "/lists"))["lists"]
    assert (blocked["name"], blocked["use"], blocked["entries"]) == ("bloqueados", "block", 0)
    assert (vip["label"], vip["segment"], vip["entries"], vip["expired"]) == ("Clientes preferentes", "vip", 2, 1)
    shown = await api.told(ADMIN, "GET", "/lists/vip/entries")
    assert shown["next"] is None and "1234567" not in str(shown) and "9998877" not in str(shown)
    assert not api.door.noted
    first = await api.told(ADMIN, "GET", "/lists/vip/entries", numbers=1, limit=1)
    assert first["entries"] == [{"line": 2, "number": "3001234567", "until": "", "note": "Eva 3109998877"}]
    assert api.door.noted[-1].note.detail == {"list": "vip", "lines": [2]}
    second = await api.told(ADMIN, "GET", "/lists/vip/entries", after=first["next"])
    assert [entry["until"] for entry in second["entries"]] == ["2020-01-01"] and second["next"] is None
    assert await api.status(ADMIN, "GET", "/lists/nobody/entries") == 404
    for who in OTHERS:
        assert await api.status(who, "GET", "/lists") == await api.status(who, "GET", "/lists/vip/entries") == 403


@run
async def test_a_line_in_and_out_comes_into_force(tmp_path: Path) -> None:
    desk = await served(tmp_path)
    api, first = desk.api, desk.changes.editions.active().version
    for who in (*OTHERS, AUDITOR):
        assert await api.status(who, "POST", "/lists/vip/entries", {"number": "3209990000"}) == 403
        assert await api.status(who, "POST", "/lists/vip/entries/remove", {"number": "3001234567"}) == 403
    desk.office.clock.advance(1)
    told = await api.told(ADMIN, "POST", "/lists/vip/entries", {"number": "320 999 0000", "until": "2027-01-31"})
    assert told["version"] == desk.changes.editions.active().version != first
    assert desk.is_vip("+573209990000") and desk.file.read_text() == VIP + "320 999 0000,2027-01-31,\n"
    noted = api.door.noted[-1].note
    assert (noted.action, noted.object, noted.after["caller"]) == ("lists.add", "vip", "key")
    assert "320" not in str(noted) and "999" not in str(noted).replace("0000", ""), "numbers are masked"
    assert (desk.office.facts[-1].how, desk.office.facts[-1].who) == ("a list changed", "admin")
    await api.told(ADMIN, "POST", "/lists/vip/entries/remove", {"number": "+57 320 9990000"})
    assert not desk.is_vip("3209990000") and desk.file.read_text() == VIP
    assert desk.changes.editions.active().version == first


CANNOT_BE: list[tuple[str, dict[str, Any], int, str]] = [
    ("entries", {"number": "300 1234567"}, 409, "line 2 already"),
    ("entries", {"number": "1e10"}, 409, "not a telephone number|shortened"),
    ("entries", {"number": "**"}, 409, "beginning"),
    ("entries", {"number": ""}, 400, "number"),
    ("entries", {"number": "3209990000", "until": "tomorrow"}, 400, "until"),
    ("entries", {"number": "3209990000", "note": "=1"}, 409, "spreadsheet"),
    ("entries/remove", {"number": "3209990000"}, 409, "not on the list"),
]


@run
async def test_what_cannot_be_changes_nothing(tmp_path: Path) -> None:
    desk = await served(tmp_path)
    for what, wanted, status, why in CANNOT_BE:
        answer = await desk.api.ask(ADMIN, "POST", f"/lists/vip/{what}", wanted)
        told = answer.json()["error"]
        assert answer.status_code == status and any(word in told for word in why.split("|")), (wanted, answer.text)
        assert desk.file.read_text() == VIP, wanted
        assert await desk.api.status(ADMIN, "POST", f"/lists/nobody/{what}", {"number": "3001234567"}) == 404


@run
async def test_other_faults_in_the_folders_leave_list_and_version_as_they_were(tmp_path: Path) -> None:
    desk = await served(tmp_path)
    first, standing = desk.changes.editions.active().version, desk.changes.standing
    desk.office.break_flow()
    refused = await desk.api.ask(ADMIN, "POST", "/lists/vip/entries", {"number": "3209990000"})
    assert refused.status_code == 409 and "nirgends" in refused.json()["problems"][0]
    assert desk.api.door.noted[-1].result is Result.REFUSED
    assert desk.file.read_text() == VIP and desk.changes.editions.active().version == first
    assert desk.changes.standing == standing and not desk.changes.problems
    desk.office.mend_flow()
    desk.office.ground.refuses = "Asterisk does not answer"
    assert await desk.api.status(ADMIN, "POST", "/lists/vip/entries", {"number": "3209990000"}) == 409
    assert desk.file.read_text() == VIP and desk.changes.editions.active().version == first


@run
async def test_a_list_that_cannot_come_into_force_for_want_of_room_is_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = await served(tmp_path)

    def full(*given: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(desk.changes.copies, "keep", full)
    assert await desk.api.status(ADMIN, "POST", "/lists/vip/entries", {"number": "3209990000"}) == 503
    assert desk.file.read_text() == VIP and not desk.is_vip("3209990000")


@run
async def test_nothing_is_written_while_changes_are_held_back(tmp_path: Path) -> None:
    desk = await served(tmp_path)
    await Trials(desk.changes, lambda since, versions: {}).hold()
    answer = await desk.api.ask(ADMIN, "POST", "/lists/vip/entries", {"number": "3209990000"})
    assert answer.status_code == 409 and "ivr reload" in answer.json()["error"] and desk.file.read_text() == VIP
