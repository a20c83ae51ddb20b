"""What must hold when a fact has been dealt with: nothing possible is left undone, nothing due is overdue, and the
engine asks to be woken in time for the next thing."""

from typing import Any

from acd.decisions import Decision, EndVisit
from acd.model import Doors, QueueId, VisitOutcome
from tests.property.shadow.house import House
from tests.property.shadow.judging import exits_of, silent_from

OUTCOMES = {"hung up": VisitOutcome.ABANDONED, "left": VisitOutcome.LEFT, "moved": VisitOutcome.LEFT}


def look_around(house: House, decisions: tuple[Decision, ...], engine: Any) -> None:
    """After all decisions of one fact."""
    _refused(house, decisions)
    _told_ends(house)
    assert not house.orphans, "a leg of nobody was not hung up"
    assert not house.stranded, "a stranded caller was not sent back again"
    for name in house.pauses:
        assert not house.workers[name].logged_in or house.workers[name].paused, f"{name} should pause"
    for worker in house.workers.values():
        if not worker.must_wrap_end and worker.wrap_until is not None:
            worker.wrap_until, worker.must_wrap_end = None, True
    house.settle_idle()
    left = undone(house, house.held)
    assert not left, "; ".join(left)
    if engine is not None:
        _deadline(house, engine.next_deadline())
        look(house, engine)


def _refused(house: House, decisions: tuple[Decision, ...]) -> None:
    """Who joins and may not wait leaves at once, at the right exit."""
    if house.joining is None or not house.refused:
        return
    ends = [x.why for x in decisions if isinstance(x, EndVisit) and x.visit == house.joining]
    assert ends == [house.refused], f"who joined was not refused as {house.refused!r}"


def _told_ends(house: House) -> None:
    for caller in house.present:
        if caller.gone:
            assert caller.ended, "a caller who left is still believed to wait"
            outcome = house.ends[caller.visit][0]
            assert outcome in (OUTCOMES[caller.gone], VisitOutcome.ANSWERED), f"{caller.gone} is not {outcome.value}"


def undone(house: House, steps: set[tuple[str, int]]) -> list[str]:
    """Everything that has to follow at the house's time and did not. `steps`: those that have to be open."""
    found = []
    for worker in house.workers.values():
        if worker.wrap_until is not None and worker.wrap_until <= house.t:
            found.append(f"the wrap-up of {worker.name} does not end")
        if worker.pause_until is not None and worker.pause_until <= house.t:
            found.append(f"the pause of {worker.name} does not end")
    for phone in house.living_phones():
        found += _phone_undone(house, phone)
    for caller in house.living():
        if caller.doubt is not None and caller.doubt <= house.t:
            found.append(f"nobody is at {caller.visit} any more")
        if house.linked and not caller.gone:
            found += _caller_undone(house, caller, steps)
    return found


def _phone_undone(house: House, phone: Any) -> list[str]:
    caller, name = house.callers[phone.visit], phone.offer
    if phone.over:
        return [f"the end of {name} was not noticed"]
    if phone.phase == "talking":
        return [] if phone.closed and caller.ended else [f"the talk of {name} was not noticed"]
    found = []
    if phone.rings:
        others = [p for p in house.ringing(caller) if p is not phone]
        swapped = house.swapped == caller.visit and phone.fact < house.facts
        if caller.ended or caller.parked or caller.gone or swapped:
            found.append(f"{name} rings for nobody")
        if any(p.phase == "answered" for p in others) and phone.phase != "answered":
            found.append(f"{name} rings for somebody who is being connected")
    if house.linked and house.t >= silent_from(house, phone):
        found.append(f"{name} gives no sign of life")
    return found


def _caller_undone(house: House, caller: Any, steps: set[tuple[str, int]]) -> list[str]:
    if not house.offerable(caller):
        return []
    if house.waits(caller):
        if caller.only:
            return [f"{caller.visit} is neither transferred nor sent back"]
        if exits := exits_of(house, caller):
            return [f"{caller.visit} has to leave: {exits[0]}"]
    found = []
    if (caller.visit, caller.step + 1) in steps and house.openable(caller):
        found.append(f"step {caller.step + 1} of {caller.visit} does not open")
    if candidates := house.candidates(caller):
        found.append(f"{caller.visit} and {candidates[0]} both wait")
    return found


# -- deadlines


def _deadline(house: House, deadline: int | None) -> None:
    """The engine wants to be woken no later than something becomes due."""
    assert deadline is None or deadline > house.t, "a deadline that has passed"
    now, open_now = house.t, house.all_that_could_open()
    for due in sorted({t for t in _moments(house) if t > now}):
        if deadline is not None and deadline <= due:
            return
        house.t = due
        try:
            left = undone(house, house.all_that_could_open() - open_now)
        finally:
            house.t = now
        assert not left, f"no deadline for {left[0]}"


def _moments(house: House) -> list[int]:
    """When time alone may change something."""
    found: list[int | None] = []
    for worker in house.workers.values():
        found += [worker.wrap_until, worker.pause_until, worker.rest_until]
    for phone in house.living_phones():
        if phone.phase != "talking":
            found.append(silent_from(house, phone))
            queue = house.queue(phone.queue)
            found.append(phone.made + queue.ring_another_us if queue else None)
    for caller in house.living():
        found += [caller.doubt, *caller.tried.values()]
        queue = house.queue(caller.queue)
        if queue is None:
            continue
        found += [caller.joined + queue.longest_wait_us, caller.joined + queue.last_agent_us]
        found += [caller.since + step.after_us for step in queue.steps]
        found += [caller.joined + c.value for step in queue.steps for c in step.when if c.what == "longest wait"]
    for name, line in house.lines.items():
        queue = house.queue(name)
        if line.nobody_since is not None and queue is not None:
            found.append(line.nobody_since + queue.nobody_there_us)
    return [moment for moment in found if moment is not None]


# -- what the engine shows


def look(house: House, engine: Any) -> None:
    """What an engine shows of agents, queues and callers is what the second model believes."""
    for view in engine.agents():
        worker = house.workers[view.agent]
        status = house.status(view.agent)
        assert view.status.value == status, f"{view.agent} is {status}, not {view.status.value}"
        assert (view.calls, view.talk_us) == (worker.calls, worker.talk_us), f"the counters of {view.agent}"
        assert view.logged_in == worker.logged_in and view.offer == worker.phone
    _queue_views(house, engine)
    for queue in house.config.queues:
        callers = sorted(house.living(queue.id), key=house.place)
        shown = engine.in_queue(QueueId(queue.id))
        assert [v.visit for v in shown] == [c.visit for c in callers], "another order of the queue"
        for view, caller in zip(shown, callers, strict=True):
            wanted = (caller.joined, caller.since, caller.step)
            assert (view.joined_us, view.since_us, view.step) == wanted, f"{view} instead of {wanted}"
            assert (view.parked, view.only) == (caller.parked, caller.only)
            assert set(view.offers) == {p.offer for p in house.ringing(caller)}


def _queue_views(house: House, engine: Any) -> None:
    for view in engine.queues():
        name = view.queue
        who = [a.id for a in house.config.agents if house.ring(a.id, name) is not None]
        assert view.doors is house.doors.get(name, Doors.OPEN), f"the doors of {name}"
        assert view.logged_in == sum(house.workers[one].logged_in for one in who), f"who is logged in for {name}"
        assert view.there == len(house.there(name)), f"who is there for {name}"
        assert view.available == house.value(name, "idle"), f"who is available for {name}"
        assert view.waiting == house.value(name, "waiting"), f"who waits in {name}"
        assert view.service_level == house.value(name, "service level"), f"the service level of {name}"
        joined = [caller.joined for caller in house.counted(name)]
        assert view.oldest_us == min(joined, default=None), f"who waits longest in {name}"
