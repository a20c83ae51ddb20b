"""`ivr call`: one real call through the running line, with the built-in phones."""

import asyncio
import contextlib
import csv
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime

import click

from ivr.clock import LoopClock
from ivr.install.asterisk import command as asterisk_command
from ivr.install.paths import PathError, Paths
from ivr.language import Site, load_site
from ivr.settings.environment import Environment, Profile, SettingsError
from ivr.testing.ears import Ears, sounds_of
from ivr.testing.opening import is_open, next_open
from ivr.testing.trial import Plan, TrialCall


class CannotCall(Exception):
    """There is nothing to call, or nothing to call with; the message says what to do."""


@click.command(name="call")
@click.option("--key", "keys", default="", help="Keys to press: one for each time that the menu is read out.")
@click.option(
    "--at", "at", default="", help="Pretend a time (2026-11-23T10:00), or `now`. Default: now, or the next opening."
)
@click.option("--number", default="", help="The number to call. Default: the first of the site.")
@click.option("--talk", default=3.0, show_default=True, help="Seconds that caller and agent speak.")
def command(keys: str, at: str, number: str, talk: float) -> None:
    """Call the running line (`make run`), answer as the agent, and tell what both hear."""
    try:
        environment = Environment.from_environ(os.environ)
        good = _call(environment, keys=keys, at=at, number=number, talk=talk)
    except (SettingsError, PathError, CannotCall) as fault:
        click.echo(str(fault), err=True)
        sys.exit(1)
    sys.exit(0 if good else 1)


def _call(environment: Environment, *, keys: str, at: str, number: str, talk: float) -> bool:
    if environment.profile is not Profile.DEVELOPMENT:
        raise CannotCall(
            "a trial call takes the agents' extensions for itself: only with CENTRALITA_PROFILE=development"
        )
    if any(key not in "0123456789*#" for key in keys):
        raise CannotCall(f"--key {keys}: a telephone has the keys 0 to 9, * and #")
    site, paths = _site(environment), Paths.of(environment)
    number = number or next(iter(site.numbers))
    if number not in site.numbers:
        raise CannotCall(f"--number {number}: the site has {', '.join(site.numbers)}")
    plan = Plan(number=number, keys=keys, at=_moment(site, number, at), talk=talk)
    trial = TrialCall(
        site=site,
        ears=Ears(sounds_of(paths.share, (site.flow_for(number) or site.default_flow).language)),
        server=(environment.sip.host, environment.sip.port),
        address=_address(site),
        passwords=_passwords(environment, paths),
        say=click.echo,
    )
    result = asyncio.run(trial.make(plan))
    if result.failure:
        click.echo(f"\nThe call failed: {result.failure}")
    elif result.answered_by:
        both = "both heard each other" if result.good else "they did NOT hear each other"
        click.echo(f"\nAnswered by {result.answered_by}; {both}. `ivr calls` has its row.")
    else:
        click.echo("\nNobody picked up. `ivr calls` has its row.")
    return result.good


def _site(environment: Environment) -> Site:
    checked = load_site(environment.config, environment.flows)
    if checked.site is None:
        raise CannotCall("the site has errors; see: ivr check")
    return checked.site


def _moment(site: Site, number: str, at: str) -> datetime | None:
    """The time to pretend; None for the true one."""
    now = site.local(LoopClock().now())
    flow = site.flow_for(number) or site.default_flow
    if at == "now":
        return None
    if at:
        try:
            moment = datetime.fromisoformat(at)
        except ValueError:
            raise CannotCall(f"--at {at}: write a time such as 2026-11-23T10:00, or now") from None
        return moment if moment.tzinfo else moment.replace(tzinfo=site.zone)
    if is_open(site, flow, now):
        return None
    opening = next_open(site, flow, now)
    if opening is None:
        raise CannotCall("the line does not open within two months: see hours.yaml, or call with --at now")
    click.echo(f"The line is closed now ({now:%a %d %b %H:%M}). This call pretends {opening:%a %d %b %Y %H:%M}.")
    click.echo("To hear what a caller hears now: --at now (make call AT=now)\n")
    return opening


def _address(site: Site) -> str:
    """A trunk's address that this machine has, so that Asterisk takes the call for one from outside."""
    addresses = [address for trunk in site.trunks.values() for address in trunk.addresses]
    for address in addresses:
        with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
            return address
    raise CannotCall(f"no trunk of site.yaml calls from this machine ({', '.join(addresses)}): add 127.0.0.10")


def _passwords(environment: Environment, paths: Paths) -> Mapping[str, str]:
    """The passwords of the extensions that have no phone yet; the phones of others ring as they are."""
    file = paths.secrets / "phones.csv"
    if not file.exists():
        raise CannotCall(f"{file} is not there: the line was never started; start it with: make run")
    with file.open(encoding="utf-8", newline="") as rows:
        passwords = {row["extension"]: row["password"] for row in csv.DictReader(rows)}
    shown = subprocess.run(
        asterisk_command(paths, "-rx", "pjsip show contacts"), capture_output=True, text=True, check=False
    )
    if shown.returncode:
        raise CannotCall("Asterisk does not run; start the line in another terminal with: make run")
    taken = {line.split()[1].split("/")[0] for line in shown.stdout.splitlines() if line.strip().startswith("Contact:")}
    others = sorted(taken & passwords.keys())
    if others:
        click.echo(f"Phones of yours that will ring themselves: {', '.join(others)}\n")
    return {extension: password for extension, password in passwords.items() if extension not in taken}
