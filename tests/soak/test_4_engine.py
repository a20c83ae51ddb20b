"""The engine alone.

The routing engine against a model of Asterisk, phones and callers that Hypothesis drives: facts in any order, late,
doubled or never, links lost, crashes at any point with recovery from the journal or a checkpoint. After every fact a
second reading of the rules checks what was decided; every day ends with all sums reconciled and the whole journal
decided again (`tests/property/test_engine.py`). A day is one run of the machine.
"""

import io
import json
from collections import Counter
from contextlib import redirect_stdout
from typing import ClassVar

from hypothesis import Phase, seed
from hypothesis.stateful import run_state_machine_as_test

from ivr.clock import LoopClock
from tests.property.test_engine import World, days
from tests.soak.part import SEED, Part

NAME, ORDER, SHARE = "engine", 4, 0.08
DAYS_AT_ONCE, STEPS = 25, 120
MOST_FACTS = 20_000_000


class Counted(World):
    """A world that says at the end of its day what has happened."""

    totals: ClassVar[Counter[str]] = Counter()

    def teardown(self) -> None:
        super().teardown()
        self.totals["days"] += 1
        self.totals["starts"] += self.starts
        for line in self.journal:
            _, decisions = json.loads(line)
            self.totals["facts"] += 1
            self.totals["decisions"] += len(decisions)
            self.totals["offers"] += sum(decision["e"] == "offer made" for decision in decisions)


def measure(seconds: float, first_seed: int) -> Counter[str]:
    """Days with one seed after the other for so long; AssertionError with the day, made small, that broke a rule."""
    clock = LoopClock()
    Counted.totals = Counter()
    began = clock.engine_us()
    while clock.engine_us() - began < seconds * 1e6 and Counted.totals["facts"] < MOST_FACTS:
        batch = type("Batch", (Counted,), {})
        settings = days(DAYS_AT_ONCE, STEPS, phases=[Phase.generate, Phase.shrink], print_blob=False)
        with redirect_stdout(io.StringIO()):
            run_state_machine_as_test(seed(first_seed + Counted.totals["batches"])(batch), settings=settings)
        Counted.totals["batches"] += 1
    Counted.totals["seconds"] = (clock.engine_us() - began) // 1_000_000
    return Counted.totals


def test_the_engine_alone(part: Part) -> None:
    totals = measure(part.seconds, SEED * 1_000_000)
    assert totals["facts"] > 1000
    part.found("days", totals["days"])
    part.found("seeds", totals["batches"])
    part.found("facts", totals["facts"])
    part.found("decisions", totals["decisions"])
    part.found("- of them offers", totals["offers"])
    part.found("starts of the engine, crashes included", totals["starts"])
    part.must("days on which a rule was broken", 0, 0)
    part.finish(totals["seconds"])
