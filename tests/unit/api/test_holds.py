"""Holds and retention over the API and by command: who may, within which queues, and what the audit is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from click.testing import CliRunner

from ivr.access.model import Role
from ivr.commands import _recordings_retention as commands
from ivr.recordings.hold_routes import HoldRoutes
from ivr.recordings.retention_routes import RetentionRoutes
from ivr.recordings.routes import RecordingRoutes
from ivr.testing.api import ADMIN, AUDITOR, MONITOR, Api, control, principal
from recordings.catalogue import State
from recordings.periods import Period
from recordings.retention import RetentionRule
from tests.tools import run
from tests.unit.recordings.shop import HALF_A_YEAR, LATER, Shop, called

OWN, SELF = principal(Role.SUPERVISOR, queues=["servicio"]), principal(Role.AGENT, extension="101")
NUMBER, WHY = "300 123 4567", {"reason": "proceso 2026-00123"}


def parts(shop: Shop) -> list[Any]:
    def keys_of(number: str) -> list[str]:
        return ["of home", "ana"] if number.replace(" ", "").endswith("3001234567") else []

    def record_of(call: str) -> Any:
        return next(iter(shop.store.calls(1, call=call)), None)

    holds = HoldRoutes(shop.holds, shop.catalogue, shop.in_force, keys_of, record_of, shop.clock)
    single: Any = RecordingRoutes(
        shop.store.engine,
        shop.player(),
        shop.in_force,
        keys_of,
        shop.clock,
        Any,
        Any,
        record_of,  # type: ignore[arg-type]
    )
    return [holds, RetentionRoutes(shop.retention, shop.in_force, shop.clock), single]


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[tuple[Api, Shop]]:
    """c0 and c1 are of service, c2 is of collections; the first two are Ana's."""
    shop = Shop(folder)
    await shop.filled()
    found = shop.catalogue.get("c2_o2")
    wrapped = shop.catalogue.key_of("c2_o2")
    assert found is not None and wrapped is not None
    shop.catalogue.keep(replace(found, queue="cartera"), wrapped)
    called(shop, "c0_o0", "c1_o1", caller="ana")
    try:
        yield Api(parts(shop)), shop
    finally:
        await shop.audit.close()
        shop.store.close()


async def held(api: Api, who: Any, **over: Any) -> Any:
    return await api.told(who, "POST", "/recordings/holds", {**over, **WHY})


@run
async def test_a_hold_is_set_listed_and_lifted_with_reasons(tmp_path: Path) -> None:
    async with serving(tmp_path) as (api, shop):
        one = await held(api, ADMIN, recording="c0_o0")
        assert (one["recordings"], one["gone"], one["over"]["kind"]) == (1, 0, "recording") and one["who"] == "admin"
        noted = api.door.noted[-1].note
        assert (noted.action, noted.object, noted.after["recording"]) == ("recordings.held", one["hold"], "c0_o0")
        assert noted.detail == {**WHY, "recordings": 1} and api.door.begun[-1].action == "recordings.held"
        await held(api, ADMIN, call="c1")
        queue = await held(api, ADMIN, queue="servicio", **{"from": "2026-11-22", "to": "2026-11-22"})
        assert queue["recordings"] == 2 and (queue["over"]["from"], queue["over"]["to"]) == ("2026-11-22",) * 2
        assert (await held(api, ADMIN, queue="servicio", **{"from": "2026-11-23"}))["recordings"] == 0
        listed = await api.told(AUDITOR, "GET", "/recordings/holds")
        assert len(listed["holds"]) == 4
        assert (await shop.retention.at_once(10)).deleted == 1 and shop.state("c2_o2") is State.DELETED
        path = f"/recordings/holds/{one['hold']}"
        assert await api.status(ADMIN, "DELETE", path, {"reason": "x"}) == 400
        lifted = await api.told(ADMIN, "DELETE", path, {"reason": "archivado"})
        assert lifted["lifted"]["why"] == "archivado" and lifted["lifted"]["who"] == "admin"
        noted = api.door.noted[-1].note
        assert (noted.action, noted.before) == ("recordings.released", {"kind": "recording", "recording": "c0_o0"})
        assert await api.status(ADMIN, "DELETE", path, WHY) == 409
        assert len((await api.told(ADMIN, "GET", "/recordings/holds"))["holds"]) == 3
        assert len((await api.told(ADMIN, "GET", "/recordings/holds", lifted=True))["holds"]) == 4


@run
async def test_of_a_caller_only_the_key_is_kept(tmp_path: Path) -> None:
    async with serving(tmp_path) as (api, shop):
        one = await held(api, ADMIN, number=NUMBER)
        assert (one["over"]["caller"], one["recordings"]) == ("ana", 2)
        assert api.door.noted[-1].note.detail["number"].endswith("567")
        for told in (str(api.door.noted), str(shop.holds.all())):
            assert "1234567" not in told.replace(" ", "")
        assert (await shop.retention.at_once(10)).deleted == 1
        assert (await held(api, ADMIN, call="c2"))["gone"] == 1, "too late for this one, and that is told"
        database = b"".join(file.read_bytes() for file in tmp_path.glob("records.sqlite*"))
        assert b"3001234567" not in database


@run
async def test_a_hold_by_number_is_over_every_way_to_write_it(tmp_path: Path) -> None:
    async with serving(tmp_path) as (api, shop):
        called(shop, "c1_o1", caller="of home")
        one = await held(api, ADMIN, number=NUMBER)
        assert one["recordings"] == 2 and {one["over"]["caller"], *one["over"]["others"]} == {"ana", "of home"}
        assert (await api.told(ADMIN, "GET", "/recordings/holds"))["holds"][0]["over"] == one["over"]
        found = await api.told(ADMIN, "POST", "/recordings/search", {"number": NUMBER})
        assert {row["call"] for row in found["recordings"]} == {"c0", "c1"}
        assert (await api.told(ADMIN, "GET", "/recordings/retention"))["held"]["count"] == 2
        assert (await shop.retention.at_once(10)).deleted == 1 and shop.state("c2_o2") is State.DELETED
        await api.told(ADMIN, "DELETE", f"/recordings/holds/{one['hold']}", WHY)
        assert (await shop.retention.at_once(10)).deleted == 2


@run
async def test_each_role_has_its_reach(tmp_path: Path) -> None:
    async with serving(tmp_path) as (api, _):
        path = "/recordings/holds"
        for who in (SELF, MONITOR):
            assert await api.status(who, "GET", path) == 403
            assert await api.status(who, "POST", path, {"call": "c0", **WHY}) == 403
            assert await api.status(who, "GET", "/recordings/retention") == 403
        assert await api.status(AUDITOR, "POST", path, {"call": "c0", **WHY}) == 403
        assert await api.status(AUDITOR, "GET", "/recordings/retention") == 200
        for who in (AUDITOR, OWN):
            assert await api.status(who, "POST", "/recordings/retention/run", {}) == 403
        assert await api.status(OWN, "GET", "/recordings/retention") == 403
        mine = await held(api, OWN, recording="c0_o0")
        await held(api, OWN, call="c1")
        await held(api, OWN, queue="servicio", **{"from": "2026-11-01"})
        assert await api.status(OWN, "POST", path, {"recording": "c2_o2", **WHY}) == 404
        assert await api.status(OWN, "POST", path, {"call": "c2", **WHY}) == 404
        assert await api.status(OWN, "POST", path, {"queue": "cartera", "from": "2026-11-01", **WHY}) == 403
        assert await api.status(OWN, "POST", path, {"number": NUMBER, **WHY}) == 403
        theirs = await held(api, ADMIN, number=NUMBER)
        over_mine = await held(api, ADMIN, recording="c0_o0")
        assert await api.status(OWN, "DELETE", f"{path}/{over_mine['hold']}", WHY) == 403
        assert api.door.noted[-1].result.value == "refused"
        assert await api.status(OWN, "DELETE", f"{path}/{theirs['hold']}", WHY) == 404
        assert len((await api.told(OWN, "GET", path))["holds"]) == 4
        assert await api.status(OWN, "DELETE", f"{path}/{mine['hold']}", WHY) == 200
        assert await api.status(ADMIN, "DELETE", f"{path}/{over_mine['hold']}", WHY) == 200


NO_HOLDS: list[tuple[dict[str, Any], int]] = [
    ({}, 400),
    ({"call": "c0", "recording": "c0_o0"}, 400),
    ({"call": "nobody"}, 404),
    ({"recording": "../secrets"}, 404),
    ({"number": "hello"}, 400),
    ({"queue": "servicio"}, 400),
    ({"queue": "servicio", "from": "2026-12-02", "to": "2026-12-01"}, 400),
    ({"queue": "servicio", "from": "9999-12-31", "to": "9999-12-31"}, 400),
    ({"queue": "servicio", "from": 20261202}, 400),
    ({"call": "c0", "from": "2026-12-02"}, 400),
    ({"call": "c0", "reason": ""}, 400),
    ({"call": "c0", "unknown": "x"}, 400),
]


@run
async def test_what_is_no_hold_is_refused(tmp_path: Path) -> None:
    async with serving(tmp_path) as (api, shop):
        for values, status in NO_HOLDS:
            assert await api.status(ADMIN, "POST", "/recordings/holds", {**WHY, **values}) == status, values
            assert shop.holds.all() == [], values


@run
async def test_a_dry_run_tells_and_a_run_does_it(tmp_path: Path) -> None:
    async with serving(tmp_path) as (api, shop):
        shop.change(keep=(RetentionRule(queue=("cartera",), keep=Period(years=5)), HALF_A_YEAR))
        await held(api, ADMIN, recording="c1_o1")
        told = await api.told(ADMIN, "GET", "/recordings/retention")
        assert (told["delete"]["count"], told["held"]["count"], told["archive"]["count"]) == (1, 1, 0)
        assert [rule["rule"] for rule in told["rules"]] == ["queue cartera: 5 years", "everything else: 180 days"]
        assert [(one["recording"], one["what"]) for one in told["first"]] == [("c0_o0", "delete")]
        assert told["quiet"] == "02:00 to 05:00" and told["running"] is told["last"] is None and len(shop.files()) == 3
        assert await api.status(ADMIN, "POST", "/recordings/retention/run", {"most": 0}) == 400
        assert await api.status(ADMIN, "POST", "/recordings/retention/run", {"most": 2001}) == 400
        done = await api.told(ADMIN, "POST", "/recordings/retention/run", {"most": 5})
        assert (done["deleted"], done["stopped"], done["left"]) == (1, "", 0)
        assert api.door.noted[-1].note.action == "recordings.retain"
        assert (await api.told(ADMIN, "GET", "/recordings/retention"))["last"]["deleted"] == 1
        shop.change(keep=(RetentionRule(disposition=("queja",), keep=None), HALF_A_YEAR))
        (remark,) = (await api.told(ADMIN, "GET", "/recordings/retention"))["remarks"]
        assert "no disposition" in remark


@run
async def test_a_clock_that_leapt_is_told_and_somebody_may_say_that_it_is_right(tmp_path: Path) -> None:
    async with serving(tmp_path) as (api, shop):
        shop.store.keep_state("recordings.retention", {"sure": LATER.replace(year=2026).isoformat()})
        refused = await api.ask(ADMIN, "POST", "/recordings/retention/run", {})
        assert refused.status_code == 409 and "365 days after" in refused.text
        await shop.retention.look()
        assert "--clock-is-right" in (await api.told(ADMIN, "GET", "/recordings/retention"))["trouble"]
        done = await api.told(ADMIN, "POST", "/recordings/retention/run", {"clock_is_right": True})
        assert done["deleted"] == 3 and api.door.noted[-1].note.detail["clock_is_right"]
        assert (await api.told(ADMIN, "GET", "/recordings/retention"))["trouble"] == ""


COMMANDS = click.Group("recordings", commands=[commands.retention, commands.hold, commands.release, commands.holds])


@run
async def test_the_commands_do_the_same(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    await shop.filled()
    var = tmp_path / "var"
    var.mkdir()
    server = control(parts(shop), var)
    server.start()

    async def ivr(*words: str) -> Any:
        environ = {"CENTRALITA_VAR": str(var), "SUDO_USER": "ana"}
        return await asyncio.to_thread(CliRunner().invoke, COMMANDS, words, env=environ)

    try:
        assert "1 recordings of call c0" in (await ivr("hold", "--call", "c0", "--reason", "caso 7")).output
        (hold,) = shop.holds.standing()
        assert hold.hold in (await ivr("holds")).output and "caso 7" in (await ivr("holds", "--json")).output
        plan = (await ivr("retention")).output
        assert "delete 2" in plan and "held 1" in plan and "c1_o1" in plan and len(shop.files()) == 3
        assert (await ivr("retention", "--clock-is-right")).exit_code == 2
        assert "deleted 2, archived 0" in (await ivr("retention", "--run", "--yes")).output
        assert len(shop.files()) == 1
        assert "released" in (await ivr("release", hold.hold, "--reason", "archivado")).output
        assert "archivado" in (await ivr("holds", "--all")).output
        refused = await ivr("release", "nobody", "--reason", "archivado")
        assert refused.exit_code == 1 and "there is no hold" in str(refused.exception)
    finally:
        await server.close()
        await shop.audit.close()
        shop.store.close()
