"""Writes the golden journal of the present engine: a busy invented day with every feature, restarts and changes.

Run once for each release, before it: `python -m tests.golden.make`. Nobody changes the files afterwards.
"""

import gzip
import json
import sys
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from acd.codec import encode
from acd.engine import ENGINE_VERSION
from acd.facts import CallerJoined, Fact
from acd.model import CallId, DeviceState, Doors
from ivr.call.facts import CallEnded, CallStarted, StepEntered
from tests.property.configs import AGENTS, QUEUES
from tests.property.ground import START
from tests.property.world import FAILURES, ChangedWorld

HERE = Path(__file__).parent
ENTRIES, MIDDLE, SEED = 2_000, 1_200, 20261123
STRATEGIES = ("ring all", "best skill", "ring progressively")


class Day(ChangedWorld):
    """A day whose calls begin and end in the journal too."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: dict[CallId, None] = {}
        self.whole: list[str] = []  # the journal with what the engine does not ask for

    def tell(self, fact: Fact) -> tuple[Any, ...]:
        if isinstance(fact, CallerJoined) and fact.call not in self.begun:
            self.begun[fact.call] = None
            at = START + timedelta(microseconds=fact.t)
            begun = CallStarted(at=at, call=fact.call, did="6017436967", caller=fact.caller, flow="f", config="c" * 64)
            self.record(begun)
            self.record(StepEntered(at=at, call=fact.call, flow="f", step=fact.queue, verb="queue"))
        decisions = super().tell(fact)
        self.whole.append(self.journal[-1])
        return decisions

    def record(self, event: Any) -> None:
        self.whole.append(json.dumps([encode(event), []]))

    def end_of(self, call: CallId) -> None:
        self.record(CallEnded(at=self.now(), call=call, cause=16, by="caller"))


def rare(day: Day, lot: Random) -> None:
    """Something that does not happen all the time."""
    queue, agent, pick = lot.choice(QUEUES), lot.choice(AGENTS), lot.randrange(10)
    deeds = (
        lambda: day.transfer(queue, agent, False, lot.random() < 0.5),
        lambda: day.move(pick, queue, lot.random() < 0.3, lot.random() < 0.5),
        lambda: day.park(pick, lot.random() < 0.5),
        lambda: day.swap(pick),
        lambda: day.device(agent, lot.choice(list(DeviceState))),
        lambda: day.work(agent, lot.choice(["in", "in", "out", "pause", "ready", "ready"]), lot.random() < 0.2),
        lambda: day.fail(pick, False, lot.choice(FAILURES)),
        lambda: day.turn_the_key(queue, lot.choice((Doors.OPEN, Doors.OPEN, *Doors)), False),
        lambda: day.new_day(lot.randrange(2)),
        lambda: day.lose_link(),
        lambda: day.resynchronise(True),
        lambda: day.crash(lot.random() < 0.5, lot.random() < 0.5),
        lambda: day.reconfigure(lot.choice((0, 0, 1, 2, 3)), True),
        lambda: day.end_of(lot.choice(list(day.begun) or [CallId("c1")])),
    )
    lot.choice(deeds)()


def a_day() -> tuple[Day, int, dict[str, Any]]:
    """The day, and a checkpoint of its middle."""
    day, lot = Day(), Random(SEED)
    day.begin([], STRATEGIES)
    after, checkpoint = 0, {}
    while len(day.whole) < ENTRIES:
        day.a_busy_hour(lot.randrange(1 << 32), lot.randrange(5, 25), lot.randrange(1, 8))
        rare(day, lot)
        if not checkpoint and len(day.whole) >= MIDDLE:
            after, checkpoint = len(day.whole), day.engine.snapshot()
    day.reconfigure(0, True)
    day.resynchronise(True)
    day.a_busy_hour(1, 30, 8)
    return day, after, checkpoint


def meaning(day: Day, after: int) -> dict[str, Any]:
    """What the engine believes at the end, in the words of its views."""
    engine = day.engine
    queues = {
        queue.queue: [
            {"visit": v.visit, "joined_us": v.joined_us, "parked": v.parked, "offer": v.offer}
            for v in engine.in_queue(queue.queue)
        ]
        for queue in engine.queues()
    }
    ended = {visit: engine.ended(visit) for visit in day.call_of}
    return {
        "engine_version": ENGINE_VERSION,
        "time_us": engine.time_us,
        "queues": queues,
        "ended": {visit: [found.outcome.value, found.why] for visit, found in ended.items() if found is not None},
        "offers": {o.offer: [o.visit, o.agent, o.phase.value] for o in engine.offers()},
        "agents": {a.agent: [a.logged_in, a.reason, a.calls, a.talk_us] for a in engine.agents()},
        "checkpoint_after": after,
    }


def write(path: Path, text: str) -> None:
    """Compressed, the same bytes each time."""
    with path.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as packed:
        packed.write(text.encode())


def main() -> None:
    """Write the three files, unless they are there."""
    name = f"engine-{ENGINE_VERSION}"
    if (HERE / f"{name}.jsonl.gz").exists() and "--again" not in sys.argv:
        raise SystemExit(f"{name} has its golden journal; --again writes it anew, before the release only")
    day, after, checkpoint = a_day()
    write(HERE / f"{name}.jsonl.gz", "\n".join(day.whole) + "\n")
    write(HERE / f"{name}.checkpoint.json.gz", json.dumps(checkpoint))
    (HERE / f"{name}.meaning.json").write_text(json.dumps(meaning(day, after), indent=1) + "\n", encoding="utf-8")
    print(f"{name}: {len(day.whole)} entries")


if __name__ == "__main__":
    main()
