"""The way back, and the proof that there is one."""

from pathlib import Path

import pytest

from recordings.backup.memory import MemoryTarget
from recordings.backup.prove import prove
from recordings.backup.restore import NotEmpty, restore
from tests.unit.recordings.backup.stock import NOW, QUICK, Stock, Through, backup, down


@pytest.fixture
def memory(stock: Stock, tmp_path: Path) -> MemoryTarget:
    """A backup of ten recordings, with two generations of the database."""
    made = MemoryTarget()
    engine = backup(made, stock.fill(10), tmp_path / "state")
    engine.run()
    stock.data["records"] = b"more rows"
    assert engine.run().whole
    engine.close()
    return made


NAME = "2026/11/23/0004.opus"


def test_all_of_it_comes_back_from_the_target_alone(memory: MemoryTarget, stock: Stock, tmp_path: Path) -> None:
    back = restore(memory, tmp_path / "new" / "machine", limits=QUICK)
    assert back.whole and back.fetched == back.restored == 12 and back.unlisted == 0
    for name, data in stock.files.items():
        assert (tmp_path / "new/machine/audio" / name).read_bytes() == data
    assert (tmp_path / "new/machine/snapshots/records").read_bytes() == b"more rows"
    assert {path.name for path in (tmp_path / "new/machine").iterdir()} == {"audio", "snapshots"}
    assert (tmp_path / "new/machine/audio" / NAME).stat().st_mode & 0o077 == 0


def test_a_folder_that_holds_something_is_refused(memory: MemoryTarget, tmp_path: Path) -> None:
    (tmp_path / "into").mkdir()
    (tmp_path / "into" / "precious").write_text("mine")
    with pytest.raises(NotEmpty):
        restore(memory, tmp_path / "into")
    assert [path.name for path in (tmp_path / "into").iterdir()] == ["precious"]


@pytest.mark.parametrize("harm", ["altered", "truncated", "missing"])
def test_what_is_damaged_is_named(memory: MemoryTarget, stock: Stock, tmp_path: Path, harm: str) -> None:
    bad = stock.object(NAME)
    good = memory.objects[bad]
    if harm == "missing":
        del memory.objects[bad]
    else:
        memory.objects[bad] = good[:-1] if harm == "truncated" else b"!" + good[1:]
    back = restore(memory, tmp_path / "back", limits=QUICK)
    assert not back.whole and back.restored == 11
    named = back.missing if harm == "missing" else back.altered
    assert named.count == 1 and list(named.first) == [f"audio/{NAME}"]
    assert not (tmp_path / "back/audio" / NAME).exists()
    # When it is found after all, the restore goes on in the same folder.
    memory.objects[bad] = good
    again = restore(memory, tmp_path / "back", limits=QUICK)
    assert again.whole and again.fetched == 1 and again.restored == 12


def test_an_older_generation_comes_when_the_newest_is_damaged(memory: MemoryTarget, tmp_path: Path) -> None:
    newest = max(name for name in memory.objects if name.startswith("snapshots/records/"))
    memory.objects[newest] = b"?"
    back = restore(memory, tmp_path / "back", limits=QUICK)
    assert (tmp_path / "back/snapshots/records").read_bytes() == b"rows"
    assert not back.whole and list(back.altered.first) == [newest] and len(back.older) == 1


def test_what_no_manifest_knows_comes_too(memory: MemoryTarget, stock: Stock, tmp_path: Path) -> None:
    """The run that sent it was cut before its manifest."""
    stock.add("2026/11/24/late.opus", b"late")
    memory.objects[stock.object("2026/11/24/late.opus")] = b"late"
    back = restore(memory, tmp_path / "back", limits=QUICK)
    assert back.whole and back.unlisted == 1 and (tmp_path / "back/audio/2026/11/24/late.opus").read_bytes() == b"late"


def test_without_a_manifest_all_that_is_listed_comes(memory: MemoryTarget, tmp_path: Path) -> None:
    for name in [name for name in memory.objects if name.startswith("manifests/")]:
        memory.objects[name] = b"junk"
    back = restore(memory, tmp_path / "back", limits=QUICK)
    assert back.manifest is None and not back.whole and back.restored == 12 and len(back.refused) == 3


def test_names_that_lead_out_are_ignored(memory: MemoryTarget, tmp_path: Path) -> None:
    """A target that was taken over."""
    seal = "." + "0" * 64
    for evil in ("audio/../../evil", "audio//etc/evil", "/audio/evil", "snapshots/../evil/1"):
        memory.objects[evil + seal] = b"evil"
    restore(memory, tmp_path / "inside" / "back", limits=QUICK)
    assert not list(tmp_path.glob("**/evil*"))


def test_a_target_that_goes_away_leaves_a_restore_that_goes_on(memory: MemoryTarget, tmp_path: Path) -> None:
    through, fetched = Through(memory), []

    def fail(what: str, name: str) -> None:
        if what == "get" and name.startswith("audio/"):
            fetched.append(name)
            if len(fetched) > 4:
                raise down()

    through.fail = fail
    back = restore(through, tmp_path / "back", limits=QUICK)
    assert back.stopped is not None and not back.whole
    again = restore(memory, tmp_path / "back", limits=QUICK)
    assert again.whole and again.restored == 12 and again.fetched < 12


def test_a_sample_is_proved(memory: MemoryTarget, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    proof = prove(memory, seed=7, sample=4, folder=tmp_path / "work", limits=QUICK)
    assert proof.sound and proof.drawn == proof.proved == 4 + 2 and proof.items == 10 and proof.made == NOW
    assert list((tmp_path / "work").iterdir()) == []
    through = Through(memory)
    drawn: list[list[str]] = []
    for seed in (7, 7, 8):
        names: list[str] = []
        through.fail = lambda what, name, names=names: names.append(name) if what == "get" else None  # type: ignore[misc]
        prove(through, seed=seed, sample=4, limits=QUICK)
        drawn.append(names)
    assert drawn[0] == drawn[1] != drawn[2]
    assert prove(memory, seed=1, sample=100, limits=QUICK).drawn == 12


@pytest.mark.parametrize("harm", ["altered", "missing"])
def test_a_damaged_sample_is_named(memory: MemoryTarget, stock: Stock, harm: str) -> None:
    bad = stock.object(NAME)
    if harm == "missing":
        del memory.objects[bad]
    else:
        memory.objects[bad] = b"!" + memory.objects[bad][1:]
    proof = prove(memory, seed=1, sample=100, limits=QUICK)
    assert not proof.sound and proof.proved == 11
    assert (proof.missing if harm == "missing" else proof.altered) == (bad,)
    assert proof.facts()[harm] == [bad]


def test_nothing_is_proved_without_a_target_or_a_manifest(memory: MemoryTarget) -> None:
    through = Through(memory)

    def fail(what: str, name: str) -> None:
        raise down()

    through.fail = fail
    proof = prove(through, seed=1, limits=QUICK)
    assert not proof.sound and proof.stopped is not None and "503" in proof.facts()["stopped"]
    assert not prove(MemoryTarget(), seed=1, limits=QUICK).sound
