"""`ivr restore`: a new instance from a backup, on a machine that has nothing else."""

import json
import os
import pwd
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ivr.settings.environment import Environment

if TYPE_CHECKING:
    from ivr.backup.restoring import Restoration
    from recordings.backup.targets import Target
    from recordings.vault.keys import Identity


@click.command(name="restore")
@click.argument("target")
@click.argument("into", type=click.Path(path_type=Path))
@click.option(
    "--identity", type=click.Path(path_type=Path), help="what opens the backup; left out: the one of var/secrets"
)
@click.option("--key", default="", metavar="FILE", help="of user@host:folder: the private key")
@click.option("--known-hosts", default="", metavar="FILE", help="of user@host:folder: the machine's public key")
@click.option("--port", default=22, show_default=True, type=click.IntRange(1, 65535), help="of user@host:folder")
@click.option("--endpoint", default="", metavar="URL", help="of s3://bucket: the store's address, when it is not AWS")
@click.option("--region", default="", help="of s3://bucket")
@click.option("--credentials", default="", metavar="FILE", help="of s3://bucket: a file as AWS has them")
@click.option("--records", default="", metavar="URL", help="an empty database, for a backup of PostgreSQL")
@click.option("--json", "as_json", is_flag=True, help="for programs")
def command(target: str, into: Path, identity: Path | None, records: str, as_json: bool, **options: Any) -> None:
    """Make a new instance in the empty folder INTO from the backup at TARGET.

    TARGET is a name of config/recordings.yaml, or a place: /folder, user@host:folder, s3://bucket/prefix. In INTO are
    config, flows and var afterwards. A restore that was cut goes on when it is asked for again.

    Exit status 1: something is missing, altered or of no use; what there is has been restored all the same.
    """
    from ivr.backup.restoring import CannotRestore, restore_instance
    from ivr.clock import LoopClock

    into = into.absolute()
    with closing(_opened(target, options)) as opened:
        try:
            done = restore_instance(
                opened,
                into,
                _identities(identity),
                now=LoopClock().now(),
                who=pwd.getpwuid(os.geteuid()).pw_name,
                records=records,
                say=lambda line: click.echo(line, err=True),
            )
        except (CannotRestore, OSError) as error:
            raise click.ClickException(str(error)) from None
    if as_json:
        click.echo(json.dumps({**done.facts(), "whole": done.whole, "to_do": list(done.to_do)}, ensure_ascii=False))
    else:
        _say(done, into)
    if not done.whole:
        raise click.exceptions.Exit(1)


def _opened(text: str, options: dict[str, Any]) -> "Target":
    from ivr.backup.targets import NoTarget, Options, is_place, spoken, target_of

    if not is_place(text):
        from ivr.commands.backup import _jobs

        [job] = _jobs([text])
        return job.open()
    try:
        return target_of(spoken(text, Options(**options)), Path("/"))
    except NoTarget as error:
        raise click.ClickException(str(error)) from None


def _identities(file: Path | None) -> "Sequence[Identity]":
    from ivr.install.paths import Paths
    from recordings.vault.keyfiles import has_passphrase, read_identities, read_private
    from recordings.vault.keys import KeyTrouble

    if file is None:
        file = Paths.of(Environment.from_environ(os.environ)).identity
        if not file.exists():
            return ()
    try:
        sealed = has_passphrase(read_private(file))
        passphrase = click.prompt(f"passphrase of {file}", hide_input=True, err=True) if sealed else None
        return read_identities(file, passphrase)
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror}") from None
    except (KeyTrouble, ValueError) as error:
        raise click.ClickException(str(error)) from None


def _say(done: "Restoration", into: Path) -> None:
    came = done.came
    click.echo(f"{came.restored} files, {came.bytes} bytes; {', '.join(done.snapshots)}; {done.keys} keys")
    if came.manifest is None:
        click.echo("no manifest could be read: nobody can tell what is missing")
    for what, names in (("missing", came.missing), ("altered", came.altered)):
        for name in names.first:
            click.echo(f"{what}: {name}")
        if names.count > len(names.first):
            click.echo(f"{what}: {names.count - len(names.first)} more")
    for older in came.older:
        click.echo(f"the newest one is not whole, an older one came: {older}")
    for fault in done.faults:
        click.echo(f"of no use: {fault}")
    for left in done.to_do:
        click.echo(f"to do: {left}")
    click.echo(f"to look: CENTRALITA_CONFIG={into}/config CENTRALITA_FLOWS={into}/flows CENTRALITA_VAR={into}/var "
               "ivr recordings verify")  # fmt: skip
