"""What the catalogue of recordings keeps, in memory and in a database."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ivr.records.store import RecordStore
from recordings import intake
from recordings.catalogue import Catalogue, Gap, MemoryCatalogue, Recording, SqlCatalogue, State
from recordings.parts import join
from tests.records import fresh
from tests.unit.recordings.taking import NAME, Folder, row


@pytest.fixture(params=["memory", "database"])
def catalogue(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    if request.param == "memory":
        yield MemoryCatalogue()
        return
    store = RecordStore.open(fresh(tmp_path / "records.sqlite"))
    yield SqlCatalogue(store.engine)
    store.close()


def test_the_catalogue_finds_a_calls_recordings_in_their_order(catalogue: Catalogue) -> None:
    for name, second in (("c_2", 9), ("c_1", 5)):
        catalogue.add(row(name, "c", second))
    catalogue.add(row("d_1", "d", 1))
    assert [r.recording for r in catalogue.of_call("c")] == ["c_1", "c_2"]
    assert catalogue.get("c_1") == row("c_1", "c", 5)
    assert catalogue.get("nobody") is None and catalogue.of_call("nobody") == []


def test_a_row_is_the_same_after_the_way_through_the_database(catalogue: Catalogue) -> None:
    kept = row("c_1", "c", 5, gaps=(Gap(1, 2, "paused"),), peaks=b"\0\1", codec="opus", direction="inbound", did="601")
    catalogue.add(kept)
    assert catalogue.get("c_1") == kept


def test_adding_again_changes_the_row_and_adds_none(catalogue: Catalogue) -> None:
    catalogue.add(row("c_1", "c", 5))
    catalogue.add(row("c_1", "c", 7))
    assert catalogue.of_call("c") == [row("c_1", "c", 7)]


def test_a_kept_recording_has_its_key(catalogue: Catalogue) -> None:
    catalogue.add(row("c_1", "c", 5))
    assert [r.recording for r in catalogue.in_state(State.TAKEN, 10)] == ["c_1"] and catalogue.key_of("c_1") is None
    kept = row("c_1", "c", 5, state=State.KEPT, file="2026/11/23/x.cva")
    catalogue.keep(kept, b"wrapped")
    catalogue.keep(kept, b"wrapped")  # again, after a crash
    assert catalogue.get("c_1") == kept and catalogue.key_of("c_1") == b"wrapped"
    assert catalogue.in_state(State.TAKEN, 10) == [] and catalogue.in_state(State.KEPT, 10) == [kept]


@pytest.mark.parametrize("gone_on", [State.KEPT, State.ARCHIVED, State.DELETED])
@pytest.mark.parametrize("late", [State.TAKEN, State.SPOILT])
def test_what_has_gone_on_is_not_taken_again(catalogue: Catalogue, gone_on: State, late: State) -> None:
    further = row("c_1", "c", 5, state=gone_on, file="2026/11/23/x.cva")
    assert catalogue.keep(further, b"wrapped")
    assert not catalogue.add(row("c_1", "c", 5, state=late))
    assert catalogue.get("c_1") == further and catalogue.key_of("c_1") == b"wrapped"


def test_what_was_spoilt_can_be_taken_again(catalogue: Catalogue) -> None:
    taken = row("c_1", "c", 5)
    assert catalogue.add(replace(taken, state=State.SPOILT)) and catalogue.add(taken)
    assert catalogue.get("c_1") == taken


def test_a_recording_that_comes_into_the_vault_while_it_is_taken_again_stays_there(
    catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Folder(tmp_path / "recordings", catalogue)
    folder.file()
    taken = folder.intake.take(NAME)
    assert isinstance(taken, Recording)
    kept = replace(taken, state=State.KEPT, file="2026/11/23/x.cva")

    def meanwhile(where: Path, name: str, later: Sequence[Path]) -> None:
        catalogue.keep(kept, b"wrapped")
        join(where, name, later)

    monkeypatch.setattr(intake, "join", meanwhile)
    assert folder.intake.take(NAME) == kept == catalogue.get(NAME)


def test_it_says_which_files_a_row_names(catalogue: Catalogue) -> None:
    catalogue.add(row("c_1", "c", 5))
    assert catalogue.named(["c_1.raw", "c_2.raw"]) == {"c_1.raw"} and catalogue.named([]) == set()
