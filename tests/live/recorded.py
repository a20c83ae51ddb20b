"""What the recordings of a call hold, for live tests."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from ivr.recordings.verify import Verified, Verifier
from ivr.records.store import RecordStore
from ivr.testing.instance import Instance

RATE = 8_000


async def kept(line: Instance, call: str, count: int = 1, seconds: float = 15) -> list[dict[str, Any]]:
    """The recordings of a call, the oldest first, when so many lie in the vault."""
    found: list[dict[str, Any]] = []
    for _ in range(round(seconds / 0.2)):
        found = (await line.api(f"/recordings?call={call}"))["recordings"]
        if len(found) == count and all(one["state"] == "kept" for one in found):
            return found[::-1]
        await asyncio.sleep(0.2)
    raise AssertionError(f"not {count} recordings of {call} in the vault: {found}; {line.recordings()}")


async def heard(line: Instance, recording: str, folder: Path) -> Any:
    """What a listener gets: samples of the caller and of the other one."""
    file = folder / f"{recording}.wav"
    await line.command("recordings", "save", recording, str(file), "--reason", "a test listens")
    audio, rate = soundfile.read(file, dtype="int16")
    assert rate == RATE
    return audio


def loudness(side: Any, hertz: float) -> float:
    """How much of a tone is in it, 0 to 1 of what a full scale would be."""
    wave = np.exp(-2j * np.pi * hertz * np.arange(len(side)) / RATE)
    return float(2 * abs(np.dot(side / 32768, wave)) / max(1, len(side)))


def tones(side: Any, hertz: float, *, least: float = 0.05) -> list[float]:
    """The tenths of a second, in seconds, in which the tone is heard."""
    pieces = range(0, len(side) - RATE // 10, RATE // 10)
    return [at / RATE for at in pieces if loudness(side[at : at + RATE // 10], hertz) >= least]


def silences(audio: Any) -> list[tuple[float, float]]:
    """Where both sides are zero for a second and more: beginnings and ends in seconds."""
    quiet = np.flatnonzero(np.diff(np.concatenate(([0], ~audio.any(axis=1), [0]))))
    return [(a / RATE, b / RATE) for a, b in quiet.reshape(-1, 2) if b - a >= RATE]


LATER = timedelta(minutes=3)
"""What has just finished is not judged yet: afterwards it is."""


async def proved(line: Instance, *, records: str = "", var: Path | None = None) -> Verified:
    """What `ivr recordings verify` will find in a few minutes, of this instance or of one that lies elsewhere."""
    var = var or line.paths.var

    def verified() -> Verified:
        store = RecordStore.read_only(records or line.environment.records)
        try:
            now = datetime.now(UTC) + LATER
            return Verifier(store.engine, folder=var / "recordings", vault=var / "vault", now=now).run()
        finally:
            store.close()

    return await asyncio.to_thread(verified)


async def all_kept(line: Instance, seconds: float) -> None:
    """Until nothing lies any more as Asterisk wrote it, or the time is over."""
    for _ in range(round(seconds / 0.2)):
        if not line.recordings():
            return
        await asyncio.sleep(0.2)


async def sound(line: Instance, seconds: float = 20) -> Verified:
    """What was recorded is what is written about it, to the last talk; AssertionError with the findings otherwise."""
    await line.until_metric("centralita_records_behind", 0, seconds=seconds)
    await all_kept(line, seconds)
    told = await proved(line)
    assert told.sound and not line.recordings(), f"{told.findings}; not in the vault: {line.recordings()}"
    assert "everything agrees" in await line.command("recordings", "verify")
    return told
