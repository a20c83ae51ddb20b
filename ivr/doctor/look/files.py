"""Permissions of the files of an installation, and the secrets in them."""

import csv
import os
import stat
from collections.abc import Collection, Iterator
from pathlib import Path

from ivr.doctor.observed import Entry, Gap, Holds, Secret, SecretKind, Tree

MOST = 20_000
"""Entries of a tree that are looked at: recordings may be millions."""

_SKIPPED = frozenset({"__pycache__", ".git"})


def tree(
    root: Path, holds: Holds, *, without: Collection[Path] = (), most: int = MOST
) -> tuple[Tree | None, tuple[Gap, ...]]:
    """A file or folder with everything in it, but what is in `without`. None when it is not there.

    Links are not followed, but the root's.
    """
    root = root.absolute()
    try:
        group, others = passage(root)
        top = root.stat()
    except FileNotFoundError:
        return None, ()
    except OSError as error:
        return None, (_gap(root, error),)
    entries = [Entry(str(root), top.st_mode, top.st_uid, group, others)]
    gaps: list[Gap] = []
    if stat.S_ISDIR(top.st_mode):
        leave = frozenset(map(str, without))
        for entry in _below(root, *_through(top.st_mode, group, others), leave, gaps):
            if len(entries) >= most:
                return Tree(str(root), holds, tuple(entries), cut=True), tuple(gaps)
            entries.append(entry)
    return Tree(str(root), holds, tuple(entries)), tuple(gaps)


def passage(path: Path) -> tuple[bool, bool]:
    """Whether groups and others come through every folder above a path. Raises OSError."""
    group = others = True
    for folder in path.resolve().parents:
        group, others = _through(folder.stat().st_mode, group, others)
    return group, others


def _through(mode: int, group: bool, others: bool) -> tuple[bool, bool]:
    """Of a folder: who comes through it. A group that a file has may be another one than its folder's."""
    passes = bool(mode & stat.S_IXOTH)
    return group and (passes or bool(mode & stat.S_IXGRP)), others and passes


def _below(folder: Path, group: bool, others: bool, leave: frozenset[str], gaps: list[Gap]) -> Iterator[Entry]:
    """What lies in it, folders before what lies in them."""
    waiting = [(folder, group, others)]
    while waiting:
        here, group, others = waiting.pop()
        try:
            found = sorted(os.scandir(here), key=lambda one: one.name)
        except OSError as error:
            gaps.append(_gap(here, error))
            continue
        for one in found:
            if one.name in _SKIPPED or one.path in leave:
                continue
            try:
                about = one.stat(follow_symlinks=False)
            except OSError:  # gone meanwhile
                continue
            yield Entry(one.path, about.st_mode, about.st_uid, group, others)
            if stat.S_ISDIR(about.st_mode):
                waiting.append((Path(one.path), *_through(about.st_mode, group, others)))


def _gap(path: Path, error: OSError) -> Gap:
    return Gap(
        str(path), f"it cannot be looked at ({error.strerror})", "run `ivr doctor` as the server's user, or root"
    )


def secrets(folder: Path) -> tuple[tuple[Secret, ...], tuple[Gap, ...]]:
    """What stands in `var/secrets/`. Files that the server made as digests or for one start are not read."""
    found: list[Secret] = []
    gaps: list[Gap] = []
    try:
        files = sorted(file for file in folder.iterdir() if file.is_file() and not file.name.startswith("."))
    except FileNotFoundError:
        return (), ()
    except OSError as error:
        return (), (_gap(folder, error),)
    for file in files:
        try:
            found += _read(file)
        except OSError as error:
            gaps.append(_gap(file, error))
        except (ValueError, csv.Error):
            gaps.append(
                Gap(str(file), "it cannot be understood", "see what `ivr check` and the server's log say of it")
            )
    return tuple(found), tuple(gaps)


def _read(file: Path) -> Iterator[Secret]:
    """The secrets of one file; none of a kind that is not ours to judge."""
    if file.name in ("phones.csv", "pins.csv"):
        kind = SecretKind.PHONE if file.name == "phones.csv" else SecretKind.PIN
        rows = list(csv.reader(file.read_text(encoding="utf-8").splitlines()))[1:]
        for row in rows:
            if len(row) >= 2:
                yield Secret(str(file), row[-2], kind, row[-1])
    elif file.name == "ami.secret" or file.suffix in (".key", ".token"):
        yield Secret(str(file), file.name, SecretKind.KEY, file.read_text(encoding="utf-8").strip())
    elif file.suffix == ".secret":
        yield Secret(str(file), file.name, SecretKind.OUTSIDE, file.read_text(encoding="utf-8").strip())
