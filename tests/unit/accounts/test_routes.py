"""Accounts and tokens over the API: who may, what is noted, what is refused."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from tests.tools import run
from tests.unit.accounts.house import BETTER, GOOD, THERE, Office, house


@run
async def test_an_account_from_beginning_to_end_is_noted(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        ana = home.command("ana maría".encode().hex())
        made = await ana.told("POST", "/accounts", {"name": "leo", "role": "supervisor", "queues": ["cartera"]})
        password = made["one_time_password"]
        assert (await home.browser().log_in("leo", password)).json()["me"]["must_change"]
        changed = await ana.told("PATCH", "/accounts/leo", {"queues": ["servicio"], "mailboxes": ["cartera"]})
        assert (changed["queues"], changed["mailboxes"]) == (["servicio"], ["cartera"])
        again = await ana.told("PUT", "/accounts/leo/password", {})
        assert again["one_time_password"] not in ("", password) and again["account"]["must_change"]
        assert (await home.browser().log_in("leo", password)).status_code == 401
        assert await ana.told("DELETE", "/accounts/leo/sessions") == {"ended": 0}
        assert (await ana.told("DELETE", "/accounts/leo"))["name"] == "leo"
        assert await ana.status("GET", "/accounts/leo") == 404
        told = [e for e in home.audit.entries if e.action.startswith("accounts.")]
        assert [e.action.removeprefix("accounts.") for e in told] == [
            "add", "change", "password", "sign_out", "remove",
        ]  # fmt: skip
        assert (told[0].before, told[0].after["queues"]) == (None, ["cartera"])
        assert (told[1].before["queues"], told[1].after["queues"]) == (["cartera"], ["servicio"])
        assert told[4].after is None and {(e.via, e.account) for e in told} == {("local", "local")}
        assert password not in str(home.audit.entries)


@pytest.mark.parametrize(
    ("form", "status", "why"),
    [
        ({"name": "Leo", "role": "admin"}, 400, "a-z 0-9"),
        ({"name": "local", "role": "admin"}, 400, "not `local`"),
        ({"name": "..", "role": "admin"}, 400, "a-z 0-9"),
        ({"name": "admin", "role": "admin"}, 409, "already"),
        ({"name": "leo", "role": "chief"}, 400, "body.role"),
        ({"name": "leo", "role": "supervisor", "queues": ["cartea"]}, 400, "did you mean 'cartera'"),
        ({"name": "leo", "role": "supervisor", "mailboxes": ["x"]}, 400, "no mailbox 'x'"),
        ({"name": "leo", "role": "agent"}, 400, "extension"),
        ({"name": "leo", "role": "agent", "extension": "999"}, 400, "no extension"),
        ({"name": "leo", "role": "admin", "password": "short"}, 400, "at least 12"),
        ({"name": "leo", "role": "admin", "password": GOOD, "login": False}, 400, "without login"),
        ({"name": "leo", "role": "admin", "disabled": True}, 400, "disabled"),
    ],
)
@run
async def test_what_is_wrong_with_a_new_account(tmp_path: Path, form: dict[str, Any], status: int, why: str) -> None:
    async with house(tmp_path) as home:
        answer = await home.command().ask("POST", "/accounts", form)
        assert (answer.status_code, why in answer.json()["error"]) == (status, True), answer.text
        assert "leo" not in home.opened.accounts.register.accounts


@run
async def test_an_account_whose_queue_is_gone_can_be_disabled(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        await home.command().told("POST", "/accounts", {"name": "leo", "role": "supervisor", "queues": ["cartera"]})
        home.opened.accounts._site = lambda: Office(queues=("servicio",))
        assert (await home.command().told("PATCH", "/accounts/leo", {"disabled": True}))["disabled"]
        assert await home.command().status("PATCH", "/accounts/leo", {"queues": ["cartera", "ventas"]}) == 400
        assert (await home.command().told("PATCH", "/accounts/leo", {"queues": ["servicio"]}))["queues"] == ["servicio"]


@run
async def test_the_last_administrator_stays(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        boss = home.command()
        for method, path, values in (
            ("DELETE", "/accounts/admin", None),
            ("PATCH", "/accounts/admin", {"disabled": True}),
            ("PATCH", "/accounts/admin", {"role": "monitor"}),
        ):
            answer = await boss.ask(method, path, values)
            assert answer.status_code == 409 and "last administrator" in answer.json()["error"]
        await home.person("eva", "admin")
        assert await boss.status("DELETE", "/accounts/admin") == 200


@run
async def test_roles_and_accounts(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        auditor = await home.person("aud", "auditor")
        assert await auditor.status("GET", "/accounts") == 200
        for browser in (auditor, await home.person("age", "agent", extension="101"), await home.person("m", "monitor")):
            for method, path in (("POST", "/accounts"), ("PATCH", "/accounts/m"), ("DELETE", "/accounts/m")):
                assert await browser.status(method, path, {}) == 403
        assert await browser.status("GET", "/accounts") == 403
        nobody = home.browser()
        assert await nobody.status("GET", "/accounts") == 401


@run
async def test_a_token_from_beginning_to_end(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        eva = await home.person("eva", "admin")
        made = await eva.told("POST", "/tokens", {"scopes": ["accounts:read"], "label": "panel", "days": 30})
        program, known = home.program(made["text"], THERE), home.opened.door.known
        assert not known(THERE)
        assert made["text"].startswith(f"cnt_{made['token']['id']}_")
        assert await program.status("GET", "/accounts") == 200
        assert known(THERE)
        assert await program.status("PATCH", "/accounts/eva", {"label": "x"}) == 403
        assert await program.status("GET", "/tokens") == 403
        row = (await eva.told("GET", "/tokens"))["tokens"][0]
        assert (row["used_from"], row["label"], row["made_by"], row["used"] is not None) == (
            THERE,
            "panel",
            "eva",
            True,
        )
        secret = made["text"].split("_", 2)[2]
        home.clock.advance(61)
        await home.opened.accounts.register._sweep()
        assert secret.encode() not in home.stored()
        assert secret not in str(home.audit.entries)
        for wrong in (made["text"][:-1], made["text"] + "A", "cnt_abcdefghjk_" + "a" * 43, "", "cnt__", "ñ"):
            assert await home.program(wrong).status("GET", "/accounts") == 401
        kept, clock = made["text"], home.clock
    async with house(tmp_path, clock=clock) as again:
        row = (await again.command().told("GET", "/tokens"))["tokens"][0]
        assert row["used_from"] == THERE and again.opened.door.known(THERE)
    clock.advance(30 * 86400 - 61 - 1800)  # while nobody looks every minute
    async with house(tmp_path, clock=clock) as late:
        assert await late.program(kept).status("GET", "/accounts") == 200
        clock.advance(1800 - 1)
        assert await late.program(kept).status("GET", "/accounts") == 200
        clock.advance(1)
        assert await late.program(kept).status("GET", "/accounts") == 401


@run
async def test_a_token_can_neither_make_another_one_nor_change_its_account(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        eva = await home.person("eva", "admin")
        program = home.program((await eva.told("POST", "/tokens", {"scopes": ["*"]}))["text"])
        assert await program.status("GET", "/accounts") == 200
        assert await program.status("POST", "/tokens", {"scopes": ["*"]}) == 403
        assert await program.status("PUT", "/me/password", {"current": GOOD, "new": BETTER}) == 403
        assert await program.status("POST", "/me/totp", {"password": GOOD}) == 403
        assert await program.status("DELETE", "/session") == 403
        assert (await program.told("GET", "/me"))["via"] == "token"
        assert await program.status("GET", "/session") == 404
        await home.command().told("PATCH", "/accounts/eva", {"disabled": True})
        assert await program.status("GET", "/me") == 401


@run
async def test_whose_tokens(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        eva, leo = await home.person("eva", "admin"), await home.person("leo", "monitor")
        hers = await eva.told("POST", "/tokens", {"scopes": ["*"]})
        his = await leo.told("POST", "/tokens", {"scopes": ["me:read"]})
        assert await leo.status("POST", "/tokens", {"scopes": ["*"], "account": "eva"}) == 403
        assert await leo.status("DELETE", f"/tokens/{hers['token']['id']}") == 404
        assert await leo.status("DELETE", "/tokens/nothing") == 404
        assert [t["account"] for t in (await leo.told("GET", "/tokens"))["tokens"]] == ["leo"]
        assert len((await eva.told("GET", "/tokens"))["tokens"]) == 2
        await eva.told("POST", "/tokens", {"scopes": ["me:read"], "account": "leo"})
        assert await eva.status("POST", "/tokens", {"scopes": ["me:read"], "account": "nobody"}) == 404
        for wrong in (["call:read"], ["accounts:delete"], [], ["*:read"]):
            assert await eva.status("POST", "/tokens", {"scopes": wrong}) == 400
        assert await eva.status("POST", "/tokens", {"scopes": ["*"], "days": 367}) == 400
        assert await home.command().status("POST", "/tokens", {"scopes": ["*"]}) == 400
        await leo.told("DELETE", f"/tokens/{his['token']['id']}")
        assert await home.program(his["text"]).status("GET", "/me") == 401


@run
async def test_the_servers_own_token_counts_at_the_socket_file_alone(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        command = home.command("ana%20mar%C3%ADa")
        assert (await command.told("GET", "/me"))["via"] == "local"
        await command.told("PATCH", "/accounts/admin", {"label": "x"})
        assert (home.audit.entries[-1].who, home.audit.entries[-1].via) == ("ana maría", "local")
        token = str(command.headers["Authorization"]).removeprefix("Bearer ")
        assert await home.program(token).status("GET", "/me") == 401
        before = home.browser()
        before.headers = {"Centralita-Who": "ana"}
        assert await before.status("GET", "/me") == 401
        assert (home.paths.secrets / "cli.token").stat().st_mode & 0o777 == 0o600
        assert await command.status("PUT", "/me/password", {"current": "x", "new": GOOD}) == 409
        for wrong in ("Basic eDp4", "Bearer", "", "Bearer x y", "cnt"):
            command.headers["Authorization"] = wrong
            assert await command.status("GET", "/me") == 401
    async with house(tmp_path) as again:
        assert (again.paths.secrets / "cli.token").read_text().strip() != token


@run
async def test_a_database_in_trouble_is_told_and_keeps_nobody_in(tmp_path: Path, monkeypatch: Any) -> None:
    async with house(tmp_path) as home:
        eva = await home.person("eva", "admin")

        def broken(change: object) -> None:
            raise OperationalError("x", {}, Exception("disk full"))

        monkeypatch.setattr(home.opened.accounts.register._store, "apply", broken)
        for method, path, values in (
            ("POST", "/accounts", {"name": "leo", "role": "admin"}),
            ("POST", "/tokens", {"scopes": ["*"]}),
        ):
            answer = await eva.ask(method, path, values)
            assert answer.status_code == 503 and "cannot be written" in answer.json()["error"]
        assert "leo" not in home.opened.accounts.register.accounts
        assert (await home.browser().log_in("eva", GOOD)).status_code == 503
        assert await eva.status("DELETE", "/session") == 503
        assert await eva.status("GET", "/me") == 401
        monkeypatch.undo()


@run
async def test_every_answer_is_described(tmp_path: Path) -> None:
    """Whatever comes back without a fault has a model: nothing leaves by accident."""
    async with house(tmp_path) as home:
        for route in home.app.routes:
            page = route.path.startswith("/api/session/oidc")
            assert page or route.response_model is not None, route
        text = (await home.command().ask("GET", "/accounts")).text
        assert "argon2" not in text


def test_who_refuses_knows_nothing_of_the_web() -> None:
    """In a process of its own: others have imported it here."""
    code = (
        "import sys\n"
        "from ivr.accounts import accounts, login, myself, register, tokens\n"
        "assert not {'fastapi', 'starlette', 'ivr.web.api.routing'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, timeout=60)
