"""`ivr tokens`: keys for programs."""

import json
import os
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

import click
from rich.table import Table

from ivr.access.life import MOST_TOKEN_DAYS, TOKEN_DAYS
from ivr.commands._views import cell, clock_time, show
from ivr.control.client import ask
from ivr.settings.environment import Environment

EVERYTHING = frozenset({"*", "accounts:write"})
"""Scopes that are as good as a password."""


@click.group(name="tokens", invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """Tokens for programs: list, add, revoke. The running server is asked."""
    if context.invoked_subcommand is None:
        context.invoke(_list)


@command.command(name="list")
@click.option("--account", default="", help="only those of one account")
@click.option("--json", "as_json", is_flag=True, help="one JSON object a line, for programs")
def _list(account: str = "", as_json: bool = False) -> None:
    """List the tokens, with their last use."""
    question = f"?{urlencode({'account': account})}" if account else ""
    rows = ask(Environment.from_environ(os.environ), "GET", f"/tokens{question}")["tokens"]
    if as_json:
        for row in rows:
            click.echo(json.dumps(row, ensure_ascii=False))
        return
    table = Table("id", "account", "label", "scopes", "expires", "last use", "from")
    for row in rows:
        table.add_row(
            cell(row["id"]),
            cell(row["account"]),
            cell(row["label"]),
            cell(" ".join(row["scopes"])),
            cell("expired" if row["expired"] else _time(row["expires"])),
            cell(_time(row["used"]) or "never"),
            cell(row["used_from"]),
        )
    show(table)


@command.command()
@click.argument("account")
@click.option("--scope", "scopes", multiple=True, required=True, help="AREA:read, AREA:write or *; several times")
@click.option("--label", default="", help="which program it is for")
@click.option("--days", default=TOKEN_DAYS, show_default=True, type=click.IntRange(1, MOST_TOKEN_DAYS))
def add(account: str, scopes: tuple[str, ...], label: str, days: int) -> None:
    """Make a token: the standard output has nothing but its text, which is shown only now.

    For example: ivr tokens add panel --scope queues:read --scope agents:read > panel.token

    A token of an administrator's account with the scope accounts:write, or *, is everything: whoever has it makes
    administrators and sets passwords. Give a program an account with a role of its own and the few scopes it needs.
    """
    form = {"account": account, "scopes": [*scopes], "label": label, "days": days}
    made: dict[str, Any] = ask(Environment.from_environ(os.environ), "POST", "/tokens", form)
    click.echo(made["text"])
    click.echo(f"Shown only now. It expires on {_time(made['token']['expires'])}; "
               f"revoke it with: ivr tokens revoke {made['token']['id']}", err=True)  # fmt: skip
    if told := " and ".join(sorted(EVERYTHING & set(scopes))):
        click.echo(f"With {told} it is everything that the account may do; an administrator's makes administrators "
                   "and sets passwords. Keep it like a password.", err=True)  # fmt: skip


@command.command()
@click.argument("token", metavar="ID")
def revoke(token: str) -> None:
    """A token counts no more, at once."""
    row = ask(Environment.from_environ(os.environ), "DELETE", f"/tokens/{quote(token, safe='')}")
    click.echo(f"{row['id']} of {row['account']} is revoked")


def _time(text: str | None) -> str:
    return clock_time(datetime.fromisoformat(text)) if text else ""
