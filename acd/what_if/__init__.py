"""What would have answered a caller sooner: the time of a visit is lived again with one thing changed.

    record = Record(call)
    for fact, decisions in journal: record.take(fact, decisions)
    for window in record.windows.values(): what_if(window, record.trails)

Pure and deterministic. Its assumptions: callers leave when they left; agents log in and out, pause, and use their
phones when they did, but for the change; a phone that rings is answered, or not, as at that agent's nearest offer; who
talks, talks for as long as he did, and who never talked, as long as others of the queue.
"""

from dataclasses import dataclass

from acd.config import SECOND, EngineConfig
from acd.model import AgentId
from acd.what_if.changes import NEWCOMER, Change, possible
from acd.what_if.trails import Trails
from acd.what_if.window import Record, Window
from acd.what_if.world import Lived, World

__all__ = ["NEWCOMER", "Answer", "Change", "Lived", "Record", "Sooner", "Trails", "Window", "lived", "what_if"]

WORTH_US = SECOND
"""Less is not told: the engine's own time and the phones' are in it."""

MOST_TOLD = 6
MOST_WORK = 2_000_000
"""Facts that all changes of one visit may take together, at some 20 to 50 microseconds each."""


@dataclass(frozen=True, slots=True)
class Sooner:
    """A change, and when the caller would have been answered with it (microseconds after joining), by whom."""

    change: Change
    wait_us: int
    agent: AgentId
    saved_us: int | None
    """Of the wait; None when the caller was never answered."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The best changes, the best one first; none: nothing single would have helped.

    `faithful`: without any change the same comes out as in the journal. `whole`: everything was tried.
    """

    sooner: tuple[Sooner, ...]
    tried: int
    faithful: bool
    whole: bool


def lived(window: Window, trails: Trails, change: Change | None) -> Lived:
    """The visit with one change, or as it was."""
    return World(window, trails, change).live()


def what_if(window: Window, trails: Trails, most: int = MOST_TOLD) -> Answer:
    """Try every change that could have helped."""
    then = window.end_t if window.answered else None
    again = lived(window, trails, None).answered
    faithful = abs(again - then) < WORTH_US if again is not None and then is not None else again is then
    limit = min((t for t in (then, again) if t is not None), default=None)
    missed = list(dict.fromkeys(t.agent for t in trails.of_visit(window.visit) if t.bridged is None and t.telling))
    config = EngineConfig.parse(str(window.state["config"]))
    changes = possible(window, config, missed)
    room = max(1, MOST_WORK // max(1, len(window.entries)))
    found: list[Sooner] = []
    for change in changes[:room]:
        one = lived(window, trails, change)
        if one.answered is None or one.agent is None:
            continue
        if limit is None or limit - one.answered >= WORTH_US:
            saved = then - one.answered if then is not None else None
            found.append(Sooner(change, one.answered - window.t, one.agent, saved))
    found.sort(key=lambda x: x.wait_us)  # equal ones stay in the order of the kinds and the configuration
    return Answer(tuple(found[:most]), len(changes[:room]), faithful, not window.cut and len(changes) <= room)
