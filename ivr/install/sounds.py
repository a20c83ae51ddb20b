"""The prompts as files that Asterisk plays: a studio's recording where there is one, else speech made by espeak-ng.

A file's name holds the hash of everything that it was made from, so it is made once, a change of the text makes a new
file, and a call in progress keeps the one that it began with.
"""

import hashlib
import os
import re
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ivr.install.paths import Paths
from ivr.site import Prompt, Site
from ivr.speech import WORDS

# Raise it when the way of making changes, and every prompt is made anew.
_RECIPE = "1"
# 8 kHz, one channel, 16 bits, peak at -3 dB, without rumble; then a breath of silence at the end.
_SOX_EFFECTS = ("highpass", "120", "gain", "-n", "-3", "rate", "8000")
_BREATH = ("pad", "0", "0.15")
# The words of what is said in several (ivr.speech) follow each other as in a sentence: what is softer than -46 dB at
# their ends is cut away. espeak-ng leaves 0.4 s there.
_TRIM = ("silence", "1", "0.005", "0.5%", "reverse")
_CLOSE = (*_TRIM, *_TRIM, "pad", "0", "0.03")
_WORDS_PER_MINUTE = "150"
_SECONDS = 60
# espeak-ng opens a sound device even when it writes a file, and PulseAudio then leaves folders in /tmp and at home.
_SILENT = {"PULSE_SERVER": "unix:/nonexistent"}
# es-419 is espeak-ng's Spanish of Latin America; other languages are asked for by their own name, then by the first
# part of it.
_VOICES = {"es-CO": "es-419", "es-MX": "es-419", "es": "es", "en": "en-us", "en-US": "en-us", "en-GB": "en-gb"}


class SoundError(Exception):
    """A prompt could not be made. The message names it."""


@dataclass(frozen=True, slots=True)
class _Source:
    """What one prompt in one language is made from: a recording, or words; and what the sound ends with."""

    name: str
    language: str
    version: str
    text: str
    recording: Path | None
    ending: tuple[str, ...]


class PromptFiles:
    """Finds the file of each prompt, and makes those that are missing."""

    def __init__(self, prompts: Mapping[str, Prompt], config: Path, sounds: Path) -> None:
        self._sounds = sounds
        self._sources = {
            (name, language): _source(name, language, prompt, config)
            for name, prompt in prompts.items()
            for language in sorted(prompt.languages)
        }
        self._there: set[tuple[str, str]] = set()
        self.scan()

    @classmethod
    def of(cls, site: Site, config: Path, paths: Paths) -> "PromptFiles":
        """The prompts of a site."""
        return cls(site.prompts, config, paths.sounds)

    def scan(self) -> None:
        """Look which files are there."""
        self._there = {key for key, source in self._sources.items() if self._file(source).exists()}

    def path_of(self, name: str, language: str) -> str | None:
        """Asterisk's name of the sound, without extension, or None when there is no such prompt or file."""
        if (name, language) not in self._there:
            return None
        return _sound(self._sources[name, language])

    def file_of(self, name: str, language: str) -> Path | None:
        """The file of the sound: 8 kHz, one channel, 16 bits."""
        return self._file(self._sources[name, language]) if (name, language) in self._there else None

    def version_of(self, name: str, language: str) -> str | None:
        """Which edition of the prompt this is: eight hexadecimal digits, new whenever its sound changes."""
        source = self._sources.get((name, language))
        return source.version if source else None

    def missing(self) -> list[Path]:
        """The files that are not there. Their names hold a hash of what they are made of."""
        return [self._file(source) for source in self._missing()]

    def make(self) -> tuple[str, ...]:
        """Make what is missing, on all processors. Returns one line for each prompt that could not be made."""
        self.scan()  # another version of the site may have made them
        missing = self._missing()
        if not missing:
            return ()
        # The work is done by espeak-ng and sox, processes of their own; threads only wait for them.
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            faults = [fault for fault in pool.map(self._try, missing) if fault]
        self.scan()
        return tuple(faults)

    def _missing(self) -> list[_Source]:
        return [source for key, source in self._sources.items() if key not in self._there]

    def _file(self, source: _Source) -> Path:
        return self._sounds / f"{_sound(source)}.wav"

    def _try(self, source: _Source) -> str | None:
        try:
            _make(source, self._file(source))
        except (SoundError, OSError) as fault:
            return f"{source.name} ({source.language}): {fault}"
        return None


def _source(name: str, language: str, prompt: Prompt, config: Path) -> _Source:
    digest = hashlib.sha256(f"{_RECIPE}\0{language}\0".encode())
    studio = prompt.recordings.get(language)
    recording = config / studio if studio else None
    text = prompt.texts.get(language, "")
    if recording is not None and recording.is_file():
        digest.update(recording.read_bytes())
    else:
        recording = None
        digest.update(f"{_voice(language)}\0{_WORDS_PER_MINUTE}\0{text}".encode())
    ending: tuple[str, ...] = _BREATH
    if name in WORDS:
        ending = _CLOSE
        digest.update("\0".join(ending).encode())
    return _Source(name, language, digest.hexdigest()[:8], text, recording, ending)


def _sound(source: _Source) -> str:
    # Names and languages come from checked files; anything else than a word would be a path of its own.
    safe = [re.sub(r"[^A-Za-z0-9_-]", "_", part) for part in (source.language, source.name)]
    return f"centralita/{safe[0]}/{safe[1]}-{source.version}"


def _voice(language: str) -> str:
    return _VOICES.get(language) or _VOICES.get(language.split("-")[0]) or language.split("-")[0]


def _make(source: _Source, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f".{file.stem}.{os.getpid()}.fresh.wav")
    spoken = file.with_name(f".{file.stem}.{os.getpid()}.spoken.wav")
    try:
        if source.recording is None:
            if not source.text.strip():
                raise SoundError("neither a text nor a readable recording")
            # The text goes in through stdin: it is never an argument.
            speak = ("espeak-ng", "-v", _voice(source.language), "-s", _WORDS_PER_MINUTE, "-w", str(spoken), "--stdin")
            _run(speak, source.text)
        sound = ("sox", str(source.recording or spoken), "-b", "16", "-c", "1", "-e", "signed", str(fresh))
        _run((*sound, *_SOX_EFFECTS, *source.ending))
        fresh.replace(file)
    finally:
        spoken.unlink(missing_ok=True)
        fresh.unlink(missing_ok=True)


def _run(command: tuple[str, ...], text: str = "") -> None:
    try:
        done = subprocess.run(
            command,
            input=text.encode(),
            env={**os.environ, **_SILENT},
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise SoundError(f"{command[0]} is missing; install it with: apt-get install {command[0]}") from None
    except subprocess.TimeoutExpired:
        raise SoundError(f"{command[0]} did not end within {_SECONDS} s") from None
    if done.returncode:
        raise SoundError(f"{command[0]}: {done.stderr.decode(errors='replace').strip()[-300:]}")
