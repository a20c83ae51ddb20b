"""Which of Asterisk's parts read which file anew, without ending a call."""

from collections.abc import Iterable

COMMANDS = {
    "pjsip.conf": "module reload res_pjsip.so",  # endpoints, trunks and passwords; registrations and calls go on
    "extensions.conf": "dialplan reload",  # swapped as a whole; a call goes on in the new one
    "musiconhold.conf": "moh reload",
    "acl.conf": "acl reload",
}
"""File -> command, in the order in which they are given: an extension is there before the dialplan rings it."""


def commands(changed: Iterable[str]) -> tuple[str, ...]:
    """The commands after which Asterisk goes by the changed files."""
    files = set(changed)
    return tuple(command for file, command in COMMANDS.items() if file in files)


def restart_for(changed: Iterable[str]) -> tuple[str, ...]:
    """The changed files that Asterisk reads only when it starts."""
    return tuple(sorted(set(changed) - COMMANDS.keys()))
