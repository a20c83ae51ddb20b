"""How the files of one recording become one, each where it belongs in time."""

import contextlib
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings import parts
from recordings.parts import Part, complete, gaps_between, join, later_parts, number_of, part_name, whole_name

NAME = "n1-1795291036.6_000000000002"
AT = datetime(2026, 11, 23, 15, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def frames(agent: int, caller: int, seconds: float) -> bytes:
    """Both voices at one height."""
    return (agent.to_bytes(2, "little") + caller.to_bytes(2, "little")) * round(8_000 * seconds)


def written(folder: Path, name: str, audio: bytes, ended: datetime) -> Path:
    file = folder / f"{name}.raw"
    file.write_bytes(audio)
    os.utime(file, (ended.timestamp(), ended.timestamp()))
    return file


def in_parts(folder: Path) -> bytes:
    """Two seconds, a tenth of nothing, one second, nothing, half a second; returns what is to become of it."""
    one, two, three = frames(1, 2, 2), frames(3, 4, 1), frames(5, 6, 0.5)
    written(folder, NAME, one, AT)
    written(folder, f"{NAME}~2", two, AT + 1.1 * SECOND)
    written(folder, f"{NAME}~10", three, AT + 1.85 * SECOND)
    return one + frames(0, 0, 0.1) + two + frames(0, 0, 0.25) + three


def joined(folder: Path) -> None:
    """By what lies there."""
    join(folder, NAME, later_parts(folder, [file.name.removesuffix(".raw") for file in folder.glob(f"{NAME}*.raw")]))


@pytest.mark.parametrize("number", [1, 2, 17])
def test_a_parts_name_tells_its_recording_and_its_number(number: int) -> None:
    name = part_name(NAME, number)
    assert (whole_name(name), number_of(name)) == (NAME, number)
    assert not set(name) & set("$`\"'\\;&|<>(){}[]*?!# \n"), "it stands in a command"


def test_the_parts_lie_where_they_belong_and_both_sides_stay_apart(tmp_path: Path) -> None:
    whole = in_parts(tmp_path)
    joined(tmp_path)
    (file,) = tmp_path.iterdir()
    assert file.name == f"{NAME}.raw" and file.read_bytes() == whole
    assert datetime.fromtimestamp(file.stat().st_mtime, UTC) == AT + 1.85 * SECOND, "when the last of it was heard"
    joined(tmp_path)
    assert file.read_bytes() == whole


def test_one_file_alone_is_left_as_it_is(tmp_path: Path) -> None:
    file = written(tmp_path, NAME, frames(1, 2, 1), AT)
    before = file.stat()
    joined(tmp_path)
    assert file.stat() == before and list(tmp_path.iterdir()) == [file]


def test_a_part_that_holds_nothing_and_half_a_frame_disturb_nobody(tmp_path: Path) -> None:
    written(tmp_path, NAME, frames(1, 2, 1) + b"\7", AT)
    written(tmp_path, f"{NAME}~2", b"", AT + 9 * SECOND)
    written(tmp_path, f"{NAME}~3", frames(3, 4, 1), AT + 2 * SECOND)
    joined(tmp_path)
    assert (tmp_path / f"{NAME}.raw").read_bytes() == frames(1, 2, 1) + frames(0, 0, 1) + frames(3, 4, 1)


def test_what_is_left_without_its_first_part_is_kept(tmp_path: Path) -> None:
    written(tmp_path, f"{NAME}~2", frames(3, 4, 1), AT)
    joined(tmp_path)
    assert (tmp_path / f"{NAME}.raw").read_bytes() == frames(3, 4, 1)


class Killed(BaseException):
    """No `except OSError` catches it."""


@pytest.mark.parametrize("after", range(7))
def test_a_crash_at_any_moment_loses_and_doubles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    whole, left = in_parts(tmp_path), iter([True] * after)

    def step(real: object) -> object:
        def stepped(*arguments: object, **named: object) -> object:
            if not next(left, False):
                raise Killed
            return real(*arguments, **named)  # type: ignore[operator]

        return stepped

    with monkeypatch.context() as patched:
        for name in ("rename", "unlink"):
            patched.setattr(Path, name, step(getattr(Path, name)))
        patched.setattr(parts.os, "fsync", step(os.fsync))
        with contextlib.suppress(Killed):
            joined(tmp_path)
    joined(tmp_path)
    (file,) = tmp_path.iterdir()
    assert file.read_bytes() == whole


def test_without_room_the_parts_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    in_parts(tmp_path)
    before = sorted(file.name for file in tmp_path.iterdir())

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(parts.os, "fsync", full)
    with pytest.raises(OSError):
        joined(tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == before


class Disk:
    """A disk of 100 MB, as statvfs tells of it."""

    def __init__(self, free: int) -> None:
        self.f_bavail, self.f_blocks, self.f_frsize = free, 100_000_000, 1


def test_on_a_disk_that_is_nearly_full_nothing_is_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = in_parts(tmp_path)
    (tmp_path / f"{NAME}~joining.raw").write_bytes(b"left by a crash")
    written: list[Path] = []
    real = parts._write

    def counted(into: Path, found: list[Part]) -> None:
        written.append(into)
        real(into, found)

    monkeypatch.setattr(parts, "_write", counted)
    monkeypatch.setattr(parts.os, "statvfs", lambda folder: Disk(1_000_000 + len(whole) - 1))
    with pytest.raises(OSError, match="No space left"):
        joined(tmp_path)
    assert written == [] and sorted(file.name for file in tmp_path.iterdir()) == [
        f"{NAME}.raw", f"{NAME}~10.raw", f"{NAME}~2.raw"
    ]  # fmt: skip
    monkeypatch.setattr(parts.os, "statvfs", lambda folder: Disk(1_000_000 + len(whole)))
    joined(tmp_path)
    (file,) = tmp_path.iterdir()
    assert file.read_bytes() == whole


@given(st.lists(st.tuples(st.integers(0, 80_000), st.integers(0, 1_000)), min_size=1, max_size=6))
def test_the_whole_is_as_long_as_the_talk(talk: list[tuple[int, int]]) -> None:
    """Whatever lies between the parts, to a frame for each."""
    now, found = AT, []
    for heard, silent in talk:
        now += timedelta(milliseconds=silent) + timedelta(microseconds=heard * 125)
        found.append(Part(Path("x"), heard, now))
    length = sum(part.frames for part in found) + sum(gaps_between(found))
    assert abs(length - (found[-1].ended - found[0].began) / timedelta(microseconds=125)) <= len(found)


def test_a_clock_that_was_set_makes_no_silence() -> None:
    one, back, far = (
        Part(Path("1"), 8_000, AT),
        Part(Path("2"), 8_000, AT - SECOND),
        Part(Path("3"), 1, AT + 900 * SECOND),
    )
    assert list(gaps_between([one, back])) == [0, 0]
    assert list(gaps_between([one, far])) == [0, 0]


@pytest.mark.parametrize(
    ("files", "markers", "expected", "yes"),
    [
        ([1], [1], 1, True),
        ([1], [], 1, False),
        ([1, 2], [1], 1, False),  # Asterisk writes the second one
        ([1, 2], [1, 2], 1, True),
        ([1], [1], 2, False),  # the second one is about to be begun
        ([1, 2], [1, 2], 2, True),
        ([1], [1, 2], 2, True),  # nothing was ever heard in it
        ([1, 2], [2], 2, False),
    ],
)
def test_a_recording_is_complete_when_nobody_writes_to_it(
    files: list[int], markers: list[int], expected: int, yes: bool
) -> None:
    there = [part_name(NAME, one) for one in files] + [f"{NAME}9"]
    assert complete(NAME, there, [part_name(NAME, one) for one in markers], expected) is yes
