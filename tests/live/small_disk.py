"""A company whose recordings lie on a small disk, in a mount namespace of its own, and what becomes of its calls.

    unshare --mount --propagation private python -m tests.live.small_disk PLAY FOLDER

plays it and prints what was seen as JSON. The disk is memory; the vault has one of its own.
"""

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from ivr.testing.instance import Instance
from ivr.testing.person import Person
from tests.live.recorded import RATE, heard, kept, proved, tones
from tests.live.scenes import CALLER, PHONES, QUEUES, hear_each_other, short, talking

CHANGES = short(site={"lines": "12"}, queues={name: {"record": "yes"} for name in QUEUES.values()})
CHANGES["recordings.yaml"] = {"format": "wav", "alarms": {"disk free below": "60 %", "stop recording below": "40 %"}}
SIZE = 24_000_000
KEYS = tuple(PHONES)
PATIENT = 20.0
SAID_SECONDS = 2.0

Pair = tuple[Person, Person]


def mounted(folder: Path) -> None:
    """A disk of its own at a folder."""
    folder.mkdir(parents=True)
    subprocess.run(("mount", "-t", "tmpfs", "-o", f"size={SIZE}", "none", folder), check=True)


class House:
    """The company, and a file that fills its disk."""

    def __init__(self, line: Instance) -> None:
        self.line, self.disk = line, line.paths.recordings
        self.calls: dict[str, str] = {}
        self._filling = self.disk / "filling" / "file"
        self._filling.parent.mkdir()

    def fill(self, leave: float) -> None:
        """Until this share of the disk is free, and no more; others write meanwhile."""
        with self._filling.open("ab", buffering=0) as stream, contextlib.suppress(OSError):
            while (free := self.free() - round(leave * SIZE)) > 0:
                stream.write(bytes(min(free, 65_536)))

    def empty(self) -> None:
        """As it was."""
        self._filling.unlink()

    async def remount(self, how: str) -> None:
        """Read-only (`ro`), or as it was (`rw`)."""
        mount = ("mount", "-o", f"remount,{how}", self.disk)
        await asyncio.to_thread(subprocess.run, mount, check=True)

    def free(self) -> int:
        """Bytes that can still be written."""
        seen = os.statvfs(self.disk)
        return seen.f_bavail * seen.f_frsize

    async def told(self, low: float, stopped: float) -> None:
        """Until the metrics say so."""
        await self.line.until_metric("centralita_recordings_disk_low", low, PATIENT, folder="recordings")
        await self.line.until_metric("centralita_recordings_stopped", stopped, PATIENT)

    async def talk(self, number: str, key: str) -> Pair:
        """Two who hear each other."""
        pair = await talking(self.line, number, key)
        self.calls[number] = await self.line.call_id(pair[0])
        return pair

    async def all_hear(self, pairs: list[Pair]) -> int:
        """How many pairs hear each other."""
        for pair in pairs:
            await hear_each_other(*pair)
        return len(pairs)

    async def end(self, *pairs: Pair) -> None:
        """They hang up."""
        for caller, agent in pairs:
            await caller.hang_up()
            await agent.call.ended(5)

    async def why(self, number: str) -> str:
        """What `ivr recordings why` says of a call."""
        return await self.line.command("recordings", "why", self.calls[number])

    async def became(self, number: str) -> dict[str, Any]:
        """What is kept of a call: how long it is said to be, how long it is, and for how long the caller is heard."""
        (found,) = await kept(self.line, self.calls[number], seconds=PATIENT)
        with tempfile.TemporaryDirectory() as folder:
            audio = await heard(self.line, found["recording"], Path(folder))
        return {"told": found["seconds"], "long": len(audio) / RATE, "voice": len(tones(audio[:, 0], CALLER)) / 10}

    async def verified(self) -> list[str]:
        """What `ivr recordings verify` finds."""
        await self.line.until_metric("centralita_records_behind", 0, PATIENT)
        return [f"{one.about}: {one.fault.value}: {one.why}" for one in (await proved(self.line)).findings]


NUMBERS = tuple(f"300000086{number}" for number in range(4))


async def spoken(pairs: list[Pair]) -> None:
    """All callers speak."""
    for caller, _ in pairs:
        caller.say(CALLER, SAID_SECONDS)
    await asyncio.sleep(SAID_SECONDS + 0.2)


async def fills(house: House) -> dict[str, Any]:
    """Four calls are recorded while the disk fills up slowly."""
    seen: dict[str, Any] = {}
    pairs = [await house.talk(number, key) for number, key in zip(NUMBERS, KEYS, strict=True)]
    await house.told(0, 0)
    await spoken(pairs)
    seen["recorded at first"] = len(house.line.recordings())
    house.fill(leave=0.5)
    await house.told(1, 0)
    seen["recorded after the alarm"] = len(house.line.recordings())
    await spoken(pairs)
    house.fill(leave=0.3)
    await house.told(1, 1)
    kept_while_full = [(await house.became(number))["told"] for number in NUMBERS]
    seen["kept while the talks go on"] = kept_while_full
    house.fill(leave=0.0)
    seen["hear each other on the full disk"] = await house.all_hear(pairs)
    await house.end(pairs[3])
    fifth = await house.talk("3000000865", KEYS[3])
    seen["why the fifth is not recorded"] = await house.why("3000000865")
    await house.end(fifth)
    house.empty()
    await house.told(0, 0)
    seen["hear each other afterwards"] = await house.all_hear(pairs[:3])
    sixth = await house.talk("3000000866", KEYS[3])
    await spoken([sixth])
    await house.end(sixth, *pairs[:3])
    seen["kept"] = [await house.became(number) for number in (*NUMBERS, "3000000866")]
    seen["of the fifth"] = (await house.line.api(f"/recordings?call={house.calls['3000000865']}"))["recordings"]
    seen["why the first ended"] = await house.why(NUMBERS[0])
    return seen


async def full_at_once(house: House) -> dict[str, Any]:
    """Four calls are recorded, and the disk is full from one moment to the next."""
    seen: dict[str, Any] = {}
    pairs = [await house.talk(number, key) for number, key in zip(NUMBERS, KEYS, strict=True)]
    await spoken(pairs)
    house.fill(leave=0.0)
    seen["bytes free"] = house.free()
    await house.told(1, 1)
    seen["hear each other on the full disk"] = await house.all_hear(pairs)
    house.empty()
    await house.told(0, 0)
    seen["hear each other afterwards"] = await house.all_hear(pairs)
    await house.end(*pairs)
    seen["kept"] = [await house.became(number) for number in NUMBERS]
    return seen


async def read_only(house: House) -> dict[str, Any]:
    """Nothing can be written where recordings lie."""
    seen: dict[str, Any] = {}
    first = await house.talk(NUMBERS[0], KEYS[0])
    await spoken([first])
    await house.end(first)
    await house.became(NUMBERS[0])
    await house.remount("ro")
    await house.told(1, 1)
    second = await house.talk(NUMBERS[1], KEYS[0])
    seen["hear each other"] = await house.all_hear([second])
    seen["why it is not recorded"] = await house.why(NUMBERS[1])
    await house.end(second)
    await house.remount("rw")
    await house.told(0, 0)
    third = await house.talk(NUMBERS[2], KEYS[0])
    await spoken([third])
    await house.end(third)
    seen["kept"] = [await house.became(number) for number in (NUMBERS[0], NUMBERS[2])]
    seen["of the second"] = (await house.line.api(f"/recordings?call={house.calls[NUMBERS[1]]}"))["recordings"]
    return seen


PLAYS: Mapping[str, Callable[[House], Awaitable[dict[str, Any]]]] = {
    play.__name__: play for play in (fills, full_at_once, read_only)
}


async def played(name: str, folder: Path) -> dict[str, Any]:
    """One play from beginning to end."""
    for disk in ("recordings", "vault"):
        mounted(folder / "var" / disk)
    line = await Instance.start(folder, changes=CHANGES)
    try:
        house = House(line)
        seen = await PLAYS[name](house)
        await line.forget_phones()
        await line.until_idle()
        seen["left as Asterisk wrote it"] = sorted(line.recordings())
        seen["in quarantine"] = sorted(path.name for path in line.paths.recordings.glob("quarantine/*"))
        seen["verify finds"] = await house.verified()
        return seen
    except BaseException:
        print(line.told(), line.logs(80), file=sys.stderr, sep="\n")
        raise
    finally:
        await line.stop()


if __name__ == "__main__":
    told = asyncio.run(played(sys.argv[1], Path(sys.argv[2])))
    print(json.dumps(told))
    shutil.rmtree(sys.argv[2], ignore_errors=True)
