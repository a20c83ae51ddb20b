"""`ivr asterisk`: Asterisk in the foreground, as systemd wants it."""

import os
import sys

import click

from ivr.install.asterisk import command as command_line
from ivr.install.paths import PathError, Paths
from ivr.settings.environment import Environment, SettingsError


@click.command(name="asterisk", context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1)
def command(arguments: tuple[str, ...]) -> None:
    """Become the Asterisk of this instance; with ARGUMENTS (for example: -r), its command line."""
    try:
        paths = Paths.of(Environment.from_environ(os.environ))
        line = command_line(paths, *(arguments or ("-f", "-n")))
        if not (paths.etc / "asterisk.conf").exists():
            raise PathError(f"{paths.etc} holds no configuration yet; make it with: ivr install")
    except (SettingsError, PathError) as fault:
        click.echo(str(fault), err=True)
        sys.exit(1)
    os.chdir(paths.asterisk)
    os.execv(line[0], line)
