"""A number in a text: found however it is written, never in a longer one, and overwritten in place."""

import gzip
import os
import tracemalloc
from pathlib import Path

import pytest

from ivr.erasure.blank import BLANK, CHUNK_BYTES, STAR, blank, count
from ivr.erasure.files import lines_of
from ivr.erasure.number import Normalise, number_of
from ivr.erasure.sweep import CHUNK_BYTES as SWEPT_BYTES
from ivr.erasure.sweep import elsewhere, here

ANA = number_of("300 123 4567")
FAR = number_of("+1 415 555 0123")


@pytest.mark.parametrize(
    "text",
    ["3001234567", "+573001234567", "573001234567", "00573001234567", "005573001234567", "93001234567", "03001234567"],
)
def test_every_spelling_of_a_number_is_found_whole(text: str) -> None:
    data = f'"{text}",sip:{text}@x'.encode()
    assert [data[begin:end].decode() for begin, end in ANA.spans(data)] == [text, text]


@pytest.mark.parametrize(
    "text", ["30012345678", "13001234567", "+13001234567", "443001234567", "3001234566", "n1-1795291423.0"]
)
def test_another_number_is_left_alone(text: str) -> None:
    assert [*ANA.spans(f"<{text}>".encode())] == []


def test_a_foreign_number_is_found_with_its_code_only() -> None:
    assert len([*FAR.spans(b"+14155550123 0014155550123 914155550123 4155550123")]) == 3


def test_it_has_no_readable_form() -> None:
    assert "1234567" not in repr(ANA) and ANA.masked == "+*********567"


@pytest.mark.parametrize("offset", range(-25, 26))
def test_nothing_is_missed_or_mistaken_where_two_parts_of_a_file_meet(tmp_path: Path, offset: int) -> None:
    file = tmp_path / "messages.log"
    for text, times in (("+573001234567", 1), ("1573001234567", 0), ("30012345670", 0)):
        for size in (CHUNK_BYTES, SWEPT_BYTES):
            data = b"x" * (size + offset) + text.encode() + b"y" * 200
            file.write_bytes(data)
            assert here(tmp_path, ANA).found == ({"messages.log": 1} if times else {})
            assert count(file, ANA) == times == blank(file, ANA, STAR)
            assert file.read_bytes() == (data if not times else data.replace(text.encode(), b"*" * len(text)))


def test_a_file_keeps_its_length_its_place_and_its_time(tmp_path: Path) -> None:
    file = tmp_path / "cel.csv"
    file.write_text('"a","3001234567"\n"b","3109876543"\n')
    os.utime(file, ns=(10**18, 10**18))
    before = file.stat()
    assert blank(file, ANA, BLANK) == 1 and blank(file, ANA, BLANK) == 0
    assert file.read_text() == '"a","          "\n"b","3109876543"\n'
    after = file.stat()
    assert (after.st_ino, after.st_size, after.st_mtime_ns) == (before.st_ino, before.st_size, before.st_mtime_ns)


def test_who_goes_on_writing_the_file_notices_nothing(tmp_path: Path) -> None:
    file = tmp_path / "messages.log"
    with file.open("a") as writer:
        writer.write("from 3001234567\n")
        writer.flush()
        assert blank(file, ANA, STAR) == 1
        writer.write("and on\n")
    assert file.read_text() == "from **********\nand on\n"


def test_a_packed_file_is_packed_anew(tmp_path: Path) -> None:
    file = tmp_path / "cel.csv.2.gz"
    file.write_bytes(gzip.compress(b"3001234567 3001234567"))
    file.chmod(0o640)
    assert count(file, ANA) == 2 == blank(file, ANA, STAR) and count(file, ANA) == 0
    assert gzip.decompress(file.read_bytes()) == b"********** **********"
    assert file.stat().st_mode & 0o777 == 0o640 and [*tmp_path.iterdir()] == [file]


@pytest.mark.parametrize("offset", range(-25, 26))
def test_in_a_packed_file_nothing_is_missed_or_mistaken_either(tmp_path: Path, offset: int) -> None:
    file = tmp_path / "messages.log.2.gz"
    for text, times in (("+573001234567", 1), ("1573001234567", 0), ("30012345670", 0)):
        data = b"x" * (CHUNK_BYTES + offset) + text.encode() + b"y" * 200
        file.write_bytes(gzip.compress(data))
        assert count(file, ANA) == times == blank(file, ANA, STAR)
        assert gzip.decompress(file.read_bytes()) == (data if not times else data.replace(text.encode(), b"*" * 13))


def test_of_a_large_packed_file_a_part_is_in_memory_at_a_time(tmp_path: Path) -> None:
    """A day of a log that tells everything is some GB."""
    file = tmp_path / "messages.log.2.gz"
    line = b"[2026-11-23 15:00:00] VERBOSE[1] app_dial.c: nothing of anybody\n"
    with gzip.open(file, "wb", 1) as stream:
        for n in range(500):
            stream.write(line * 1_000 + (b"from 3001234567\n" if n % 100 == 0 else b""))
    tracemalloc.start()
    try:
        assert count(file, ANA) == 5 == blank(file, ANA, STAR) and count(file, ANA) == 0
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * 2**20 < 500 * 1_000 * len(line)
    with gzip.open(file, "rb") as stream:
        assert sum(len(text) for text in stream) == 500 * 1_000 * len(line) + 5 * 16


def test_a_damaged_packed_file_stays_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "messages.log.2.gz"
    whole = gzip.compress(b"from 3001234567\n" + os.urandom(3 * CHUNK_BYTES))
    for damaged in (whole[:-20], whole[: len(whole) // 2], b"nothing of the kind"):
        file.write_bytes(damaged)
        with pytest.raises((OSError, EOFError)):
            blank(file, ANA, STAR)
        assert file.read_bytes() == damaged and [*tmp_path.iterdir()] == [file]


def test_what_a_person_wrote_is_found_by_line(tmp_path: Path) -> None:
    file = tmp_path / "vip.csv"
    file.write_text(
        "number,until,note\n300 123-4567,,x\n3001234567*,,\n+57 (300) 123 4567;\n3001234568,,\n443001234567\n"
    )
    assert [*lines_of(file, ANA, Normalise("CO"))] == [2, 3, 4]


def test_a_process_of_its_own_looks_through_everything_but_sound_and_links(tmp_path: Path) -> None:
    var = tmp_path / "var"
    (var / "programs").mkdir(parents=True)
    for name in ("a.txt", "programs/b.txt", "voice.wav"):
        (var / name).write_text("3001234567")
    (var / "data.sqlite").write_bytes(b"\0key9123001234567Ana")  # side by side, as a database writes values
    (tmp_path / "outside.txt").write_text("3001234567")
    (var / "link").symlink_to(tmp_path / "outside.txt")
    (var / "broken.gz").write_bytes(b"no gzip")
    swept = elsewhere(var, ANA, [var / "programs"])
    assert swept.found == {"a.txt": 1, "data.sqlite": 1} and swept.unread == ("broken.gz",) and swept.files == 2
