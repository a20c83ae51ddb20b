"""`ivr audit` against a server's API."""

import json
from pathlib import Path
from typing import Any

from ivr.access.model import Role, Via
from ivr.control.client import PIECE_BYTES
from ivr.testing.api import principal
from tests.tools import run
from tests.unit.audit.terminal import terminal
from tests.unit.audit.test_audit import tampered
from tests.unit.audit.test_routes import filled

LOCAL = principal(Role.ADMIN, via=Via.LOCAL)


@run
async def test_the_latest_entries_are_listed(tmp_path: Path) -> None:
    audit, api = await filled(tmp_path, 7)
    api.door.who = LOCAL
    async with terminal(tmp_path, api) as at:
        shown = await at.says("audit", "--limit", "2")
        assert shown.count("agent.pause") == 2 and "106" in shown and "104" not in shown
        lines = (await at.says("audit", "--json", "--object", "103")).splitlines()
        assert [json.loads(line)["seq"] for line in lines] == [4]
        assert await at.says("audit", "--who", "eva") == "nothing\n"
        wrong = await at.asked("audit", "--since", "ayer")
        assert wrong.exit_code == 2 and "write for example" in wrong.output
        assert "nothing" in await at.says("audit", "--since", "2199-01-01")
    await audit.close()


@run
async def test_more_than_a_page(tmp_path: Path) -> None:
    audit, api = await filled(tmp_path, 1203)
    api.door.who = LOCAL
    async with terminal(tmp_path, api) as at:
        lines = (await at.says("audit", "--json", "--limit", "1100")).splitlines()
        assert [json.loads(line)["seq"] for line in lines] == list(range(1203, 103, -1))
        await at.says("audit", "export", str(tmp_path / "all.csv"))
        assert (tmp_path / "all.csv").read_text().count("\n") == 1204
        again = await at.asked("audit", "export", str(tmp_path / "all.csv"))
        assert again.exit_code == 1 and "File exists" in again.output
        assert [one.note.action for one in api.door.noted] == ["audit.export"], "nothing was handed out again"
    await audit.close()


@run
async def test_an_export_of_any_length_is_written_as_it_comes_and_only_whole(tmp_path: Path, monkeypatch: Any) -> None:
    """The audit only grows: some day it is larger than the memory."""
    audit, api = await filled(tmp_path, 500)
    api.door.who = LOCAL
    monkeypatch.setattr("ivr.audit.store._disagreeing", None)  # who only exports looks into no entry
    file = tmp_path / "audit.jsonl"
    async with terminal(tmp_path, api) as at:
        await at.says("audit", "export", str(file))
        whole = file.read_bytes()
        assert whole.count(b"\n") == 500 and len(whole) > PIECE_BYTES
        file.unlink()
        rows, asked = audit.store.rows, 0

        def torn(*values: Any) -> Any:
            nonlocal asked
            asked += 1
            if asked == 3:
                raise OSError("the disk is gone")
            return rows(*values)

        monkeypatch.setattr(audit.store, "rows", torn)
        said = await at.asked("audit", "export", str(file))
        assert said.exit_code == 1 and "ended in the middle" in said.output and not file.exists()
    await audit.close()


@run
async def test_it_is_verified(tmp_path: Path) -> None:
    audit, api = await filled(tmp_path, 5)
    api.door.who = LOCAL
    async with terminal(tmp_path, api) as at:
        assert "5 entries, the last one is 5" in await at.says("audit", "verify")
        tampered(tmp_path, "DELETE FROM audit WHERE seq = 5")
        told = await at.asked("audit", "verify")
        assert told.exit_code == 1 and "entry 5: cut off" in told.output and "tampered" in told.output
        told = await at.asked("audit", "verify", "--json")
        assert told.exit_code == 1 and not json.loads(told.output)["sound"]
    without = await at.asked("audit", "verify")
    assert without.exit_code == 1 and "no server is running here" in without.output
    await audit.close()
