"""The proof: a random sample of a backup, brought back to a folder of its own, and compared by hash.

Whoever knows seed and manifest can draw the same sample again.
"""

import hashlib
import random
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from recordings.backup import manifest as manifests
from recordings.backup.manifest import Manifest
from recordings.backup.outcome import FIRST, Limits
from recordings.backup.pace import Rate, tried
from recordings.backup.restore import Altered, fetch
from recordings.backup.targets import Entry, ObjectMissing, Target, TargetError, unsealed


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a sample proved. `made`: when the manifest was; `items`: of the whole backup; `drawn`: of the sample, with
    the newest generation of each snapshot; `proved` of them came back with the right hash, `bytes` together; `seconds`
    for all. `stopped`: the target failed, so nothing is proved."""

    target: str
    manifest: str | None
    made: datetime | None
    items: int
    seed: int
    drawn: int
    proved: int
    bytes: int
    missing: tuple[str, ...]
    altered: tuple[str, ...]
    refused: tuple[str, ...]
    seconds: float
    stopped: TargetError | None

    @property
    def sound(self) -> bool:
        """Whether all that was drawn came back right."""
        return self.stopped is None and self.manifest is not None and self.proved == self.drawn and not self.refused

    def facts(self) -> dict[str, Any]:
        """For the ledger: plain values."""
        return {
            "target": self.target,
            "manifest": self.manifest,
            "made": self.made.isoformat() if self.made else None,
            "items": self.items,
            "seed": self.seed,
            "drawn": self.drawn,
            "proved": self.proved,
            "bytes": self.bytes,
            "missing": list(self.missing[:FIRST]),
            "altered": list(self.altered[:FIRST]),
            "refused": list(self.refused[:FIRST]),
            "stopped": str(self.stopped) if self.stopped else None,
        }


def prove(
    target: Target,
    *,
    seed: int,
    sample: int = 20,
    folder: Path | None = None,
    limits: Limits | None = None,
    rate: Rate | None = None,
    monotonic: Callable[[], float] = time.monotonic,
) -> Proof:
    """Draw, bring back, compare. `folder`: where the temporary one is made; it has room for the largest file. `Stopped`
    when the rate is. Blocks for long."""
    limits = limits or Limits()
    rate = rate or Rate(limits.bytes_per_second)
    began = monotonic()
    missing: list[str] = []
    altered: list[str] = []
    proved = size = 0
    manifest: Manifest | None = None
    refused: list[str] = []
    drawn: list[Entry] = []
    stopped = None
    with tempfile.TemporaryDirectory(dir=folder, prefix="proof-") as temporary:
        work = Path(temporary)
        try:
            manifest, refused = tried(partial(manifests.fetch, target, work), limits.tries, rate, limits.first_pause)
            drawn = draw(manifest, seed, sample) if manifest else []
            for entry in drawn:
                try:
                    bring = partial(_brought_back, target, entry.name, work, rate)
                    size += tried(bring, limits.tries, rate, limits.first_pause)
                    proved += 1
                except ObjectMissing:
                    missing.append(entry.name)
                except Altered:
                    altered.append(entry.name)
        except TargetError as error:
            stopped = error
        head = manifest.head if manifest else None
    return Proof(
        target=target.name,
        manifest=manifest.object if manifest else None,
        made=head.made if head else None,
        items=head.items if head else 0,
        seed=seed,
        drawn=len(drawn),
        proved=proved,
        bytes=size,
        missing=tuple(missing),
        altered=tuple(altered),
        refused=tuple(refused),
        seconds=monotonic() - began,
        stopped=stopped,
    )


def draw(manifest: Manifest, seed: int, sample: int) -> list[Entry]:
    """The newest generation of each snapshot, and so many items of audio, each with the same chance."""
    newest = [Entry(have[0].object, have[0].bytes) for have in manifest.snapshots().values()]
    return newest + _reservoir(manifest.audio(), random.Random(seed), sample)


def _reservoir(entries: Iterable[Entry], randomness: random.Random, sample: int) -> list[Entry]:
    """Vitter's algorithm R: one pass, bounded memory (ACM TOMS 11, 1985)."""
    kept: list[Entry] = []
    for seen, entry in enumerate(entries):
        if seen < sample:
            kept.append(entry)
        elif (place := randomness.randint(0, seen)) < sample:
            kept[place] = entry
    return kept


def _brought_back(target: Target, object_: str, work: Path, rate: Rate) -> int:
    """Bytes of an object that came back to the disk right, and was read from there again."""
    told = unsealed(object_)
    if told is None:
        raise Altered(object_)
    place = work / "sample"
    size = fetch(target, object_, told[1], place, work, rate)
    try:
        with place.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != told[1]:
                raise Altered(object_)
    finally:
        place.unlink()
    return size
