"""A file whose name is no text (unpacked from an old archive) is backed up like any other, and stops no backup."""

import os
from pathlib import Path

from ivr.backup.packing import fingerprint, own_files, pack, site_files, unpack

STRANGE = b"men\xfa.wav"
"""In Latin-1, as Windows wrote it."""


def test_it_goes_out_and_comes_back(tmp_path: Path) -> None:
    sounds = tmp_path / "sounds"
    sounds.mkdir()
    file = Path(os.fsdecode(os.fsencode(sounds) + b"/" + STRANGE))
    file.write_bytes(b"RIFF")
    pieces = own_files(sounds, "var/asterisk/share/sounds")
    assert pieces == site_files(sounds, "var/asterisk/share/sounds") and len(pieces) == 1
    before = fingerprint(pieces)
    pack(pieces, tmp_path / "packed")
    unpack(tmp_path / "packed", tmp_path / "new")
    [back] = (tmp_path / "new/var/asterisk/share/sounds").iterdir()
    assert (os.fsencode(back.name), back.read_bytes()) == (STRANGE, b"RIFF")
    os.utime(file, (1, 1))
    assert fingerprint(pieces) != before
