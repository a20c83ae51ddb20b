"""Who else on the machine may read or change the files. Pure."""

import shlex
import stat
from collections.abc import Callable, Iterable, Iterator

from ivr.doctor.finding import Finding, fault, note, warning
from ivr.doctor.observed import Entry, Holds, Tree


def judge(trees: Iterable[Tree], owner: int | None) -> Iterator[Finding]:
    """One finding for each tree and kind of fault, with the first place and how many there are.

    `owner`: the user id that secrets should have; None: not known.
    """
    for tree in trees:
        secret = tree.holds is Holds.SECRETS
        if secret:
            yield from _found(tree, _group_or_others_read, fault, "secret-readable", "others may read", "go=")
        if tree.holds is Holds.CALLERS:
            yield from _found(tree, _others_read, fault, "data-readable", "everybody on this machine may read", "o=")
        yield from _found(tree, _others_write, fault, "writable", "everybody on this machine may change", "o-w")
        if secret and owner is not None:
            yield from _strangers(tree, owner)
        if tree.cut:
            yield note("not-checked", tree.root, f"only the first {len(tree.entries)} files were looked at",
                       f"nothing, when its folder is closed to others: chmod o= {shlex.quote(tree.root)}")  # fmt: skip


def _found(
    tree: Tree,
    wrong: Callable[[Entry], bool],
    say: Callable[[str, str, str, str], Finding],
    code: str,
    what: str,
    change: str,
) -> Iterator[Finding]:
    found = [entry for entry in tree.entries if wrong(entry)]
    if not found:
        return
    first = found[0]
    more = f", and {len(found) - 1} more below {tree.root}" if len(found) > 1 else ""
    where = f"{first.path} (mode {stat.S_IMODE(first.mode):04o}{more})"
    closed = code == "data-readable"  # who does not come through the folder reads nothing in it
    target = tree.root if closed or len(found) > 1 else first.path
    recursive = "-R " if len(found) > 1 and not closed else ""
    yield say(code, where, f"{what} {tree.holds.value}", f"chmod {recursive}{change} {shlex.quote(target)}")


def _strangers(tree: Tree, owner: int) -> Iterator[Finding]:
    found = [entry for entry in tree.entries if entry.uid not in (owner, 0)]
    if found:
        yield warning("foreign-owner", found[0].path, f"user {found[0].uid} owns it, and may read and change it; the "
                      f"server's files belong to user {owner}",
                      f"chown {owner} {shlex.quote(found[0].path)}")  # fmt: skip


def _group_or_others_read(entry: Entry) -> bool:
    return (_is_content(entry) and bool(entry.mode & stat.S_IRGRP and entry.group_comes)) or _others_read(entry)


def _others_read(entry: Entry) -> bool:
    return _is_content(entry) and bool(entry.mode & stat.S_IROTH) and entry.others_come


def _is_content(entry: Entry) -> bool:
    """A link's own mode means nothing, and the names in a folder are nobody's secret: they hold no number."""
    return stat.S_ISREG(entry.mode)


def _others_write(entry: Entry) -> bool:
    """A folder with the sticky bit lets others add, but not replace: still theirs to fill."""
    return bool(entry.mode & stat.S_IWOTH) and entry.others_come and not stat.S_ISLNK(entry.mode)
