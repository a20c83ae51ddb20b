"""`ivr diff`: what callers notice between two versions of the site."""

import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ivr.settings.environment import Environment

if TYPE_CHECKING:
    from ivr.site import Site


@click.command(name="diff")
@click.argument("old", required=False, default="")
@click.argument("new", required=False, default="")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="for people or programs")
def command(old: str, new: str, form: str) -> None:
    """Say what differs for callers between OLD and NEW.

    Each is a version of `ivr versions` (its first digits), or a folder with config/ and flows/ (or ivr/flows/). NEW
    left out: the files as they stand now; OLD left out: the version in force. The exit status is 1 when something
    differs.
    """
    environment = Environment.from_environ(os.environ)
    folders = (_old(old, environment), _folder(new, environment) if new else (environment.config, environment.flows))
    sites = [_site(*folder) for folder in folders]

    from ivr.comparison.differences import compare

    found = compare(sites[0], sites[1])
    if form == "json":
        click.echo(json.dumps(found.as_json(), ensure_ascii=False, indent=2))
    else:
        for line in found.lines():
            click.echo(line)
    sys.exit(0 if found.same else 1)


def _old(text: str, environment: Environment) -> tuple[Path, Path]:
    if text:
        return _folder(text, environment)
    try:
        active = str(json.loads((environment.var / "versions" / "standing.json").read_bytes())["active"])
    except (OSError, ValueError, KeyError, TypeError):
        active = ""
    if not active:
        raise click.UsageError("no version was ever in force here; name a folder to compare with: ivr diff FOLDER")
    return _folder(active, environment)


def _folder(text: str, environment: Environment) -> tuple[Path, Path]:
    """The folders of configuration and flows that somebody names."""
    folder = Path(text)
    if not folder.is_dir() and re.fullmatch(r"[0-9a-f]{2,64}", text):
        kept = sorted((environment.var / "versions").glob(f"{text[:12]}*/"))
        if len(kept) > 1:
            raise click.UsageError(f"{text} is the beginning of {len(kept)} versions; write more of its digits")
        folder = kept[0] if kept else folder
    for flows in (folder / "flows", folder / "ivr" / "flows"):
        if (folder / "config" / "site.yaml").is_file() and flows.is_dir():
            return folder / "config", flows
    raise click.UsageError(
        f"{click.format_filename(text)} is neither a version that is kept (see: ivr versions) nor a folder with "
        "config/ and flows/"
    )


def _site(config: Path, flows: Path) -> "Site":
    from ivr.language.load import load_site

    checked = load_site(config, flows)
    if checked.site is None:
        for problem in checked.errors:
            click.echo(str(problem), err=True)
        raise click.ClickException(f"{config.parent} has errors; they stand above")
    return checked.site
