"""Two restores to one folder would take each other's files away."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ivr.backup import worker
from ivr.backup.restoring import CannotRestore, restore_instance
from tests.unit.backup.office import Office, slow


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    yield made
    made.store.close()


@slow
async def test_a_second_restore_is_refused_and_the_first_is_whole(office: Office) -> None:
    await office.filled()
    assert worker.run(office.job).state.whole
    into, refused = office.base / "new", list[str]()

    def again(step: str) -> None:
        with pytest.raises(CannotRestore, match=r"another restore to .*/new is at work") as told:
            restore_instance(office.target(), into, office.identities, now=datetime.now(UTC), who="luis")
        refused.append(str(told.value))

    done = restore_instance(office.target(), into, office.identities, now=datetime.now(UTC), who="ana", say=again)
    assert done.whole and len(refused) == 2
    assert sorted(path.name for path in into.iterdir()) == ["config", "flows", "var"]
    await office.audit.close()
