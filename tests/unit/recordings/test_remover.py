"""What is deleted is gone from everywhere and proved, once; and nothing else is touched."""

import asyncio
import os
import random
import sqlite3

import pytest

from ivr.app.closing import Closing
from ivr.app.retention import open_retention
from ivr.install.paths import Paths
from ivr.recordings.open_work import Doomed
from ivr.recordings.player import NotThere
from recordings.intake import QUARANTINE
from recordings.proof import Fault
from tests.tools import run
from tests.unit.recordings.shop import LATER, NAMES, Shop, doomed, fill, gone, row


@run
async def test_it_is_gone_from_everywhere_with_a_certificate(shop: Shop) -> None:
    await shop.filled()
    (shop.folder / "c0_o0.raw").write_bytes(b"left over")
    before = shop.catalogue.get("c0_o0")
    assert before is not None
    removed = await shop.remover.remove(doomed(shop, "c0_o0"))
    assert removed.gone == ("c0_o0",) and not removed.held and not removed.left
    await gone(shop, "c0_o0")
    assert not (shop.folder / "c0_o0.raw").exists()
    (begun,), (told,) = shop.told("deleting"), shop.told("deleted")
    assert begun["seq"] < told["seq"] and begun["detail"]["rule"] == "a rule" and begun["detail"]["due"]
    detail = told["detail"]
    assert (detail["sha256"], detail["bytes"], detail["by"]) == (before.sha256, before.bytes, "retention")
    assert [place["name"] for place in detail["places"]] == ["vault", "disco", "nube"] and detail["key_destroyed"]
    with pytest.raises(NotThere, match="deleted"):
        found = shop.catalogue.get("c0_o0")
        assert found is not None
        await shop.player().open(found)
    assert (await shop.remover.remove(doomed(shop, "c0_o0"))).gone == (), "again is harmless"
    assert shop.about("deleted") == ["c0_o0"]
    await shop.audit.close()


@run
async def test_every_part_of_it_that_was_put_aside_goes_with_it(shop: Shop) -> None:
    await shop.filled()
    aside, done = shop.folder / QUARANTINE, shop.folder / "done"
    aside.mkdir()
    done.mkdir(exist_ok=True)
    own = [aside / "c0_o0~2.raw", aside / "c0_o0_s.raw", shop.folder / "c0_o0~13.raw", done / "c0_o0~2"]
    others = [aside / "c1_o1~2.raw", aside / "c0_o00.raw", shop.folder / "c0_o1.raw"]
    for file in (*own, *others):
        file.write_bytes(b"somebody talks")
    await shop.remover.remove(doomed(shop, "c0_o0"))
    assert [file for file in own if file.exists()] == [] and all(file.exists() for file in others)
    await gone(shop, "c0_o0")
    await shop.audit.close()


@run
async def test_no_file_of_the_database_holds_a_destroyed_key(shop: Shop) -> None:
    await shop.filled()
    chance = random.Random(7)
    wrapped = {f"y{number:04}_1": chance.randbytes(300) for number in range(300)}
    fill(shop.store.engine, [row(name, LATER) for name in wrapped], wrapped)
    doomed_ = chance.sample(sorted(wrapped), 200)
    await shop.remover.remove(doomed(shop, *doomed_[:100]))
    await shop.remover.remove(doomed(shop, *doomed_[100:]))
    data = b"".join(file.read_bytes() for file in shop.root.glob("records.sqlite*"))
    assert [name for name in doomed_ if wrapped[name][:60] in data or wrapped[name][-60:] in data] == []
    assert all(wrapped[name] in data for name in wrapped if name not in doomed_)
    await shop.audit.close()


@run
async def test_a_deleted_file_that_comes_back_is_told(shop: Shop) -> None:
    await shop.filled()
    found = shop.catalogue.get("c0_o0")
    assert found is not None
    content = (shop.vault / found.file).read_bytes()
    await shop.remover.remove(doomed(shop, "c0_o0"))
    (shop.vault / found.file).write_bytes(content)
    os.utime(shop.vault / found.file, (0, 0))
    assert shop.faults() == [(Fault.STRAY, found.file)]
    await shop.audit.close()


@run
async def test_nothing_but_a_recordings_own_files_is_touched(shop: Shop) -> None:
    await shop.filled()
    other = shop.root / "secret.raw"
    other.write_bytes(b"x")
    bad = Doomed(
        recording="../secret", call="c", queue="", ended=LATER, bytes=0, sha256="", audio_sha256="",
        file="../secret.raw", raw=("../secret.raw",), archived=False, rule="r", due=LATER, by="b",
    )  # fmt: skip
    removed = await shop.remover.remove([bad])
    assert "not a file of the vault" in removed.left["../secret"] and other.exists()
    await shop.audit.close()


@run
async def test_the_server_opens_it_all(shop: Shop) -> None:
    await shop.filled()
    closing_ = Closing()
    opened = open_retention(
        paths=Paths(shop.root, shop.root / "root"),
        site=shop.in_force,
        store=shop.store,
        record_of=lambda call: None,
        keys_of=lambda number: (),
        audit=shop.audit,
        clock=shop.clock,
        closing=closing_,
        copies=shop.copies,
    )
    for _ in range(3000):
        if opened.retention.last is not None:
            break
        await asyncio.sleep(0.001)
    await closing_.all()
    await gone(shop, *NAMES)
    assert len(opened.routes) == 2 and not opened.retention.archives
    await shop.audit.close()


def test_sqlite_writes_over_what_is_deleted(shop: Shop) -> None:
    with shop.store.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA secure_delete").scalar() == 1
    assert sqlite3.sqlite_version_info >= (3, 20)
