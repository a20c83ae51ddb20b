"""Disposition and note over the API and by command: who may set them, what the ledger is told, and what is found."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ivr.access.model import Role
from ivr.commands.recordings import command
from ivr.recordings.open_work import Doomed
from ivr.recordings.remark_routes import RemarkRoutes
from ivr.testing.api import ADMIN, AUDITOR, MONITOR, Api, control, principal
from tests.tools import run
from tests.unit.api.test_holds import parts
from tests.unit.recordings.shop import LATER, Shop

OWN, SELF = principal(Role.SUPERVISOR, queues=["cartera"]), principal(Role.AGENT, extension="102")
HOSTILE = "<script>alert(1)</script> [red]x[/] \x1b[2J\u202e {caller} %s \0 fin"
SHOWN = "<script>alert(1)</script> [red]x[/] ?[2J? {caller} %s ? fin"


@asynccontextmanager
async def serving(folder: Path, *dispositions: str) -> AsyncIterator[tuple[Api, Shop]]:
    """c0 and c1 are of service and agent 101, c2 of collections and agent 102."""
    shop = Shop(folder)
    await shop.filled()
    shop.change(dispositions=dispositions)
    row, wrapped = shop.catalogue.get("c2_o2"), shop.catalogue.key_of("c2_o2")
    assert row is not None and wrapped is not None
    shop.catalogue.keep(replace(row, queue="cartera", agent="102"), wrapped)
    try:
        yield Api([*parts(shop), RemarkRoutes(shop.store.engine, shop.in_force)]), shop
    finally:
        await shop.audit.close()
        shop.store.close()


def path(recording: str) -> str:
    return f"/recordings/{recording}/remarks"


async def names(api: Api, who: Any, **wanted: Any) -> list[str]:
    found = await api.told(who, "POST", "/recordings/search", wanted)
    return sorted(one["recording"] for one in found["recordings"])


@run
async def test_each_is_set_left_removed_and_told_in_every_answer(tmp_path: Path) -> None:
    async with serving(tmp_path) as (api, _):
        told = await api.told(
            ADMIN, "PUT", path("c0_o0"), {"disposition": "venta", "note": "compró dos\nvuelve el lunes"}
        )
        assert (told["disposition"], told["note"]) == ("venta", "compró dos\nvuelve el lunes")
        assert (await api.told(ADMIN, "GET", "/recordings/c0_o0"))["note"] == told["note"]
        told = await api.told(ADMIN, "PUT", path("c0_o0"), {"disposition": "reclamo"})
        assert (told["disposition"], told["note"]) == ("reclamo", "compró dos\nvuelve el lunes")
        told = await api.told(ADMIN, "PUT", path("c0_o0"), {"note": ""})
        assert (told["disposition"], told["note"]) == ("reclamo", "")
        rows = (await api.told(AUDITOR, "GET", "/recordings"))["recordings"]
        assert {one["recording"]: one["disposition"] for one in rows} == {"c0_o0": "reclamo", "c1_o1": "", "c2_o2": ""}
        for nothing in ({}, {"note": None}, {"text": "x"}, {"note": 5}, {"disposition": ["x"]}):
            assert await api.status(ADMIN, "PUT", path("c0_o0"), nothing) == 400
        assert await api.status(ADMIN, "PUT", path("c0_o0"), {"note": "x" * 2000, "disposition": "x" * 64}) == 200
        assert await api.status(ADMIN, "PUT", path("c0_o0"), {"note": "x" * 2001}) == 400
        assert await api.status(ADMIN, "PUT", path("c0_o0"), {"disposition": "x" * 65}) == 400


@run
async def test_who_may(tmp_path: Path) -> None:
    async with serving(tmp_path) as (api, _):
        body = {"disposition": "venta"}
        for who, statuses in (
            (ADMIN, [200, 200, 404]), (OWN, [404, 200, 404]), (SELF, [404, 200, 404]), (AUDITOR, [403, 403, 403]),
            (MONITOR, [403, 403, 403]), (None, [401, 401, 401]), (principal(Role.AGENT), [404, 404, 404]),
        ):  # fmt: skip
            for name, status in zip(("c0_o0", "c2_o2", "nobody_1"), statuses, strict=True):
                assert await api.status(who, "PUT", path(name), body) == status, (who, name)


@run
async def test_the_ledger_knows_the_disposition_and_never_what_the_note_says(tmp_path: Path) -> None:
    async with serving(tmp_path) as (api, _):
        for body in ({"disposition": "venta", "note": "lo dijo Ana"}, {"note": ""}, {"disposition": ""}):
            await api.told(OWN, "PUT", path("c2_o2"), body)
        assert await api.status(OWN, "PUT", path("c0_o0"), {"note": "lo dijo Ana"}) == 404
        assert await api.status(OWN, "PUT", path("c2_o2"), {"note": "lo dijo Ana" * 500}) == 400
        noted = [(one.note.action, one.note.object, one.note.before, one.note.after, one.note.detail, one.result.value)
                 for one in api.door.noted]  # fmt: skip
        assert noted == [
            (
                "recordings.remarked",
                "c2_o2",
                "",
                "venta",
                {"call": "c2", "disposition": "venta", "note": "set"},
                "done",
            ),
            ("recordings.remarked", "c2_o2", "venta", "venta", {"call": "c2", "note": "removed"}, "done"),
            ("recordings.remarked", "c2_o2", "venta", "", {"call": "c2", "disposition": ""}, "done"),
            ("recordings.remarked", "c0_o0", None, None, {}, "refused"),
            ("recordings.remarked", "", None, None, {}, "refused"),
        ]
        assert "Ana" not in str([api.door.noted, api.door.begun])


@run
async def test_a_site_that_names_dispositions_allows_no_other(tmp_path: Path) -> None:
    async with serving(tmp_path, "venta", "reclamo") as (api, _):
        assert await api.status(ADMIN, "PUT", path("c0_o0"), {"disposition": " reclamo "}) == 200
        refused = await api.ask(ADMIN, "PUT", path("c0_o0"), {"disposition": "reclamos", "note": "x"})
        assert refused.status_code == 400 and "did you mean 'reclamo'?" in refused.json()["error"]
        found = await api.told(ADMIN, "GET", "/recordings/c0_o0")
        assert (found["disposition"], found["note"]) == ("reclamo", "")
        assert await api.status(ADMIN, "PUT", path("c0_o0"), {"disposition": ""}) == 200


@run
async def test_of_what_is_deleted_nothing_more_is_kept(tmp_path: Path) -> None:
    async with serving(tmp_path) as (api, shop):
        row = shop.catalogue.get("c0_o0")
        assert row is not None
        await shop.remover.begin([Doomed.of(row, rule="a rule", due=LATER, by="retention")])
        for why in ("being deleted", "is deleted"):
            refused = await api.ask(ADMIN, "PUT", path("c0_o0"), {"note": "lo dijo Ana"})
            assert refused.status_code == 409 and why in refused.json()["error"]
            await shop.remover.finish()
        assert (await api.told(ADMIN, "GET", "/recordings/c0_o0"))["note"] == ""


@run
async def test_both_find_within_the_accounts_reach(tmp_path: Path) -> None:
    async with serving(tmp_path) as (api, _):
        for name, disposition, note in (
            ("c0_o0", "reclamo", "Devolución del 100%"), ("c1_o1", "venta", "devolución de 100 pesos"),
            ("c2_o2", "reclamo", "DEVOLUCIÓN"),
        ):  # fmt: skip
            await api.told(ADMIN, "PUT", path(name), {"disposition": disposition, "note": note})
        assert await names(api, ADMIN, disposition="reclamo") == ["c0_o0", "c2_o2"]
        assert await names(api, ADMIN, note="devolución") == ["c0_o0", "c1_o1", "c2_o2"]
        assert await names(api, ADMIN, note="100%") == await names(api, AUDITOR, note="DEL 1") == ["c0_o0"]
        assert await names(api, ADMIN, note="devolución", disposition="venta") == ["c1_o1"]
        assert await names(api, OWN, note="devolución") == await names(api, OWN, disposition="reclamo") == ["c2_o2"]
        assert await names(api, ADMIN, note="%") == ["c0_o0"] and await names(api, ADMIN, note="_") == []
        listed = await api.told(ADMIN, "GET", "/recordings", disposition="venta")
        assert [one["recording"] for one in listed["recordings"]] == ["c1_o1"]
        assert await api.status(ADMIN, "GET", "/recordings?note=devolución") in (200, 400)
        assert await api.status(ADMIN, "POST", "/recordings/search", {"note": "x" * 201}) == 400


@run
async def test_hostile_words_do_nothing_anywhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CENTRALITA_VAR", str(tmp_path))
    caplog.set_level(logging.DEBUG)
    async with serving(tmp_path) as (api, shop):
        server = control([*parts(shop), RemarkRoutes(shop.store.engine, shop.in_force)], tmp_path)
        server.start()
        answer = await api.ask(ADMIN, "PUT", path("c0_o0"), {"note": HOSTILE, "disposition": "<b>\x1b[31mventa"})
        assert answer.json()["note"] == SHOWN and answer.headers["content-type"] == "application/json"
        # What another version, or another program, may have written.
        assert shop.catalogue.remark("c0_o0", note=HOSTILE.replace("\0", ""), disposition="\x1b[31mventa")
        runner = CliRunner()
        listed = await asyncio.to_thread(runner.invoke, command, ["list"])
        told = await asyncio.to_thread(runner.invoke, command, ["remark", "c0_o0", "--disposition", "\x1b]0;x"])
        await server.close()
        for text in (listed.output, told.output):
            assert "\x1b" not in text and "\u202e" not in text and "<script>" in text
        assert "\\x1b[31mventa" in listed.output and "[red]x[/]" in listed.output
        assert "script" not in caplog.text


@run
async def test_by_command_it_is_set_shown_and_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CENTRALITA_VAR", str(tmp_path))

    async def said(*words: str, status: int = 0) -> str:
        done = await asyncio.to_thread(CliRunner().invoke, command, list(words))
        assert done.exit_code == status, done.output
        return done.output or str(done.exception)

    async with serving(tmp_path, "venta", "reclamo") as (_, shop):
        server = control([*parts(shop), RemarkRoutes(shop.store.engine, shop.in_force)], tmp_path)
        server.start()
        told = await said("remark", "c0_o0", "--disposition", "reclamo", "--note", "Pide que la llame\nel gerente")
        assert told == "disposition: reclamo\nnote: Pide que la llame\nel gerente\n"
        assert await said("remark", "c1_o1", "--note", "una nota muy larga " * 9) != ""
        assert "names no disposition 'queja'" in await said("remark", "c2_o2", "--disposition", "queja", status=1)
        assert "say --disposition" in await said("remark", "c2_o2", status=2)
        found = await said("list", "--disposition", "reclamo")
        assert "c0_o0" in found and "c1_o1" not in found and "Pide que la llame el gerente" in found
        found = await said("list", "--note", "MUY LARGA")
        assert "c1_o1" in found and "c0_o0" not in found and "una nota muy larga una nota muy larga u…" in found
        [one] = [json.loads(line) for line in (await said("list", "--note", "gerente", "--json")).splitlines()]
        assert (one["recording"], one["note"]) == ("c0_o0", "Pide que la llame\nel gerente")
        assert await said("remark", "c0_o0", "--disposition", "", "--note", "") == "disposition: none\nnote: none\n"
        assert "c0_o0" not in await said("list", "--disposition", "reclamo")
        await server.close()
