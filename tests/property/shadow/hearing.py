"""What the second model makes of facts. Whoever tells an end first is believed."""

from datetime import timedelta
from typing import Any

from acd import facts as f
from acd.config import EngineConfig
from acd.model import DeviceState, Doors, LegState, VisitOutcome
from tests.property.shadow.house import House
from tests.property.shadow.people import Caller, Phone

CALLERS = (f.CallerJoined, f.CallerParked, f.CallerReturned, f.CallerGone, f.CallerSwapped)
AGENTS = (f.AgentLoggedIn, f.AgentLoggedOut, f.AgentPaused, f.AgentReady, f.DeviceChanged)


def hear(house: House, fact: f.Fact) -> None:
    """Take in one fact, and note what has to follow."""
    house.t = max(house.t, fact.t)
    house.facts += 1
    house.decisions = 0
    house.joining, house.refused, house.swapped = None, "", None
    house.orphans, house.stranded, house.displaced, house.pauses = [], {}, [], {}
    _take_in(house, fact)
    house.settle_idle()
    house.settle_nobody()
    _judge_joining(house)
    house.held = house.all_that_could_open()
    house.present = house.living()


def _take_in(house: House, fact: Any) -> None:
    kind = type(fact)
    if kind in CALLERS:
        _caller(house, fact)
    elif kind in AGENTS:
        _agent(house, fact)
    elif hasattr(fact, "offer"):
        _leg(house, fact)
    else:
        _house(house, fact)


def _house(house: House, fact: Any) -> None:
    match fact:
        case f.EngineStarted():
            house.linked = False
            if fact.config and fact.config != house.config.text:
                house.reconfigure(EngineConfig.parse(fact.config))
        case f.LinkLost():
            house.linked = False
        case f.Resynchronised():
            _picture(house, fact)
        case f.Reconfigured():
            _reconfigured(house, fact)
        case f.QueueDoors():
            if house.queue(fact.queue) is not None:
                house.doors[fact.queue] = fact.doors
        case f.DayBegun():
            _day(house, fact.day)
        case _:
            assert isinstance(fact, f.Tick)


def _day(house: House, day: str) -> None:
    if day <= house.day:
        return
    house.day = day
    for line in house.lines.values():
        line.in_time = line.answered = line.abandoned = 0
    for worker in house.workers.values():
        worker.calls = worker.talk_us = 0


# -- callers


def _caller(house: House, fact: Any) -> None:
    if isinstance(fact, f.CallerJoined):
        return _joined(house, fact)
    caller = house.callers.get(fact.visit)
    if caller is None or caller.ended:
        if isinstance(fact, f.CallerGone) and caller is None:
            house.early.setdefault(fact.visit, "hung up" if fact.hung_up else "left")
        return None
    caller.touched = house.t
    match fact:
        case f.CallerGone():
            caller.gone = caller.gone or ("hung up" if fact.hung_up else "left")
        case f.CallerSwapped(call=caller.call):
            pass
        case f.CallerSwapped():
            if house.calls.get(caller.call) == caller.visit:
                del house.calls[caller.call]
            caller.call, caller.doubt = fact.call, None
            house.calls[fact.call] = caller.visit
            house.swapped = caller.visit
        case _:
            caller.parked, caller.doubt = isinstance(fact, f.CallerParked), None
    return None


def _joined(house: House, fact: f.CallerJoined) -> None:
    if fact.visit in house.callers:
        return
    other = house.callers.get(house.calls.get(fact.call, ""))
    credit = house.credit.pop(fact.call, None)
    if other is not None:
        credit = (other.queue, other.since, False)
    since = house.t
    if credit is not None and credit[2] and not fact.only:
        credit = None  # who has talked begins anew
    if credit is not None and (credit[0] == fact.queue or fact.keeps):
        since = min(since, credit[1])
    named = fact.caller and not fact.only
    regained = house.regain.pop((fact.caller, fact.queue), None) if named else None
    if regained is not None and house.t <= regained[1]:
        since = min(since, regained[0])
    caller = _add(house, fact, since, house.t)
    caller.key, caller.last_agent, caller.only = fact.caller, fact.last_agent, fact.only
    caller.kept_until = house.keeps_until(caller)
    if other is not None:  # a call waits in one queue at a time: the later visit counts
        older = other if number_of(other.visit) <= number_of(caller.visit) else caller
        older.gone = older.gone or "moved"
        house.calls[fact.call] = caller.visit if older is other else other.visit
    house.joining = caller.visit


def _add(house: House, told: Any, since: int, joined: int) -> Caller:
    caller = Caller(
        told.visit, told.call, told.queue, told.priority, since, joined, 1 + len(house.callers), touched=house.t
    )
    caller.gone = house.early.pop(told.visit, "")
    house.callers[told.visit] = caller
    house.open_callers.append(caller)
    house.calls[told.call] = told.visit
    return caller


def number_of(visit: str) -> int:
    """The n of `<call>/<n>`."""
    return int(visit.rpartition("/")[2])


def _judge_joining(house: House) -> None:
    """Whether who joins may wait: doors, then the length, then who is logged in, then whose phone can be reached."""
    caller = house.callers[house.joining] if house.joining else None
    if caller is None or not house.linked or caller.only or caller.gone:
        return
    queue = house.queue(caller.queue)
    doors = house.doors.get(caller.queue, Doors.OPEN)
    if queue is None:
        house.refused = "nobody there"
        return
    before = [c for c in house.living(caller.queue) if c is not caller and not c.only and not c.gone]
    if doors is not Doors.OPEN:
        house.refused = doors.value
    elif queue.most_callers and len(before) >= queue.most_callers:
        house.refused = "full"
    elif not house.logged_in(caller.queue):
        house.refused = "nobody logged in"
    elif house.lines[caller.queue].nobody_since is not None:
        house.refused = "nobody there"


# -- agents


def _device(house: House, agent: str, state: DeviceState) -> None:
    worker = house.workers[agent]
    if worker.device is DeviceState.UNREACHABLE and state is not DeviceState.UNREACHABLE:
        worker.rest_until = worker.misses = 0
    worker.device = state


def _agent(house: House, fact: Any) -> None:
    worker = house.workers.get(fact.agent)
    if worker is None:
        return
    match fact:
        case f.DeviceChanged():
            _device(house, fact.agent, fact.state)
            worker.heard = house.t
        case f.AgentLoggedIn():
            if not worker.logged_in:
                worker.logged_in = True
                worker.paused = worker.pause_until = None
                worker.rest_until = worker.misses = 0
        case f.AgentLoggedOut():
            if worker.logged_in:
                worker.logged_in = False
                worker.paused = worker.pause_until = None
                worker.rest_until = 0
                if worker.wrap_until is not None:
                    worker.wrap_until, worker.must_wrap_end = house.t, False
        case f.AgentPaused():
            if worker.logged_in:
                worker.paused, worker.pause_until = fact.reason, None
        case f.AgentReady() if worker.logged_in:
            worker.paused = worker.pause_until = None
            worker.rest_until = worker.misses = 0
            if worker.wrap_until is not None:
                worker.wrap_until = house.t


# -- legs


def _leg(house: House, fact: Any) -> None:
    phone = house.phones.get(fact.offer)
    if phone is None:
        if isinstance(fact, f.OfferAnswered):
            house.orphans.append(fact.offer)
    elif phone.done:
        _late_leg(house, phone, fact)
    elif not phone.over:
        _living_leg(house, phone, fact)


def _living_leg(house: House, phone: Phone, fact: Any) -> None:
    phone.touched = house.t
    match fact:
        case f.OfferRinging():
            if phone.phase == "reserved":
                phone.phase = "ringing"
            phone.doubt = None
        case f.OfferAnswered():
            pick_up(house, phone)
        case f.OfferBridged():
            talk(house, phone)
        case f.OfferFailed():
            phone.told, phone.over = phone.told or fact.result, True
        case f.TalkEnded():
            talk(house, phone)
            phone.over = True
        case f.TalkHeld() | f.TalkResumed():
            phone.held = isinstance(fact, f.TalkHeld)  # perhaps before the bridge is heard of


def pick_up(house: House, phone: Phone) -> None:
    if phone.phase in ("reserved", "ringing") and phone.cancelled is None:
        phone.phase, phone.changed, phone.doubt = "answered", house.t, None


def talk(house: House, phone: Phone) -> None:
    if phone.phase != "talking":
        phone.phase, phone.changed, phone.doubt, phone.cancelled = "talking", house.t, None, None


def _late_leg(house: House, phone: Phone, fact: Any) -> None:
    match fact:
        case f.OfferFailed() | f.TalkEnded():
            phone.leg_gone = True
        case f.OfferBridged():
            revive(house, phone)
        case f.OfferAnswered() if not phone.leg_gone:
            house.orphans.append(phone.offer)


def revive(house: House, phone: Phone) -> None:
    """Given up for dead, and yet they talk."""
    worker = house.workers[phone.agent]
    other = house.phones[worker.phone] if worker.phone else None
    if phone.leg_gone or (other is not None and other.phase == "talking"):
        return
    if other is not None:
        house.displaced.append(other.offer)
    phone.done, phone.over, phone.told = False, False, None
    house.open_phones.append(phone)
    phone.phase, phone.cancelled, phone.why = "answered", None, ""
    worker.phone = phone.offer
    talk(house, phone)


# -- pictures


def _picture(house: House, fact: f.Resynchronised) -> None:
    limit = fact.began if fact.began >= 0 else house.t + 1
    seen = {d.agent: d.state for d in fact.devices}
    for agent in house.config.agents:
        if house.workers[agent.id].heard < limit:
            _device(house, agent.id, seen.get(agent.id, DeviceState.UNREACHABLE))
        house.settle_idle()
    legs = {leg.offer: leg.state for leg in fact.legs}
    for phone in list(house.living_phones()):
        if phone.offer in legs:
            _leg_seen(house, phone, legs[phone.offer])
        elif phone.touched < limit:
            _leg_not_seen(house, phone)
    for name in sorted(legs):
        found = house.phones.get(name)
        if found is None or found.done:
            if legs[name] is not LegState.BRIDGED:
                house.orphans.append(name)
            elif found is not None:
                revive(house, found)
    _callers_seen(house, fact, limit, set(legs))
    house.linked = True


def _leg_seen(house: House, phone: Phone, state: LegState) -> None:
    phone.doubt = None
    if state is LegState.BRIDGED:
        talk(house, phone)
    elif phone.cancelled is not None:
        house.orphans.append(phone.offer)
    elif state is LegState.ANSWERED:
        pick_up(house, phone)
    elif phone.phase == "reserved":
        phone.phase = "ringing"


def _leg_not_seen(house: House, phone: Phone) -> None:
    if phone.phase != "talking" and phone.made + house.config.doubt_us > house.t:
        phone.doubt = phone.made + house.config.doubt_us
    else:
        phone.over = True


def _callers_seen(house: House, fact: f.Resynchronised, limit: int, legs: set[str]) -> None:
    for seen in sorted(fact.callers, key=lambda c: (c.joined_at, c.visit)):
        caller = house.callers.get(seen.visit)
        if caller is None:
            waited = max(0, (fact.at - seen.joined_at) // timedelta(microseconds=1))
            found = _add(house, seen, house.t - waited, house.t - waited)
            found.parked, found.key, found.only = seen.parked, seen.caller, seen.only
        elif caller.ended:
            outcome, why, at = house.ends[seen.visit]
            stuck = outcome in (VisitOutcome.OVERFLOWED, VisitOutcome.ABANDONED)
            if stuck and at < limit and not seen.parked:
                house.stranded[seen.visit] = why if outcome is VisitOutcome.OVERFLOWED else "waited too long"
        elif caller.touched < limit:
            caller.parked, caller.doubt = seen.parked, None
    listed = {seen.visit for seen in fact.callers}
    for caller in house.living():
        rung = any(p.offer in legs for p in house.ringing(caller))
        if caller.visit not in listed and caller.touched < limit and not rung:
            caller.gone = caller.gone or "hung up"


def _reconfigured(house: House, fact: f.Reconfigured) -> None:
    before = [a.id for a in house.config.agents]
    house.reconfigure(EngineConfig.parse(fact.config))
    for seen in fact.devices:
        if seen.agent not in before and seen.agent in house.workers:
            _device(house, seen.agent, seen.state)
            house.workers[seen.agent].heard = house.t
