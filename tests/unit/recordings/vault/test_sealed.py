"""A sealed file: every range of it, and everything that may happen to it."""

import hashlib
import io
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import cast

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import example, given, settings
from hypothesis import strategies as st

from recordings.vault.sealed import CHUNK_BYTES, Damaged, NotItsKey, Reader, Sealed, seal

KEY = bytes(range(32))
FILE_ID = bytes(range(100, 116))
SMALL = 16
STRIDE = SMALL + 16


def sealed(plain: bytes, key: bytes = KEY, chunk_bytes: int = SMALL) -> bytes:
    target = io.BytesIO()
    seal(io.BytesIO(plain), target, key, chunk_bytes=chunk_bytes)
    return target.getvalue()


def reader(stored: bytes, key: bytes = KEY) -> Reader:
    return Reader(io.BytesIO(stored), key)


def read_all(stored: bytes) -> bytes:
    """What a player and a check read together."""
    opened = reader(stored)
    opened.verify()
    return opened.read()


def text(length: int) -> bytes:
    return bytes(n * 7 % 251 for n in range(length))


@pytest.mark.parametrize("length", [0, 1, 15, 16, 17, 31, 32, 33, 160])
def test_what_was_sealed_is_read_again_and_is_told_by_both_hashes(length: int) -> None:
    plain, target = text(length), io.BytesIO()
    told = seal(io.BytesIO(plain), target, KEY, chunk_bytes=SMALL)
    stored = target.getvalue()
    assert told == Sealed(length, hashlib.sha256(plain).hexdigest(), len(stored), hashlib.sha256(stored).hexdigest())
    opened = reader(stored)
    assert opened.size == length and opened.read() == plain and opened.verify() == told
    assert len(stored) == 64 + length + 16 * max(1, -(-length // SMALL))


@settings(deadline=None)
@given(st.binary(max_size=200), st.integers(0, 220), st.none() | st.integers(0, 220))
def test_any_range_is_what_the_plaintext_has_there(plain: bytes, offset: int, length: int | None) -> None:
    expected = plain[offset:] if length is None else plain[offset : offset + length]
    opened = reader(sealed(plain))
    assert opened.read(offset, length) == expected
    assert b"".join(opened.chunks(offset, length)) == expected


def test_a_range_reads_no_other_chunk_but_its_own() -> None:
    stored = bytearray(sealed(text(160)))
    for number in (0, 1, 4, 5, 6, 7, 8):
        stored[64 + number * STRIDE] ^= 1
    assert reader(bytes(stored)).read(2 * SMALL + 3, SMALL) == text(160)[2 * SMALL + 3 : 3 * SMALL + 3]


@pytest.mark.parametrize(("offset", "length"), [(-1, 1), (0, -1)])
def test_a_negative_range_is_refused_at_once(offset: int, length: int) -> None:
    with pytest.raises(ValueError, match="negative"):
        reader(sealed(b"x")).chunks(offset, length)


@settings(deadline=None, max_examples=300)
@given(st.integers(0, 400), st.data())
def test_any_byte_that_was_altered_is_noticed(length: int, data: st.DataObject) -> None:
    stored = bytearray(sealed(text(length)))
    at = data.draw(st.integers(0, len(stored) - 1))
    stored[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(Damaged) as noticed:
        read_all(bytes(stored))
    if at >= 64:
        number = (at - 64) // STRIDE
        assert noticed.value.chunk == number and f"chunk {number} of" in str(noticed.value)
        assert "altered" in str(noticed.value)


def test_each_single_byte_of_a_file_is_bound() -> None:
    stored = sealed(text(40))
    for at in range(len(stored)):
        altered = bytearray(stored)
        altered[at] ^= 0x80
        with pytest.raises(Damaged):
            read_all(bytes(altered))


def test_a_file_cut_off_anywhere_is_noticed_at_its_opening() -> None:
    stored = sealed(text(5 * SMALL + 3))
    for length in range(len(stored)):
        with pytest.raises(Damaged):
            reader(stored[:length])


@pytest.mark.parametrize("chunks", [1, 2, 3, 4, 5])
def test_a_file_cut_off_between_two_chunks_is_told_so(chunks: int) -> None:
    stored = sealed(text(5 * SMALL + 3))
    with pytest.raises(Damaged, match="cut off behind it") as noticed:
        reader(stored[: 64 + chunks * STRIDE])
    assert noticed.value.chunk == chunks - 1


@pytest.mark.parametrize("rest", [1, 15, 16])
def test_an_end_that_is_no_chunk_is_told_so(rest: int) -> None:
    with pytest.raises(Damaged, match=f"ends with {rest} bytes that are no chunk") as noticed:
        reader(sealed(text(5 * SMALL))[: 64 + 2 * STRIDE + rest])
    assert noticed.value.chunk == 2


@settings(deadline=None)
@given(st.integers(0, 70), st.binary(min_size=1, max_size=100))
@example(32, bytes(16))
def test_appended_bytes_are_noticed_at_its_opening(length: int, more: bytes) -> None:
    with pytest.raises(Damaged):
        reader(sealed(text(length)) + more)


def test_another_files_chunks_behind_the_end_are_noticed() -> None:
    stored, key = sealed(text(2 * SMALL)), KEY
    with pytest.raises(Damaged) as noticed:
        reader(stored + stored[64:], key)
    assert noticed.value.chunk == 3  # the last one is looked at first


def test_chunks_that_changed_places_are_noticed() -> None:
    stored = sealed(text(4 * SMALL + 1))
    first, second = stored[64 : 64 + STRIDE], stored[64 + STRIDE : 64 + 2 * STRIDE]
    with pytest.raises(Damaged, match=r"chunk 0 of 0 to 4 .*moved") as noticed:
        read_all(stored[:64] + second + first + stored[64 + 2 * STRIDE :])
    assert noticed.value.chunk == 0


def test_a_chunk_of_another_file_is_noticed_even_with_the_same_key() -> None:
    one, other = sealed(text(3 * SMALL)), sealed(text(3 * SMALL))
    with pytest.raises(Damaged, match="chunk 1 of"):
        read_all(one[: 64 + STRIDE] + other[64 + STRIDE : 64 + 2 * STRIDE] + one[64 + 2 * STRIDE :])
    with pytest.raises(Damaged, match="chunk 2 of"):
        read_all(one[:64] + other[64:])


def test_no_byte_of_a_damaged_chunk_is_given() -> None:
    stored = bytearray(sealed(text(4 * SMALL)))
    stored[64 + 2 * STRIDE + 5] ^= 1
    given_out = bytearray()
    with pytest.raises(Damaged, match="chunk 2"):
        for piece in reader(bytes(stored)).chunks():
            given_out += piece
    assert given_out == text(2 * SMALL)


def test_a_key_that_does_not_fit_is_told_from_damage() -> None:
    with pytest.raises(NotItsKey, match="not this file's"):
        reader(sealed(b"x"), bytes(32))
    with pytest.raises(ValueError, match="32 bytes, not 5"):
        reader(sealed(b"x"), b"short")
    with pytest.raises(ValueError, match="32 bytes"):
        sealed(b"x", b"")


def test_what_is_no_sealed_file_is_told_so() -> None:
    with pytest.raises(Damaged, match="another kind of file"):
        reader(b"RIFF" + bytes(100))
    with pytest.raises(Damaged, match="0 bytes, fewer than a header"):
        reader(b"")
    newer = bytearray(sealed(b"x"))
    newer[9] = 2
    with pytest.raises(Damaged, match=r"format 2, .*reads format 1"):
        reader(bytes(newer))
    huge = bytearray(sealed(b"x"))
    huge[12] = 0xFF
    with pytest.raises(Damaged, match="chunks of 42"):
        reader(bytes(huge))


def test_a_file_that_shrinks_while_it_is_read_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.cva"
    path.write_bytes(sealed(text(10 * SMALL)))
    with path.open("rb") as file:
        opened = Reader(file, KEY)
        os.truncate(path, 64 + STRIDE)
        with pytest.raises(Damaged, match="became shorter"):
            opened.read(5 * SMALL, 1)


def test_the_format_is_the_one_that_the_page_describes() -> None:
    """Read by nothing but the description in the module: what was written today is read in ten years."""
    target = io.BytesIO()
    plain = text(2 * CHUNK_BYTES + 5)
    told = seal(io.BytesIO(plain), target, KEY, file_id=FILE_ID)
    stored = target.getvalue()
    header, body = stored[:64], stored[64:]
    assert header[:32].hex() == "894356410d0a1a0a0001000100010000" + FILE_ID.hex()
    info = b"centralita sealed recording" + header[:32]
    derived = HKDF(SHA256(), 64, salt=FILE_ID, info=info).derive(KEY)
    assert header[32:] == derived[32:]
    cipher, found = AESGCM(derived[:32]), b""
    pieces = [body[at : at + 65536 + 16] for at in range(0, len(body), 65536 + 16)]
    for number, piece in enumerate(pieces):
        bound = header + number.to_bytes(8, "big") + bytes([number == len(pieces) - 1])
        found += cipher.decrypt(number.to_bytes(12, "big"), piece, bound)
    assert found == plain
    # A change of the format must be a new version: these bytes never change.
    assert told.stored_sha256 == "d08005d4a902aacdeb09d69269d155a1db0128d2ceebfca618ef072d05a6be9c"


def test_two_files_of_one_key_have_nothing_in_common() -> None:
    one, other = sealed(bytes(1000)), sealed(bytes(1000))
    assert one[:16] == other[:16]
    assert not {one[at : at + 8] for at in range(16, 1000, 8)} & {other[at : at + 8] for at in range(16, 1000, 8)}


class Dribble(io.RawIOBase):
    """Gives three bytes at a time, as a pipe may."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._data.read(min(3, size))


def test_a_source_that_gives_little_at_a_time_is_sealed_whole() -> None:
    target = io.BytesIO()
    seal(cast(io.BufferedReader, Dribble(text(50))), target, KEY, chunk_bytes=SMALL)
    assert read_all(target.getvalue()) == text(50)


class Full(io.BytesIO):
    """Takes one byte less than it is given."""

    def write(self, data: object) -> int:
        return len(cast(bytes, data)) - 1


def test_a_target_that_does_not_take_all_is_an_error() -> None:
    with pytest.raises(OSError, match="disk full"):
        seal(io.BytesIO(b"x"), Full(), KEY)


@pytest.mark.parametrize("chunk_bytes", [0, 15, 16 * 1024 * 1024 + 1])
def test_a_strange_chunk_size_is_refused(chunk_bytes: int) -> None:
    with pytest.raises(ValueError, match="a chunk has"):
        sealed(b"", chunk_bytes=chunk_bytes)


MEMORY = """
import io, resource
from recordings.vault.sealed import Reader, seal
path = {path!r}
def most(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
class Zeros(io.RawIOBase):
    left = {size}
    def read(self, size=-1):
        size = min(size, self.left); self.left -= size
        return bytes(size)
before = most()
with open(path, "wb") as target: seal(Zeros(), target, bytes(32))
with open(path, "rb") as file: Reader(file, bytes(32)).verify()
print(most() - before)
"""


def test_a_long_recording_needs_no_more_memory_than_a_short_one(tmp_path: Path) -> None:
    size = 24 * 1024 * 1024
    script = MEMORY.format(path=str(tmp_path / "long.cva"), size=size)
    said = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, timeout=60)
    assert re.fullmatch(r"\d+\n", said.stdout) and int(said.stdout) < 4096  # KiB
    assert (tmp_path / "long.cva").stat().st_size > size
