"""The instance that most tests of its backup begin with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.backup.office import Office


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    yield made
    made.store.close()
