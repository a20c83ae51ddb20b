"""`ivr accounts`: who may use the API and the pages."""

import json
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

import click
from rich.table import Table

from ivr.access.model import Role
from ivr.commands._views import cell, clock_time, show
from ivr.control.client import ask
from ivr.settings.environment import Environment

ROLES = click.Choice([role.value for role in Role])


@click.group(name="accounts", invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """Accounts: list, add, change, remove; passwords. The running server is asked, and its audit notes who asked.

    At the server's machine its own user needs no account for this: nobody can be locked out for good.
    """
    if context.invoked_subcommand is None:
        context.invoke(_list)


@command.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="one JSON object a line, for programs")
def _list(as_json: bool = False) -> None:
    """List the accounts."""
    rows = _ask("GET", "/accounts")["accounts"]
    if as_json:
        for row in rows:
            click.echo(json.dumps(row, ensure_ascii=False))
        return
    show(_table(rows))


@command.command()
@click.argument("name")
@click.option("--role", type=ROLES, required=True)
@click.option("--label", default="", help="whose it is, for people")
@click.option("--queue", "queues", multiple=True, help="of a supervisor; several times for several")
@click.option(
    "--mailbox", "mailboxes", multiple=True, help="that a supervisor may listen to; several times for several"
)
@click.option("--extension", default="", help="of an agent")
@click.option("--no-login", is_flag=True, help="for a program: no password, tokens only")
def add(
    name: str,
    role: str,
    label: str,
    queues: tuple[str, ...],
    mailboxes: tuple[str, ...],
    extension: str,
    no_login: bool,
) -> None:
    """Make an account and show its one-time password."""
    form = {
        "name": name, "role": role, "label": label, "queues": [*queues], "mailboxes": [*mailboxes],
        "extension": extension, "login": not no_login,
    }  # fmt: skip
    _show_password(name, _ask("POST", "/accounts", form)["one_time_password"])


@command.command()
@click.argument("name")
@click.option("--role", type=ROLES)
@click.option("--label")
@click.option("--queue", "queues", multiple=True, help="all that it has from now on; --queue '' for none")
@click.option("--mailbox", "mailboxes", multiple=True, help="all that it has from now on; --mailbox '' for none")
@click.option("--extension")
@click.option("--disable/--enable", "disabled", default=None, help="whether it may come in at all")
@click.option("--no-second-factor", is_flag=True, help="who lost the telephone with the codes logs in without them")
@click.option("--no-single-sign-on", is_flag=True, help="the next single sign-on tells anew who it is")
def change(
    name: str,
    queues: tuple[str, ...],
    mailboxes: tuple[str, ...],
    no_second_factor: bool,
    no_single_sign_on: bool,
    **given: Any,
) -> None:
    """Change what is named. Unless it is only the label, the account's sessions end."""
    values = {key: value for key, value in given.items() if value is not None}
    if queues:
        values["queues"] = [*filter(None, queues)]
    if mailboxes:
        values["mailboxes"] = [*filter(None, mailboxes)]
    if not (values or no_second_factor or no_single_sign_on):
        raise click.UsageError("say what to change: ivr accounts change --help")
    if values:
        _ask("PATCH", _path(name), values)
    if no_second_factor:
        _ask("DELETE", _path(name, "/totp"))
    if no_single_sign_on:
        _ask("DELETE", _path(name, "/subject"))
    show(_table([_ask("GET", _path(name))]))


@command.command()
@click.argument("name")
def unlock(name: str) -> None:
    """Forget failed logins: nobody has to wait any more. An account that was disabled: ivr accounts change --enable."""
    row = _ask("DELETE", _path(name, "/failures"))
    click.echo(
        f"{name} may log in" if not row["disabled"] else f"{name} is disabled: ivr accounts change {name} --enable"
    )


@command.command()
@click.argument("name")
def remove(name: str) -> None:
    """Remove an account with its sessions and tokens; what the audit says of it stays."""
    _ask("DELETE", _path(name))
    click.echo(f"{name} is removed")


@command.command()
@click.argument("name")
def password(name: str) -> None:
    """Give an account a one-time password; its sessions end, its tokens stay."""
    _show_password(name, _ask("PUT", _path(name, "/password"), {})["one_time_password"])


@command.command(name="sign-out")
@click.argument("name")
def sign_out(name: str) -> None:
    """End all sessions of an account."""
    click.echo(f"{_ask('DELETE', _path(name, '/sessions'))['ended']} sessions ended")


def _show_password(name: str, made: str) -> None:
    if made:
        click.echo(f"one-time password of {name}: {made}", err=False)
        click.echo("It is shown only now, and has to be changed at the first login.", err=True)
    else:
        click.echo(f"{name} has no password; make a token: ivr tokens add {name} --scope AREA:read")


def _table(rows: Sequence[Mapping[str, Any]]) -> Table:
    table = Table("name", "role", "label", "of", "second factor", "last login", "sessions", "tokens", "remarks")
    for row in rows:
        table.add_row(
            cell(row["name"]),
            cell(row["role"]),
            cell(row["label"]),
            cell(", ".join(filter(None, [row["extension"], *row["queues"]]))),
            cell("yes" if row["second_factor"] else "no"),
            clock_time(datetime.fromisoformat(row["last_login"])) if row["last_login"] else "",
            cell(row["sessions"]),
            cell(row["tokens"]),
            cell("; ".join(_remarks(row))),
        )
    return table


def _remarks(row: Mapping[str, Any]) -> list[str]:
    said = {
        "disabled": row["disabled"],
        "no password": not row["has_password"] and not row["single_sign_on"],
        "password to be changed": row["must_change"],
        f"wrong logins from {row['slowed']} addresses": row["slowed"],
    }
    return [words for words, true in said.items() if true]


def _ask(method: str, path: str, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return ask(Environment.from_environ(os.environ), method, path, values)


def _path(name: str, what: str = "") -> str:
    return f"/accounts/{quote(name, safe='')}{what}"
