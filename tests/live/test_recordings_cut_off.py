"""kill -9 of Asterisk while a talk is recorded: what it had written is kept, to its last buffer.

It takes minutes: nobody knows before that Asterisk writes no more.
"""

import asyncio
from pathlib import Path

import pytest

from ivr.recordings.verify import JUST_NOW
from ivr.records.recording_watch import ADOPT_EVERY, EVERY_SECONDS
from ivr.testing.instance import Instance
from recordings.intake import ABANDONED_AFTER
from tests.live.recorded import RATE, heard, kept, loudness
from tests.live.scenes import AGENT, CALLER, hear_each_other, short, talking
from tests.tools import run

pytestmark = pytest.mark.soak
CHANGES = short(site={"lines": "12"})
CHANGES["recordings.yaml"] = {"format": "wav"}

BUFFER_SECONDS = 1.1
"""32 kB of stereo, of which Asterisk may not have written the last."""
PATIENT = ABANDONED_AFTER.total_seconds() + ADOPT_EVERY * EVERY_SECONDS + 60


def soaked(test: object) -> object:
    return run(test, seconds=PATIENT + 120)  # type: ignore[arg-type]


@soaked
async def test_what_asterisk_had_written_when_it_was_killed_is_kept(line: Instance, tmp_path: Path) -> None:
    caller, agent = await talking(line, "3000000811")
    call = await line.call_id(caller)
    before = caller.now
    caller.say(CALLER, 30)
    agent.say(AGENT, 30)
    await asyncio.sleep(8)
    spoken = caller.now - before
    await line.stop_asterisk(kill=True)
    await line.start_asterisk()
    (found,) = await kept(line, call, seconds=PATIENT)
    assert found["seconds"] > spoken - BUFFER_SECONDS
    audio = await heard(line, found["recording"], tmp_path)
    last = audio[-round((spoken - BUFFER_SECONDS - 0.5) * RATE) :]
    assert loudness(last[:, 0], CALLER) > 0.02 and loudness(last[:, 1], AGENT) > 0.02
    assert not list(line.paths.recordings.glob("quarantine/*"))
    await line.forget_phones()
    caller, agent = await talking(line, "3000000812")
    call = await line.call_id(caller)
    await hear_each_other(caller, agent)
    await caller.hang_up()
    await kept(line, call)
    await asyncio.sleep(JUST_NOW.total_seconds())
    assert "everything agrees" in await line.command("recordings", "verify")
