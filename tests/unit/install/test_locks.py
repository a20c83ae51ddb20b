"""The lock files hold what every supported Python needs, whichever Python made them.

pip installs by hashes only what a lock names: one requirement that only Debian 12's Python 3.11.2 has, and nothing is
installed there at all.
"""

import re
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[3]
PYTHONS = ("3.11.2", "3.11.15", "3.12.0", "3.13.5", "3.14.0")  # the first is Debian 12's, the fourth Debian 13's
LOCKS = sorted(ROOT.glob("*.lock"))


def test_there_are_locks() -> None:
    assert [lock.name for lock in LOCKS] == ["requirements-server.lock", "requirements.lock"]


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_what_a_locked_package_requires_is_locked_too(lock: Path, python: str) -> None:
    named = {canonicalize_name(name) for name in re.findall(r"(?m)^([\w.-]+)==", lock.read_text(encoding="utf-8"))}
    marked = {"python_full_version": python, "python_version": python.rpartition(".")[0], "extra": ""}
    missing = [
        f"{name} requires {required}"
        for name in sorted(named)
        for required in map(Requirement, _requirements(name))
        if canonicalize_name(required.name) not in named
        and (required.marker is None or required.marker.evaluate(marked))
    ]
    assert missing == []


def _requirements(name: str) -> list[str]:
    """What an installed package requires; nothing for one that another Python's environment has and this one lacks."""
    try:
        return metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return []
