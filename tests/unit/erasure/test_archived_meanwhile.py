"""A recording that is on its way into the archive is not erased at that moment, and nobody says that it is."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.recordings.open_work import ARCHIVING, Doomed
from recordings.catalogue import State
from tests.tools import run
from tests.unit.erasure.test_recordings_erased import ana, store
from tests.unit.recordings.shop import BOGOTA, LATER, Shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path, archives=True)
    (made.folder / "done").mkdir()
    yield made
    made.store.close()


@run
async def test_its_erasure_is_told_as_not_done(shop: Shop) -> None:
    await shop.filled()
    row = shop.catalogue.get("c0_o0")
    assert row is not None and shop.archived is not None
    await shop.archived.put(row.file, shop.vault / row.file, row.sha256)
    begun = shop.work.archived([Doomed.of(row, rule="a rule", due=LATER, by="retention")], LATER, BOGOTA)
    assert [one.recording for one in begun.open] == ["c0_o0"]
    with pytest.raises(OSError, match=r"1 recordings are not gone everywhere yet: it is just being archived"):
        await store(shop).erase(ana("c0"))
    shop.work.close(ARCHIVING, ["c0_o0"])
    assert (await store(shop).erase(ana("c0"))).erased == 1
    assert shop.state("c0_o0") is State.DELETED and shop.catalogue.key_of("c0_o0") is None
    await shop.audit.close()
