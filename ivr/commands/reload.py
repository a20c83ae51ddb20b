"""`ivr reload`: bring the site's changed files into force."""

import click

from ivr.commands._changes import tell, told_to


@click.command(name="reload")
@click.option("--why", default="", help="for whoever reads `ivr versions` later")
@click.option("--no-tests", is_flag=True, help="also when a test of a flow (NAME.test.yaml) fails")
def command(why: str, no_tests: bool) -> None:
    """Check the site's files, and bring them into force for the calls that begin from now on.

    Calls in progress end on the version that they began with. When something is wrong in the files, it is told as
    `ivr check` tells it, and nothing is changed.
    """
    tell(told_to("POST", "/versions/reload", {"why": why, "tests": not no_tests}))
