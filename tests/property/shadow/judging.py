"""What the second model asks of each decision, and what it makes of it."""

from acd import decisions as d
from acd.facts import Fact, Resynchronised
from acd.model import Doors, OfferResult, VisitOutcome
from tests.property.shadow.choosing import agrees
from tests.property.shadow.house import SEVERAL, House
from tests.property.shadow.people import Caller, Phone
from tests.property.shadow.reasons import check_reasons

FAILURES = {
    OfferResult.NO_ANSWER: "no_answer",
    OfferResult.BUSY: "busy",
    OfferResult.REFUSED: "refused",
    OfferResult.UNREACHABLE: "unreachable",
}


def judge(house: House, fact: Fact, decision: d.Decision) -> None:
    """Assert that a decision is right at this moment, and believe it."""
    match decision:
        case d.MakeOffer():
            _make(house, decision)
        case d.CancelOffer():
            _cancel(house, decision)
        case d.CloseOffer():
            _close(house, decision)
        case d.EndVisit():
            _end(house, decision)
        case d.BeginWrapUp():
            _wrap(house, decision)
        case d.EndWrapUp():
            worker = house.workers[decision.agent]
            assert worker.wrap_until is not None and worker.wrap_until <= house.t, "wrap-up cut short"
            worker.wrap_until, worker.must_wrap_end = None, True
        case d.PauseAgent():
            _pause(house, decision)
        case d.EndPause():
            worker = house.workers[decision.agent]
            assert worker.paused is not None, "a pause that is none ends"
            assert worker.pause_until is not None and worker.pause_until <= house.t, "a pause cut short"
            worker.paused = worker.pause_until = None
        case d.WidenCircle():
            _widen(house, decision)
        case d.HangUpOrphan():
            phone = house.phones.get(decision.offer)
            assert phone is None or phone.done or phone.cancelled is not None, "a live leg was hung up as an orphan"
            assert decision.offer in house.orphans, "nobody saw this leg"
            house.orphans.remove(decision.offer)
        case d.SendBackAgain():
            assert isinstance(fact, Resynchronised)
            assert house.stranded.pop(decision.visit, None) == decision.why, "sent back again without reason"
            caller = house.callers[decision.visit]
            assert decision.queue == caller.queue
    house.settle_idle()
    house.held &= house.all_that_could_open()


# -- offers


def _make(house: House, made: d.MakeOffer) -> None:
    caller, worker = house.callers[made.visit], house.workers[made.agent]
    queue, who = house.queue(made.queue), house.agent(made.agent)
    assert house.linked, "an offer without a link"
    assert made.offer not in house.phones, "an offer id was used twice"
    assert len(made.offer) == 21
    assert worker.phone is None, "an agent has two offers at once"
    assert queue is not None and who is not None, "an offer for nobody"
    assert (made.queue, made.call, made.step) == (caller.queue, caller.call, caller.step)
    ring = who.ring_us if who.ring_us is not None else queue.ring_us
    assert made.ring_us == ring, "the wrong ring time"
    if caller.only:
        assert made.agent == caller.only and house.waits(caller) and house.takes_transfer(caller), "a wrong transfer"
        assert not caller.failed, "a transfer is tried twice"
        assert made.rule == "transfer"
    else:
        _ordinary(house, made, caller)
    if not caller.only:  # a transfer is not the queue's choice
        line = house.lines[made.queue]
        line.offers, line.last = line.offers + 1, made.agent
    house.phones[made.offer] = Phone(
        made.offer, made.agent, made.visit, made.queue, house.t, made.ring_us, house.t, house.t, house.facts
    )
    house.open_phones.append(house.phones[made.offer])
    worker.phone = made.offer


def _ordinary(house: House, made: d.MakeOffer, caller: Caller) -> None:
    """Legal, nobody overtaken, the strategy's choice, and every reason told."""
    status = house.status(made.agent)
    assert status == "available", f"an offer to somebody {status}"
    assert house.offerable(caller), "a caller was offered who does not wait"
    assert house.may(made.agent, caller), "that caller could not be offered to that agent"
    kept = house.kept_for(caller)
    queue = house.queue(made.queue)
    assert queue is not None
    assert made.rule == ("last agent" if kept is not None else queue.strategy), "the wrong rule"
    for other in house.living():
        if other is caller or not house.offerable(other) or not house.may(made.agent, other):
            continue
        assert house.place(other) > house.place(caller), "an earlier caller was overtaken"
        assert other.since + house.config.overtaking_bound_us >= caller.since, "the bound of fairness is broken"
    assert agrees(house, caller, made.agent), f"{queue.strategy} takes another agent"
    check_reasons(house, made, caller)


def _cancel(house: House, cancelled: d.CancelOffer) -> None:
    phone = house.phones[cancelled.offer]
    assert phone.phase != "talking", "a talk was cut off"
    assert phone.rings, "cancelled what does not ring"
    assert cancelled.agent == phone.agent
    caller = house.callers[phone.visit]
    others = [p for p in house.living_phones() if p.visit == phone.visit and p is not phone]
    match cancelled.why:
        case "no sign of life":
            assert house.linked and house.t >= silent_from(house, phone), "given up too early"
        case "the caller left":
            assert caller.ended and house.ends[caller.visit][0] is not VisitOutcome.ANSWERED
        case "answered elsewhere":
            assert any(p.phase == "talking" or (p.phase == "answered" and p.rings) for p in others), (
                "answered by nobody"
            )
        case "reception rings for this caller":
            assert caller.parked
        case "another call took the place":
            assert house.swapped == caller.visit
        case "talking":
            assert phone.offer in house.displaced
        case _:
            raise AssertionError(f"an unknown reason: {cancelled.why!r}")
    phone.cancelled, phone.why, phone.doubt = house.t, cancelled.why, None


def silent_from(house: House, phone: Phone) -> int:
    """When a phone of which nothing is heard is given up."""
    if phone.doubt is not None:
        return phone.doubt
    if phone.cancelled is not None:
        return phone.cancelled + house.config.doubt_us
    if phone.phase == "answered":
        return phone.changed + house.config.whisper_us
    return phone.made + phone.ring_us + house.config.ring_margin_us


def _close(house: House, closed: d.CloseOffer) -> None:
    phone, caller = house.phones[closed.offer], house.callers[closed.visit]
    worker = house.workers[phone.agent]
    assert closed.offer not in house.results, "an offer has two results"
    assert (closed.agent, closed.queue, closed.visit) == (phone.agent, phone.queue, phone.visit)
    house.results[closed.offer] = closed.result
    phone.closed = True
    if phone.phase == "talking":
        wanted = OfferResult.LOST if caller.ended else OfferResult.ANSWERED
        assert closed.result is wanted, f"a talk is closed as {closed.result.value}"
        worker.misses = 0
        worker.calls += closed.result is OfferResult.ANSWERED
        return
    due = house.t >= silent_from(house, phone) and (phone.doubt is not None or phone.cancelled is not None)
    assert phone.over or (house.linked and due), "an offer was given up too early"
    assert closed.result is result_of(phone), f"{closed.result.value} instead of {result_of(phone).value}"
    phone.done = True
    phone.leg_gone = phone.over and phone.told not in (None, OfferResult.UNKNOWN)
    if worker.phone == phone.offer:  # else the agent was found talking in an older one
        worker.phone = None
    _follow(house, phone, closed.result)


def result_of(phone: Phone) -> OfferResult:
    """Of an offer that never came to a bridge."""
    if phone.cancelled is not None and phone.why != "no sign of life":
        return OfferResult.LOST if phone.told is OfferResult.LOST else OfferResult.CANCELLED
    return OfferResult.UNKNOWN if phone.told in (None, OfferResult.ANSWERED) else phone.told


def _follow(house: House, phone: Phone, result: OfferResult) -> None:
    """What a failed offer means for its agent and its caller."""
    worker, caller, config = house.workers[phone.agent], house.callers[phone.visit], house.config
    if result in FAILURES:
        rule = getattr(config, FAILURES[result])
        caller.tried[worker.name] = house.t + rule.again_us
        if rule.rest_us:
            worker.rest_until = house.t + rule.rest_us
        if rule.pause_after:
            worker.misses += 1
            if worker.misses >= rule.pause_after:
                until = house.t + rule.pause_us if rule.pause_us is not None else None
                house.pauses[worker.name] = (result.value, until)
                worker.misses = 0
    elif result is OfferResult.UNKNOWN and phone.told is OfferResult.UNKNOWN:
        worker.rest_until = house.t + config.unknown_rest_us
    if caller.ended:
        return
    if result is OfferResult.LOST and not house.ringing(caller) and caller.doubt is None:
        caller.doubt = house.t + config.doubt_us
    if caller.only and result not in (OfferResult.CANCELLED, OfferResult.LOST):
        caller.failed = True


# -- visits


OVERFLOWS = (
    "full",
    "closed",
    "emergency",
    "nobody logged in",
    "nobody there",
    "the last one left",
    "waited too long",
    "transfer failed",
)


def _end(house: House, ended: d.EndVisit) -> None:
    caller = house.callers[ended.visit]
    assert ended.visit not in house.ends, "a visit has two outcomes"
    assert ended.wait_us == max(0, house.t - caller.joined), "the wrong wait"
    assert (ended.call, ended.queue) == (caller.call, caller.queue)
    match ended.outcome:
        case VisitOutcome.ANSWERED:
            talks = [p for p in house.living_phones() if p.visit == caller.visit and p.phase == "talking"]
            assert [p.agent for p in talks] == [ended.agent], "answered without a bridge"
        case VisitOutcome.ABANDONED:
            lost = caller.doubt is not None and caller.doubt <= house.t
            assert caller.gone == "hung up" or lost, "nobody hung up"
        case VisitOutcome.LEFT:
            assert caller.gone in ("left", "moved"), "nobody left"
            assert ended.why == ("moved to another queue" if caller.gone == "moved" else "")
        case VisitOutcome.OVERFLOWED:
            assert ended.why in OVERFLOWS, f"no exit: {ended.why!r}"
            lost = ended.why == "transfer failed" and caller.failed  # told at the next link, if the deed is lost
            assert (house.linked or lost) and house.waits(caller), "a caller was sent back who did not wait"
            assert ended.why in exits_of(house, caller), f"sent back too early at {ended.why!r}"
        case VisitOutcome.CALLBACK:
            raise AssertionError("nobody asked for a callback")
    _remember(house, caller, ended)


def exits_of(house: House, caller: Caller) -> list[str]:
    """Why a caller who waits has to leave at this moment; usually nothing."""
    queue, found = house.queue(caller.queue), []
    if queue is None:
        return ["nobody there", *(["transfer failed"] if caller.only else [])]
    if house.t >= caller.joined + queue.longest_wait_us:
        found.append("waited too long")
    if caller.only:
        cannot = caller.failed or not house.takes_transfer(caller)
        return [*found, *(["transfer failed"] if cannot else [])]
    if house.joining == caller.visit and house.refused:
        return [house.refused]
    doors = house.doors.get(caller.queue, Doors.OPEN)
    if doors is not Doors.OPEN:
        found.append(doors.value)
    since = house.lines[caller.queue].nobody_since
    if since is not None and house.t >= since + queue.nobody_there_us:
        found.append("nobody there" if house.logged_in(caller.queue) else "the last one left")
    return found


def _remember(house: House, caller: Caller, ended: d.EndVisit) -> None:
    caller.ended = True
    house.ends[ended.visit] = (ended.outcome, ended.why, house.t)
    if house.calls.get(caller.call) == caller.visit:
        del house.calls[caller.call]
    if ended.outcome is VisitOutcome.ABANDONED:
        house.credit.pop(caller.call, None)
    elif caller.gone != "moved":  # else the next visit has it already
        house.credit[caller.call] = (caller.queue, caller.since, ended.outcome is VisitOutcome.ANSWERED)
    queue, line = house.queue(caller.queue), house.lines.get(caller.queue)
    named = caller.key and not caller.only
    if ended.outcome is VisitOutcome.ABANDONED and named and queue is not None and queue.regain_us:
        house.regain[caller.key, caller.queue] = (caller.since, house.t + queue.regain_us)
    if line is None or queue is None or caller.only:
        return
    if ended.outcome is VisitOutcome.ANSWERED:
        line.answered += 1
        line.in_time += ended.wait_us <= queue.service_level_us
    elif ended.outcome is VisitOutcome.ABANDONED:
        line.abandoned += 1


# -- agents and circles


def _wrap(house: House, begun: d.BeginWrapUp) -> None:
    worker, queue, who = house.workers[begun.agent], house.queue(begun.queue), house.agent(begun.agent)
    assert worker.phone is not None, "wrap-up of an agent without a talk"
    phone = house.phones[worker.phone]
    assert phone.phase == "talking" and phone.over, "wrap-up without a talk that ended"
    assert begun.queue == phone.queue
    assert begun.talk_us == house.t - phone.changed, "the wrong talk time"
    own = who.wrap_up_us if who is not None else None
    length = own if own is not None else queue.wrap_up_us if queue is not None else 0
    assert begun.until == house.t + length, "wrap-up of the wrong length"
    phone.done = phone.leg_gone = True
    worker.phone = None
    worker.wrap_until, worker.must_wrap_end = begun.until, True
    worker.talk_us += begun.talk_us


def _pause(house: House, paused: d.PauseAgent) -> None:
    worker = house.workers[paused.agent]
    assert house.pauses.pop(paused.agent, None) == (paused.reason, paused.until), "a pause that nobody earned"
    if worker.paused is not None and worker.pause_until is None:
        return  # who said so is not made ready by a rule
    worker.paused, worker.pause_until = paused.reason, paused.until


def _widen(house: House, widened: d.WidenCircle) -> None:
    caller = house.callers[widened.visit]
    assert widened.queue == caller.queue and not caller.ended
    assert widened.step == caller.step + 1, "a step was left out"
    assert house.openable(caller), "a step was opened before its time"
    caller.step = widened.step


__all__ = ["SEVERAL", "exits_of", "judge", "silent_from"]
