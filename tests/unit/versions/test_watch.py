"""Files that change are looked at when they rest."""

import asyncio
from pathlib import Path

from ivr.versions.changes import Changes
from ivr.versions.watch import LOOK_SECONDS, Watch
from tests.tools import run
from tests.unit.versions.site_files import Office


async def look(office: Office, times: int = 1) -> None:
    """Let the watch look, and finish what it begins."""
    for _ in range(times):
        for _ in range(200):  # the look before is done when it sleeps again
            if office.clock.pending:
                break
            await asyncio.sleep(0.01)
        office.clock.advance(LOOK_SECONDS)
    for _ in range(200):
        if office.clock.pending:
            break
        await asyncio.sleep(0.01)


async def watched(office: Office) -> tuple[Changes, Watch]:
    changes = await office.serve()
    watch = Watch(changes, office.clock)
    watch.start()
    await look(office)
    return changes, watch


def welcome(changes: Changes) -> str:
    return changes.editions.active().prompts["bienvenida"].texts["es-CO"]


@run
async def test_a_change_comes_into_force_when_the_files_rest(tmp_path: Path) -> None:
    office = Office(tmp_path)
    changes, watch = await watched(office)
    office.say("Uno.")
    await look(office)
    office.say("Dos.")
    await look(office)
    assert welcome(changes) not in ("Uno.", "Dos."), "they are still being written"
    await look(office)
    assert welcome(changes) == "Dos."
    assert [fact.how for fact in office.facts] == ["start", "file change"]
    await look(office, 3)
    assert len(office.facts) == 2
    await watch.close()


@run
async def test_a_faulty_change_is_looked_at_once_and_a_touched_file_not_at_all(tmp_path: Path) -> None:
    office = Office(tmp_path)
    changes, watch = await watched(office)
    office.break_flow()
    await look(office, 5)
    assert changes.refused == 1 and changes.problems
    (office.folders.config / "site.yaml").touch()
    await look(office, 3)
    assert changes.refused == 1
    office.mend_flow()
    await look(office, 3)
    assert changes.problems == () and len(office.facts) == 1
    await watch.close()


@run
async def test_what_is_held_back_waits(tmp_path: Path) -> None:
    office = Office(tmp_path)
    changes, watch = await watched(office)
    await changes.save(type(changes.standing)(active=changes.standing.active, held=True))
    office.say("Uno.")
    await look(office, 3)
    assert welcome(changes) != "Uno."
    await changes.save(type(changes.standing)(active=changes.standing.active, held=False))
    await look(office, 2)
    assert welcome(changes) == "Uno."
    await watch.close()


@run
async def test_a_folder_that_is_away_for_a_moment_changes_nothing(tmp_path: Path) -> None:
    office = Office(tmp_path)
    changes, watch = await watched(office)
    away = office.folders.flows.with_name("away")
    office.folders.flows.rename(away)
    await look(office, 3)
    away.rename(office.folders.flows)
    await look(office, 3)
    assert len(office.facts) == 1 and changes.editions.active().flows
    await watch.close()
