"""Key services that do not run yet: what a test does with one harms no other test."""

from collections.abc import Iterator

import pytest

from tests.unit.recordings.vault.age_files import with_passphrase
from tests.unit.recordings.vault.keyholding import PASSPHRASE, SECRET, Service, service_of


@pytest.fixture
def plain() -> Iterator[Service]:
    with service_of(SECRET.encode()) as service:
        yield service


@pytest.fixture
def sealed() -> Iterator[Service]:
    with service_of(with_passphrase(SECRET.encode(), PASSPHRASE)) as service:
        yield service
