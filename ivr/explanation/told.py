"""Each fact and each decision in words."""

from collections.abc import Callable
from typing import Any

from acd import decisions as d
from acd import facts as f
from ivr.access.anchor import AuditAnchored
from ivr.call import facts as c
from ivr.explanation.words import Words
from ivr.site import versions
from ivr.site.overrides import OverrideSet

Telling = Callable[[Words, Any], str]


def told(say: Words, thing: Any) -> str:
    """A fact or a decision; the name of its class where there are no words for it."""
    words = _TOLD.get(type(thing))
    return words(say, thing) if words else type(thing).__name__


def _plain(text: str, *names: str) -> Telling:
    """The values of these fields, as they are."""
    return lambda say, e: say(text, **{name: getattr(e, name) for name in names})


def _worded(text: str, *names: str, **given: str) -> Telling:
    """As `_plain`, but the values of `given` are words of the engine: name in the text = name of the field."""

    def telling(say: Words, e: Any) -> str:
        values = {name: getattr(e, name) for name in names}
        words = {name: say.word(_value(getattr(e, field))) for name, field in given.items()}
        return say(text, **values, **words)

    return telling


def _timed(text: str, field: str, *names: str) -> Telling:
    """As `_plain`, with `seconds` from a field in microseconds."""
    return lambda say, e: say(text, seconds=say.seconds(getattr(e, field)), **{n: getattr(e, n) for n in names})


def _value(value: Any) -> str:
    return str(getattr(value, "value", value))


def _started(say: Words, e: c.CallStarted) -> str:
    flow = say("by flow", flow=e.flow) if e.flow else ("" if e.did.startswith("*") else say("server away"))
    version = say("of version", version=e.config[: versions.EDITION_DIGITS]) if e.config else ""
    return say("call came in", did=e.did, flow=flow, version=version)


def _key_wrong(say: Words, e: c.KeyWrong) -> str:
    return say("wrong key", key=e.key, step=e.step) if e.key else say("no key", step=e.step)


def _call_ended(say: Words, e: c.CallEnded) -> str:
    text = say("call ended", by=say.word(e.by), cause=e.cause)
    text += say("why ended", reason=say.word(e.reason)) if e.reason else ""
    return text + (say("told by", source=e.source) if e.source != "ami" else "")


def _override(say: Words, e: OverrideSet) -> str:
    by = " ".join(word for word in (e.by, e.who) if word)
    why = f" ({e.why})" if e.why else ""
    return say("override", timetable=e.timetable, state=say.word(e.state), by=by, why=why)


def _joined(say: Words, e: f.CallerJoined) -> str:
    return say(
        "joined",
        queue=e.queue,
        priority=say("with priority", priority=e.priority) if e.priority else "",
        only=say("only for", agent=e.only) if e.only else "",
        credit="",
    )


def _agent(text: str) -> Telling:
    """What somebody told of an agent, and how."""

    def telling(say: Words, e: Any) -> str:
        by = say("by", by=say.word(e.by)) if e.by else ""
        more = {"reason": say.word(e.reason)} if isinstance(e, f.AgentPaused) else {}
        return say(text, agent=e.agent, by=by, **more)

    return telling


def _visit_ended(say: Words, e: d.EndVisit) -> str:
    return say(
        "visit ended",
        queue=e.queue,
        outcome=say.word(e.outcome.value),
        seconds=say.seconds(e.wait_us),
        agent=say("by agent", agent=e.agent) if e.agent else "",
        why=f": {say.word(e.why)}" if e.why else "",
    )


def _rule_pause(say: Words, e: d.PauseAgent) -> str:
    until = say("until ready") if e.until is None else ""
    return say("rule pause", agent=e.agent, reason=say.word(e.reason), until=until)


def _ruled(say: Words, e: c.RecordingRuled) -> str:
    said = ", ".join(" ".join(map(say.word, one.split("|"))) for one in e.said)
    return say(
        "recorded" if e.record else "not recorded",
        agent=e.agent,
        why=say.word(e.why),
        said=f" ({said})" if said else "",
    )


_TOLD: dict[type, Telling] = {
    c.CallStarted: _started,
    c.CallRefused: _plain("refused", "did"),
    c.StepEntered: _plain("step", "step", "verb"),
    c.NoticeHeard: _plain("notice", "prompt", "version"),
    c.KeyChosen: _plain("key", "key", "step", "then"),
    c.KeyWrong: _key_wrong,
    c.BranchTaken: _plain("way", "step", "way", "then"),
    c.LanguageChosen: _plain("language", "language"),
    c.InputTaken: _worded("input", "step", "tries", result="result"),
    c.SourceAsked: _worded("looked up", "source", outcome="outcome"),
    c.PromptMissing: _plain("no prompt", "prompt"),
    c.DialBegun: _plain("rings", "extension"),
    c.DialAnswered: _plain("dial answered", "extension"),
    c.DialEnded: _worded("dial ended", "extension", result="result"),
    c.TalkTransferred: _worded("transferred", "by", "to", how="how"),
    c.TransferReturned: _worded("transfer returned", "to", "back", why="why"),
    c.FallbackBegun: _plain("fallback"),
    c.RecordingWished: _worded("recording wished", "step", wish="wish"),
    c.RecordingRuled: _ruled,
    c.RecordingBegun: _worded("recording begun", by="by"),
    c.RecordingPaused: _worded("recording paused", by="by"),
    c.RecordingResumed: _worded("recording resumed", by="by"),
    c.RecordingRenewed: _plain("recording renewed", "part"),
    c.RecordingStopped: _worded("recording stopped", why="why"),
    c.RecordingFinished: _timed("recording", "seconds_us", "recording"),
    c.MessageBegun: _plain("message begun", "message", "mailbox"),
    c.MessageLeft: _timed("message left", "seconds_us", "message", "mailbox"),
    c.MessageDropped: _plain("message dropped", "message"),
    c.MessageHandled: _worded("message handled", "message", "by", what="what"),
    c.CallEnded: _call_ended,
    OverrideSet: _override,
    versions.VersionActivated: lambda say, e: versions.told(e),
    versions.CanaryStarted: lambda say, e: versions.told(e),
    versions.CanaryEnded: lambda say, e: versions.told(e),
    AuditAnchored: lambda say, e: f"the audit's entry {e.seq} was anchored",
    f.CallerJoined: _joined,
    f.CallerParked: _plain("parked"),
    f.CallerReturned: _plain("returned"),
    f.CallerGone: lambda say, e: say("hung up" if e.hung_up else "left"),
    f.CallerSwapped: _plain("swapped"),
    f.QueueDoors: _worded("doors", "queue", doors="doors"),
    f.AgentLoggedIn: _agent("logged in"),
    f.AgentLoggedOut: _agent("logged out"),
    f.AgentPaused: _agent("pauses"),
    f.AgentReady: _agent("ready"),
    f.OfferRinging: _plain("leg rings"),
    f.OfferAnswered: _plain("picked up"),
    f.OfferBridged: _plain("bridged"),
    f.OfferFailed: _worded("failed", result="result"),
    f.TalkEnded: _plain("talk over"),
    f.TalkHeld: _plain("held"),
    f.TalkResumed: lambda say, e: say("resumed", after=""),
    f.DeviceChanged: _worded("phone", "agent", state="state"),
    f.Resynchronised: _plain("looked"),
    f.Reconfigured: _plain("reconfigured"),
    f.EngineStarted: _plain("started", "node"),
    f.DayBegun: _plain("day", "day"),
    f.LinkLost: _plain("link lost"),
    f.Tick: _plain("tick"),
    d.MakeOffer: _timed("offer", "ring_us", "agent", "offer"),
    d.CancelOffer: _worded("cancel", "agent", why="why"),
    d.CloseOffer: _worded("closed", "agent", result="result"),
    d.EndVisit: _visit_ended,
    d.BeginWrapUp: _timed("wraps up", "talk_us", "agent"),
    d.EndWrapUp: _plain("free again", "agent"),
    d.PauseAgent: _rule_pause,
    d.EndPause: _plain("pause over", "agent"),
    d.WidenCircle: lambda say, e: say("widened", step=e.step, agents=""),
    d.HangUpOrphan: _plain("orphan"),
    d.SendBackAgain: _worded("sent back", why="why"),
}
"""The words for each class of event."""
