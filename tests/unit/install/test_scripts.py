"""The shell scripts refuse what they cannot do, with the remedy, and leave nothing half done."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[3] / "asterisk-conf"


def script(name: str, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (str(SCRIPTS / name), *arguments),
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A folder with the commonest programs only, to stand as PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "env", "printf", "dirname", "mkdir", "mktemp", "rm", "id", "cat", "awk"):
        program = shutil.which(name)
        if program:
            (folder / name).symlink_to(program)
    return folder


def test_a_tree_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".provisioned").touch()
    assert script("provision.sh", str(tmp_path)).returncode == 0


def test_something_else_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    done = script("provision.sh", str(tmp_path))
    assert done.returncode == 1
    assert "not a provisioned tree" in done.stderr
    assert (tmp_path / "mine").exists()


def test_without_apt_it_says_so(tmp_path: Path, bare: Path) -> None:
    done = script("provision.sh", str(tmp_path / "root"), PATH=str(bare))
    assert (done.returncode, done.stderr) == (1, "provision: apt-get is missing; Debian 12 or newer is needed\n")


@pytest.mark.skipif(shutil.which("apt-get") is None, reason="not a Debian")
def test_a_mirror_that_is_not_there_leaves_nothing(tmp_path: Path) -> None:
    empty = tmp_path / "mirror"
    empty.mkdir()
    done = script("provision.sh", str(tmp_path / "var/root"), DEBIAN_MIRROR=f"file:{empty}")
    assert done.returncode != 0
    assert list((tmp_path / "var").iterdir()) == []


def test_without_rights_the_exact_command_is_printed(bare: Path) -> None:
    (bare / "id").unlink()
    (bare / "id").write_text("#!/bin/sh\necho 1000\n")
    (bare / "id").chmod(0o755)
    done = script("packages.sh", "run", PATH=str(bare))
    assert done.returncode == 1
    assert "sudo apt-get update && sudo apt-get install --no-install-recommends python3 python3-venv" in done.stderr
    assert "espeak-ng sox" in done.stderr


def test_nothing_missing_nothing_done(bare: Path) -> None:
    for name in ("espeak-ng", "sox", "redis-server"):
        program = shutil.which(name)
        if program is None:
            pytest.skip(f"{name} is not on this machine")
        (bare / name).symlink_to(program)
    python = Path(sys.executable).parent
    done = script("packages.sh", "test", PATH=f"{bare}:{python}")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_an_unknown_task_is_refused() -> None:
    assert script("packages.sh", "fly").returncode == 2
