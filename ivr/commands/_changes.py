"""What `ivr reload`, `rollback` and `canary` share: how an outcome or a refusal is told."""

import os
import sys
from collections.abc import Mapping
from typing import Any

import click

from ivr.control.client import ControlError, ask
from ivr.log import escape
from ivr.settings.environment import Environment


def told_to(method: str, path: str, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What the server answers. The problems of a refusal are printed as `ivr check` does, and the status is 1."""
    environment = Environment.from_environ(os.environ)
    try:
        return ask(environment, method, path, values)
    except ControlError as refused:
        problems = refused.details.get("problems")
        if not problems:
            raise
        for line in problems:
            click.echo(escape(str(line)), err=True)
        click.echo(str(refused), err=True)
        sys.exit(1)


def tell(outcome: Mapping[str, Any]) -> None:
    """What a change did."""
    version, before = str(outcome["version"]), str(outcome["before"])
    if outcome["changed"]:
        click.echo(f"Version {version[:12]} is in force; before it was {before[:12]}. Calls in progress keep theirs.")
    else:
        click.echo(f"Nothing has changed: version {version[:12]} is in force.")
    for remark in outcome["remarks"]:
        click.echo(escape(str(remark)))
