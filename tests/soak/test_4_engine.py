"""The engine alone.

The routing engine against a model of Asterisk, phones and callers that Hypothesis drives: every feature in the mix,
facts in any order, late, doubled or never, links lost, the site changed, crashes at any point with recovery from the
journal or a checkpoint. After every fact a second model, which shares no code with the engine, checks what was decided,
in which order and why, and that nothing was left undone; every day ends with all sums reconciled and the whole journal
decided again (`tests/property`). A day is one run of the machine. Then each of the engine's rules is taken out or bent,
one at a time, and the same check has to notice.
"""

import contextlib
import io
import json
from collections import Counter

import pytest
from hypothesis import Phase, seed
from hypothesis.stateful import run_state_machine_as_test

from ivr.clock import LoopClock
from tests.property.mutants import MUTANTS
from tests.property.test_mutants import is_noticed
from tests.property.world import ChangedWorld, World, days
from tests.soak.part import FRESH, FULL_MINUTES, SEED, Part, surroundings

NAME, ORDER, SHARE = "engine", 4, 0.25
DAYS_AT_ONCE, STEPS = 25, 60
LEAST_DAYS = 2_000
"""In a soak of the full length; a shorter one has fewer in proportion."""

MOST_DAYS = 100_000


def counted(kind: type[World], totals: Counter[str]) -> type[World]:
    """The same world, which counts into `totals` when its day was without a fault."""

    class Batch(kind):  # type: ignore[misc, valid-type]
        def teardown(self) -> None:
            super().teardown()
            totals["days"] += 1
            totals["starts"] += self.starts
            for line in self.journal:
                _, decisions = json.loads(line)
                totals["facts"] += 1
                totals["decisions"] += len(decisions)
                totals["offers"] += sum(decision["e"] == "offer made" for decision in decisions)
                totals["visits"] += sum(decision["e"] == "visit ended" for decision in decisions)

    return Batch


class Progress:
    """What is measured so far, kept after each batch: a soak that was interrupted goes on where it was."""

    def __init__(self, part: Part) -> None:
        self.file = part.file.with_suffix(".progress")
        self.about = {"minutes": part.minutes, "seed": part.seed, "revision": surroundings()["revision"]}
        self.totals: Counter[str] = Counter()
        if not FRESH and self.file.exists():
            kept = json.loads(self.file.read_text(encoding="utf-8"))
            if kept.pop("about") == self.about:
                self.totals.update(kept["totals"])

    def keep(self) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        kept = json.dumps({"about": self.about, "totals": self.totals})
        self.file.write_text(kept, encoding="utf-8")

    def done(self) -> None:
        self.file.unlink(missing_ok=True)


def live_days(progress: Progress, seconds: float, least: int, first_seed: int) -> None:
    """Days with one seed after the other, so long and so many; AssertionError with the day, made small, that broke a
    rule."""
    clock, totals = LoopClock(), progress.totals
    began, before = clock.engine_us(), totals["seconds"]
    while totals["days"] < MOST_DAYS and (totals["seconds"] < seconds or totals["days"] < least):
        world = counted((World, ChangedWorld)[totals["batches"] % 2], totals)
        settings = days(DAYS_AT_ONCE, STEPS, phases=[Phase.generate, Phase.shrink], print_blob=False)
        with contextlib.redirect_stdout(io.StringIO()):
            run_state_machine_as_test(seed(first_seed + totals["batches"])(world), settings=settings)
        totals["batches"] += 1
        totals["seconds"] = before + (clock.engine_us() - began) // 1_000_000
        progress.keep()


def test_the_engine_alone(part: Part) -> None:
    progress = Progress(part)
    part_of_it = min(1.0, part.minutes / FULL_MINUTES)
    live_days(progress, part.seconds, round(LEAST_DAYS * part_of_it), SEED * 1_000_000)
    totals = progress.totals
    part.found("days", totals["days"])
    part.found("seeds", totals["batches"])
    part.found("facts", totals["facts"])
    part.found("decisions", totals["decisions"])
    part.found("- of them offers", totals["offers"])
    part.found("visits that ended exactly once", totals["visits"])
    part.found("starts of the engine, crashes included", totals["starts"])
    part.must("days on which a rule was broken", 0, 0)
    part.none("mutants of the engine's rules that nobody noticed", unnoticed())
    part.found("mutants that were noticed", len(MUTANTS))
    progress.done()
    part.finish(totals["seconds"])


def unnoticed() -> list[str]:
    """The mutants that live."""
    found = []
    for name in MUTANTS:
        with pytest.MonkeyPatch.context() as patcher:
            if not is_noticed(name, patcher):
                found.append(name)
    return found
