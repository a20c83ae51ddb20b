"""What happened to one call, told from the journal: every fact, every decision and its reasons. Pure."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from acd import decisions as d
from acd import facts as f
from ivr.call import facts as c
from ivr.site import versions
from ivr.site.overrides import OverrideSet


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the story. `depth` 0 is a fact, 1 a decision that it caused, 2 a reason."""

    at: datetime
    depth: int
    text: str


class Explanation:
    """Collects what concerns `call` from entries in their order."""

    def __init__(self, call: str) -> None:
        self.call = call
        self.lines: list[Line] = []
        self._offers: set[str] = set()
        self._overrides: dict[str, OverrideSet] = {}

    def take(self, event: Any, decisions: Sequence[Any]) -> None:
        """One journal entry."""
        if isinstance(event, OverrideSet):
            self._overridden(event)
            return
        mine = [decision for decision in decisions if self._concerns(decision)]
        if not mine and not self._concerns(event):
            return
        at: datetime = event.at
        self.lines.append(Line(at, 0, told(event)))
        for decision in mine:
            self.lines.append(Line(at, 1, told(decision)))
            self.lines += [Line(at, 2, text) for text in reasons(decision)]
        if isinstance(event, c.StepEntered) and event.verb == "hours":
            # The fact does not say which timetable was asked: all that were overridden then are told.
            self.lines += [Line(at, 2, told(override)) for override in self._overrides.values()]

    def _overridden(self, event: OverrideSet) -> None:
        self._overrides.pop(event.timetable, None)
        if event.state != "none":
            self._overrides[event.timetable] = event

    def _concerns(self, thing: Any) -> bool:
        if getattr(thing, "call", None) == self.call:
            if isinstance(thing, d.MakeOffer):
                self._offers.add(thing.offer)
            return True
        visit = getattr(thing, "visit", "")
        return str(visit).startswith(self.call + "/") or getattr(thing, "offer", None) in self._offers


def told(thing: Any) -> str:
    """A fact or a decision in words."""
    words = _WORDS.get(type(thing))
    return words(thing) if words else type(thing).__name__


def reasons(decision: Any) -> Iterator[str]:
    """Why this agent and not another one, and who was overtaken."""
    if isinstance(decision, d.MakeOffer):
        yield f"rule: {decision.rule}"
        yield from _grouped("not agent", decision.others)
        if decision.left_out:
            yield f"and {decision.left_out} more agents of the queue"
        yield from _grouped("overtaken: visit", decision.overtaken)


def _grouped(what: str, passed: Iterable[d.PassedOver]) -> Iterator[str]:
    for one in passed:
        yield f"{what} {one.who}: {one.why}"


def _seconds(microseconds: int) -> str:
    return f"{microseconds / 1e6:.1f} s"


def _key_wrong(e: c.KeyWrong) -> str:
    return f"key {e.key} is not in menu {e.step}" if e.key else f"no key in menu {e.step}"


def _version(version: str) -> str:
    return f", version {version[: versions.EDITION_DIGITS]}" if version else ""


def _joined(e: f.CallerJoined) -> str:
    return f"joined queue {e.queue}" + (f" with priority {e.priority}" if e.priority else "")


def _visit_ended(e: d.EndVisit) -> str:
    text = f"visit of queue {e.queue} {e.outcome.value} after {_seconds(e.wait_us)}"
    return text + (f" by agent {e.agent}" if e.agent else "") + (f": {e.why}" if e.why else "")


def _override(e: OverrideSet) -> str:
    by = " ".join(word for word in (e.by, e.who) if word)
    return f"the timetable {e.timetable} was overridden: {e.state}, by {by}" + (f" ({e.why})" if e.why else "")


def _call_ended(e: c.CallEnded) -> str:
    text = f"call ended, hung up by {e.by}, cause {e.cause}"
    text += f", reason: {e.reason}" if e.reason else ""
    return text + (f" (told by {e.source})" if e.source != "ami" else "")


_WORDS: dict[type, Callable[[Any], str]] = {
    c.CallStarted: lambda e: (
        f"call came in on {e.did}" + (f", flow {e.flow}" if e.flow else ", the server was away") + _version(e.config)
    ),
    c.CallRefused: lambda e: f"refused on {e.did}: all lines were busy",
    c.StepEntered: lambda e: f"step {e.step} ({e.verb})",
    c.NoticeHeard: lambda e: f"heard the notice {e.prompt} to its end, version {e.version}",
    c.KeyChosen: lambda e: f"pressed {e.key} in menu {e.step}: goes to {e.then}",
    c.KeyWrong: _key_wrong,
    c.PromptMissing: lambda e: f"prompt {e.prompt} is missing and was skipped",
    c.DialBegun: lambda e: f"extension {e.extension} rings",
    c.DialAnswered: lambda e: f"extension {e.extension} answered",
    c.DialEnded: lambda e: f"dial of extension {e.extension} ended: {e.result}",
    c.FallbackBegun: lambda e: "the server was away: the dialplan rang reception",
    c.RecordingFinished: lambda e: f"recording {e.recording} finished, {_seconds(e.seconds_us)}",
    c.MessageBegun: lambda e: f"records message {e.message} for mailbox {e.mailbox}",
    c.MessageLeft: lambda e: f"left message {e.message} in mailbox {e.mailbox}, {_seconds(e.seconds_us)}",
    c.MessageDropped: lambda e: f"message {e.message} was not kept",
    c.MessageHandled: lambda e: f"message {e.message} was {e.what} by {e.by}",
    c.CallEnded: _call_ended,
    OverrideSet: _override,
    versions.VersionActivated: versions.told,
    versions.CanaryStarted: versions.told,
    versions.CanaryEnded: versions.told,
    f.CallerJoined: _joined,
    f.CallerParked: lambda e: "reception is rung for this caller; keeps the place",
    f.CallerReturned: lambda e: "waits again at the old place",
    f.CallerGone: lambda e: "hung up while waiting" if e.hung_up else "left the queue by another way",
    f.OfferAnswered: lambda e: "the agent picked up and hears the whisper",
    f.OfferBridged: lambda e: "caller and agent talk",
    f.OfferFailed: lambda e: f"the offer failed: {e.result.value}",
    f.TalkEnded: lambda e: "the agent's leg hung up: the talk is over",
    f.DeviceChanged: lambda e: f"phone of agent {e.agent} is {e.state.value}",
    f.Resynchronised: lambda e: "looked at what lives in Asterisk",
    f.EngineStarted: lambda e: f"the server started on node {e.node}",
    f.LinkLost: lambda e: "the connection to Asterisk was lost",
    f.Tick: lambda e: "a time limit was reached",
    d.MakeOffer: lambda e: f"ring agent {e.agent} for {_seconds(e.ring_us)} (offer {e.offer})",
    d.CancelOffer: lambda e: f"stop ringing agent {e.agent}: {e.why}",
    d.CloseOffer: lambda e: f"offer to agent {e.agent}: {e.result.value}",
    d.EndVisit: _visit_ended,
    d.BeginWrapUp: lambda e: f"agent {e.agent} wraps up after {_seconds(e.talk_us)} of talk",
    d.EndWrapUp: lambda e: f"agent {e.agent} is free again",
    d.HangUpOrphan: lambda e: "hang up a leg that no offer knows",
    d.SendBackAgain: lambda e: f"send the caller back into the flow again: {e.why}",
}
