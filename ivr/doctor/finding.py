"""What the doctor says: every finding has a place and a remedy."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """How bad it is. Notes count nowhere: they say what could not be looked at, and what is so on purpose."""

    FAULT = "fault"
    WARNING = "warning"
    NOTE = "note"


CODES = {
    "ami-exposed": "Asterisk's manager (AMI) is reachable from other machines; whoever may use it runs commands there",
    "agi-exposed": "FastAGI is reachable from other machines; it has no password, and trusts who connects to it",
    "http-exposed": "pages and API are reachable from other machines without encryption",
    "http-open": "pages and API are reachable from everywhere, encrypted",
    "sip-exposed": "SIP is reachable at every address of this machine",
    "port-unknown": "Asterisk listens where nothing of ours needs it",
    "store-exposed": "the journal's Redis or the records' database is reachable from other machines",
    "store-unencrypted": "a database on another machine is asked without a password or without encryption",
    "proxies-too-wide": "everybody counts as a proxy, and so may pretend any address",
    "monitors-too-wide": "everybody may read the figures",
    "offices-too-wide": "every address has the share of a whole office",
    "trial-profile": "the profile `development` accepts pretended times, on a line that others can reach",
    "password-weak": "a password or key is a default, short, or easily guessed",
    "password-shared": "several phones have the same password",
    "pin-weak": "a PIN is easily guessed, or given twice",
    "first-password": "the first administrator's password still stands in a file",
    "secret-readable": "others may read passwords or keys",
    "data-readable": "others may read what belongs to callers: numbers, talks, messages",
    "writable": "others may change what the server or Asterisk obeys",
    "foreign-owner": "a secret belongs to another user than the rest",
    "backup-missing": "there is no backup",
    "backup-old": "the newest backup is old",
    "backup-same-disk": "the backup lies on the disk that it is for",
    "clock-drift": "the clock is not kept right, or is wrong",
    "disk-full": "a disk is full, nearly full, or cannot be written",
    "certificate": "the certificate has ended, ends soon, or does not fit its key",
    "no-admin": "no administrator can log in",
    "admin-one-factor": "an administrator logs in with a password alone",
    "account-unused": "an account or token was not used for months and still opens the door",
    "token-wide": "a token may do everything, and lives long",
    "password-first": "an account still has the password that somebody else gave it",
    "audit-broken": "the audit was changed",
    "audit-unverified": "the audit's chain was not verified for a while",
    "recordings-keys": "recordings cannot be kept, or nobody can listen to them",
    "identity-here": "what opens recordings lies on the machine that has them",
    "vault-same-disk": "the vault lies on the disk that talks are recorded on",
    "recordings-waiting": "finished talks do not come into the vault",
    "recordings-unverified": "recordings were not held against what is written about them for a while, or do not agree",
    "recordings-backup": "there is no second copy of recordings",
    "not-checked": "this could not be looked at",
}
"""Every code and what it means, for the reference page."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing. `where`: a file, an address, an account; `what`: the fact and its danger; `remedy`: what to do."""

    code: str
    level: Level
    where: str
    what: str
    remedy: str

    def as_json(self) -> dict[str, str]:
        """For programs."""
        return {"code": self.code, "level": self.level.value, "where": self.where, "what": self.what,
                "remedy": self.remedy}  # fmt: skip


def fault(code: str, where: str, what: str, remedy: str) -> Finding:
    """To be put right now."""
    return Finding(code, Level.FAULT, where, what, remedy)


def warning(code: str, where: str, what: str, remedy: str) -> Finding:
    """To be put right soon."""
    return Finding(code, Level.WARNING, where, what, remedy)


def note(code: str, where: str, what: str, remedy: str) -> Finding:
    """To be known."""
    return Finding(code, Level.NOTE, where, what, remedy)


def unseen(where: str, why: str, remedy: str) -> Finding:
    """Something could not be looked at."""
    return Finding("not-checked", Level.NOTE, where, why, remedy)


def sorted_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The worst first, each once; within a level in the order of CODES, so that two runs say the same."""
    levels, codes = list(Level), list(CODES)
    once = dict.fromkeys(findings)
    return tuple(sorted(once, key=lambda one: (levels.index(one.level), codes.index(one.code), one.where)))
