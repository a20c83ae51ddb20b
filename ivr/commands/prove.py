"""`ivr prove`: what holds for every call to the site, whoever calls, whatever is pressed, whatever answers."""

import json
import os
import sys
from datetime import datetime
from pathlib import Path

import click

from ivr.clock import LoopClock
from ivr.install.paths import Paths
from ivr.install.sounds import PromptFiles
from ivr.language.load import Checked, load_site
from ivr.language.problems import Severity
from ivr.proof.lengths import Measured
from ivr.proof.prove import MOST_STATES, Failure, Proof, prove
from ivr.settings.environment import Environment
from ivr.site import Site
from ivr.text import printable

BYTES_A_SECOND = 16_000
"""Of a prompt's sound: 8 kHz, 16 bits, one channel; and what stands before it in the file."""
HEAD_BYTES = 44

CLAIMS = (
    "each call ends, and none goes round without a key",
    "a person, voicemail or a named end is at most {keys} keys and {seconds} s away from everywhere",
    "a caller who presses nothing, or only what no menu knows, is there within {seconds} s",
    "calls to recorded queues heard a notice to its end",
    "every prompt and every value can be heard in the call's language",
    "every expression has its values",
    "every step, key, branch and exit is met by some call",
)


@click.command(name="prove")
@click.argument("folder", required=False, type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--from", "first", type=click.DateTime(["%Y-%m-%d"]), help="the year's first day; left out: today")
@click.option("--states", type=click.IntRange(1), default=MOST_STATES, show_default=True, help="followed at most")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="for people or programs")
def command(folder: Path | None, first: datetime | None, states: int, form: str) -> None:
    """Prove the claims about every call to the site, or to the flows in FOLDER.

    Follows every call that is possible within a year: each opening state and override, each key or none, each answer
    of look-ups, queues and phones, each hang-up, a restart of the server anywhere. For each claim that does not hold it
    shows a call: when, what is pressed, and the steps. The exit status is 1 when a claim does not hold.
    """
    environment = Environment.from_environ(os.environ)
    checked = _load(environment, folder)
    site = checked.site
    if site is None:
        for problem in checked.errors:
            click.echo(str(problem), err=True)
        raise click.ClickException("nothing can be proven about a site with errors")
    today = site.local(LoopClock().now()).date()
    config = folder if folder is not None and (folder / "site.yaml").exists() else environment.config
    measured = lengths(site, config, Paths.of(environment))
    proof = prove(site, first.date() if first else today, measured, states, lambda *at: _line(checked, *at))
    if form == "json":
        click.echo(json.dumps(_as_json(proof, site, checked), ensure_ascii=False, indent=2))
    else:
        _tell(proof, site, checked)
    sys.exit(0 if proof.holds else 1)


def _load(environment: Environment, folder: Path | None) -> Checked:
    if folder is None:
        return load_site(environment.config, environment.flows)
    if (folder / "site.yaml").exists():
        return load_site(folder, environment.flows)
    return load_site(environment.config, folder)


def lengths(site: Site, config: Path, paths: Paths) -> Measured:
    """The lengths of the prompts whose sounds are made already."""
    files = PromptFiles.of(site, config, paths)

    def measured(prompt: str, language: str) -> float | None:
        file = files.file_of(prompt, language)
        return max(0.0, (file.stat().st_size - HEAD_BYTES) / BYTES_A_SECOND) if file is not None else None

    return measured


def _line(checked: Checked, flow: str, step: str) -> str:
    place = checked.place(flow, step)
    return f"{place.file}:{place.line}"


def _tell(proof: Proof, site: Site, checked: Checked) -> None:
    for failure in proof.failures:
        finding = failure.finding
        place = checked.place(finding.flow, finding.step, finding.path)
        click.echo(printable(f"{place.file}:{place.line}:{place.column}: {finding.code} {finding.message}", 1000))
        if failure.lines:
            click.echo(printable(f"    a call at {failure.when}:", 200))
            for line in failure.lines:
                click.echo(printable(f"      {line}", 400))
    for problem in checked.problems:
        if problem.severity is Severity.WARNING:
            click.echo(f"{problem.file}:{problem.line}:{problem.column}: {problem.code} warning: {problem.message}")
    if not proof.complete:
        click.echo(
            f"nothing is proven: after {proof.states} states there are more; prove the flows apart, or allow more "
            "(--states)",
            err=True,
        )
        return
    if proof.failures:
        count = len(proof.failures)
        click.echo(f"{count} {'claim does' if count == 1 else 'claims do'} not hold", err=True)
        return
    click.echo(f"Proven for every call from {proof.first} to {proof.last}:")
    for claim in _claims(site):
        click.echo(f"  {claim}")
    click.echo(f"({proof.states} states, {proof.ways} ways between them{_estimated(proof)})")


def _claims(site: Site) -> tuple[str, ...]:
    return tuple(claim.format(keys=site.promises.keys, seconds=site.promises.seconds) for claim in CLAIMS)


def _estimated(proof: Proof) -> str:
    count = len(proof.estimated)
    return f"; the lengths of {count} prompts are estimated from their words" if count else ""


def _as_json(proof: Proof, site: Site, checked: Checked) -> dict[str, object]:
    return {
        "proven": proof.holds,
        "complete": proof.complete,
        "from": proof.first.isoformat(),
        "to": proof.last.isoformat(),
        "states": proof.states,
        "ways": proof.ways,
        "claims": list(_claims(site)),
        "estimated": list(proof.estimated),
        "failures": [_failure(failure, checked) for failure in proof.failures],
    }


def _failure(failure: Failure, checked: Checked) -> dict[str, object]:
    finding = failure.finding
    place = checked.place(finding.flow, finding.step, finding.path)
    return {
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "code": finding.code,
        "message": finding.message,
        "flow": finding.flow,
        "step": finding.step,
        "entry": failure.entry,
        "when": failure.when,
        "call": list(failure.lines),
    }
