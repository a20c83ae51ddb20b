"""All judgements of what was seen. Pure."""

from collections.abc import Iterator

from ivr.doctor import exposure, files, passwords, people, recordings, upkeep
from ivr.doctor.exposure import Circle, circle
from ivr.doctor.finding import Finding, sorted_findings, unseen, warning
from ivr.doctor.observed import Observed


def judge(seen: Observed) -> tuple[Finding, ...]:
    """Every finding, the worst first."""
    return sorted_findings(_all(seen))


def _all(seen: Observed) -> Iterator[Finding]:
    yield from exposure.judge(seen.wires)
    yield from passwords.judge(seen.secrets)
    if seen.first_password:
        yield warning("first-password", seen.first_password, "the first administrator's password stands in a file and "
                      "was not changed", "log in as admin and change it: the file goes away by itself")  # fmt: skip
    yield from files.judge(seen.trees, seen.owner)
    yield from upkeep.judge_backup(seen.backup, seen.now)
    yield from upkeep.judge_clock(seen.time, seen.latest_write, seen.now)
    yield from upkeep.judge_volumes(seen.volumes)
    yield from upkeep.judge_certificates(seen.certificates, seen.now)
    yield from people.judge_accounts(seen.accounts, seen.now, reached=_reached(seen))
    yield from people.judge_tokens(seen.tokens, seen.now)
    yield from people.judge_audit(seen.audit)
    yield from recordings.judge(seen.recordings, seen.now)
    for gap in seen.gaps:
        yield unseen(gap.where, gap.why, gap.remedy)


def _reached(seen: Observed) -> bool:
    """Other machines reach the pages, themselves or through a proxy on this machine."""
    wires = seen.wires
    hosts = [one.host for one in wires.sockets or () if (one.protocol, one.port) == ("tcp", wires.http.port)]
    return bool(wires.proxies) or any(circle(host) is not Circle.MACHINE for host in hosts or [wires.http.host])
