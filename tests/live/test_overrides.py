"""The company closed or in an emergency by somebody's word, and callers whom a list names, as phones hear it."""

import pytest

from ivr.testing.instance import Instance
from tests.live.scenes import MENU, NOTICE, OPEN, WELCOME, live, moved, short

BLOCKED, VIP, OVER = "3000000666", "3000000777", "3000000888"

CHANGES = short()
CHANGES["prompts.yaml"]["prompts"]["averia"] = {"es-CO": "Tenemos una avería."}
CHANGES["prompts.yaml"]["prompts"]["incendio"] = {"es-CO": "Hay un incendio."}
CHANGES["hours.yaml"] = {"hours": {"oficina": {"emergency": "averia"}}}
CHANGES["linea_principal.yaml"]["steps"] |= {
    "horario": {"emergency": "urgente"},
    "urgente": {"play": "despedida", "then": "hang up"},
    "cliente": {"branch": [{"when": 'caller.segment = "vip"', "then": "urgente"}], "otherwise": "bienvenida"},
}
CHANGES["linea_principal.yaml"]["start"] = "cliente"
CHANGES["lists/bloqueados.csv"] = f"number,until,note\n+57{BLOCKED},,shouts\n{OVER},2020-01-31,forgiven\n"
CHANGES["lists/vip.csv"] = f"number;note\n{VIP};good customer\n"


@pytest.mark.soak
@live
async def test_closed_by_somebody_until_somebody_ends_it_also_over_kill_9(line: Instance) -> None:
    assert "closed until somebody ends it" in await line.command("override", "closed", "--why", "inventory")
    await line.until_metric("centralita_override", 1, timetable="oficina", state="closed")
    caller = await line.caller("3000000901", at=OPEN)
    await caller.hears_whole("cerrado")
    await caller.call.ended()
    await line.kill_server()
    await line.start_server()
    caller = await line.caller("3000000902", at=OPEN)
    await caller.hears_whole("cerrado")
    assert MENU not in caller.story()
    explained = await line.command("explain", (await line.records())[0]["call"])
    assert "el horario oficina estaba cambiado: cerrada, por cli" in explained
    assert "inventory" in explained
    assert "its hours decide" in await line.command("override", "oficina", "none")
    await line.until_metric("centralita_override", 0, timetable="oficina", state="closed")
    caller = await line.caller("3000000903", at=OPEN)
    await caller.hears(MENU)


@live
async def test_an_emergency_has_words_of_its_own_and_an_exit_of_its_own(line: Instance) -> None:
    await line.command("override", "oficina", "emergency")
    try:
        caller = await line.caller("3000000904", at=OPEN)
        await caller.hears_whole("despedida")
        assert caller.story()[:4] == [WELCOME, NOTICE, "averia", "despedida"]
        await line.command("override", "oficina", "emergency", "--prompt", "incendio")
        caller = await line.caller("3000000905", at=OPEN)
        await caller.hears_whole("despedida")
        assert caller.story()[2] == "incendio"
    finally:
        await line.command("override", "oficina", "none")


@live
async def test_a_blocked_caller_hears_nothing_and_is_counted(line: Instance) -> None:
    await line.until_idle()
    async with moved(line, ("centralita_calls_total", 1, {"outcome": "blocked"})):
        caller = await line.caller(BLOCKED, at=OPEN)
        await caller.call.ended()
    assert caller.story() == []
    assert (await line.records())[0]["outcome"] == "blocked"


@live
async def test_a_block_that_is_over_blocks_nobody(line: Instance) -> None:
    caller = await line.caller(OVER, at=OPEN)
    await caller.hears(MENU)


@live
async def test_a_segment_of_a_list_has_a_way_of_its_own(line: Instance) -> None:
    caller = await line.caller(VIP, at=OPEN)
    await caller.hears_whole("despedida")
    assert caller.story() == ["despedida"]
