"""`ivr voicemail` against a server's routes on a real socket."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ivr.cli import main
from ivr.commands import voicemail
from ivr.testing.api import control
from ivr.voicemail.routes import VoicemailRoutes
from tests.tools import run
from tests.unit.voicemail.house import House, site_with, wav


class Desk:
    """A house that answers, and somebody at a terminal."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def asked(self, *words: str) -> Result:
        """Run `ivr voicemail` with these words."""
        environ = {"CENTRALITA_VAR": str(self.house.folder), "SUDO_USER": "ana", "COLUMNS": "200"}
        return await asyncio.to_thread(CliRunner().invoke, main, ["voicemail", *words], env=environ)

    async def says(self, *words: str) -> str:
        """What it prints when it does as asked."""
        done = await self.asked(*words)
        assert done.exit_code == 0, done.output
        return done.output


@asynccontextmanager
async def desk(folder: Path) -> AsyncIterator[Desk]:
    """A house with callers' numbers, and its routes."""
    house = House(folder)
    await house.open()
    now = house.clock.now()
    house.records.keep_callers(
        [
            {"caller": "key", "number": "+573001234567", "name": "", "seen": now},
            {"caller": "bad", "number": "\x1b[2J[red]", "name": "", "seen": now},
        ]
    )
    server = control([VoicemailRoutes(house.inbox, lambda: house.site)], folder)
    server.start()
    try:
        yield Desk(house)
    finally:
        await server.close()
        await house.close()


@run
async def test_boxes_and_messages_are_listed_with_masked_numbers(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        file = await at.house.leave(65)
        boxes = await at.says()
        assert "Servicio al Cliente" in boxes and "101, 102" in boxes
        listed = await at.says("servicio")
        assert file in listed and "1:05" in listed and "new" in listed
        assert "3001234567" not in listed and "567" in listed
        assert "+573001234567" in await at.says("servicio", "--numbers")
        (row,) = [json.loads(line) for line in (await at.says("servicio", "--json")).splitlines()]
        assert (row["message"], row["seconds"], row["state"]) == (file, 65.0, "new")
        (box,) = [json.loads(line) for line in (await at.says("--json")).splitlines()]
        assert (box["mailbox"], box["new"], box["heard"], box["most"]) == ("servicio", 1, 0, 3)


@run
async def test_all_pages_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voicemail, "_A_PAGE", 1)
    async with desk(tmp_path) as at:
        files = [await at.house.leave() for _ in range(3)]
        rows = [json.loads(line) for line in (await at.says("servicio", "--json")).splitlines()]
        assert [row["message"] for row in rows] == sorted(files)


@run
async def test_a_hostile_number_steers_no_terminal(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.house.leave(caller="bad")
        await at.house.leave(caller="")
        for words in (("servicio", "--numbers"), ("--all",), ("--all", "--json")):
            assert "\x1b" not in await at.says(*words)
        assert "[red]" in await at.says("servicio", "--numbers") and "withheld" in await at.says("servicio")


@run
async def test_listening_counts_as_heard_and_saving_does_not(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        file = await at.house.leave(3)
        target = tmp_path / "message.wav"
        await at.says("save", file, str(target))
        assert target.read_bytes() == wav(3) and at.house.inbox.counts("servicio") == (1, 0)
        again = await at.asked("save", file, str(target))
        assert again.exit_code == 1 and "File exists" in again.output
        heard = await at.asked("listen", file)
        assert heard.stdout_bytes == wav(3) and at.house.inbox.counts("servicio") == (0, 1)
        assert at.house.told[-1].by == "ana" and at.house.told[-1].what == "heard"


@run
async def test_deleting_and_bringing_back(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        file = await at.house.leave()
        assert f"ivr voicemail restore {file}" in await at.says("delete", file)
        assert "no message" in await at.says("servicio")
        assert "deleted" in await at.says("servicio", "--all")
        twice = await at.asked("delete", file)
        assert twice.exit_code == 1 and "deleted already" in twice.output
        listened = await at.asked("listen", file)
        assert listened.exit_code == 1 and "ivr voicemail restore" in listened.output
        await at.says("restore", file)
        assert at.house.inbox.counts("servicio") == (1, 0)
        assert (await at.asked("restore", file)).exit_code == 1


@run
async def test_names_that_are_not_there_are_told_with_those_that_are(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        for words, told in (
            (("ventas",), "there are: servicio"),
            (("delete", "bbbbbbbbbb"), "no message of this name"),
            (("save", "etc", str(tmp_path / "x")), "no message of this name"),
            (("save", "../../etc", str(tmp_path / "x")), "no such address"),
        ):
            done = await at.asked(*words)
            assert done.exit_code == 1 and told in done.output, done.output
        assert not (tmp_path / "x").exists()
        at.house.site = site_with()
        assert "write one in voicemail.yaml" in await at.says()


@run
async def test_a_box_that_the_site_no_longer_has_is_still_shown(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        file = await at.house.leave()
        at.house.site = site_with()
        assert "servicio" in await at.says() and file in await at.says("servicio")


def test_without_a_server_it_says_how_to_start_one(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["voicemail"], env={"CENTRALITA_VAR": str(tmp_path)})
    assert done.exit_code == 1 and "no server is running here" in done.output
