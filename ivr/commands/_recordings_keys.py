"""`ivr recordings keys | unlock | lock | new-identity`: who can open recordings."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ivr.settings.environment import Environment

if TYPE_CHECKING:
    from recordings.vault.keyclient import KeyClient, KeysStatus


@click.command()
def keys() -> None:
    """Say whether recordings can be opened now, and for whom keys are wrapped."""
    from ivr.install.paths import Paths
    from recordings.vault.keyfiles import KeyFileTrouble, parse_recipients

    environment = Environment.from_environ(os.environ)
    file = Paths.of(environment).recipients
    try:
        wrapped_for = [one.text for one in parse_recipients(file.read_text(encoding="utf-8"), str(file))]
    except (OSError, KeyFileTrouble) as error:
        raise click.ClickException(f"recordings cannot be kept: {error}") from None
    for recipient in wrapped_for:
        click.echo(f"wrapped for {recipient}")
    status = _asked(environment, lambda client: client.status())
    if not status.unlocked:
        click.echo("locked; unlock with: ivr recordings unlock")
    elif not set(status.recipients) & set(wrapped_for):
        click.echo(f"unlocked, but the identity is another one ({', '.join(status.recipients)}): nobody can listen")
    else:
        click.echo("unlocked")


@click.command()
def unlock() -> None:
    """Unlock the key service with the identity's passphrase."""
    environment = Environment.from_environ(os.environ)
    passphrase = click.prompt("Passphrase", hide_input=True)
    _asked(environment, lambda client: client.unlock(passphrase))
    click.echo("unlocked")


@click.command()
def lock() -> None:
    """Forget the identity until it is unlocked again; who listens now is cut off at the next piece."""
    _asked(Environment.from_environ(os.environ), lambda client: client.lock())
    click.echo("locked")


@click.command(name="new-identity")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--passphrase", is_flag=True, help="seal it with a passphrase, which is asked for")
def new_identity(file: Path, passphrase: bool) -> None:
    """Make an identity, which opens recordings, in a new FILE, and say the recipient to wrap keys for.

    Add the recipient to the file recordings.recipients in the folder of secrets; what was recorded before is for the
    old ones only. Keep the identity in two places, neither of them beside the recordings.
    """
    from recordings.vault.keyfiles import make_identity

    words = click.prompt("Passphrase", hide_input=True, confirmation_prompt=True) if passphrase else None
    try:
        recipient = make_identity(file, words)
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(recipient.text)


def _asked(environment: Environment, question: "Callable[[KeyClient], Awaitable[KeysStatus]]") -> "KeysStatus":
    from ivr.install.paths import Paths
    from recordings.vault.keyclient import KeyClient
    from recordings.vault.keys import KeyTrouble

    client = KeyClient(environment.keys or Paths.of(environment).keys_socket)

    async def ask() -> "KeysStatus":
        return await question(client)

    try:
        return asyncio.run(ask())
    except KeyTrouble as error:
        raise click.ClickException(str(error)) from None
