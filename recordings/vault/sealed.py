r"""The format of a sealed file, and how it is written and read. What a restore in ten years needs stands here.

All numbers are big-endian. A file is a header of 64 bytes and then its chunks, one behind the other.

    offset  bytes  header
         0      8  magic: 89 43 56 41 0D 0A 1A 0A ("\x89CVA\r\n\x1a\n"; a transfer as text spoils it)
         8      2  version of the format: 1
        10      2  cipher: 1 = AES-256-GCM
        12      4  chunk size: bytes of plaintext in a chunk, 65536 (a reader takes 16 to 16777216)
        16     16  file id: random
        32     32  key check

Each recording has a data key: 32 random bytes, kept apart (`recordings.vault.keys`). From it comes by HKDF (RFC 5869,
SHA-256; salt: the file id; info: the 27 bytes "centralita sealed recording" and the first 32 bytes of the header) what
is 64 bytes long: first the file's AES key (32), then the key check (32). So a key that does not fit is told from a
damaged file, and one data key may seal two files without danger.

The plaintext is cut into chunks of the chunk size; only the last one may be shorter. It is empty only when the whole
plaintext is. There is always at least one. Chunk n (from 0) is stored as its AES-256-GCM ciphertext and the tag of
16 bytes; all but the last are therefore chunk size + 16 bytes long, and chunk n begins at 64 + n x (chunk size + 16).

    nonce                n in 12 bytes
    associated data      the whole header (64), n in 8 bytes, one byte: 1 for the last chunk, 0 for any other

A byte that was altered, a chunk that was moved or comes from another file, a file that was cut off (also between two
chunks) and one that was appended to therefore fail at a tag. Any range is read by its chunks alone. Opening reads the
header and the last chunk: then the size is proven.
"""

import hashlib
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import constant_time
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAGIC = b"\x89CVA\r\n\x1a\n"
VERSION = 1
AES_256_GCM = 1
HEADER_BYTES = 64
CHUNK_BYTES = 64 * 1024
KEY_BYTES = 32
TAG_BYTES = 16
FILE_ID_BYTES = 16
_INFO = b"centralita sealed recording"
_FIXED = struct.Struct(">8sHHI16s")
_SMALLEST_CHUNK, _LARGEST_CHUNK = 16, 16 * 1024 * 1024


class Damaged(Exception):
    """The file is not what was written. `chunk`: the first one that shows it, None for the header."""

    def __init__(self, why: str, chunk: int | None = None) -> None:
        super().__init__(why)
        self.chunk = chunk


class NotItsKey(Damaged):
    """The key opens another file than this one, or the header was altered: the two look the same."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a sealed file is and holds: lengths in bytes, hashes as 64 hexadecimal digits. `stored`: the file itself,
    `plain`: what was sealed."""

    plain_bytes: int
    plain_sha256: str
    stored_bytes: int
    stored_sha256: str


class _Chunks:
    """Opens and closes single chunks of one file."""

    def __init__(self, header: bytes, key: bytes) -> None:
        self.header = header
        self._cipher = AESGCM(key)

    def close(self, number: int, last: bool, plain: bytes) -> bytes:
        return self._cipher.encrypt(number.to_bytes(12, "big"), plain, self._bound(number, last))

    def open(self, number: int, last: bool, stored: bytes) -> bytes | None:
        """None: this is not chunk `number`."""
        try:
            return self._cipher.decrypt(number.to_bytes(12, "big"), stored, self._bound(number, last))
        except InvalidTag:
            return None

    def _bound(self, number: int, last: bool) -> bytes:
        return self.header + struct.pack(">QB", number, last)


def seal(
    source: BinaryIO, target: BinaryIO, key: bytes, *, chunk_bytes: int = CHUNK_BYTES, file_id: bytes | None = None
) -> Sealed:
    """Write what `source` holds, from where it stands to its end, to `target` as a sealed file. Needs the memory of
    three chunks, whatever the length. `file_id` is random; only a test gives one. Raises OSError of the two files;
    what `target` has then is worth nothing."""
    if not _SMALLEST_CHUNK <= chunk_bytes <= _LARGEST_CHUNK:
        raise ValueError(f"a chunk has {_SMALLEST_CHUNK} to {_LARGEST_CHUNK} bytes, not {chunk_bytes}")
    fixed = _FIXED.pack(MAGIC, VERSION, AES_256_GCM, chunk_bytes, file_id or os.urandom(FILE_ID_BYTES))
    file_key, check = _derive(fixed, key)
    chunks = _Chunks(fixed + check, file_key)
    plain_hash, stored_hash = hashlib.sha256(), hashlib.sha256(chunks.header)
    plain_bytes, stored_bytes = 0, HEADER_BYTES
    _write(target, chunks.header)
    number, plain = 0, _read(source, chunk_bytes)
    while True:
        after = _read(source, chunk_bytes) if len(plain) == chunk_bytes else b""
        stored = chunks.close(number, not after, plain)
        _write(target, stored)
        plain_hash.update(plain)
        stored_hash.update(stored)
        plain_bytes += len(plain)
        stored_bytes += len(stored)
        if not after:
            return Sealed(plain_bytes, plain_hash.hexdigest(), stored_bytes, stored_hash.hexdigest())
        number, plain = number + 1, after


class Reader:
    """A sealed file, opened: any range of its plaintext. Holds one chunk in memory. Not for two threads at once.

    `size`: bytes of the plaintext, proven. Every method raises Damaged for what is not as it was written, and never
    gives a byte of a chunk that is not proven.
    """

    def __init__(self, file: BinaryIO, key: bytes) -> None:
        """`file` must be seekable and stays the caller's to close. Raises Damaged, NotItsKey; ValueError for a key
        that is none."""
        self._file = file
        self._stored_bytes = file.seek(0, os.SEEK_END)
        file.seek(0)
        header = _read(file, HEADER_BYTES)
        self._chunk_bytes = _chunk_bytes_of(header)
        file_key, check = _derive(header[: _FIXED.size], key)
        if not constant_time.bytes_eq(check, header[_FIXED.size :]):
            raise NotItsKey("the key is not this file's, or the file's header was altered")
        self._chunks = _Chunks(header, file_key)
        self._stride = self._chunk_bytes + TAG_BYTES
        body = self._stored_bytes - HEADER_BYTES
        self._last = max(0, -(-body // self._stride) - 1)
        rest = body - self._last * self._stride
        if rest < TAG_BYTES or (rest == TAG_BYTES and self._last):
            raise self._damaged(
                self._last, f"the file ends with {rest} bytes that are no chunk: cut off or appended to"
            )
        self.size = body - (self._last + 1) * TAG_BYTES
        self._kept: tuple[int, bytes] = (-1, b"")
        self._plain(self._last)

    def read(self, offset: int = 0, length: int | None = None) -> bytes:
        """`length` bytes of the plaintext from `offset`; fewer when it ends before; without a length all the rest."""
        return b"".join(self.chunks(offset, length))

    def chunks(self, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The same in pieces of a chunk at most, each decrypted when it is asked for."""
        if offset < 0 or (length is not None and length < 0):
            raise ValueError(f"a range has no negative numbers: {offset}, {length}")
        return self._pieces(offset, self.size if length is None else min(self.size, offset + length))

    def verify(self) -> Sealed:
        """Read and prove the whole file, and say what it is: equal to what `seal` said. Raises Damaged."""
        stored, plain = hashlib.sha256(self._chunks.header), hashlib.sha256()
        for number in range(self._last + 1):
            piece = self._stored(number)
            stored.update(piece)
            plain.update(self._opened(number, piece))
        return Sealed(self.size, plain.hexdigest(), self._stored_bytes, stored.hexdigest())

    def _pieces(self, offset: int, end: int) -> Iterator[bytes]:
        while offset < end:
            number, start = divmod(offset, self._chunk_bytes)
            piece = self._plain(number)[start : start + end - offset]
            offset += len(piece)
            yield piece

    def _plain(self, number: int) -> bytes:
        if self._kept[0] != number:
            self._kept = (number, self._opened(number, self._stored(number)))
        return self._kept[1]

    def _stored(self, number: int) -> bytes:
        begin = HEADER_BYTES + number * self._stride
        length = min(self._stride, self._stored_bytes - begin)
        self._file.seek(begin)
        stored = _read(self._file, length)
        if len(stored) != length:
            raise self._damaged(number, "the file became shorter while it was read")
        return stored

    def _opened(self, number: int, stored: bytes) -> bytes:
        last = number == self._last
        plain = self._chunks.open(number, last, stored)
        if plain is not None:
            return plain
        if self._chunks.open(number, not last, stored) is None:
            end = ", or the file was cut off or appended to" if last else ""
            raise self._damaged(number, f"altered, or moved here from another place or file{end}")
        raise self._damaged(
            number, "the file was cut off behind it" if last else "the recording ends here, yet more follows"
        )

    def _damaged(self, number: int, why: str) -> Damaged:
        begin = HEADER_BYTES + number * self._stride
        return Damaged(f"chunk {number} of 0 to {self._last} (from byte {begin} of the file): {why}", number)


def _chunk_bytes_of(header: bytes) -> int:
    """The chunk size that a header says. Raises Damaged for a header that is none of ours."""
    if len(header) < HEADER_BYTES:
        raise Damaged(f"the file has {len(header)} bytes, fewer than a header's {HEADER_BYTES}: cut off")
    magic, version, cipher, chunk_bytes, _ = _FIXED.unpack_from(header)
    if magic != MAGIC:
        raise Damaged("the file does not begin as a sealed recording: another kind of file, or altered")
    if (version, cipher) != (VERSION, AES_256_GCM):
        raise Damaged(f"format {version}, cipher {cipher}: this program reads format {VERSION}, cipher {AES_256_GCM}")
    if not _SMALLEST_CHUNK <= chunk_bytes <= _LARGEST_CHUNK:
        raise Damaged(f"the header says chunks of {chunk_bytes} bytes: altered")
    return int(chunk_bytes)


def _derive(fixed: bytes, key: bytes) -> tuple[bytes, bytes]:
    """The file's AES key and its key check. Raises ValueError for a key of another length."""
    if len(key) != KEY_BYTES:
        raise ValueError(f"a data key has {KEY_BYTES} bytes, not {len(key)}")
    derived = HKDF(SHA256(), 2 * KEY_BYTES, salt=fixed[-FILE_ID_BYTES:], info=_INFO + fixed).derive(key)
    return derived[:KEY_BYTES], derived[KEY_BYTES:]


def _read(file: BinaryIO, length: int) -> bytes:
    """`length` bytes, fewer only at the file's end: a pipe gives less at a time."""
    parts: list[bytes] = []
    while length and (part := file.read(length)):
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def _write(file: BinaryIO, data: bytes) -> None:
    if file.write(data) != len(data):
        raise OSError("the file took less than it was given: is the disk full?")
