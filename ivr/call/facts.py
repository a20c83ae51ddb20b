"""What happened to a call, as written to the journal. Every fact has the true wall time `at` (aware, UTC).

A caller's number never stands here: `caller` is an opaque key; the number is in one erasable table (ivr.records).
"""

from dataclasses import dataclass
from datetime import datetime

from acd.codec import event
from acd.model import CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFact:
    """What every fact about a call has."""

    at: datetime
    call: CallId


@event("call started")
@dataclass(frozen=True, slots=True, kw_only=True)
class CallStarted(CallFact):
    """A caller came in on a line. `flow` is empty when the server was away and the CEL file told it."""

    did: str
    caller: str
    flow: str
    config: str  # hash of the configuration that this call keeps


@event("call refused")
@dataclass(frozen=True, slots=True, kw_only=True)
class CallRefused(CallFact):
    """All lines were busy: 486, decided by the dialplan alone. `call` is the refused channel's unique id."""

    did: str


@event("step entered")
@dataclass(frozen=True, slots=True, kw_only=True)
class StepEntered(CallFact):
    """The call is at this step of its flow."""

    flow: str
    step: str
    verb: str


@event("notice heard")
@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeHeard(CallFact):
    """The recording notice was played to its end; `version` is the hash of its text and voice."""

    prompt: str
    version: str


@event("key chosen")
@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChosen(CallFact):
    """A key that the menu knows."""

    step: str
    key: str
    then: str


@event("key wrong")
@dataclass(frozen=True, slots=True, kw_only=True)
class KeyWrong(CallFact):
    """A key that the menu does not know; `key` is empty when none was pressed in time."""

    step: str
    key: str


@event("branch taken")
@dataclass(frozen=True, slots=True, kw_only=True)
class BranchTaken(CallFact):
    """A `branch` went its `way`: 1 for the first condition, or otherwise. The values that decided are not told."""

    step: str
    way: str
    then: str


@event("language chosen")
@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageChosen(CallFact):
    """The call goes on in another language."""

    language: str


@event("input taken")
@dataclass(frozen=True, slots=True, kw_only=True)
class InputTaken(CallFact):
    """A `collect` ended: digits were `taken`, or the caller `gave up`, after so many tries. The digits are not told."""

    step: str
    result: str
    tries: int


@event("looked up")
@dataclass(frozen=True, slots=True, kw_only=True)
class SourceAsked(CallFact):
    """A look-up: found, not found, too slow or failed. Neither what was asked nor the answer is told."""

    step: str
    source: str
    outcome: str


@event("prompt missing")
@dataclass(frozen=True, slots=True, kw_only=True)
class PromptMissing(CallFact):
    """A prompt could not be played and was skipped."""

    prompt: str


@event("dial begun")
@dataclass(frozen=True, slots=True, kw_only=True)
class DialBegun(CallFact):
    """The dialplan rings an extension for the caller (no queue)."""

    extension: str


@event("dial answered")
@dataclass(frozen=True, slots=True, kw_only=True)
class DialAnswered(CallFact):
    """The extension answered: both are in the bridge."""

    extension: str


@event("dial ended")
@dataclass(frozen=True, slots=True, kw_only=True)
class DialEnded(CallFact):
    """Dial came to its end. `result`: answered, no answer, busy, unreachable."""

    extension: str
    result: str


@event("talk transferred")
@dataclass(frozen=True, slots=True, kw_only=True)
class TalkTransferred(CallFact):
    """A phone of the house handed the caller on. What became of it, other facts tell: a visit by transfer, a dial, or
    `TransferReturned`.

    `offer`: of the talk that ended so; empty for a talk without a queue. `how`: blind, attended or feature code. `to`:
    an extension, or the name of a queue. `leg`: the offer whose agent talks with this caller from now on, when both
    were talking already (attended).
    """

    offer: str
    by: str  # the extension that transferred
    how: str
    to: str
    leg: str = ""


@event("transfer returned")
@dataclass(frozen=True, slots=True, kw_only=True)
class TransferReturned(CallFact):
    """Nobody took the transferred caller at `to`, for the reason `why`: on to `back`, the extension that transferred or
    the name of a queue."""

    to: str
    why: str  # busy, no answer, unreachable, not allowed, transfer failed, or the queue's exit
    back: str


@event("fallback begun")
@dataclass(frozen=True, slots=True, kw_only=True)
class FallbackBegun(CallFact):
    """The dialplan alone rang reception because the server was away."""


@event("recording wished")
@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingWished(CallFact):
    """A step said whether this call is recorded from now on. `wish`: declined or agreed (the caller's own word), or one
    of recordings.policy's wishes."""

    step: str
    wish: str


@event("recording ruled")
@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingRuled(CallFact):
    """Whether the talk of a leg begins recorded, decided before its phone rings. `why`: what decided
    (recordings.policy); `said`: whatever was said, as `level|name|wish|percent`, whoever decided first."""

    leg: str
    queue: str
    agent: str
    record: bool
    why: str
    said: tuple[str, ...] = ()


@event("recording begun")
@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingBegun(CallFact):
    """The recording of a talk began on demand."""

    leg: str
    by: str


@event("recording paused")
@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingPaused(CallFact):
    """From now on the recording of this talk holds silence. `by`: telephone or the account that asked."""

    leg: str
    by: str


@event("recording resumed")
@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingResumed(CallFact):
    """From now on the recording holds voices again."""

    leg: str
    by: str


@event("recording renewed")
@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingRenewed(CallFact):
    """The recording of this talk goes on in another file, its second (`part` 2), third, ... (ADR 24)."""

    leg: str
    part: int


@event("recording stopped")
@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingStopped(CallFact):
    """The recording of this talk was ended for good, while they talk on; its file ends here. `why`: disk (no room)."""

    leg: str
    why: str


@event("recording finished")
@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingFinished(CallFact):
    """A recording's file is complete."""

    recording: str
    queue: str
    agent: str
    seconds_us: int


@event("message begun")
@dataclass(frozen=True, slots=True, kw_only=True)
class MessageBegun(CallFact):
    """The caller is about to be recorded for a mailbox. Until it is left or dropped, the call is not complete."""

    mailbox: str
    message: str


@event("message left")
@dataclass(frozen=True, slots=True, kw_only=True)
class MessageLeft(CallFact):
    """The message lies in its mailbox."""

    mailbox: str
    message: str
    seconds_us: int


@event("message dropped")
@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDropped(CallFact):
    """The message was forgotten: the caller records it again, or said nothing."""

    mailbox: str
    message: str


@event("message handled")
@dataclass(frozen=True, slots=True, kw_only=True)
class MessageHandled:
    """What became of a message in its mailbox, perhaps long after the call `call`. `what`: heard, deleted, restored,
    e-mailed or removed (its audio is gone); `by`: who did it."""

    at: datetime
    call: CallId
    mailbox: str
    message: str
    what: str
    by: str


@event("call ended")
@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded(CallFact):
    """The caller's channel is gone. `by`: caller, us, agent, asterisk or unknown; `cause`: Q.850; `reason`: the flow's
    own word when it ended the call (`closed`, `ended in IVR`, ...), else empty."""

    cause: int
    by: str
    reason: str = ""
    source: str = "ami"  # ami, cel or resynchronisation


CallEvent = (
    CallStarted
    | CallRefused
    | StepEntered
    | NoticeHeard
    | KeyChosen
    | KeyWrong
    | BranchTaken
    | LanguageChosen
    | InputTaken
    | SourceAsked
    | PromptMissing
    | DialBegun
    | DialAnswered
    | DialEnded
    | TalkTransferred
    | TransferReturned
    | FallbackBegun
    | RecordingWished
    | RecordingRuled
    | RecordingBegun
    | RecordingPaused
    | RecordingResumed
    | RecordingRenewed
    | RecordingStopped
    | RecordingFinished
    | MessageBegun
    | MessageLeft
    | MessageDropped
    | CallEnded
)
