"""The shell scripts refuse what they cannot do, with the remedy, and leave nothing half done."""

import hashlib
import os
import shutil
import signal
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


def test_servers_that_this_script_has_unpacked_are_left_alone(tmp_path: Path) -> None:
    made_by = b"".join((SCRIPTS / name).read_bytes() for name in ("servers.sh", "servers.lock"))
    (tmp_path / ".provisioned").write_text(f"{hashlib.sha256(made_by).hexdigest()}  -\n")
    done = script("servers.sh", str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")


def test_servers_of_an_older_script_stay_until_there_are_new_ones(tmp_path: Path, bare: Path) -> None:
    (bare / "sha256sum").symlink_to(str(shutil.which("sha256sum")))
    fake(bare, "apt-get", "exit 1")
    old = tmp_path / "servers"
    old.mkdir()
    (old / ".provisioned").touch()
    done = script("servers.sh", str(old), PATH=str(bare))
    assert done.returncode == 1 and "no list of packages" in done.stderr
    assert [path.name for path in tmp_path.iterdir() if path != bare] == ["servers"]
    assert (old / ".provisioned").exists()


@pytest.mark.parametrize(("name", "said"), [("provision.sh", "not a provisioned tree"), ("servers.sh", "not complete")])
def test_something_else_is_not_overwritten(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "mine").touch()
    done = script(name, str(tmp_path))
    assert done.returncode == 1
    assert said in done.stderr
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


def test_a_target_may_be_relative(tmp_path: Path, bare: Path) -> None:
    """`make provision` names one; apt would take its folders for some below /etc/apt."""
    fake(bare, "apt-get", 'for word; do case $word in *=*/*) echo "$word" >&2;; esac; done', "exit 1")
    fake(bare, "dpkg-deb")
    done = subprocess.run(
        (str(SCRIPTS / "provision.sh"), "var/root"),
        env={"PATH": str(bare), "DEBIAN_MIRROR": "file:/nonexistent"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    told = [line for line in done.stderr.splitlines() if line.startswith("Dir::")]
    assert any(line.startswith("Dir::Etc::SourceList=") for line in told)
    assert [line for line in told if not line.partition("=")[2].startswith(f"{tmp_path}/")] == []


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
def test_given_up_in_the_middle_it_leaves_nothing(tmp_path: Path, bare: Path, number: signal.Signals) -> None:
    # apt-get says where it works and then takes its time; the terminal sends its signal to all of them.
    fake(bare, "apt-get", 'for word; do case $word in Dir::Cache=*) echo "$word";; esac; done', "exec sleep 60")
    fake(bare, "dpkg-deb")
    (bare / "sleep").symlink_to(shutil.which("sleep") or "sleep")
    # Who began these tests with nohup, or in the background, ignores some of them: a shell would not hear those either.
    heard = (shutil.which("env") or "env", "--default-signal=HUP,INT,TERM")
    process = subprocess.Popen(
        (*heard, str(SCRIPTS / "provision.sh"), str(tmp_path / "var/root")),
        env={"PATH": str(bare), "DEBIAN_MIRROR": "file:/nonexistent"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("Dir::Cache=")
    assert list((tmp_path / "var").iterdir()) != []
    os.killpg(process.pid, number)
    os.killpg(process.pid, signal.SIGHUP)
    process.communicate(timeout=30)
    assert process.returncode != 0
    assert list((tmp_path / "var").iterdir()) == []


def fake(folder: Path, name: str, *lines: str) -> None:
    """A program that does what the lines of shell say."""
    (folder / name).unlink(missing_ok=True)
    (folder / name).write_text("\n".join(("#!/bin/sh", *lines, "")))
    (folder / name).chmod(0o755)


def test_without_rights_the_exact_command_is_printed(bare: Path) -> None:
    fake(bare, "id", "echo 1000")
    fake(bare, "apt-get", "exit 1")
    command = "apt-get install --no-install-recommends python3 python3-venv espeak-ng sox"
    done = script("packages.sh", "run", PATH=str(bare))
    assert done.returncode == 1
    assert f"\n    su -c 'apt-get update && {command}" in done.stderr
    fake(bare, "sudo", "exit 1")  # asks for a password
    done = script("packages.sh", "run", PATH=str(bare))
    assert done.returncode == 1
    assert f"\n    sudo apt-get update && sudo {command}" in done.stderr


def test_packages_that_cannot_be_installed_are_told_with_the_command(bare: Path) -> None:
    for name in ("grep", "tail"):
        (bare / name).symlink_to(shutil.which(name) or name)
    fake(bare, "id", "echo 0")
    fake(bare, "apt-get", "echo noise", "echo 'E: Failed to fetch sox' >&2", "exit 100")
    done = script("packages.sh", "run", PATH=str(bare))
    assert done.returncode == 1
    assert "E: Failed to fetch sox\n" in done.stderr
    assert "Is the network there?" in done.stderr
    assert "\n    apt-get update && apt-get install --no-install-recommends python3 " in done.stderr
    assert "noise" not in done.stderr


def test_a_list_of_packages_that_cannot_be_fetched_is_no_reason_to_stop(bare: Path) -> None:
    fake(bare, "id", "echo 0")
    fake(bare, "apt-get", 'test "$1" = install')
    done = script("packages.sh", "run", PATH=str(bare))
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith("installing Debian packages: python3")


def test_no_debian_is_told(bare: Path) -> None:
    done = script("packages.sh", "run", PATH=str(bare))
    assert done.returncode == 1
    assert "this is no Debian: python3 python3-venv" in done.stderr


@pytest.mark.skipif(shutil.which("make") is None, reason="no make")
@pytest.mark.parametrize(("place", "whole"), [("", True), ("/elsewhere", False)])
def test_an_environment_that_was_moved_is_made_anew(tmp_path: Path, place: str, whole: bool) -> None:
    tree = tmp_path / "a clone"
    (tree / ".venv/bin").mkdir(parents=True)
    shutil.copy(SCRIPTS.parent / "Makefile", tree)
    for name in ("requirements.lock", "pyproject.toml", ".venv/installed"):
        (tree / name).touch()
    (tree / ".venv/bin/python").symlink_to(sys.executable)
    fake(tree / ".venv/bin", "ivr", f"exec '{place or tree.resolve()}/.venv/bin/python' \"$@\"")
    printed = would_make(tree)
    assert ("-m venv" in printed) is not whole
    assert ("--clear" in printed) is not whole


@pytest.mark.skipif(shutil.which("make") is None, reason="no make")
def test_an_environment_that_is_linked_is_somebody_elses_and_never_cleared(tmp_path: Path) -> None:
    (tmp_path / "theirs/bin").mkdir(parents=True)
    fake(tmp_path / "theirs/bin", "ivr", "exec /elsewhere/.venv/bin/python")
    tree = tmp_path / "clone"
    tree.mkdir()
    (tree / ".venv").symlink_to(tmp_path / "theirs")
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(SCRIPTS.parent / name, tree)
    printed = would_make(tree)
    assert "-m venv" in printed
    assert "--clear" not in printed


@pytest.mark.skipif(shutil.which("make") is None, reason="no make")
@pytest.mark.parametrize("task", ["test", "soak"])
def test_the_tests_get_the_servers_that_they_talk_to(tmp_path: Path, task: str) -> None:
    shutil.copy(SCRIPTS.parent / "Makefile", tmp_path)
    for name in ("requirements.lock", "pyproject.toml"):
        (tmp_path / name).touch()
    printed = would_make(tmp_path, task, CENTRALITA_VAR="", CENTRALITA_TEST_SERVERS="")
    assert "asterisk-conf/servers.sh 'var/servers'" in printed
    assert "asterisk-conf/servers.sh '/there'" in would_make(tmp_path, task, CENTRALITA_TEST_SERVERS="/there")


def would_make(tree: Path, task: str = "venv", **environ: str) -> str:
    """What `make venv` would do."""
    return subprocess.run(
        ("make", "--dry-run", task),
        env={**os.environ, **environ},
        cwd=tree,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout


def test_nothing_missing_nothing_done(bare: Path) -> None:
    for name in ("espeak-ng", "sox", "redis-server", "dot", "node", "npm", "sipp", "ssh-keygen"):
        program = shutil.which(name)
        if program is None:
            pytest.skip(f"{name} is not on this machine")
        (bare / name).symlink_to(program)
    python = Path(sys.executable).parent
    done = script("packages.sh", "test", PATH=f"{bare}:{python}")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_an_unknown_task_is_refused() -> None:
    assert script("packages.sh", "fly").returncode == 2
