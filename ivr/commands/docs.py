"""`ivr docs`: the reference pages are made from the code, so that they cannot say anything else."""

import sys
from pathlib import Path

import click

from ivr.commands import _access_page
from ivr.doctor import reference as doctor_reference
from ivr.language import reference
from ivr.rehearsal import reference as proof_reference


@click.command(name="docs")
@click.option("--check", is_flag=True, help="write nothing; exit 1 when a page is not as the code makes it")
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=Path("docs/reference"),
    show_default=True,
    help="where the pages are",
)
def command(check: bool, folder: Path) -> None:
    """Write the reference pages of flows, their tests, configuration, problems, access and the doctor."""
    pages = {**reference.pages(), **proof_reference.pages(), **doctor_reference.pages(), **_access_page.pages()}
    stale = [name for name, text in pages.items() if not _holds(folder / name, text)]
    if check:
        for name in stale:
            click.echo(f"{folder / name} is not as the code makes it; run: ivr docs", err=True)
        sys.exit(1 if stale else 0)
    folder.mkdir(parents=True, exist_ok=True)
    for name in stale:
        (folder / name).write_text(pages[name], encoding="utf-8")
        click.echo(f"written: {folder / name}")


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text
