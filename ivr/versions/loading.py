"""From files to a version that can come into force, or to the reasons why it cannot. Blocking: for a thread."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from ivr.install.paths import Paths
from ivr.install.sounds import PromptFiles
from ivr.language import Problem, Severity, load_site
from ivr.rehearsal.scenarios import run_tests
from ivr.site import Site
from ivr.versions.copies import Copies, Copy, CopyError
from ivr.versions.editions import Edition
from ivr.versions.standing import Standing


class VersionRefused(Exception):
    """Nothing was changed. The message says why and what to do; `problems` are the lines of a check."""

    def __init__(self, message: str, problems: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Folders:
    """Where an administrator writes."""

    config: Path
    flows: Path


def check(copy: Copy, folders: Folders, tests: bool = False) -> tuple[Site, tuple[str, ...]]:
    """The site of a copy and its warnings; with `tests`, those of its flows count too.

    Raises VersionRefused with the problems, as they stand in the folders.
    """
    checked = load_site(copy.config, copy.flows)
    tested = run_tests(checked.site, copy.flows).problems if tests and checked.site is not None else ()
    lines = [_in_folders(problem, copy, folders) for problem in (*checked.problems, *tested)]
    errors = [str(p) for p in lines if p.severity is Severity.ERROR]
    if checked.site is None or errors:
        raise VersionRefused(f"{len(errors)} error{'s' * (len(errors) != 1)}: nothing was changed", errors)
    return checked.site, tuple(map(str, lines))


def _in_folders(problem: Problem, copy: Copy, folders: Folders) -> Problem:
    """The problem of a copied file, at the file that was copied."""
    file = Path(problem.file).absolute()
    for copied, folder in ((copy.config, folders.config), (copy.flows, folders.flows)):
        if file.is_relative_to(copied.absolute()):
            place = os.path.relpath(folder / file.relative_to(copied.absolute()))
            return replace(problem, file=str(folder / file.name) if place.startswith("..") else place)
    return problem


def kept_edition(copies: Copies, name: str, paths: Paths) -> Edition:
    """A version from its copy. Raises VersionRefused."""
    copy = copies.get(name)
    if copy is None:
        raise VersionRefused(f"version {name} is not kept; `ivr versions` lists those that are")
    # What served callers goes on serving them, also when a newer program checks more strictly.
    checked = load_site(copy.config, copy.flows, in_force=True)
    site = checked.site
    if site is None:
        raise VersionRefused(f"version {name} cannot be read any more", map(str, checked.errors))
    if site.edition != name:
        raise VersionRefused(f"{copy.folder} was changed by hand, and is version {site.edition} now: remove it")
    return edition_of(site, copy.config, paths)


def edition_of(site: Site, config: Path, paths: Paths) -> Edition:
    """With its prompts."""
    return Edition(site, PromptFiles.of(site, config, paths))


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """What a server starts with."""

    edition: Edition
    standing: Standing
    how: str = ""
    """Empty: it was in force before; else how it comes into force."""
    before: str = ""
    """The version that was in force until then."""
    problems: tuple[str, ...] = ()
    """Why the folders are not what is in force."""
    warnings: tuple[str, ...] = ()
    tried: Edition | None = None


def begin(copies: Copies, folders: Folders, paths: Paths) -> Beginning:
    """The version that a server starts with: that of the folders, unless they were dealt with already or are faulty;
    then the one that was in force. Raises VersionRefused when there is neither."""
    standing = Standing.load(copies.folder)
    if not standing.active:  # nothing is made for a site that never was without a fault
        _in_place(folders)
    try:
        copy = copies.take(folders.config, folders.flows)
    except CopyError as fault:
        return _without_copies(copies, standing, folders, paths, str(fault))
    if standing.active and (standing.held or standing.canary or copy.fingerprint == standing.folder):
        try:
            before = _as_before(copies, standing, paths)
        except VersionRefused:  # a version of the program that reads it otherwise
            pass
        else:
            copies.discard(copy)
            return before
    try:
        site, warnings = check(copy, folders)
    except VersionRefused as refused:
        copies.discard(copy)
        if not standing.active:
            raise
        before = _as_before(copies, standing, paths)
        return replace(before, problems=refused.problems, standing=replace(before.standing, folder=copy.fingerprint))
    kept = copies.keep(copy, site)
    edition = edition_of(site, kept.config, paths)
    if site.edition == standing.active:
        standing = Standing(active=site.edition, before=standing.before, folder=copy.fingerprint)
        return Beginning(edition=edition, standing=standing, warnings=warnings)
    return Beginning(
        edition=edition,
        standing=Standing(active=site.edition, before=standing.active, folder=copy.fingerprint),
        how="start",
        before=copies.version_of(standing.active),
        warnings=warnings,
    )


def _as_before(copies: Copies, standing: Standing, paths: Paths) -> Beginning:
    edition = kept_edition(copies, standing.active, paths)
    if standing.canary is None:
        return Beginning(edition=edition, standing=standing)
    try:
        tried = kept_edition(copies, standing.canary.version[:12], paths)
    except VersionRefused:
        return Beginning(edition=edition, standing=replace(standing, canary=None))
    return Beginning(edition=edition, standing=standing, tried=tried)


def _without_copies(copies: Copies, standing: Standing, folders: Folders, paths: Paths, problem: str) -> Beginning:
    """A full disk keeps nobody from calling."""
    try:
        return replace(_as_before(copies, standing, paths), problems=(problem,))
    except VersionRefused:
        edition = edition_of(_in_place(folders), folders.config, paths)
        return Beginning(edition=edition, standing=Standing(), how="start", problems=(problem,))


def _in_place(folders: Folders) -> Site:
    """The site as it stands in the folders at this moment. Raises VersionRefused."""
    checked = load_site(folders.config, folders.flows)
    if checked.site is None:
        raise VersionRefused("the site has errors", map(str, checked.errors)) from None
    return checked.site
