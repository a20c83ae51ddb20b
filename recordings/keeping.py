"""Brings a finished recording into the vault: encoded, checked by reading it back, sealed with a key of its own, which
is wrapped for public recipients and forgotten: who did this cannot open it again. Blocking.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recordings.encode import FRAMES_A_SECOND, Codec, NotAudio, encode, measured
from recordings.vault.folder import Vault
from recordings.vault.inside import told_of
from recordings.vault.keys import Recipient, new_data_key, wrap

TOLERANCE = FRAMES_A_SECOND // 10
"""Frames by which what a listener gets may be longer or shorter than what was recorded: Opus has whole packets."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Where and how it lies now: `file` relative to the vault, of `stored` bytes; hashes in hexadecimal digits."""

    file: str
    stored: int
    sha256: str
    audio_bytes: int
    audio_sha256: str
    peaks: bytes
    wrapped: bytes


def keep(
    raw: Path,
    *,
    recording: str,
    file: str,
    vault: Vault,
    recipients: Sequence[Recipient],
    codec: Codec,
    bits_a_second: int = 24_000,
) -> Kept:
    """As `file` (of `new_file`). The raw file stays where it is: remove it when the catalogue knows of this. Raises
    NotAudio, OSError, ValueError for no recipient."""
    with (
        told_of(raw.parent),
        tempfile.TemporaryFile(dir=raw.parent) as encoded,
    ):  # it has no name: a crash leaves nothing of it
        done = encode(raw, encoded, codec, bits_a_second)
        encoded.seek(0)
        heard = measured(encoded)
        if abs(heard - done.frames) > TOLERANCE:
            raise NotAudio(f"{done.frames} frames were recorded, and a listener would get {heard}")
        encoded.seek(0)
        key = new_data_key()
        wrapped = wrap(key, recording, recipients)
        sealed = vault.admit(encoded, key, file)
    return Kept(
        file=file,
        stored=sealed.stored_bytes,
        sha256=sealed.stored_sha256,
        audio_bytes=sealed.plain_bytes,
        audio_sha256=sealed.plain_sha256,
        peaks=done.peaks,
        wrapped=wrapped,
    )
