"""One SSH server and one Swift for all tests of the backup."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from recordings.backup.folder import FolderTarget
from recordings.backup.memory import MemoryTarget
from recordings.backup.targets import Target
from tests.unit.recordings.backup import servers
from tests.unit.recordings.backup.stock import Stock

_numbers = count()


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Sshd]:
    with servers.sshd(tmp_path_factory.mktemp("ssh") / "sshd") as running:
        yield running


@pytest.fixture(scope="session")
def swift(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Swift]:
    with servers.swift(tmp_path_factory.mktemp("s3") / "swift") as running:
        yield running


@pytest.fixture(params=["memory", "folder", "ssh", "s3"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Target]:
    """Each kind of target, empty and prepared."""
    made: Target
    match request.param:
        case "memory":
            made = MemoryTarget()
        case "folder":
            made = FolderTarget(tmp_path / "disk")
        case "ssh":
            made = request.getfixturevalue("sshd").target(f"backup{next(_numbers)}")
        case _:
            made = request.getfixturevalue("swift").target(folder=f"site{next(_numbers)}")
    made.prepare()
    yield made
    made.close()


@pytest.fixture
def stock(tmp_path: Path) -> Stock:
    (tmp_path / "vault").mkdir()
    return Stock(tmp_path / "vault")


@pytest.fixture
def memory() -> MemoryTarget:
    return MemoryTarget()
