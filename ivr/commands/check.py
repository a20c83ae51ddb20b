"""`ivr check`: everything that is wrong in flows and configuration, before a caller meets it."""

import json
import os
import sys
from pathlib import Path

import click

from ivr.clock import LoopClock
from ivr.language.load import Checked, load_flow, load_site
from ivr.language.problems import Severity
from ivr.settings.environment import Environment
from ivr.site import Site


@click.command(name="check")
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="for people or programs")
@click.option("--no-tests", is_flag=True, help="do not run the tests of the flows (NAME.test.yaml)")
def command(path: Path | None, form: str, no_tests: bool) -> None:
    """Check the site, or what stands at PATH; then run the tests of its flows.

    PATH: one flow's file (checked against the site's configuration), a folder of flows, or a folder with site.yaml.
    Each problem is one line, file:line:column: CODE message. The exit status is 1 when there is an error.
    """
    environment = Environment.from_environ(os.environ)
    checked = _check(path, environment.config, environment.flows)
    tested = 0
    if checked.site is not None and not no_tests:
        checked, tested = _tested(checked, checked.site, _folder(path, environment.flows))
    if form == "json":
        click.echo(json.dumps({**_as_json(checked), "tests": tested}, ensure_ascii=False, indent=2))
    else:
        _tell(checked)
        if tested and not checked.errors:
            click.echo(f"{_counted(tested, 'test')} of the flows passed.")
    sys.exit(1 if checked.errors else 0)


def _check(path: Path | None, config: Path, flows: Path) -> Checked:
    today = LoopClock().now().astimezone().date()
    if path is None:
        return load_site(config, flows, today)
    if not path.exists():
        raise click.UsageError(f"there is nothing at {click.format_filename(path)}")
    if not path.is_dir():
        return load_flow(config, path)
    whole = (path / "site.yaml").exists()
    return load_site(path, flows, today) if whole else load_site(config, path, today)


def _folder(path: Path | None, flows: Path) -> Path:
    """The folder of the flows that were checked."""
    return path if path is not None and not (path / "site.yaml").exists() else flows


def _tested(checked: Checked, site: Site, flows: Path) -> tuple[Checked, int]:
    """The result with what the tests of the flows say, and how many there were."""
    from ivr.rehearsal.scenarios import run_tests

    tested = run_tests(site, flows)
    whole = Checked(site, (*checked.problems, *tested.problems), (*checked.files, *tested.files))
    return whole, tested.calls


def _as_json(checked: Checked) -> dict[str, object]:
    return {
        "ok": not checked.errors,
        "version": checked.site.version if checked.site is not None else None,
        "files": list(checked.files),
        "problems": [problem.as_json() for problem in checked.problems],
    }


def _tell(checked: Checked) -> None:
    for problem in checked.problems:
        word = "warning: " if problem.severity is Severity.WARNING else ""
        place = f"{problem.file}:{problem.line}:{problem.column}"
        click.echo(f"{place}: {problem.code} {word}{problem.message}")
    errors = len(checked.errors)
    if errors:
        click.echo(f"{_counted(errors, 'error')} in {_counted(len(checked.files), 'checked file')}", err=True)
    elif checked.site is not None:
        _summarize(checked.site)
    else:
        click.echo("no error found")


def _counted(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _summarize(site: Site) -> None:
    """What a site without errors looks like, for a last look: also the holidays, which are computed."""
    click.echo(
        f"{site.label}: {_counted(len(site.numbers), 'number')}, {_counted(len(site.flows), 'flow')}, "
        f"{_counted(len(site.queues), 'queue')}, {_counted(len(site.agents), 'agent')}, "
        f"{_counted(len(site.prompts), 'prompt')}, {_counted(site.lines, 'line')}. No error found."
    )
    year = site.local(LoopClock().now()).year
    days = site.holidays.of_year(year)
    click.echo(f"Holidays {year} ({len(days)}):")
    for day, name in days.items():
        click.echo(f"  {day:%Y-%m-%d %a}  {name}")
    for name in site.holidays.not_observed:
        click.echo(f"  not observed:   {name}")
