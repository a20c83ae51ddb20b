"""Makes an instance ready to start: everything that `ivr install` and `ivr run` do before Asterisk and the server run.

Each step is skipped when its result is there already, so a second start costs next to nothing.
"""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ivr.install import addresses, secrets
from ivr.install.paths import PathError, Paths
from ivr.install.render import RenderError, render
from ivr.install.secrets import Secrets, SecretsError
from ivr.install.sounds import PromptFiles
from ivr.language import Severity, Site, load_site
from ivr.settings.environment import Environment

SOURCE = Path(__file__).resolve().parents[2]
"""The folder of the source tree, which holds `asterisk-conf/`: the server is installed with `pip install -e`."""


class InstallError(Exception):
    """The instance cannot be started. The message has every reason with its remedy."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What an instance starts with."""

    site: Site
    paths: Paths
    secrets: Secrets
    prompts: PromptFiles


Say = Callable[[str], None]
"""Gets a line for each step that takes time or leaves a doubt."""


def of_the_files(environment: Environment, say: Say) -> tuple[Site, PromptFiles]:
    """The site as its files say. Raises InstallError with all errors."""
    site = checked_site(environment, say)
    return site, PromptFiles.of(site, environment.config, Paths.of(environment))


def prepare(
    environment: Environment,
    say: Say,
    choose: Callable[[Environment, Say], tuple[Site, PromptFiles]] = of_the_files,
) -> Prepared:
    """Check the site, unpack Asterisk, make secrets, prompts and music, and render the configuration.

    `choose` gives the site: that of the files, or the version in force. Raises InstallError.
    """
    paths = Paths.of(environment)
    try:
        paths.check()
        site, prompts = choose(environment, say)
        provision(paths, say)
        paths.make()
        kept = secrets.ensure(paths.secrets, site.extensions)
        secrets.pins(paths.secrets, pins_of(site))
        make_keys(paths)
        for fault in prompts.make():
            say(f"prompt left out: {fault}")
        if not any(paths.music.iterdir()):
            from ivr.install import music  # numpy takes 0.1 s, and only the first start needs it

            music.write(paths.music)
        render(
            SOURCE / "asterisk-conf", paths, site, environment, kept, lambda name: prompts.path_of(name, site.language)
        )
        addresses.write(paths, environment, site.edition)
    except (PathError, SecretsError, RenderError, OSError) as fault:
        raise InstallError(str(fault)) from None
    return Prepared(site, paths, kept, prompts)


def make_keys(paths: Paths) -> None:
    """An identity and its recipient for the recordings of a new instance. Where recipients stand already, the identity
    may be kept elsewhere: none is made. Raises OSError."""
    if paths.recipients.exists():
        return
    from recordings.vault.keyfiles import make_identity, read_identities

    if not paths.identity.exists():
        make_identity(paths.identity)
    public = read_identities(paths.identity)[0].recipient
    text = "# For whom the keys of recordings are wrapped: one age recipient a line.\n" + public.text + "\n"
    secrets.write(paths.recipients, text)


def checked_site(environment: Environment, say: Say) -> Site:
    """The site, when it has no error; warnings are said. Raises InstallError with all errors."""
    checked = load_site(environment.config, environment.flows)
    errors = [str(problem) for problem in checked.problems if problem.severity is Severity.ERROR]
    if errors or checked.site is None:
        raise InstallError("\n".join(errors))
    for problem in checked.problems:
        say(str(problem))
    return checked.site


def pins_of(site: Site) -> list[tuple[str, str]]:
    """What people prove themselves for at a telephone: their mailbox, the timetable that they override."""
    return [*(("mailbox", name) for name in site.mailboxes), *(("timetable", name) for name in site.hours)]


def provision(paths: Paths, say: Say) -> None:
    """Unpack Asterisk unless the tree is there. Raises InstallError."""
    if paths.installed or (paths.root / "usr" / "sbin" / "asterisk").exists():
        return
    say(f"Asterisk is not there yet: unpacking it into {paths.root} (once)")
    script = SOURCE / "asterisk-conf" / "provision.sh"
    if subprocess.run((str(script), str(paths.root)), check=False).returncode:
        raise InstallError("Asterisk could not be unpacked; the reason stands above")
