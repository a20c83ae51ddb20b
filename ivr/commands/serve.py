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
    from ivr.language import load_site

    environment = Environment.from_environ(os.environ)
    checked = load_site(environment.config, environment.flows)
    if checked.site is None:
        for problem in checked.problems:
            click.echo(str(problem), err=True)
        sys.exit(1)
    log.configure(console=console or sys.stderr.isatty())
    from ivr.app import run

    sys.exit(run(checked.site, environment))
