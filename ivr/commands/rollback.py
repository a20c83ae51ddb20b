"""`ivr rollback`: go back to an earlier version of the site."""

import click

from ivr.commands._changes import tell, told_to


@click.command(name="rollback")
@click.argument("version", default="")
@click.option("--why", default="", help="for whoever reads `ivr versions` later")
def command(version: str, why: str) -> None:
    """Bring VERSION into force again (its first digits suffice), or the version before the present one.

    The kept copy comes into force; the site's files stay as they are until you change them. `ivr versions` lists what
    there is.
    """
    tell(told_to("POST", "/versions/rollback", {"version": version, "why": why}))
