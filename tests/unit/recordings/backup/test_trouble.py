"""Bad days of a target: full, read-only, unmounted, slow, cut, refusing, lying; a wrong key; a stranger in between."""

import errno
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from recordings.backup.folder import FolderTarget
from recordings.backup.targets import Target, TargetError
from tests.unit.recordings.backup.servers import Sshd, Swift, line
from tests.unit.recordings.backup.stock import QUICK, Stock, Through, backup, sha256

BIG = os.urandom(4 << 20)


def trouble(call: Callable[[], object]) -> TargetError:
    with pytest.raises(TargetError) as caught:
        call()
    assert caught.value.remedy
    return caught.value


def put(target: Target, data: bytes = b"x", name: str = "audio/a") -> None:
    target.put(name, data, sha256(data))


# A folder.


def test_a_disk_that_is_not_mounted_is_not_written_to(tmp_path: Path) -> None:
    target = FolderTarget(tmp_path / "mount point")
    target.prepare()
    shutil.rmtree(tmp_path / "mount point")
    (tmp_path / "mount point").mkdir()
    for call in (target.check, lambda: put(target), lambda: list(target.list()), lambda: target.delete("audio/a")):
        error = trouble(call)
        assert "not a prepared backup folder" in error.what and "mount the disk" in error.remedy and not error.transient
    assert list((tmp_path / "mount point").iterdir()) == []
    (tmp_path / "mount point").rmdir()
    assert "not a prepared" in trouble(target.check).what


@pytest.mark.parametrize("names", [[f"audio/{n}" for n in range(40)], [f"audio/{n}/x" for n in range(40)]])
def test_what_vanishes_while_it_is_listed_ends_no_listing(tmp_path: Path, names: list[str]) -> None:
    target = FolderTarget(tmp_path / "disk")
    target.prepare()
    for name in names:
        put(target, name=name)
    listing = target.list()
    first = next(listing).name
    gone = [name for name in names if name != first][::2]
    for name in gone:
        folder = tmp_path / "disk" / name
        (folder if folder.parent.name == "audio" else folder.parent).rename(tmp_path / name.replace("/", " "))
    assert sorted(entry.name for entry in listing) == sorted({*names} - {first, *gone})


def test_planted_links_lead_nowhere(tmp_path: Path) -> None:
    target, outside = FolderTarget(tmp_path / "disk"), tmp_path / "outside"
    target.prepare()
    outside.mkdir()
    (outside / "secret").write_text("secret")
    (tmp_path / "disk" / "audio").symlink_to(outside)
    for call in (lambda: put(target, name="audio/x"), lambda: list(target.get("audio/secret"))):
        assert "link" in trouble(call).what
    (tmp_path / "disk" / "audio").unlink()
    (tmp_path / "disk" / "audio").mkdir()
    (tmp_path / "disk" / "audio" / "file").symlink_to(outside / "secret")
    assert "link" in trouble(lambda: list(target.get("audio/file"))).what
    assert target.stat("audio/file") is None and list(target.list()) == []
    put(target, b"new", "audio/file")
    assert (outside / "secret").read_text() == "secret" and [path.name for path in outside.iterdir()] == ["secret"]


@pytest.mark.parametrize(
    ("code", "what", "transient"),
    [
        (errno.ENOSPC, "the disk is full", False),
        (errno.EROFS, "the disk is read-only", False),
        (errno.EIO, "the disk fails", False),
        (errno.ESTALE, "lost the folder", True),
        (errno.ENXIO, "No such device", False),
    ],
)
def test_what_the_system_says_is_told_with_a_remedy(tmp_path: Path, code: int, what: str, transient: bool) -> None:
    target = FolderTarget(tmp_path)
    target.prepare()

    def fails(count: int) -> None:
        raise OSError(code, os.strerror(code))

    error = trouble(lambda: target.put("audio/a", b"x", sha256(b"x"), fails))
    assert what in error.what and error.transient is transient and list((tmp_path / ".parts").iterdir()) == []


SCRIPT = """
import sys
from pathlib import Path
from recordings.backup.folder import FolderTarget
from recordings.backup.targets import TargetError
from tests.unit.recordings.backup.stock import Stock, backup
base = Path(sys.argv[1])
stock = Stock(base / "vault")
for number in range(40):
    stock.add(f"day/{number}", bytes([number]) * 50_000)
outcome = backup(FolderTarget(base / "disk"), stock, base / "state").run()
print(outcome.stopped.what.partition(": ")[2] if outcome.stopped else "whole", outcome.sent < 40)
"""


@pytest.mark.parametrize(("options", "what"), [("rw", "the disk is full"), ("ro", "the disk is read-only")])
def test_a_disk_that_is_really_full_or_read_only(tmp_path: Path, options: str, what: str) -> None:
    """A small file system in a name space of its own."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = (
        f"mount -t tmpfs -o size=1m none {disk} && touch {disk}/centralita-backup && mount -o remount,{options} {disk}"
    )
    apart = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", f'{mount} || exit 77; exec "$@"', "sh"]
    done = subprocess.run(
        [*apart, sys.executable, "-c", SCRIPT, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path.cwd()), os.environ.get("PYTHONPATH", "")])},
    )
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip(f"no name spaces on this machine: {done.stderr.strip()}")
    assert done.stdout.strip() == f"{what} True", done.stderr


# SSH.


def test_a_host_with_another_key_is_refused(sshd: Sshd, tmp_path: Path) -> None:
    known = tmp_path / "known_hosts"
    known.write_text(f"[127.0.0.1]:{sshd.port} {(sshd.folder / 'stranger.pub').read_text()}")
    for file in (known, tmp_path / "empty"):
        file.touch()
        target = sshd.target(known_hosts=file)
        error = trouble(target.prepare)
        assert "key is not the known one" in error.what and not error.transient
        target.close()


def test_our_keys_are_checked(sshd: Sshd, tmp_path: Path) -> None:
    target = sshd.target(key=sshd.folder / "stranger")
    error = trouble(target.prepare)
    assert "does not accept our key" in error.what and "authorized_keys" in error.remedy and not error.transient
    target.close()
    loose = tmp_path / "loose"
    shutil.copy(sshd.folder / "key", loose)
    loose.chmod(0o644)
    for key, what in ((loose, "open to others"), (tmp_path / "none", "cannot be read")):
        target = sshd.target(key=key)
        error = trouble(target.prepare)
        assert what in error.what and not error.transient
        target.close()


def test_a_folder_of_a_host_has_to_be_prepared(sshd: Sshd) -> None:
    target = sshd.target("unprepared")
    for call in (target.check, lambda: put(target), lambda: list(target.list())):
        error = trouble(call)
        assert "not a prepared backup folder" in error.what and not error.transient
    assert not (sshd.storage / "unprepared").exists()
    target.close()


def test_a_host_that_is_away_or_silent_has_a_limit(sshd: Sshd) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        target = sshd.target(port=silent.getsockname()[1], seconds=0.3)
        assert trouble(target.check).transient
        target.close()
    target = sshd.target(port=1)
    assert trouble(target.check).transient
    target.close()


def test_a_connection_that_is_cut_is_made_anew(sshd: Sshd, stock: Stock, tmp_path: Path) -> None:
    sshd.target("cut").prepare()
    stock.add("day/big", BIG)
    with line(sshd.port) as cut:
        (tmp_path / "known").write_text(f"[127.0.0.1]:{cut.port} {(sshd.folder / 'host.pub').read_text()}")
        target = sshd.target("cut", port=cut.port, known_hosts=tmp_path / "known")
        cut.cut_after = 1 << 20
        outcome = backup(target, stock, tmp_path / "state").run()
        assert not outcome.whole and not list((sshd.storage / "cut").glob("audio/**/*.*"))
        assert cut.connections >= QUICK.tries
        cut.cut_after = None
        assert backup(target, stock, tmp_path / "state").run().whole
        assert not list((sshd.storage / "cut/.parts").iterdir())
        target.close()


def test_a_host_that_may_not_write(sshd: Sshd) -> None:
    target = sshd.target("forbidden")
    target.prepare()
    folder = sshd.storage / "forbidden"
    folder.chmod(0o500)
    error = trouble(lambda: put(target))
    assert "access is denied" in error.what or "cannot be made" in error.what
    assert not error.transient
    folder.chmod(0o700)
    put(target)
    target.close()


# S3.

REFUSED = b"HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize(
    ("status", "what", "transient"),
    [
        (b"503 Slow Down", "503", True),
        (b"500 Internal Server Error", "500", True),
        (b"429 Too Many Requests", "429", True),
        (b"507 Insufficient Storage", "storage is full", False),
        (b"403 Forbidden", "refuses our keys", False),
        (b"400 Bad Request", "400", False),
    ],
)
def test_a_storage_that_refuses(swift: Swift, status: bytes, what: str, transient: bool) -> None:
    with line(swift.port) as refusing:
        target = swift.target(refusing.port)
        refusing.refuse = REFUSED % status
        calls: list[Callable[[], object]] = [
            lambda: put(target),
            lambda: list(target.get("audio/a")),
            lambda: list(target.list("audio")),
            lambda: target.delete("audio/a"),
        ]
        for call in calls:
            error = trouble(call)
            assert what in error.what and error.transient is transient, error


def test_our_keys_and_the_bucket_are_checked(swift: Swift, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("aws_access_key_id = test:backup\naws_secret_access_key = wrong\n")
    keys.chmod(0o600)
    assert "refuses our keys" in trouble(swift.target(credentials=keys).check).what
    keys.write_text("aws_access_key_id = test:backup\n")
    assert "does not hold both keys" in trouble(swift.target(credentials=keys).check).what
    keys.chmod(0o640)
    assert "open to others" in trouble(swift.target(credentials=keys).check).what
    nowhere = swift.target(bucket="nowhere")
    for call in (nowhere.check, lambda: put(nowhere), lambda: list(nowhere.list("audio"))):
        assert "there is no bucket nowhere" in trouble(call).what
    assert trouble(swift.target(port=1).check).transient


def test_the_environment_changes_nothing(swift: Swift, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "wrong")
    swift.target().check()


def test_a_bucket_that_keeps_versions_is_refused(swift: Swift) -> None:
    swift.ask("PUT", "/versions")
    target = swift.target(bucket="versions")
    target.check()
    swift.ask(
        "PUT", "/versions", b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>", "versioning"
    )
    error = trouble(target.check)
    assert "keeps versions" in error.what and not error.transient


def test_a_storage_that_lies_about_what_it_keeps(swift: Swift, stock: Stock, tmp_path: Path) -> None:
    """Its ETag is right, its bytes are not."""
    stock.add("day/a", b"the caller said YES" * 20)
    with line(swift.port) as lying:
        target = swift.target(lying.port, folder="lies")
        lying.alter = (b"the caller said YES", b"the caller said NO!")
        outcome = backup(target, stock, tmp_path / "state").run()
        assert not outcome.whole and "did not come back as it was sent" in outcome.problems[0].what
        assert target.stat(stock.object("day/a")) is None
        lying.alter = None
        assert backup(target, stock, tmp_path / "state").run().whole


def test_an_upload_that_is_cut_leaves_nothing(swift: Swift) -> None:
    with line(swift.port) as way:
        target = swift.target(way.port)
        way.cut_after = 1 << 20
        assert trouble(lambda: put(target, BIG, "audio/cut")).transient
        way.cut_after = None
        assert target.stat("audio/cut") is None


def test_a_silent_storage_has_a_limit(swift: Swift) -> None:
    with line(swift.port) as silent:
        silent.silent = True
        target = swift.target(silent.port, seconds=0.5)
        assert trouble(lambda: put(target)).transient
        assert trouble(lambda: list(target.get("audio/a"))).transient


# Any target.


def test_a_target_that_lies_is_left_after_three(stock: Stock, tmp_path: Path) -> None:
    target = FolderTarget(tmp_path / "disk")
    target.prepare()
    through = Through(target)
    through.spoil = lambda name, data: b"?" + data[1:] if name.startswith("audio/") else data
    outcome = backup(through, stock.fill(30), tmp_path / "state", replace(QUICK, at_once=1)).run()
    assert outcome.stopped is not None and "cannot be trusted" in outcome.stopped.remedy
    assert outcome.sent == 0 and not [path for path in (tmp_path / "disk/audio").glob("**/*") if path.is_file()]
    assert len({name for name in through.puts if name.startswith("audio/")}) < 12
