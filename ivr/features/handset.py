"""A telephone as a dialog sees it: it plays, listens to keys, records."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from ivr import log as logs
from ivr.asterisk.agi import RecordedFile, Session

log = logs.get(__name__)

ALL_KEYS = "0123456789*#"

Sound = str | Path
"""A prompt's name, or a recording (with its `.wav`)."""


class Sounds(Protocol):
    """Where prompts are; None = not available, to be skipped."""

    def path_of(self, name: str, language: str) -> str | None: ...


class Handset(Protocol):
    """What a dialog needs. Every method ends with HungUp when the phone hangs up, `record` excepted."""

    async def play(self, sounds: Sequence[Sound]) -> str | None:
        """Play one after the other; the key that stopped it, or None when all were heard."""

    async def key(self, seconds: float) -> str | None:
        """The next key within so many seconds, or None."""

    async def record(self, file: Path, *, longest: float, silence: float) -> RecordedFile:
        """After a tone, record into a file whose folder is there, until #, silence or the limit (seconds)."""


class AgiHandset:
    """The phone at the other end of a FastAGI session."""

    def __init__(self, session: Session, sounds: Sounds, language: str) -> None:
        self._session, self._sounds, self._language = session, sounds, language

    async def play(self, sounds: Sequence[Sound]) -> str | None:
        for sound in sounds:
            if isinstance(sound, Path):
                path: str | None = str(sound.with_suffix(""))
            else:
                path = self._sounds.path_of(sound, self._language)
            if path is None:
                log.warning("a prompt is missing and was skipped", prompt=str(sound))
                continue
            played = await self._session.stream_file(path, ALL_KEYS)
            if played.key is not None:
                return played.key
        return None

    async def key(self, seconds: float) -> str | None:
        return await self._session.wait_for_digit(round(seconds * 1000))

    async def record(self, file: Path, *, longest: float, silence: float) -> RecordedFile:
        name = str(file.with_suffix(""))
        return await self._session.record_file(name, longest=longest, silence=silence, keys="#")
