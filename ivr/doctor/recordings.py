"""Whether recordings can be kept, heard, proven and got back. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from ivr.doctor.finding import Finding, fault, note, warning
from ivr.doctor.observed import RecordingsSeen

VERIFIED_OLD = timedelta(days=2)
WAITS = timedelta(minutes=15)
"""A talk of ten hours takes a minute."""


def judge(seen: RecordingsSeen | None, now: datetime) -> Iterator[Finding]:
    """Everything about recordings."""
    if seen is None:
        return
    yield from _keys(seen)
    yield from _vault(seen, now)
    yield from _proof(seen, now)
    if not seen.backup:
        yield warning(
            "recordings-backup",
            "config/recordings.yaml",
            "no backup of recordings is configured: a lost disk loses every one",
            "add `backup:` with a target on another disk or machine; then `ivr check`",
        )


def _keys(seen: RecordingsSeen) -> Iterator[Finding]:
    if seen.recipients_fault:
        yield fault(
            "recordings-keys",
            seen.recipients,
            f"{seen.recipients_fault}; finished talks wait, unencrypted",
            "write a line `age1...` for everybody who may open recordings into that file",
        )
        return
    if seen.elsewhere:
        return
    if not seen.identity:
        yield warning(
            "recordings-keys",
            seen.recipients,
            "no identity lies here and no key service is named: talks are kept, and nobody can listen here",
            "put the identity of one of the recipients back, or set CENTRALITA_KEYS to the socket of a key service",
        )
    elif seen.opens is False:
        yield fault(
            "recordings-keys",
            seen.identity,
            "this identity opens nothing that is recorded now: its public key is not among the recipients",
            f"add its public key (age-keygen -y) to {seen.recipients}, or put the right identity here",
        )
    elif seen.opens:
        yield note(
            "identity-here",
            seen.identity,
            "it lies beside what it opens, without a passphrase: whoever has this machine's disk hears every recording",
            "give it a passphrase, or let a key service on another account or machine hold it (CENTRALITA_KEYS)",
        )


def _vault(seen: RecordingsSeen, now: datetime) -> Iterator[Finding]:
    if seen.same_disk:
        yield note(
            "vault-same-disk",
            seen.vault,
            "talks are recorded on the disk that they are kept on: when the vault fills it, nobody is recorded",
            "mount a disk of its own there",
        )
    if seen.waiting and seen.oldest is not None and now - seen.oldest > WAITS:
        minutes = (now - seen.oldest) // timedelta(minutes=1)
        yield fault(
            "recordings-waiting",
            seen.vault,
            f"{seen.waiting} finished talks are not in the vault, the oldest "
            f"for {minutes} minutes: they lie unencrypted",
            "see the server's log for `recordings cannot be kept`, and start the server when it does not run",
        )


def _proof(seen: RecordingsSeen, now: datetime) -> Iterator[Finding]:
    remedy = "ivr recordings verify; by itself it is done each night in the `quiet hours` of config/recordings.yaml"
    if seen.unsound:
        yield fault(
            "recordings-unverified",
            seen.vault,
            f"recordings are not what is written about them: {seen.unsound} findings of the latest proof",
            "ivr recordings verify tells each one",
        )
    last = seen.verified or seen.since
    if last is not None and now - last > VERIFIED_OLD:
        days = (now - last).days
        what = f"recordings were verified {days} days ago" if seen.verified else "recordings were never verified"
        yield warning("recordings-unverified", seen.vault, what, remedy)
