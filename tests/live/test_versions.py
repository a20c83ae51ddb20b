"""Versions of the site with real calls: each call ends on the version that it began with."""

import asyncio
import contextlib
import json
import re
import signal

import pytest

from ivr.testing.installation import InstanceError
from ivr.testing.instance import Instance
from tests.live.scenes import hear_each_other, live
from tests.live.versions import FLOW, PHONES, QUEUE, Files, caller_in_menu, caller_of, changes, mark, says

CHANGES = changes()
START = {"watch": "no"}


async def reset(line: Instance) -> Files:
    """The first version is in force."""
    files = Files(line)
    files.set_version(0)
    with contextlib.suppress(InstanceError):  # none is tried
        await line.command("canary", "stop")
    await line.command("reload")
    return files


async def states(line: Instance) -> dict[str, str]:
    """What `ivr versions` says of each version."""
    rows = [json.loads(text) for text in (await line.command("versions", "--json")).splitlines()]
    return {row["version"]: row["state"] for row in rows}


@live
async def test_a_call_keeps_its_version_and_the_next_one_has_the_new(line: Instance) -> None:
    files = await reset(line)
    first = files.site().version
    early = await caller_in_menu(line, "3000000501")
    files.set_version(1)
    said = await line.command("reload", "--why", "la segunda marca")
    assert f"Version {files.site().edition} is in force; before it was {first[:12]}" in said
    late = await caller_in_menu(line, "3000000502")
    await asyncio.gather(says(early, 0), says(late, 1))
    await line.until_metric("centralita_version_older_calls", 1)
    found = await states(line)
    assert found[files.site().version] == "in force" and found[first] == ""
    assert await line.metric("centralita_version_info", version=files.site().edition, role="active") == 1
    shown = await line.command("versions")
    assert "la segunda marca" in shown and "reload" in shown


@live
async def test_a_signal_and_a_faulty_file(line: Instance) -> None:
    files = await reset(line)
    assert line.server is not None
    refused = await line.metric("centralita_version_refused_total")
    good = files.flow.read_text()
    files.write(files.flow, good.replace(f"play: {mark(0)}", "play: otra_cosa"))
    line.server.send_signal(signal.SIGHUP)
    await line.until_metric("centralita_version_refused_total", refused + 1)
    with pytest.raises(InstanceError, match=rf"{FLOW}\.yaml:\d+:\d+: FLOW\d+ .*otra_cosa.*\n.*nothing was changed"):
        await line.command("reload")
    assert await line.metric("centralita_version_files_faulty") == 1
    caller = await caller_in_menu(line, "3000000503")
    await says(caller, 0)
    files.set_version(2)
    changed = await line.metric("centralita_version_changes_total", how="signal")
    line.server.send_signal(signal.SIGHUP)
    await line.until_metric("centralita_version_changes_total", changed + 1, how="signal")
    assert await line.metric("centralita_version_files_faulty") == 0
    await says(await caller_in_menu(line, "3000000504"), 2)


@live
async def test_back_to_an_earlier_version_and_no_restart_undoes_it(line: Instance) -> None:
    files = await reset(line)
    first = files.site().edition
    files.set_version(3)
    await line.command("reload")
    third = files.site().edition
    early = await caller_in_menu(line, "3000000505")
    said = await line.command("rollback", "--why", "se oye mal")
    assert f"Version {first} is in force; before it was {third}" in said and "as they were" in said
    await says(await caller_in_menu(line, "3000000506"), 0)
    await line.kill_server()
    await line.start_server()
    await asyncio.gather(says(early, 3), says(await caller_in_menu(line, "3000000507"), 0))
    assert await line.metric("centralita_version_info", version=first, role="active") == 1
    await line.command("rollback", third[:6])
    await says(await caller_in_menu(line, "3000000508"), 3)
    with pytest.raises(InstanceError, match="no kept version begins with ffff"):
        await line.command("rollback", "ffff")


@live
async def test_queues_agents_and_phones_change_without_a_restart(line: Instance) -> None:
    files = await reset(line)
    site, queues = files.config("site.yaml"), files.config("queues.yaml")
    before = site.read_text(), queues.read_text()
    waiting = await caller_of(line, "3000000509")
    await line.phone("301")  # of another queue: it makes nobody here reachable
    await waiting.hears("menu_principal")
    await line.phone(PHONES[0])
    busy = await (await line.phone(PHONES[1])).call(PHONES[0])
    await line.agent(PHONES[0])
    await busy.answered()
    await waiting.press("1")
    await waiting.hears("music")
    files.change(site, {"extensions": {"777": "Puesto nuevo"}})
    files.change(queues, {"agents": {"777": {"skills": {"contabilidad": "5"}}}})
    try:
        assert "is in force" in await line.command("reload")
        await line.phone("777")  # registers with a password that the reload made
        agent = await line.agent("777")
        await hear_each_other(waiting, agent)
        await agent.hang_up()
        await waiting.hears(mark(0))
    finally:
        files.write(site, before[0])
        files.write(queues, before[1])
    said = await line.command("reload")
    assert "restart" not in said
    assert not re.search(r"Endpoint:\s+777\b", await line.cli("pjsip show endpoints"))


@pytest.mark.soak
@live
async def test_who_waits_in_a_queue_with_less_patience_leaves_by_the_exit_of_the_own_version(line: Instance) -> None:
    files = await reset(line)
    queues = files.config("queues.yaml")
    before = queues.read_text()
    await line.phone(PHONES[0])
    busy = await (await line.phone(PHONES[1])).call(PHONES[0])
    await line.agent(PHONES[0])
    await busy.answered()
    waiting = await caller_in_menu(line, "3000000510")
    await waiting.press("1")
    await waiting.hears("music")
    files.set_version(4)
    settings = {"label": "Contabilidad", "needs": QUEUE, "ring": "5 s", "wrap-up": "0 s", "record": "no"}
    files.change(queues, {"queues": {QUEUE: {**settings, "longest wait": "10 s", "strategy": "longest idle"}}})
    try:
        await line.command("reload")
        await waiting.hears_whole(mark(0), 20)
    finally:
        files.write(queues, before)


@pytest.mark.soak
@live
async def test_a_file_that_is_changed_comes_into_force_by_itself(line: Instance) -> None:
    files = await reset(line)
    await line.stop_server()
    line._variables["CENTRALITA_WATCH"] = "yes"
    await line.start_server()
    try:
        changed = await line.metric("centralita_version_changes_total", how="file change")
        early = await caller_in_menu(line, "3000000511")
        files.set_version(5)
        await line.until_metric("centralita_version_changes_total", changed + 1, 15, how="file change")
        await asyncio.gather(says(early, 0), says(await caller_in_menu(line, "3000000512"), 5))
        await line.command("rollback")
        await asyncio.sleep(5)  # two looks of the watch
        await says(await caller_in_menu(line, "3000000513"), 0)
    finally:
        await line.stop_server()
        line._variables["CENTRALITA_WATCH"] = "no"
        await line.start_server()


@live
async def test_a_version_is_tried_on_one_caller_and_then_on_all(line: Instance) -> None:
    files = await reset(line)
    await line.command("canary", "prepare")
    files.set_version(6)
    said = await line.command("canary", "start", "--numbers", "3000000514", "--why", "marca seis")
    assert files.site().edition in said and "No bound is stated" in said
    chosen, other = await caller_in_menu(line, "3000000514"), await caller_in_menu(line, "3000000515")
    await asyncio.gather(says(chosen, 6), says(other, 0))
    await chosen.hang_up()
    await asyncio.sleep(0.5)
    shown = json.loads(await line.command("canary", "status", "--json"))
    assert shown["scores"][files.site().version]["ended"] == 1
    assert await line.metric("centralita_version_info", version=files.site().edition, role="canary") == 1
    with pytest.raises(InstanceError, match="is tried on some callers; end that first"):
        await line.command("reload")
    assert "is in force" in await line.command("canary", "promote")
    late = await caller_in_menu(line, "3000000516")
    await asyncio.gather(says(late, 6), says(other, 0))


@pytest.mark.soak
@live
async def test_a_tried_version_is_taken_back_when_a_bound_is_passed(line: Instance) -> None:
    files = await reset(line)
    await line.command("canary", "prepare")
    files.set_version(7)
    await line.command(
        "canary", "start", "--numbers", "3000000517,3000000518", "--bound", "abandoned=40", "--least", "2"
    )
    await line.phone(PHONES[0])
    busy = await (await line.phone(PHONES[1])).call(PHONES[0])
    await line.agent(PHONES[0])
    await busy.answered()
    kept = await caller_in_menu(line, "3000000518")
    for _ in range(2):
        caller = await caller_in_menu(line, "3000000517")
        await says(caller, 7)
        await caller.press("1")
        await caller.hears("music")
        await caller.hang_up()
    deadline = asyncio.get_running_loop().time() + 10
    while "No version is tried" not in (said := await line.command("canary", "status")):
        assert asyncio.get_running_loop().time() < deadline, said
        await asyncio.sleep(0.5)
    again = await caller_in_menu(line, "3000000517")
    await asyncio.gather(says(again, 0), says(kept, 7))


@live
async def test_a_trial_with_another_queue_or_phone_is_refused(line: Instance) -> None:
    files = await reset(line)
    site = files.config("site.yaml")
    before = site.read_text()
    await line.command("canary", "prepare")
    files.change(site, {"extensions": {"778": "Otro"}})
    try:
        with pytest.raises(InstanceError, match=r"site.yaml \(extensions\) cannot differ between callers"):
            await line.command("canary", "start", "--percent", "10")
    finally:
        files.write(site, before)
