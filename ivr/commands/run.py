"""`ivr run`: the whole line in one terminal."""

import asyncio
import os
import sys

import click

from ivr.clock import LoopClock
from ivr.commands._in_force import prepare_version
from ivr.install.asterisk import AsteriskError
from ivr.install.prepare import InstallError
from ivr.install.supervise import run as supervise
from ivr.settings.environment import Environment, SettingsError


@click.command(name="run")
def command() -> None:
    """Install what is missing, start Asterisk and the server, and keep both until Ctrl-C."""
    try:
        environment = Environment.from_environ(os.environ)
        asyncio.run(supervise(environment, LoopClock(), click.echo, prepare_version))
    except (SettingsError, InstallError, AsteriskError) as fault:
        click.echo(str(fault), err=True)
        sys.exit(1)
