"""What `make test-servers` has unpacked, and nobody else needs."""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

SERVERS = Path(os.environ.get("CENTRALITA_TEST_SERVERS") or Path(os.environ.get("CENTRALITA_VAR", "var")) / "servers")


def absent(what: str) -> NoReturn:
    """The test cannot run here, and in CI that is a fault."""
    missing = f"{what} is not here: asterisk-conf/servers.sh {SERVERS}"
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


def program(name: str) -> str:
    """The path of a program of Debian: the unpacked one, or else that of this machine."""
    unpacked = SERVERS.absolute() / "debian"
    found = shutil.which(name, path=f"{unpacked}/usr/bin:{unpacked}/usr/sbin") or shutil.which(name)
    return found or absent(name)
