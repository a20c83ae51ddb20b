"""Days that are drawn by lot instead of by Hypothesis: dense, quick, the same for the same number, never made small."""

from random import Random

from acd.model import DeviceState, Doors
from tests.property.configs import AGENTS, ALL_STRATEGIES, QUEUES
from tests.property.world import FAILURES, ChangedWorld


def day_of(number: int, facts: int, *, changes: bool = True) -> ChangedWorld:
    """A day of at least so many facts, lived to its end; AssertionError when a rule is broken."""
    day, lot = ChangedWorld(), Random(number)
    live(day, lot, facts, changes=changes)
    day.teardown()
    return day


def live(day: ChangedWorld, lot: Random, facts: int, *, changes: bool = True) -> None:
    """The day without its end. `changes`: the site changes now and then."""
    day.begin([a for a in AGENTS if lot.random() < 0.1], tuple(lot.choice(ALL_STRATEGIES) for _ in QUEUES))
    while len(day.journal) < facts:
        day.a_busy_hour(lot.randrange(1 << 32), lot.randrange(4, 20), lot.choice((1, 1, 2, 4, 8)))
        for _ in range(lot.randrange(4)):
            something_rare(day, lot, changes)


def something_rare(day: ChangedWorld, lot: Random, changes: bool) -> None:
    """What does not happen all the time."""
    queue, agent, pick, late = lot.choice(QUEUES), lot.choice(AGENTS), lot.randrange(10), lot.random() < 0.3
    deeds = [
        lambda: day.transfer(queue, agent, late, lot.random() < 0.5),
        lambda: day.move(pick, queue, late, lot.random() < 0.5),
        lambda: day.park(pick, lot.random() < 0.5),
        lambda: day.swap(pick),
        lambda: day.device(agent, lot.choice(list(DeviceState))),
        lambda: day.work(agent, lot.choice(("in", "in", "out", "pause", "ready", "ready")), late),
        lambda: day.everybody(lot.choice(("in", "in", "out"))),
        lambda: day.fail(pick, late, lot.choice(FAILURES)),
        lambda: day.answer(pick, late),
        lambda: day.bridge(pick, late),
        lambda: day.hang_up(pick, late, True),
        lambda: day.leave(pick, late, lot.random() < 0.5),
        lambda: day.turn_the_key(queue, lot.choice((Doors.OPEN, Doors.OPEN, *Doors)), late),
        lambda: day.new_day(lot.randrange(-1, 2)),
        lambda: day.deliver_twice(lot.randrange(50)) if day.sent else None,
        lambda: day.deeds(lot.random() < 0.8),
        day.lose_link,
        day.take_picture,
        lambda: day.resynchronise(lot.random() < 0.5),
        lambda: day.resynchronise(True),
        day.keep_checkpoint,
        lambda: day.crash(lot.random() < 0.5, late),
    ]
    if changes:
        deeds.append(lambda: day.reconfigure(lot.choice((0, 0, 0, 1, 2, 3, 4)), lot.random() < 0.7))
    lot.choice(deeds)()
