"""The proof of `ivr recordings verify`, by a process of its own (ivr.apart): reading the whole vault takes hours."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from ivr.apart import answered, answers
from ivr.recordings.verify import Verified, Verifier
from ivr.records.store import RecordStore
from recordings.proof import Fault, Finding

AT_MOST_SECONDS = 20 * 3600.0
"""A disk of 8 TB at 120 MB a second."""


def elsewhere(records: str, *, folder: Path, vault: Path, now: datetime) -> Verified:
    """Blocking, for long. Raises NotAnswered."""
    asked = {"records": records, "folder": str(folder), "vault": str(vault), "now": now.isoformat()}
    return verified_of(answered("ivr.recordings.verifying", asked, AT_MOST_SECONDS))


def verified_of(plain: Mapping[str, Any]) -> Verified:
    """What `asdict` made of one. Raises KeyError, TypeError or ValueError for anything else."""
    findings = [Finding(Fault(one["fault"]), one["about"], one["why"]) for one in plain["findings"]]
    return Verified(**{**plain, "findings": findings})


def _work(asked: Mapping[str, Any]) -> dict[str, Any]:
    store = RecordStore.read_only(asked["records"])
    now = datetime.fromisoformat(asked["now"])
    try:
        told = Verifier(store.engine, folder=Path(asked["folder"]), vault=Path(asked["vault"]), now=now).run()
    finally:
        store.close()
    return asdict(told)


if __name__ == "__main__":
    answers(_work)
