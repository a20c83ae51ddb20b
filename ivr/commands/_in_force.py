"""The version of the site that the server will start with, for what is made before it."""

from collections.abc import Callable

from ivr.install.paths import Paths
from ivr.install.prepare import InstallError, Prepared, prepare
from ivr.install.sounds import PromptFiles
from ivr.settings.environment import Environment
from ivr.site import Site
from ivr.versions.copies import Copies
from ivr.versions.loading import Folders, VersionRefused, begin


def prepare_version(environment: Environment, say: Callable[[str], None]) -> Prepared:
    """`ivr.install.prepare`, for the version in force: faulty files do not keep the line from starting again."""
    return prepare(environment, say, _choose)


def _choose(environment: Environment, say: Callable[[str], None]) -> tuple[Site, PromptFiles]:
    copies, paths = Copies(environment.var / "versions"), Paths.of(environment)
    try:
        start = begin(copies, Folders(environment.config, environment.flows), paths)
    except VersionRefused as refused:
        raise InstallError("\n".join(refused.problems) or str(refused)) from None
    for line in (*start.warnings, *start.problems):
        say(line)
    if start.problems:
        say(f"The site's files are not in force; version {start.edition.name} goes on.")
    sounds = start.edition.sounds
    assert isinstance(sounds, PromptFiles)
    return start.edition.site, sounds
