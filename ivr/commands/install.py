"""`ivr install`: everything that has to be there before Asterisk and the server start."""

import os
import sys

import click

from ivr.commands._in_force import prepare_version
from ivr.install.prepare import InstallError
from ivr.settings.environment import Environment, SettingsError


@click.command(name="install")
def command() -> None:
    """Unpack Asterisk, make passwords, prompts and music, and render Asterisk's configuration."""
    try:
        prepared = prepare_version(Environment.from_environ(os.environ), click.echo)
    except (SettingsError, InstallError) as fault:
        click.echo(str(fault), err=True)
        sys.exit(1)
    click.echo(f"ready to start: {prepared.paths.etc}")
