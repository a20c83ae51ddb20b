"""All of an installation, as its settings name it."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote

import ivr
from ivr.control.client import socket_file
from ivr.doctor.look import files, listening, machine
from ivr.doctor.look.certificates import certificate
from ivr.doctor.look.people import people
from ivr.doctor.look.recordings import recordings
from ivr.doctor.observed import Certificate, Gap, Holds, Observed, Secret, SecretKind, Tree, Wires
from ivr.doctor.stores import parts_of
from ivr.install import addresses
from ivr.install.paths import Paths
from ivr.settings.environment import Environment, Profile

ENVIRONMENT_FILE = Path("/etc/centralita/environment")
FIRST_PASSWORD = "admin.password"
AUDIT = "audit"
"""The folder of the audit's anchors."""


def look(environment: Environment, now: datetime) -> Observed:
    """Everything, in some seconds at most. Nothing is raised for what cannot be seen: it is among the gaps."""
    paths = Paths.of(environment)
    gaps: list[Gap] = []
    kept, unread = files.secrets(paths.secrets)
    gaps += unread
    trees = tuple(_trees(environment, paths, gaps))
    backup, unseen = machine.backup(environment.backup, environment.var)
    gaps += unseen
    time, untold = machine.time_keeping()
    gaps += untold
    first = paths.secrets / FIRST_PASSWORD
    known, unknown = people(environment.records, environment.var / AUDIT, now)
    gaps += unknown
    recorded, unrecorded = recordings(environment)
    gaps += unrecorded
    certificates: tuple[Certificate, ...] = ()
    if environment.tls_cert is not None:
        certificates = (certificate(environment.tls_cert, environment.tls_key),)
    return Observed(
        now=now,
        wires=_wires(environment, paths, gaps),
        secrets=(*kept, *_in_addresses(environment)),
        first_password=str(first) if _is_there(first) else "",
        trees=trees,
        owner=_owner(environment.var, gaps),
        backup=backup,
        time=time,
        latest_write=machine.latest_write(*_databases(environment)),
        volumes=machine.volumes(environment.var, environment.backup),
        certificates=certificates,
        accounts=known.accounts,
        tokens=known.tokens,
        audit=known.audit,
        recordings=recorded,
        gaps=tuple(gaps),
    )


def _wires(environment: Environment, paths: Paths, gaps: list[Gap]) -> Wires:
    there = addresses.installed(paths, environment)
    sockets, asterisk = None, frozenset[int]()
    try:
        sockets, owned = listening.listening(environment.http.port)
    except OSError:
        pass
    else:
        found = listening.holder(paths.run / "asterisk.ctl", owned)
        asterisk = frozenset({found} if found is not None else ())
        gaps += _at_rest(environment, found)
    return Wires(
        sip=there.sip,
        ami=there.ami,
        fastagi=there.fastagi,
        http=environment.http,
        sockets=sockets,
        asterisk=asterisk,
        tls=environment.tls_cert is not None,
        proxies=environment.proxies,
        monitors=environment.monitors,
        offices=environment.offices,
        development=environment.profile is Profile.DEVELOPMENT,
        journal=environment.journal,
        records=environment.records,
    )


def _at_rest(environment: Environment, asterisk: int | None) -> Iterator[Gap]:
    """What does not run listens nowhere, and may listen elsewhere tomorrow."""
    if not socket_file(environment.var).exists():
        yield Gap("the server", "it does not run: its addresses were judged by the settings", "run `ivr doctor` again "
                  "when it runs")  # fmt: skip
    if asterisk is None:
        yield Gap("Asterisk", "it does not run, or is another user's or container's: of its ports only SIP and AMI "
                  "were looked at", "run `ivr doctor` as the server's user, or root, when it runs")  # fmt: skip


def _trees(environment: Environment, paths: Paths, gaps: list[Gap]) -> Iterator[Tree]:
    var = environment.var
    apart = {paths.secrets, paths.etc, paths.root, environment.backup}
    wanted: list[tuple[Path, Holds]] = [
        (paths.secrets, Holds.SECRETS),
        (paths.etc, Holds.SECRETS),
        (environment.backup, Holds.SECRETS),
        (var, Holds.CALLERS),
        *((file, Holds.CALLERS) for file in _databases(environment) if not file.is_relative_to(var)),
        (environment.config, Holds.ORDERS),
        (environment.flows, Holds.ORDERS),
        (Path(ivr.__file__).parent, Holds.ORDERS),
    ]
    if environment.tls_key is not None:
        wanted.append((environment.tls_key, Holds.SECRETS))
    if not paths.installed:
        wanted.append((paths.root / "usr", Holds.ORDERS))  # beside it lie /tmp and /dev of a system that never runs
    if any(_password(url) for url in (environment.journal, environment.records)):
        wanted.append((ENVIRONMENT_FILE, Holds.SECRETS))
    for root, holds in wanted:
        tree, unseen = files.tree(root, holds, without=apart - {root})
        gaps += unseen
        if tree is not None:
            yield tree


def _databases(environment: Environment) -> tuple[Path, ...]:
    """The files of journal and records, where they are files."""
    urls = filter(None, map(parts_of, (environment.journal, environment.records)))
    return tuple(Path(url.path[1:]) for url in urls if url.scheme.partition("+")[0] == "sqlite" and len(url.path) > 1)


def _in_addresses(environment: Environment) -> Iterator[Secret]:
    """Passwords in the addresses of databases."""
    for name in ("journal", "records"):
        password = _password(getattr(environment, name))
        if password:
            yield Secret("settings", f"CENTRALITA_{name.upper()}", SecretKind.OUTSIDE, password)


def _password(url: str) -> str:
    parts = parts_of(url)
    return unquote(parts.password or "") if parts is not None else ""


def _is_there(file: Path) -> bool:
    try:
        return file.exists()
    except OSError:
        return False


def _owner(var: Path, gaps: list[Gap]) -> int | None:
    try:
        return var.stat().st_uid
    except OSError as error:
        gaps.append(Gap(str(var), f"there is no instance here ({error.strerror})", "set CENTRALITA_VAR to the folder "
                        "of the server; or begin: ivr install"))  # fmt: skip
        return None
