"""A deletion that ends in the middle or cannot begin: nothing is lost, and what was begun is finished later, once."""

from pathlib import Path
from typing import Any

import pytest

from ivr.audit.audit import AuditUnavailable
from ivr.recordings.remover import LedgerAway
from recordings.catalogue import State
from recordings.intake import QUARANTINE
from tests.tools import run
from tests.unit.recordings.shop import NAMES, Shop, doomed, gone
from tests.unit.recordings.test_keeper import Died


@run
async def test_a_part_that_cannot_be_removed_keeps_the_certificate_back(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.filled()
    late = shop.folder / QUARANTINE / "c0_o0~2.raw"
    late.parent.mkdir()
    late.write_bytes(b"somebody talks")
    real = Path.unlink

    def unlink(path: Path, missing_ok: bool = False) -> None:
        if path != late:
            real(path, missing_ok)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", unlink)
        removed = await shop.remover.remove(doomed(shop, "c0_o0"))
    assert "is still there" in removed.left["c0_o0"] and shop.about("deleted") == []
    await shop.remover.finish()
    await gone(shop, "c0_o0")
    assert not late.exists()
    await shop.audit.close()


STEPS = ["begins", "destroy", "settle", "vault", "copies", "look", "mark", "certificate", "close"]


@pytest.mark.parametrize("step", STEPS)
@run
async def test_a_kill_before_each_step_loses_nothing_and_doubles_nothing(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    await shop.filled()

    def dies(*given: Any, **more: Any) -> Any:
        raise Died

    real = shop.sure.write

    async def written(what: str, told: Any) -> None:
        if what == {"begins": "deleting", "certificate": "deleted"}.get(step):
            raise Died
        await real(what, told)

    where: dict[str, tuple[Any, str]] = {
        "destroy": (shop.work, "destroy"),
        "settle": (shop, "settle"),
        "vault": (shop.remover._vault, "remove"),
        "copies": (shop.copies, "forget"),
        "look": (shop.remover, "_trace"),
        "mark": (shop.work, "mark_deleted"),
        "close": (shop.work, "close"),
    }
    with monkeypatch.context() as patched:
        if step in where:
            patched.setattr(*where[step], dies)
        patched.setattr(shop.sure, "write", written)
        with pytest.raises(Died):
            await shop.remover.remove(doomed(shop, "c0_o0", "c1_o1"))
    assert shop.faults() == [], "what is on its way is no fault"
    before = step in ("begins", "destroy")
    assert (shop.catalogue.key_of("c0_o0") is not None) == before
    assert len(shop.work.deletions()) == (0 if before else 2)
    shop.opened()
    done = await shop.retention.at_once(10)
    assert not done.left and not done.stopped and done.deleted == 3
    await gone(shop, *NAMES)
    await shop.audit.close()


@run
async def test_what_a_copy_cannot_forget_now_it_forgets_later(shop: Shop) -> None:
    await shop.filled()
    shop.copies.away["nube"] = "503; wait"
    done = await shop.retention.at_once(1)
    assert done.deleted == 0 and done.left == {"c0_o0": "nube: 503; wait"}
    assert shop.catalogue.key_of("c0_o0") is None and shop.state("c0_o0") is State.KEPT
    assert shop.faults() == [] and shop.about("deleted") == []
    again = await shop.retention.at_once(1)
    assert len(again.left) == 2 and sorted(shop.about("deleting")) == ["c0_o0", "c1_o1"], "begun once"
    del shop.copies.away["nube"]
    shop.opened()
    assert (await shop.retention.at_once(10)).deleted == 3
    await gone(shop, *NAMES)
    await shop.audit.close()


@run
async def test_a_vault_whose_disk_is_away_is_not_an_empty_one(shop: Shop) -> None:
    await shop.filled()
    shop.vault.rename(shop.root / "elsewhere")
    shop.vault.mkdir()  # the mount point
    with pytest.raises(OSError, match="is its disk there"):
        await shop.remover.remove(doomed(shop, "c0_o0"))
    assert shop.catalogue.key_of("c0_o0") is not None and shop.about("deleting") == []
    shop.vault.rmdir()
    (shop.root / "elsewhere").rename(shop.vault)
    await gone(shop)
    await shop.audit.close()


@run
async def test_without_a_ledger_nothing_is_deleted(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    await shop.filled()

    async def unavailable(entry: Any) -> int:
        raise AuditUnavailable("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(shop.audit, "append", unavailable)
        with pytest.raises(LedgerAway, match="disk is full"):
            await shop.remover.remove(doomed(shop, *NAMES))
    await gone(shop)
    await shop.audit.close()
