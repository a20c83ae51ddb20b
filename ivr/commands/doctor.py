"""`ivr doctor`: what is unsafe in this installation, where, and what to do."""

import json
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from ivr.clock import LoopClock
from ivr.log import escape
from ivr.settings.environment import Environment

if TYPE_CHECKING:
    from ivr.doctor.finding import Finding

_COLOURS = {"fault": "red", "warning": "yellow", "note": "cyan"}


@click.command(name="doctor")
@click.option("--json", "as_json", is_flag=True, help="one JSON object, for programs")
def command(as_json: bool) -> None:
    """Examine what listens, passwords, files, backup, clock, disks, certificate, accounts and audit.

    Works whether the server runs or not; changes nothing. The exit status is 1 when there is a fault or a warning.
    Notes say what could not be looked at.
    """
    from ivr.doctor.judge import judge
    from ivr.doctor.look.everything import look

    findings = judge(look(Environment.from_environ(os.environ), LoopClock().now()))
    bad = [one for one in findings if one.level.value != "note"]
    if as_json:
        click.echo(json.dumps({"ok": not bad, "findings": [one.as_json() for one in findings]},
                              ensure_ascii=False, indent=2))  # fmt: skip
    else:
        _tell(findings, bad)
    sys.exit(1 if bad else 0)


def _tell(findings: Sequence["Finding"], bad: Sequence["Finding"]) -> None:
    for one in findings:
        level = click.style(one.level.value, fg=_COLOURS[one.level.value], bold=True)
        click.echo(f"{level}: {escape(one.where)}: {escape(one.what)} [{one.code}]")
        click.echo(f"    {escape(one.remedy)}")
    notes = len(findings) - len(bad)
    more = f" ({notes} {'note' if notes == 1 else 'notes'})" if notes else ""
    if bad:
        click.echo(f"{len(bad)} {'finding' if len(bad) == 1 else 'findings'}{more}", err=True)
    else:
        click.echo(f"nothing unsafe found{more}")
