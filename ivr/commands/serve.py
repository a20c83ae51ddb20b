"""`ivr serve`: the server alone; systemd or `ivr run` starts it."""

import os
import sys

import click

from ivr.settings.environment import Environment


@click.command(name="serve")
@click.option("--console", is_flag=True, help="coloured log lines instead of JSON")
def command(console: bool) -> None:
    """Answer Asterisk's questions and route callers until told to stop."""
    from ivr import log
    from ivr.app import beginning, run
    from ivr.versions.loading import VersionRefused

    environment = Environment.from_environ(os.environ)
    try:
        start = beginning(environment)
    except VersionRefused as refused:
        for line in refused.problems or (str(refused),):
            click.echo(line, err=True)
        sys.exit(1)
    log.configure(console=console or sys.stderr.isatty())
    sys.exit(run(start, environment))
