"""`ivr accounts` and `ivr tokens` against a server's real socket file."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from click.testing import CliRunner, Result

from ivr.cli import main
from ivr.control.client import socket_file
from ivr.control.server import ControlServer
from tests.tools import run
from tests.unit.accounts.house import GOOD, THERE, House, house


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[House]:
    async with house(folder) as home:
        server = ControlServer(home.app, socket_file(folder))
        server.start()
        try:
            yield home
        finally:
            await server.close()


async def ivr(folder: Path, *words: str) -> Result:
    environ = {"CENTRALITA_VAR": str(folder), "SUDO_USER": "ana"}
    return await asyncio.to_thread(CliRunner().invoke, main, words, env=environ)


@run
async def test_an_account_at_the_terminal(tmp_path: Path) -> None:
    async with serving(tmp_path) as home:
        made = await ivr(tmp_path, "accounts", "add", "leo", "--role", "supervisor", "--queue", "cartera")
        assert made.exit_code == 0 and "one-time password of leo: " in made.stdout, made.output
        password = made.stdout.split(": ")[1].strip()
        assert (await home.browser().log_in("leo", password)).status_code == 201
        line = next(x for x in (await ivr(tmp_path, "accounts")).output.splitlines() if "leo" in x)
        for part in ("supervisor", "cartera", "password to be changed", "1"):
            assert part in line
        changed = await ivr(
            tmp_path, "accounts", "change", "leo", "--queue", "", "--mailbox", "cartera", "--label", "Leo", "--disable"
        )
        assert changed.exit_code == 0 and "disabled" in changed.output
        rows = [json.loads(x) for x in (await ivr(tmp_path, "accounts", "list", "--json")).stdout.splitlines()]
        assert (rows[1]["queues"], rows[1]["mailboxes"], rows[1]["label"]) == ([], ["cartera"], "Leo")
        assert (
            "is disabled: ivr accounts change leo --enable" in (await ivr(tmp_path, "accounts", "unlock", "leo")).output
        )
        await ivr(tmp_path, "accounts", "change", "leo", "--enable", "--no-second-factor", "--no-single-sign-on")
        assert "leo may log in" in (await ivr(tmp_path, "accounts", "unlock", "leo")).output
        again = await ivr(tmp_path, "accounts", "password", "leo")
        assert "one-time password of leo" in again.stdout and password not in again.stdout
        assert "0 sessions" in (await ivr(tmp_path, "accounts", "sign-out", "leo")).output
        assert "leo is removed" in (await ivr(tmp_path, "accounts", "remove", "leo")).output
        assert {(e.who, e.via) for e in home.audit.entries if e.action.startswith("accounts.")} == {("ana", "local")}
        for words, said in (
            (("change", "leo"), "say what to change"),
            (("remove", "leo"), "there is no account 'leo'"),
            (("remove", "admin"), "last administrator"),
            (("add", "Leo", "--role", "admin"), "a-z 0-9"),
            (("add", "leo", "--role", "agent"), "extension"),
        ):
            refused = await ivr(tmp_path, "accounts", *words)
            assert refused.exit_code != 0 and said in refused.output, refused.output


@run
async def test_a_token_at_the_terminal(tmp_path: Path) -> None:
    async with serving(tmp_path) as home:
        bot = await ivr(tmp_path, "accounts", "add", "bot", "--role", "monitor", "--no-login")
        assert "ivr tokens add bot" in bot.stdout
        made = await ivr(tmp_path, "tokens", "add", "bot", "--scope", "me:read", "--label", "panel", "--days", "7")
        text = made.stdout.strip()
        assert await home.program(text, THERE).status("GET", "/me") == 200
        listed = (await ivr(tmp_path, "tokens")).output
        assert "panel" in listed and THERE in listed and "me:read" in listed and text not in listed
        row = json.loads((await ivr(tmp_path, "tokens", "list", "--account", "bot", "--json")).stdout)
        assert row["made_by"] == "ana"
        assert "is revoked" in (await ivr(tmp_path, "tokens", "revoke", row["id"])).output
        assert await home.program(text).status("GET", "/me") == 401
        wrong = await ivr(tmp_path, "tokens", "add", "bot", "--scope", "mee:read")
        assert wrong.exit_code == 1 and "did you mean 'me:read'" in wrong.output
        assert "makes administrators" not in made.stderr
        for scope in ("*", "accounts:write"):
            whole = await ivr(tmp_path, "tokens", "add", "admin", "--scope", scope, "--scope", "me:read")
            assert f"With {scope} it is everything" in whole.stderr and "everything" not in whole.stdout


@run
async def test_a_stopped_server_and_a_token_of_another_start(tmp_path: Path) -> None:
    stopped = await ivr(tmp_path, "accounts")
    assert stopped.exit_code == 1 and "no server is running here" in stopped.output
    async with serving(tmp_path) as home:
        (home.paths.secrets / "cli.token").write_text("x" * 43)
        wrong = await ivr(tmp_path, "accounts")
        assert wrong.exit_code == 1 and "Traceback" not in wrong.output and wrong.output.strip()
        assert (await home.browser().log_in("admin", GOOD)).status_code == 401
