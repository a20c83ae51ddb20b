"""A disk that is truly full: a small one in memory, in a mount namespace of its own. What it may hold is 4 MB.

`python -m tests.unit.recordings.test_full_disk FOLDER` plays it inside of the namespace.
"""

import asyncio
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.pages import ROOT

UNSHARE = ("unshare", "--mount", "--propagation", "private")
WAYS = (UNSHARE, ("unshare", "--user", "--map-root-user", *UNSHARE[1:]))
MOUNT = 'mount -t tmpfs -o size=4m none "$0"'


def way_in(folder: Path) -> tuple[str, ...]:
    """How a namespace with a disk of its own can be had here. Skips the test where it is forbidden."""
    if shutil.which("unshare") is None:
        pytest.skip("unshare is not on this machine: nothing can be tried on a full disk")
    why = ""
    for way in WAYS:
        done = subprocess.run((*way, "sh", "-c", MOUNT, str(folder)), capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return way
        why = done.stderr.strip()
    pytest.skip(f"this machine lets nobody mount a disk ({why}): nothing can be tried on a full one")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What was seen on the full disk."""
    folder = tmp_path_factory.mktemp("disk")
    play = f'{MOUNT} && exec "$1" -m tests.unit.recordings.test_full_disk "$0"'
    command = (*way_in(folder), "sh", "-c", play, str(folder), sys.executable)
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return seen


def test_the_guard_sees_it_stops_and_lets_go_on_when_there_is_room(told: dict[str, Any]) -> None:
    assert told["rooms"] == ["ok", "low", "stop", "stop", "ok"]
    assert told["stops"] == 2, "at the first look on the full disk, and at the next one for what has begun since"


def test_the_keeper_loses_nothing_and_leaves_nothing_half_done(told: dict[str, Any]) -> None:
    assert "No space left" in told["trouble"]
    assert told["state while full"] == "taken" and told["raw while full"]
    assert told["files while full"] == 0 and told["noted while full"] == []


def test_it_is_kept_when_there_is_room(told: dict[str, Any]) -> None:
    assert told["state at the end"] == "kept" and not told["raw at the end"]
    assert told["files at the end"] == 1 and told["noted at the end"] == ["created"]
    assert told["trouble at the end"] == "" and told["sound"]


async def _play(folder: Path) -> dict[str, Any]:
    from datetime import UTC, datetime

    from ivr.recordings.disk_guard import DiskGuard
    from ivr.recordings.verify import Verifier
    from ivr.testing.clock import ManualClock
    from recordings.capacity import Limits
    from recordings.encode import Codec
    from tests.unit.recordings.test_keeper import House

    stops: list[str] = []

    async def stop(why: str) -> int:
        stops.append(why)
        return 1

    house = House(folder, Codec.WAV)
    guard = DiskGuard({"recordings": house.folder, "vault": house.vault}, Limits, ManualClock())
    guard.attach(stop, house)
    rooms = []

    async def look() -> None:
        await guard.look()
        rooms.append(guard.room.value)

    await look()
    house.finished("c_1", seconds=20)  # 640 kB
    filling = folder / "filling"
    _fill(filling, leave=280_000)
    await look()
    _fill(filling, leave=0)
    await look()
    await look()
    await house.keeper._attempt(house.keeper.look)
    row = house.catalogue.get("c_1")
    assert row is not None
    seen: dict[str, Any] = {
        "trouble": house.keeper.trouble,
        "state while full": row.state.value,
        "raw while full": (house.folder / "c_1.raw").exists(),
        "files while full": len(house.files()),
        "noted while full": [what for what, _ in house.noted if not what.startswith("room")],
    }
    filling.unlink()
    await look()
    await house.keeper._attempt(house.keeper.look)
    row = house.catalogue.get("c_1")
    assert row is not None
    found = Verifier(house.store.engine, folder=house.folder, vault=house.vault, now=datetime.now(UTC)).run().findings
    seen |= {
        "rooms": rooms,
        "stops": len(stops),
        "trouble at the end": house.keeper.trouble,
        "state at the end": row.state.value,
        "raw at the end": (house.folder / "c_1.raw").exists(),
        "files at the end": len(house.files()),
        "noted at the end": [what for what, _ in house.noted if not what.startswith("room")],
        # This house has neither a ledger in its database nor calls: only what the files say counts here.
        "sound": not [one for one in found if one.fault.value in ("missing", "altered", "stray", "keyless")],
    }
    return seen


def _fill(file: Path, leave: int) -> None:
    """Write until so many bytes are left."""
    import os

    with file.open("ab", buffering=0) as stream:
        while (free := os.statvfs(file).f_bavail * os.statvfs(file).f_frsize) > leave:
            stream.write(bytes(min(free - leave, 65_536)))


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_play(Path(sys.argv[1])))))
