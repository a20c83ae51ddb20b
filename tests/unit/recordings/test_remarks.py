"""Disposition and note of a recording: they stay on its way, and go when it is deleted or its caller erased."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text

from ivr.erasure.audio import RecordingStore
from ivr.erasure.number import number_of
from ivr.erasure.records import talks_of
from ivr.erasure.stores import Caller, Left
from ivr.recordings.open_work import Doomed
from ivr.records.migrate import SCRIPTS, migrate
from ivr.records.store import RecordStore
from recordings.catalogue import Catalogue, MemoryCatalogue, SqlCatalogue, State
from recordings.holds import Lifted, OverCall
from tests.records import fresh
from tests.tools import run
from tests.unit.recordings.shop import LATER, Shop
from tests.unit.recordings.taking import row

NOTE = "Llamó Ana Pérez por la factura 118"


@pytest.fixture(params=["memory", "database"])
def catalogue(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    if request.param == "memory":
        yield MemoryCatalogue()
        return
    store = RecordStore.open(fresh(tmp_path / "records.sqlite"))
    yield SqlCatalogue(store.engine)
    store.close()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path)
    (made.folder / "done").mkdir()
    yield made
    made.store.close()


def remarks(catalogue: Catalogue, recording: str) -> tuple[str, str]:
    found = catalogue.get(recording)
    assert found is not None
    return found.disposition, found.note


# ---------------------------------------------------------------------- in the catalogue
def test_each_is_set_left_and_removed_by_itself(catalogue: Catalogue) -> None:
    catalogue.add(row("c_1", "c", 5))
    assert remarks(catalogue, "c_1") == ("", "")
    assert catalogue.remark("c_1", disposition="reclamo") and remarks(catalogue, "c_1") == ("reclamo", "")
    assert catalogue.remark("c_1", note=NOTE) and remarks(catalogue, "c_1") == ("reclamo", NOTE)
    assert catalogue.remark("c_1") and remarks(catalogue, "c_1") == ("reclamo", NOTE)
    assert catalogue.remark("c_1", disposition="") and remarks(catalogue, "c_1") == ("", NOTE)
    assert catalogue.remark("c_1", disposition="venta", note="") and remarks(catalogue, "c_1") == ("venta", "")


def test_who_brings_it_on_does_not_know_them_and_leaves_them(catalogue: Catalogue) -> None:
    taken = row("c_1", "c", 5)
    catalogue.add(taken)
    catalogue.remark("c_1", disposition="reclamo", note=NOTE)
    catalogue.add(taken)  # taken in once more, after a crash
    assert remarks(catalogue, "c_1") == ("reclamo", NOTE)
    assert catalogue.keep(row("c_1", "c", 5, state=State.KEPT, file="2026/11/23/x.cva"), b"wrapped")
    found = catalogue.get("c_1")
    assert found is not None and found.state is State.KEPT and (found.disposition, found.note) == ("reclamo", NOTE)


def test_what_is_deleted_or_not_there_gets_none(catalogue: Catalogue) -> None:
    catalogue.add(row("c_1", "c", 5, state=State.DELETED))
    assert not catalogue.remark("c_1", disposition="venta", note=NOTE) and remarks(catalogue, "c_1") == ("", "")
    assert not catalogue.remark("nobody_1", note=NOTE)


def test_old_rows_have_neither(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/records.sqlite"
    engine = create_engine(url)
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0007")
        old = {"recording": "c_1", "call": "c", "finished": "2026-11-23 15:00:00.000000", "state": "kept"}
        names = [str(one[1]) for one in connection.execute(text("PRAGMA table_info(recordings)")) if one[1] != "peaks"]
        values = {**dict.fromkeys(names, ""), "length_us": 1, "bytes": 1, "audio_bytes": 1, "gaps": "[]", **old}
        given = ", ".join(f":{name}" for name in names)
        quoted = ", ".join(f'"{name}"' for name in names)
        connection.execute(text(f"INSERT INTO recordings ({quoted}) VALUES ({given})"), values)
    assert migrate(engine)
    assert remarks(SqlCatalogue(engine), "c_1") == ("", "")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0007")
        command.upgrade(config, "head")
    assert SqlCatalogue(engine).remark("c_1", disposition="venta")
    engine.dispose()


# ---------------------------------------------------------------------- when it is gone
def doomed(shop: Shop, recording: str) -> Doomed:
    found = shop.catalogue.get(recording)
    assert found is not None
    return Doomed.of(found, rule="a rule", due=LATER, by="retention")


def lies_in_a_file(shop: Shop, words: str) -> list[str]:
    """Files of the database in which the words stand."""
    return [path.name for path in shop.root.glob("records.sqlite*") if words.encode() in path.read_bytes()]


@run
async def test_a_deletion_takes_both_with_the_key_and_leaves_nothing_in_any_file(shop: Shop) -> None:
    await shop.filled()
    for name in ("c0_o0", "c1_o1"):
        assert shop.catalogue.remark(name, disposition="reclamo", note=f"{NOTE}, de {name}")
    assert lies_in_a_file(shop, f"{NOTE}, de c0_o0") != []
    begun = await shop.remover.begin([doomed(shop, "c0_o0")])
    assert len(begun.open) == 1 and shop.state("c0_o0") is State.KEPT
    assert remarks(shop.catalogue, "c0_o0") == ("", ""), "from here on there is no way back"
    assert shop.catalogue.remark("c0_o0", note="while the copies are forgotten")
    assert (await shop.remover.finish()).gone == ("c0_o0",)
    assert shop.state("c0_o0") is State.DELETED and remarks(shop.catalogue, "c0_o0") == ("", "")
    assert lies_in_a_file(shop, f"{NOTE}, de c0_o0") == []
    assert remarks(shop.catalogue, "c1_o1") == ("reclamo", f"{NOTE}, de c1_o1")
    assert NOTE not in str([entry for what in ("deleting", "deleted") for entry in shop.told(what)])
    await shop.audit.close()


@run
async def test_what_never_came_into_the_vault_loses_both_at_once(shop: Shop) -> None:
    await shop.audit.open()
    shop.finished("c7_o7")
    assert shop.catalogue.remark("c7_o7", disposition="venta", note=NOTE)
    assert len(shop.work.destroy([doomed(shop, "c7_o7")], datetime.now(UTC), UTC).open) == 1
    assert shop.state("c7_o7") is State.DELETED and remarks(shop.catalogue, "c7_o7") == ("", "")
    await shop.audit.close()


@run
async def test_an_erased_caller_is_in_no_note_and_what_is_held_keeps_its_own(shop: Shop) -> None:
    await shop.filled()
    for name in ("c0_o0", "c1_o1", "c2_o2"):
        assert shop.catalogue.remark(name, disposition="reclamo", note=f"{NOTE}, de {name}")
    shop.hold(OverCall("c1"))
    talks = partial(talks_of, shop.store.engine)
    store = RecordingStore(shop.folder, shop.folder / "done", shop.catalogue, talks, shop.remover, shop.clock)
    caller = Caller(number=number_of("3001234567"), keys=frozenset({"ana"}), calls=("c0", "c1"))
    erased = await store.erase(caller)
    assert (erased.erased, erased.left, erased.why) == (1, 1, Left.HELD)
    assert remarks(shop.catalogue, "c0_o0") == ("", "") and lies_in_a_file(shop, f"{NOTE}, de c0_o0") == []
    assert remarks(shop.catalogue, "c1_o1") == ("reclamo", f"{NOTE}, de c1_o1"), "it belongs to the case"
    shop.holds.lift("h1", Lifted("jefe", LATER, "archivado"))
    assert (await store.erase(caller)).erased == 1
    assert remarks(shop.catalogue, "c1_o1") == ("", "") and lies_in_a_file(shop, f"{NOTE}, de c1_o1") == []
    assert remarks(shop.catalogue, "c2_o2") == ("reclamo", f"{NOTE}, de c2_o2"), "somebody else's"
    await shop.audit.close()
