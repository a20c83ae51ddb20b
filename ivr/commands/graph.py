"""`ivr graph`: flows as a picture."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ivr.settings.environment import Environment

if TYPE_CHECKING:
    from ivr.picture.drawing import Picture


@click.command(name="graph")
@click.argument("flow", required=False, default="")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="the file: .svg, .png, .pdf or .dot; - = output")
@click.option(
    "--each", type=click.Path(path_type=Path, file_okay=False), help="a folder for one SVG a flow, with links"
)
def command(flow: str, output: Path | None, each: Path | None) -> None:
    """Draw FLOW (left out: all flows) as an SVG. It needs Graphviz (the package graphviz)."""
    from ivr.language.load import load_site
    from ivr.language.problems import suggestion
    from ivr.picture.drawing import Picture

    environment = Environment.from_environ(os.environ)
    checked = load_site(environment.config, environment.flows)
    if checked.site is None:
        for problem in checked.errors:
            click.echo(str(problem), err=True)
        raise click.ClickException("the site has errors; they stand above")
    site = checked.site
    if flow and flow not in site.flows:
        raise click.UsageError(f"there is no flow {click.format_filename(flow)}{suggestion(flow, site.flows)}")
    if each is not None:
        if flow or output is not None:
            raise click.UsageError("--each draws every flow into its folder; leave FLOW and -o out")
        each.mkdir(parents=True, exist_ok=True)
        links = {name: f"{name}.svg" for name in site.flows}
        for name, one in site.flows.items():
            _write(Picture(site, [one], links), each / f"{name}.svg")
        return
    flows = [site.flows[flow]] if flow else list(site.flows.values())
    _write(Picture(site, flows), output or Path(f"{flow or 'flows'}.svg"))


def _write(picture: "Picture", file: Path) -> None:
    from ivr.picture.graphviz import FORMATS, NotDrawn, drawn

    form = "svg" if str(file) == "-" else file.suffix.removeprefix(".")
    if form not in FORMATS:
        raise click.UsageError(f"the ending of {click.format_filename(file)} must be one of {', '.join(FORMATS)}")
    try:
        content = drawn(picture, form)
    except NotDrawn as why:
        raise click.ClickException(str(why)) from None
    if str(file) == "-":
        click.echo(content, nl=False)
        return
    try:
        file.write_bytes(content)
    except OSError as error:
        raise click.ClickException(f"{click.format_filename(file)} cannot be written: {error.strerror}") from None
    click.echo(f"written: {file}", err=True)
