"""How each fact about a call changes the call's record: one small pure function a fact."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from acd import facts as f
from ivr.call import facts as c
from ivr.figures.call_record import CallRecord, Dial, OfferRecord, Pause, TalkRuling


def microseconds(span: timedelta) -> int:
    """A span of wall time in whole microseconds, 0 when the wall clock went back."""
    return max(0, span // timedelta(microseconds=1))


def finished(dial: Dial, at: datetime) -> Dial:
    """The dial as the end of its call at `at` leaves it."""
    if dial.ended is not None and not (dial.answered and dial.result == "caller gone"):
        return dial
    return replace(dial, ended=dial.ended or at, result="answered" if dial.answered else "caller gone")


def _dial(call: CallRecord, event: Any, fits: Callable[[Dial], bool], **changed: Any) -> Mapping[str, Any]:
    """The call's dials with the last fitting one to the event's extension changed, or with a new one."""
    dials = list(call.dials)
    for i in reversed(range(len(dials))):
        if dials[i].extension == event.extension and fits(dials[i]):
            dials[i] = replace(dials[i], **changed)
            return {"dials": tuple(dials)}
    return {"dials": (*dials, replace(Dial(extension=event.extension, begun=event.at), **changed))}


def _dial_begun(call: CallRecord, event: c.DialBegun) -> Mapping[str, Any]:
    return _dial(call, event, lambda dial: dial.begun >= event.at, begun=event.at)


def _dial_answered(call: CallRecord, event: c.DialAnswered) -> Mapping[str, Any]:
    if any(dial.extension == event.extension and dial.answered == event.at for dial in call.dials):
        return {}
    # A call that has ended closed its open dial as "caller gone"; the answer may be told later.
    return _dial(call, event, lambda dial: not dial.answered and dial.result in ("", "caller gone"), answered=event.at)


def _dial_ended(call: CallRecord, event: c.DialEnded) -> Mapping[str, Any]:
    if call.dials and not any(dial.extension == event.extension and not dial.ended for dial in call.dials):
        return {}
    return _dial(call, event, lambda dial: not dial.ended, ended=event.at, result=event.result)


def _ended(call: CallRecord, event: c.CallEnded) -> Mapping[str, Any]:
    # What CEL wrote down at the moment itself corrects what a resynchronisation could only conclude.
    if call.ended is not None and not (call.source == "resynchronisation" and event.source != "resynchronisation"):
        return {"reason": call.reason or event.reason}
    return {
        "ended": event.at,
        "by": event.by,
        "cause": event.cause,
        "reason": event.reason or call.reason,
        "source": event.source,
    }


def _message_left(call: CallRecord, event: c.MessageLeft) -> Mapping[str, Any]:
    # Told again after a crash: the second time changes nothing.
    return {"messages": tuple(dict.fromkeys((*call.messages, event.message))), **_message_closed(call, event)}


def _message_closed(call: CallRecord, event: c.MessageLeft | c.MessageDropped) -> Mapping[str, Any]:
    return {"open_message": ""} if call.open_message == event.message else {}


def _key_wrong(call: CallRecord, event: c.KeyWrong) -> Mapping[str, Any]:
    if event.key:
        return {"wrong_keys": call.wrong_keys + 1}
    return {"no_keys": call.no_keys + 1}


def _step(call: CallRecord, event: c.StepEntered) -> Mapping[str, Any]:
    flow = call.flow or event.flow
    return {"steps": call.steps + 1, "step": event.step, "flow": flow, "transferred": False}


def _transferred(call: CallRecord, event: c.TalkTransferred) -> Mapping[str, Any]:
    if event.offer or not any(dial.extension == event.by for dial in call.dials):
        return {"transferred": True}  # the agent's part is another record
    ended = [dial for dial in call.dials if dial.extension == event.by][-1]
    dials = tuple(replace(x, transfer=handed_on(event)) if x is ended else x for x in call.dials)
    return {"transferred": True, "dials": dials}


def handed_on(event: c.TalkTransferred) -> str:
    """How, and to whom."""
    return f"{event.how}: {event.to}"[:64]


def _ruled(call: CallRecord, event: c.RecordingRuled) -> Mapping[str, Any]:
    if any(ruling.leg == event.leg for ruling in call.rulings):
        return {}
    ruling = TalkRuling(
        leg=event.leg,
        queue=event.queue,
        agent=event.agent,
        record=event.record,
        why=event.why,
        said=event.said,
        ruled=event.at,
    )
    return {"rulings": (*call.rulings, ruling)}


def _of_leg(change: Callable[[TalkRuling, Any], TalkRuling]) -> Callable[[CallRecord, Any], Mapping[str, Any]]:
    """The fold of a fact that changes the recording of one talk."""

    def fold(call: CallRecord, event: Any) -> Mapping[str, Any]:
        return {"rulings": tuple(change(one, event) if one.leg == event.leg else one for one in call.rulings)}

    return fold


def _begun(ruling: TalkRuling, event: c.RecordingBegun) -> TalkRuling:
    return replace(ruling, begun=ruling.begun or event.at)


def _paused(ruling: TalkRuling, event: c.RecordingPaused) -> TalkRuling:
    if ruling.pauses and (ruling.pauses[-1].ended is None or ruling.pauses[-1].begun >= event.at):
        return ruling
    return replace(ruling, pauses=(*ruling.pauses, Pause(begun=event.at, by=event.by)))


def _resumed_voice(ruling: TalkRuling, event: c.RecordingResumed) -> TalkRuling:
    if not ruling.pauses or ruling.pauses[-1].ended is not None:
        return ruling
    return replace(ruling, pauses=(*ruling.pauses[:-1], replace(ruling.pauses[-1], ended=event.at)))


def _stopped(ruling: TalkRuling, event: c.RecordingStopped) -> TalkRuling:
    return replace(ruling, stopped=ruling.stopped or event.at)


def _wished(call: CallRecord, event: c.RecordingWished) -> Mapping[str, Any]:
    return {"declined": event.wish == "declined"} if event.wish in ("declined", "agreed") else {}


FOLDS: dict[type, Callable[[CallRecord, Any], Mapping[str, Any]]] = {
    c.StepEntered: _step,
    c.NoticeHeard: lambda call, e: {"notice": e.version},
    c.KeyChosen: lambda call, e: {"keys": (*call.keys, f"{e.step}:{e.key}")},
    c.KeyWrong: _key_wrong,
    c.PromptMissing: lambda call, e: {"prompts_missing": call.prompts_missing + 1},
    c.DialBegun: _dial_begun,
    c.DialAnswered: _dial_answered,
    c.DialEnded: _dial_ended,
    c.TalkTransferred: _transferred,
    c.FallbackBegun: lambda call, e: {"fallback": True},
    c.RecordingWished: _wished,
    c.RecordingRuled: _ruled,
    c.RecordingBegun: _of_leg(_begun),
    c.RecordingPaused: _of_leg(_paused),
    c.RecordingResumed: _of_leg(_resumed_voice),
    c.RecordingStopped: _of_leg(_stopped),
    c.RecordingFinished: lambda call, e: {"recordings": tuple(dict.fromkeys((*call.recordings, e.recording)))},
    c.MessageBegun: lambda call, e: {"open_message": "" if e.message in call.messages else e.message},
    c.MessageLeft: _message_left,
    c.MessageDropped: _message_closed,
    c.CallEnded: _ended,
}
"""The changed fields of a record, by the type of the fact."""


def _first(name: str) -> Callable[[OfferRecord, datetime], Mapping[str, Any]]:
    """The first word about a moment counts."""
    return lambda offer, at: {name: getattr(offer, name) or at}


def _held(offer: OfferRecord, at: datetime) -> Mapping[str, Any]:
    return {"held": at} if offer.held is None and offer.talk_ended is None else {}


def _resumed(offer: OfferRecord, at: datetime) -> Mapping[str, Any]:
    return {"held": None, "hold_us": offer.hold_us + microseconds(at - offer.held)} if offer.held else {}


def _talk_ended(offer: OfferRecord, at: datetime) -> Mapping[str, Any]:
    return {**_resumed(offer, at), "talk_ended": offer.talk_ended or at}


OFFER_FOLDS: dict[type, Callable[[OfferRecord, datetime], Mapping[str, Any]]] = {
    f.OfferAnswered: _first("answered"),
    f.OfferBridged: _first("bridged"),
    f.TalkHeld: _held,
    f.TalkResumed: _resumed,
    f.TalkEnded: _talk_ended,
}
"""The changed fields of an offer, by the type of the fact."""
