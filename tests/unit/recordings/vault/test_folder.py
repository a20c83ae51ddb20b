"""The vault's folder: whole files or none, nothing outside, nothing left."""

import errno
import io
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any, cast

import pytest

from recordings.vault.folder import Vault, new_file, place_of
from recordings.vault.sealed import CHUNK_BYTES, Reader

DAY = date(2026, 11, 22)
KEY = bytes(range(32))
AUDIO = bytes(range(256)) * (2 * CHUNK_BYTES // 256) + b"the end"
FILE = "2026/11/22/" + "ab" * 16 + ".cva"
LATER = datetime.now(UTC) + timedelta(hours=1)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path)


def admit(vault: Vault, file: str = FILE, audio: bytes = AUDIO) -> None:
    vault.admit(io.BytesIO(audio), KEY, file)


def heard(vault: Vault, file: str = FILE) -> bytes:
    with vault.open(file) as opened:
        reader = Reader(opened, KEY)
        reader.verify()
        return reader.read()


def everything(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_what_was_admitted_is_heard_again(vault: Vault, tmp_path: Path) -> None:
    file = new_file(DAY)
    sealed = vault.admit(io.BytesIO(AUDIO), KEY, file)
    assert heard(vault, file) == AUDIO and list(vault.walk()) == [file]
    path = tmp_path / file
    assert sealed.stored_bytes == path.stat().st_size and sealed.plain_bytes == len(AUDIO)
    assert path.stat().st_mode & 0o7777 == 0o600
    assert {(tmp_path / f).stat().st_mode & 0o777 for f in ("2026", "2026/11", "2026/11/22", ".incoming")} == {0o700}
    assert everything(tmp_path / ".incoming") == []


def test_what_was_expected_and_lies_there_is_known_until_something_else_is_expected(
    vault: Vault, tmp_path: Path
) -> None:
    assert vault.expected() == []
    one, other, third = (new_file(DAY) for _ in range(3))
    vault.expect([one, other])
    assert vault.expected() == []
    for file in (one, third):
        admit(vault, file)
    assert Vault(tmp_path).expected() == [one]
    torn = tmp_path / ".incoming/expected"
    torn.write_bytes(torn.read_bytes() + b"../../etc/passwd\n\xff" + third[:20].encode())
    assert vault.expected() == [one] and sorted(vault.walk()) == sorted([one, third])
    vault.expect([])
    assert vault.expected() == []


def test_names_say_only_the_day() -> None:
    names = {new_file(DAY) for _ in range(100)}
    assert len(names) == 100 and all(place_of(name).folders == ("2026", "11", "22") for name in names)


HOSTILE = [
    "",
    "/etc/passwd",
    "../" + FILE,
    "2026/11/22/../../../../etc/passwd",
    "2026/11/../22/" + "ab" * 16 + ".cva",
    "/" + FILE,
    "./" + FILE,
    FILE + "\0",
    FILE + "\n",
    "\0",
    FILE.upper(),
    FILE.replace("/", "\\"),
    "2026/11/22/" + "ab" * 15 + ".cva",
    "2026/11/22/" + "ab" * 16 + ".wav",
    "2026/13/22/" + "ab" * 16 + ".cva",
    "2026/02/30/" + "ab" * 16 + ".cva",
    "0000/01/01/" + "ab" * 16 + ".cva",
    "٢٠٢٦/11/22/" + "ab" * 16 + ".cva",
    ".incoming/" + "ab" * 16 + ".part",
    "2026//11/22/" + "ab" * 16 + ".cva",
    "A" * 1_000_000,
]


@pytest.mark.parametrize("file", HOSTILE, ids=[str(n) for n in range(len(HOSTILE))])
def test_no_name_leads_out(vault: Vault, tmp_path: Path, file: str) -> None:
    for use in (vault.open, vault.remove, lambda name: admit(vault, name)):
        with pytest.raises(ValueError, match="not a file of the vault") as told:
            cast(Callable[[str], Any], use)(file)
        assert len(str(told.value)) < 200
    assert everything(tmp_path) == []


@pytest.mark.parametrize("linked", ["2026", "2026/11", "2026/11/22"])
def test_no_linked_folder_leads_out(tmp_path: Path, linked: str) -> None:
    inside, outside = tmp_path / "vault", tmp_path / "outside"
    inside.mkdir()
    admit(Vault(inside))
    (inside / linked).rename(outside)
    (inside / linked).symlink_to(outside)
    before = everything(outside)
    vault = Vault(inside)
    for use in (vault.open, vault.remove, lambda file: admit(vault, file)):
        with pytest.raises(ValueError, match="leads out of the vault"):
            cast(Callable[[str], Any], use)(FILE)
    assert list(vault.walk()) == [] and everything(outside) == before
    assert everything(inside / ".incoming") == []


def test_no_linked_file_leads_out(vault: Vault, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("of another")
    (tmp_path / FILE).parent.mkdir(parents=True)
    (tmp_path / FILE).symlink_to(tmp_path / "secret")
    with pytest.raises(ValueError, match="leads out"):
        vault.open(FILE)
    with pytest.raises(FileExistsError):
        admit(vault)
    assert list(vault.walk()) == []
    assert vault.remove(FILE) and (tmp_path / "secret").read_text() == "of another"


def test_a_pipe_in_a_files_place_is_no_file_and_blocks_nobody(vault: Vault, tmp_path: Path) -> None:
    (tmp_path / FILE).parent.mkdir(parents=True)
    os.mkfifo(tmp_path / FILE)
    with pytest.raises(ValueError, match="is not a file"):
        vault.open(FILE)


def test_a_file_is_never_replaced(vault: Vault, tmp_path: Path) -> None:
    admit(vault)
    with pytest.raises(FileExistsError, match=FILE):
        admit(vault, audio=b"another")
    assert heard(vault) == AUDIO and everything(tmp_path / ".incoming") == []


def test_a_removed_file_is_gone_with_the_empty_folders_of_its_day(vault: Vault, tmp_path: Path) -> None:
    other, month = "2026/11/22/" + "cd" * 16 + ".cva", "2026/10/01/" + "cd" * 16 + ".cva"
    for file in (FILE, other, month):
        admit(vault, file)
    assert vault.remove(FILE) and list(vault.walk()) == [month, other]
    assert not vault.remove(FILE)
    assert vault.remove(other) and sorted(p.name for p in (tmp_path / "2026").iterdir()) == ["10"]
    assert vault.remove(month) and everything(tmp_path) == [".incoming"]
    assert not vault.remove(month)
    with pytest.raises(FileNotFoundError):
        vault.open(FILE)


def test_a_vault_that_vanished_is_not_made_on_another_disk(tmp_path: Path) -> None:
    gone = Vault(tmp_path / "gone")
    for use in (lambda: admit(gone), lambda: list(gone.walk()), lambda: gone.remove(FILE)):
        with pytest.raises(FileNotFoundError):
            cast(Callable[[], Any], use)()
    assert everything(tmp_path) == []


def test_the_walk_goes_by_day_and_reads_a_folder_only_when_its_turn_comes(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [
        f"{year}/{month:02}/0{day}/{n:032x}.cva"
        for year in (2025, 2026)
        for month in (2, 11)
        for day in (1, 2)
        for n in range(3)
    ]
    for file in reversed(files):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    for stranger in ("2025/notes.txt", "2025/02/01/notes.txt", "lost+found", ".incoming", "2025/02/xx"):
        (tmp_path / stranger).mkdir()
    read: list[object] = []
    scandir = os.scandir

    def counted(path: Path) -> Any:
        read.append(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", counted)
    walk = vault.walk()
    assert next(walk) == files[0] and len(read) == 4
    assert [files[0], *walk] == files and len(read) == 1 + 2 + 4 + 8


def test_a_day_that_vanishes_during_the_walk_is_passed_over(vault: Vault) -> None:
    files = [f"2026/11/0{day}/{0:032x}.cva" for day in (1, 2, 3)]
    for file in files:
        admit(vault, file)
    walk = vault.walk()
    assert next(walk) == files[0]
    vault.remove(files[1])
    assert list(walk) == files[2:]


def test_the_content_is_on_the_disk_before_the_name_and_the_name_before_the_return(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened: list[str] = []
    fsync, rename = os.fsync, os.rename

    def place(descriptor: int) -> str:
        return str(Path(f"/proc/self/fd/{descriptor}").readlink().relative_to(tmp_path.parent))

    def synced(descriptor: int) -> None:
        happened.append("sync " + place(descriptor).removeprefix(tmp_path.name))
        fsync(descriptor)

    def renamed(source: str, target: str, **folders: int) -> None:
        happened.append("rename")
        rename(source, target, **folders)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "rename", renamed)
    admit(vault)
    part = happened.pop(1)
    assert part.startswith("sync /.incoming/") and part.endswith(".part")
    assert happened == ["sync ", "sync ", "sync /2026", "sync /2026/11", "rename", "sync /2026/11/22"]
    happened.clear()
    vault.remove(FILE)
    assert happened == ["sync /2026/11/22"]


def test_a_full_disk_leaves_nothing_half_written(vault: Vault, tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (CHUNK_BYTES + 1000, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            admit(vault)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert everything(tmp_path) == [".incoming"]


@pytest.mark.parametrize("step", range(6))
def test_a_disk_that_fails_at_any_sync_leaves_nothing(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    left = iter(range(step, -1, -1))
    fsync = os.fsync

    def failing(descriptor: int) -> None:
        if next(left) == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(OSError, match="No space"):
        admit(vault)
    assert list(vault.walk()) == [] and not [name for name in everything(tmp_path) if name.endswith(".part")]
    monkeypatch.undo()
    admit(vault)
    assert heard(vault) == AUDIO


def test_a_source_that_cannot_be_read_leaves_nothing(vault: Vault, tmp_path: Path) -> None:
    class Bad(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(errno.EIO, "Input/output error")

    with pytest.raises(OSError, match="Input/output"):
        vault.admit(Bad(), KEY, FILE)
    assert everything(tmp_path) == [".incoming"]


def test_the_sweep_takes_old_parts_without_a_writer_only(vault: Vault, tmp_path: Path) -> None:
    admit(vault)
    incoming = tmp_path / ".incoming"
    for name in ("old.part", "young.part", "stranger.txt"):
        (incoming / name).touch()
    (incoming / "folder.part").mkdir()
    (incoming / "link.part").symlink_to(tmp_path / FILE)
    hour_ago = (LATER - timedelta(hours=2)).timestamp()
    for name in ("old.part", "stranger.txt", "folder.part"):
        os.utime(incoming / name, (hour_ago, hour_ago))
    now = LATER - timedelta(hours=1)
    assert vault.sweep(timedelta(minutes=30), now) == ["old.part"]
    assert everything(incoming) == ["folder.part", "link.part", "stranger.txt", "young.part"]
    assert heard(vault) == AUDIO


def test_the_sweep_leaves_what_is_being_written_whatever_the_clock_says(vault: Vault) -> None:
    swept: list[str] = []

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            swept.extend(vault.sweep(timedelta(0), LATER + timedelta(days=1000)))
            return super().read(size)

    vault.admit(Slow(AUDIO), KEY, FILE)
    assert swept == [] and heard(vault) == AUDIO


def test_the_sweep_of_a_new_vault_finds_nothing(vault: Vault) -> None:
    assert vault.sweep(timedelta(0), LATER) == [] and list(vault.walk()) == []


def test_one_day_is_filled_and_emptied_by_many_at_once(vault: Vault, tmp_path: Path) -> None:
    """The folders of a day are tidied while others put files there."""
    failed: list[Exception] = []

    def busy() -> None:
        try:
            for _ in range(40):
                file = new_file(DAY)
                admit(vault, file, b"audio")
                assert heard(vault, file) == b"audio" and vault.remove(file)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=busy) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == [] and everything(tmp_path) == [".incoming"]


def killed_in(line: int, work: Callable[[], object]) -> bool:
    """Do the work in a process of its own that is killed (SIGKILL) before its `line`-th line of code of the vault.
    Whether it came to that: after the last line the work was done."""
    child = os.fork()
    if child == 0:
        left = line

        def trace(frame: FrameType, event: str, _: object) -> Any:
            nonlocal left
            if "recordings/vault/" not in frame.f_code.co_filename or "/tests/" in frame.f_code.co_filename:
                return None
            if event == "line":
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
            return trace

        try:
            sys.settrace(trace)
            work()
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL)
    return status != 0


STRIDES = [3, pytest.param(1, marks=pytest.mark.soak)]
"""Before every third line, and in the long proofs before each."""


def each_kill(work: Callable[[], object], after: Callable[[], object], stride: int) -> int:
    """Kill the work before each of its lines, or every so many, the vault being as `after` leaves it; how many lines
    there are, at least."""
    line = 1
    while killed_in(line, work):
        after()
        line += stride
    return line - stride


@pytest.mark.parametrize("stride", STRIDES)
def test_kill_9_of_the_writer_at_any_line_leaves_nothing_or_the_whole_file(
    vault: Vault, tmp_path: Path, stride: int
) -> None:
    seen: list[tuple[bool, int]] = []

    def after() -> None:
        files, parts = list(vault.walk()), vault.sweep(timedelta(0), LATER)
        assert files in ([], [FILE]) and len(parts) <= 1
        if files:
            assert heard(vault) == AUDIO and parts == []
        seen.append((bool(files), len(parts)))
        vault.remove(FILE)
        assert [name for name in everything(tmp_path) if name != ".incoming"] == []

    assert each_kill(lambda: admit(vault), after, stride) > 100
    assert heard(vault) == AUDIO  # the last one was not killed
    assert set(seen) == {(False, 0), (False, 1), (True, 0)} and seen == sorted(seen, key=seen.index)


@pytest.mark.parametrize("stride", STRIDES)
def test_kill_9_of_a_removal_leaves_the_whole_file_or_none_and_again_it_is_gone(
    vault: Vault, tmp_path: Path, stride: int
) -> None:
    seen: set[bool] = set()

    def after() -> None:
        there = list(vault.walk()) == [FILE]
        seen.add(there)
        assert not there or heard(vault) == AUDIO
        vault.remove(FILE)
        assert everything(tmp_path) == [".incoming"]
        admit(vault)

    admit(vault)
    assert each_kill(lambda: vault.remove(FILE), after, stride) > 20
    assert seen == {True, False}
