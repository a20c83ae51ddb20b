"""The `ivr` command. Each subcommand is a module of `ivr.commands` with a click command named `command`.

A module is imported only when its command runs: `ivr check` must not pay for the server.
"""

import gc
import importlib
import os
from pathlib import Path

import click

COMMANDS = {
    "check": "check flows and configuration; say what is wrong, and where",
    "prove": "prove what holds for every call, or show one for which it does not",
    "schema": "write JSON Schemas, with which editors complete and underline",
    "try": "call a number or a flow at this terminal, and read what the caller hears",
    "diff": "say what callers notice between two versions of the site",
    "graph": "draw a flow, or all of them",
    "run": "run everything in this terminal: Asterisk and the server",
    "serve": "run the server alone (systemd does this)",
    "install": "unpack Asterisk, make prompts, render its configuration",
    "asterisk": "speak to the running Asterisk",
    "reload": "bring the site's changed files into force, or say why not",
    "versions": "list the versions of the site that were in force",
    "rollback": "go back to an earlier version of the site",
    "canary": "try a version of the site on some callers",
    "call": "place a test call and tell what the caller hears",
    "calls": "list the latest calls",
    "queues": "show the queues",
    "agents": "show the agents",
    "explain": "explain a call: what was decided, and why",
    "override": "open, closed or emergency for a while",
    "voicemail": "what callers left: list, listen, save, delete",
    "recordings": "recorded talks: find, hear, take away; why, and pause",
    "backup": "copies of everything: make, prove, list",
    "restore": "make a new instance from a backup",
    "accounts": "who may use the API: list, add, change, remove; passwords",
    "tokens": "keys for programs: list, add, revoke",
    "callers": "find and erase everything that is kept of a caller",
    "audit": "who did what, and whether nobody has changed what is written about it",
    "doctor": "find what is unsafe in this installation, and say what to do",
    "docs": "write the reference pages from the code",
}
"""Every command and its line in `ivr --help`."""

SELDOM = (50_000, 20, 100)
"""Python's collector of garbage: a command mostly imports, and what imports make stays. The server sets its own times
(ivr.app.collector)."""


class Commands(click.Group):
    """Finds commands by name, without importing the others."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands whose module is there."""
        folder = Path(__file__).parent / "commands"
        return [name for name in COMMANDS if (folder / f"{name}.py").is_file()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command = importlib.import_module(f"ivr.commands.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in `ivr --help`, without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name]) for name in self.list_commands(ctx)])

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; a fault of the environment, or what the server refuses, is told without a traceback."""
        gc.set_threshold(*SELDOM)
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # see ivr.testing; recordings are encoded beside calls
        from ivr.control.client import ControlError
        from ivr.settings.environment import SettingsError

        try:
            return super().invoke(ctx)
        except (SettingsError, ControlError) as fault:
            raise click.ClickException(str(fault)) from None


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="centralita", prog_name="ivr")
def main() -> None:
    """Centralita: the company line that Asterisk carries and this server decides."""


if __name__ == "__main__":
    main()
