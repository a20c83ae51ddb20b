"""Every version that was in force, on disk: `<var>/versions/<12 digits>/{config,flows,meta.json}`.

A copy is taken first and checked afterwards, so that what is checked is what is kept and what comes into force, however
the files change meanwhile. Equal files are stored once (hard links to `.content/`). All methods block.
"""

import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ivr.site import Site
from ivr.site.versions import EDITION_DIGITS

KEPT = 300
"""Versions; the oldest that are neither in force nor in use go first."""

LONGEST_HISTORY = 100
LARGEST_FILE = 200_000_000
"""Bytes; what is larger is no part of a site."""

SUFFIXES = frozenset({".yaml", ".yml", ".csv", ".wav", ".ulaw", ".alaw", ".gsm", ".sln", ".flac", ".ogg", ".mp3"})
_NAME = re.compile(rf"[0-9a-f]{{{EDITION_DIGITS}}}")
_FRESH = ".new-"


class CopyError(Exception):
    """A copy cannot be made or used. The message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Copy:
    """The files of a version. `fingerprint` tells two states of the site's folders apart, also faulty ones."""

    folder: Path
    fingerprint: str = ""

    @property
    def config(self) -> Path:
        """As CENTRALITA_CONFIG."""
        return self.folder / "config"

    @property
    def flows(self) -> Path:
        """As CENTRALITA_FLOWS."""
        return self.folder / "flows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """Once that a version came into force."""

    at: datetime
    how: str
    who: str
    why: str = ""

    def as_json(self) -> dict[str, str]:
        """For meta.json."""
        return {"at": self.at.isoformat(), "how": self.how, "who": self.who, "why": self.why}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A version on disk and its history, the latest activation last."""

    edition: str
    version: str
    activations: tuple[Activation, ...]


class Copies:
    """The versions of one instance."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._content = folder / ".content"
        self._seen: dict[tuple[int, int, int, int], str] = {}

    # ------------------------------------------------------------------ taking
    def take(self, config: Path, flows: Path) -> Copy:
        """Copy the files as they are now. Raises CopyError."""
        copy = Copy(self.folder / f"{_FRESH}{secrets.token_hex(6)}")
        digest = hashlib.sha256()
        try:
            self._content.mkdir(mode=0o700, parents=True, exist_ok=True)
            for source, target in ((config, copy.config), (flows, copy.flows)):
                target.mkdir(parents=True)
                for file in files_of(source):
                    name = file.relative_to(source)
                    content = self._store(file, target / name)
                    digest.update(f"{target.name}/{name}\0{content}\0".encode())
        except OSError as fault:
            self.discard(copy)
            raise CopyError(f"the site's files cannot be copied to {self.folder}: {fault}") from None
        return replace(copy, fingerprint=digest.hexdigest())

    def discard(self, copy: Copy) -> None:
        """Forget a copy that was not kept."""
        shutil.rmtree(copy.folder, ignore_errors=True)

    def keep(self, copy: Copy, site: Site) -> Copy:
        """Give a checked copy its name; one that is kept already is taken instead."""
        kept = Copy(self.folder / site.edition)
        if kept.folder.is_dir():
            self.discard(copy)
            return kept
        self._write(copy.folder / "meta.json", {"version": site.version, "activations": []})
        copy.folder.rename(kept.folder)
        return kept

    def note(self, site: Site, activation: Activation) -> None:
        """Write into a version's history that it came into force. Raises OSError."""
        kept = self._kept(self.folder / site.edition)
        history = [*(kept.activations if kept is not None else ()), activation][-LONGEST_HISTORY:]
        data = {"version": site.version, "activations": [one.as_json() for one in history]}
        self._write(self.folder / site.edition / "meta.json", data)

    # ------------------------------------------------------------------ finding
    def get(self, edition: str) -> Copy | None:
        """The files of a kept version."""
        found = Copy(self.folder / edition)
        return found if _NAME.fullmatch(edition) and found.config.is_dir() else None

    def version_of(self, edition: str) -> str:
        """The whole name of a kept version; empty when it is not kept."""
        kept = self._kept(self.folder / edition) if _NAME.fullmatch(edition) else None
        return kept.version if kept is not None else ""

    def all(self) -> tuple[Kept, ...]:
        """Every kept version; the one that came into force last stands first."""
        found = [self._kept(folder) for folder in self._folders()]
        return tuple(sorted((one for one in found if one is not None), key=_latest, reverse=True))

    def find(self, start: str) -> str:
        """The one kept version whose digits begin so. Raises CopyError."""
        if not re.fullmatch(r"[0-9a-f]{1,64}", start):
            raise CopyError(f"{start[:20]!r} is not the beginning of a version; `ivr versions` lists them")
        found = [folder.name for folder in self._folders() if folder.name.startswith(start[:EDITION_DIGITS])]
        if len(found) != 1:
            problem = "several versions begin" if found else "no kept version begins"
            raise CopyError(f"{problem} with {start[:EDITION_DIGITS]}; `ivr versions` lists them")
        return found[0]

    # ------------------------------------------------------------------ tidying
    def tidy(self, in_use: Iterable[str]) -> None:
        """Remove what a crash left, the oldest versions beyond KEPT, and content that no version has any more."""
        for left in self.folder.glob(f"{_FRESH}*"):
            shutil.rmtree(left, ignore_errors=True)
        used = {edition[:EDITION_DIGITS] for edition in in_use}
        for old in self.all()[KEPT:]:
            if old.edition not in used:
                shutil.rmtree(self.folder / old.edition, ignore_errors=True)
        self._drop_content()

    def _drop_content(self) -> None:
        for file in self._content.glob("*"):
            with suppress(OSError):
                if file.stat().st_nlink == 1:
                    file.unlink()

    def remove(self, editions: Iterable[str]) -> None:
        """Remove kept versions, and content that no other one has."""
        for edition in editions:
            if _NAME.fullmatch(edition):
                shutil.rmtree(self.folder / edition, ignore_errors=True)
        self._seen.clear()
        self._drop_content()

    # ------------------------------------------------------------------ within
    def _folders(self) -> Iterator[Path]:
        if self.folder.is_dir():
            yield from (entry for entry in self.folder.iterdir() if _NAME.fullmatch(entry.name))

    def _kept(self, folder: Path) -> Kept | None:
        data = _read(folder / "meta.json")
        try:
            activations = tuple(
                Activation(at=datetime.fromisoformat(a["at"]), how=str(a["how"]), who=str(a["who"]), why=str(a["why"]))
                for a in data["activations"]
            )
            return Kept(edition=folder.name, version=str(data["version"]), activations=activations)
        except (KeyError, TypeError, ValueError):
            return None

    def _store(self, file: Path, target: Path) -> str:
        """Link or copy one file; gives its hash. What is read is what is stored, also while somebody writes it."""
        target.parent.mkdir(parents=True, exist_ok=True)
        status = file.stat()
        if status.st_size > LARGEST_FILE:
            raise OSError(f"{file} has more than {LARGEST_FILE // 1_000_000} MB")
        signature = (status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size)
        content = self._content / self._seen.get(signature, "-")
        if not content.is_file():
            data = file.read_bytes()
            content = self._content / hashlib.sha256(data).hexdigest()
            if not content.is_file():
                replace_file(content, data, 0o440)
            self._seen[signature] = content.name
        try:
            os.link(content, target)
        except OSError:  # a file system without hard links
            shutil.copyfile(content, target)
        return content.name

    @staticmethod
    def _write(file: Path, data: Mapping[str, Any]) -> None:
        replace_file(file, json.dumps(data, ensure_ascii=False, indent=1).encode(), 0o640)


def files_of(folder: Path) -> list[Path]:
    """The files of a folder that may be part of a site, in order; hidden ones are not."""
    found = []
    for path, folders, names in os.walk(folder, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if len(Path(path).relative_to(folder).parts) >= 3:
            folders.clear()
        wanted = (Path(path, name) for name in names if not name.startswith(".") and Path(name).suffix in SUFFIXES)
        found += [file for file in wanted if file.is_file()]
    return sorted(found)


def _latest(kept: Kept) -> datetime:
    return kept.activations[-1].at if kept.activations else datetime.fromtimestamp(0, UTC)


def _read(file: Path) -> dict[str, Any]:
    try:
        data = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def replace_file(file: Path, data: bytes, mode: int) -> None:
    """Replace a file as a whole: a crash leaves the old or the new. Raises OSError."""
    fresh = file.with_name(f"{_FRESH}{secrets.token_hex(6)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(file)
