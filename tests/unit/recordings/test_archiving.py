"""What is archived leaves the vault when the archive has it, and is deleted there in its turn."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ivr.recordings.player import NotThere
from recordings.catalogue import State
from recordings.holds import OverQueue
from recordings.periods import Period
from recordings.retention import RetentionRule
from tests.tools import run
from tests.unit.recordings.shop import LATER, NAMES, Shop, on
from tests.unit.recordings.test_keeper import Died

ARCHIVING = RetentionRule(keep=Period(years=5), archive_after=Period(days=90))


@pytest.fixture
def keeping(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path, ARCHIVING, archives=True)
    yield made
    made.store.close()


@run
async def test_what_is_archived_leaves_the_vault_and_is_deleted_there_too(keeping: Shop) -> None:
    shop, archive = await keeping.filled(), keeping.archived
    assert archive is not None
    hashes = {shop.catalogue.get(name).sha256 for name in NAMES}  # type: ignore[union-attr]
    done = await shop.retention.at_once(10)
    assert (done.archived, done.deleted, done.stopped) == (3, 0, "")
    assert shop.files() == [] and {hashlib.sha256(data).hexdigest() for data in archive.files.values()} == hashes
    assert sorted(shop.about("archived")) == NAMES and shop.faults() == []
    found = shop.catalogue.get("c0_o0")
    assert found is not None and found.state is State.ARCHIVED and shop.catalogue.key_of("c0_o0") is not None
    with pytest.raises(NotThere, match="archived"):
        await shop.player().open(found)
    assert (await shop.retention.at_once(10)).archived == 0
    shop.clock.wall = LATER.replace(year=2032)
    await shop.retention.believe()
    assert (await shop.retention.at_once(10)).deleted == 3
    assert archive.files == {} and shop.faults() == []
    places = shop.told("deleted")[0]["detail"]["places"]
    assert [place["name"] for place in places] == ["vault", "disco", "nube", "archivo"]
    await shop.audit.close()


@pytest.mark.parametrize("step", ["put", "archived", "remove", "write", "close"])
@run
async def test_a_kill_before_each_step_of_archiving_loses_nothing(
    keeping: Shop, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    shop, archive = await keeping.filled(), keeping.archived
    assert archive is not None and shop.retention._archiver is not None

    def dies(*given: Any, **more: Any) -> Any:
        raise Died

    where: dict[str, Any] = {
        "put": archive,
        "archived": shop.work,
        "remove": shop.retention._archiver._vault,
        "write": shop.sure,
        "close": shop.work,
    }
    with monkeypatch.context() as patched:
        patched.setattr(where[step], step, dies)
        with pytest.raises(Died):
            await shop.retention.at_once(10)
    assert shop.faults() == []
    shop.opened()
    assert not (await shop.retention.at_once(10)).left
    assert sorted(shop.about("archived")) == NAMES and shop.files() == [] and len(archive.files) == 3
    assert shop.faults() == [] and shop.work.archivings() == []
    await shop.audit.close()


@run
async def test_an_archive_that_lies_or_is_away_gets_nothing_out_of_the_vault(keeping: Shop) -> None:
    shop, archive = await keeping.filled(), keeping.archived
    assert archive is not None
    archive.spoil = lambda data: data[:-1]
    done = await shop.retention.at_once(10)
    assert done.archived == 0 and "did not give" in done.left["c0_o0"] and len(shop.files()) == 3
    archive.away = "503; wait"
    assert "503" in (await shop.retention.at_once(10)).left["c0_o0"]
    archive.away, archive.spoil = "", lambda data: data
    shop.hold(OverQueue("servicio", on("2026-11-22"), on("2026-11-22")))  # the evening before, in Bogotá
    done = await shop.retention.at_once(10)
    assert done.archived == 0 and len(shop.files()) == 3, "under a hold nothing happens"
    await shop.audit.close()
