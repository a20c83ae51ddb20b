"""Tests of a flow stand beside it in `NAME.test.yaml`. `ivr check` makes all their calls, without a telephone.

```yaml
tests of: linea_principal

always:                          # what holds for every call unless the call says otherwise
  at: 2026-11-20 10:00           # the site's local time

calls:
  el uno lleva a servicio al cliente:
    keys: [1]
    expect:
      heard: [bienvenida, anuncio_grabacion, menu_principal]
      end: queue servicio

  sin asesores contesta la recepción:
    keys: [1]
    queues: {servicio: nobody there}
    expect:
      heard among others: [sin_asesores]
      end: a person
```
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from ivr.rehearsal.surroundings import FROM_PHONE, FROM_QUEUE
from ivr.site.look_ups import FOUND, OUTCOMES
from ivr.site.overrides import State
from ivr.text import quoted
from ivr.verbs.words import KEYS, NAME_PATTERN, Extension, Label, Name, Number, Text, YesNo, whole, wrong


@dataclass(frozen=True, slots=True)
class Press:
    """What the caller does next: keys (empty = none), or hang up; `during`: in that prompt, not after it."""

    keys: str = ""
    during: str = ""
    hangs_up: bool = False

    def __str__(self) -> str:
        act = "hang up" if self.hangs_up else self.keys or "none"
        return f"{act} during {self.during}" if self.during else act


def _press(value: Any) -> Press:
    if isinstance(value, Press):
        return value
    text = str(value if value is not None else "").strip()
    act, _, during = text.partition(" during ")
    if during and not re.fullmatch(NAME_PATTERN, during.strip()):
        raise wrong(f"{quoted(during)} is not a prompt: write for example 1 during bienvenida")
    if act == "hang up":
        return Press(during=during.strip(), hangs_up=True)
    if act == "none" and not during:
        return Press()
    if not act or any(key not in KEYS for key in act) or len(act) > 40:
        raise wrong(f"{quoted(text)} is nothing that a caller does: write keys (1, or 80123#), none, or hang up")
    return Press(act, during.strip())


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    text = str(value)
    try:
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}", text):
            raise ValueError
        return datetime.fromisoformat(text)
    except ValueError:
        raise wrong(f"{quoted(text)} is not a date with a time: write for example 2026-11-20 10:00") from None


def _caller(value: Any) -> str:
    text = str(value)
    if text == "withheld":
        return ""
    if not re.fullmatch(r"\+?[0-9]{3,15}", text):
        raise wrong(f'{quoted(text)} is not a caller: write a number in quotes, for example "3001234567", or withheld')
    return text


def _one_of(words: tuple[str, ...], what: str) -> BeforeValidator:
    def check(value: Any) -> str:
        if value not in words:
            raise wrong(f"{quoted(str(value))} is not {what}: write {', '.join(words)}")
        return str(value)

    return BeforeValidator(check)


QueueOutcome = Annotated[str, _one_of(tuple(FROM_QUEUE), "how a caller comes back from a queue")]
PhoneOutcome = Annotated[str, _one_of(tuple(FROM_PHONE), "what a phone does")]


@dataclass(frozen=True, slots=True)
class Answered:
    """How a look-up ends; `values`: the answers as they are written."""

    outcome: str
    values: tuple[tuple[str, str], ...] = ()


def _answered(value: Any) -> Answered:
    if isinstance(value, Answered):
        return value
    if isinstance(value, dict):
        if not all(isinstance(answer, str) for answer in value.values()):
            raise wrong("write each answer as answer: value")
        return Answered(FOUND, tuple(value.items()))
    if value not in OUTCOMES:
        outcomes = ", ".join(outcome for outcome in OUTCOMES if outcome != FOUND)
        raise wrong(f"{quoted(str(value))} is no way a look-up ends: write {outcomes}, or the answers below it")
    return Answered(str(value))


@dataclass(frozen=True, slots=True)
class Overridden:
    """What somebody decided instead of a timetable; `prompt` of an emergency."""

    state: State
    prompt: str = ""


def overridden(value: Any) -> Overridden:
    """`open`, `closed`, `emergency` or `emergency PROMPT`."""
    if isinstance(value, Overridden):
        return value
    match = re.fullmatch(rf"(open|closed|emergency)(?: ({NAME_PATTERN}))?", str(value))
    if match is None or (match[2] and match[1] != "emergency"):
        raise wrong(f"{quoted(str(value))} overrides nothing: write open, closed, emergency or emergency PROMPT")
    return Overridden(State(match[1]), match[2] or "")


_MESSAGES = ("nothing", "full", "failed", "hang up")


def _message(value: Any) -> str:
    text = str(value)
    if text not in _MESSAGES and not re.fullmatch(r"[0-9]{1,3} s", text):
        raise wrong(f"{quoted(text)} is no message: write its length, for example 12 s, or {', '.join(_MESSAGES)}")
    return text


@dataclass(frozen=True, slots=True)
class WantedEnd:
    """How a call is to end: `kind` as `End` has it, or `voicemail`, `a person`, `return`; empty `name` = any."""

    kind: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.name}".strip()


_END = re.compile(
    rf"(queue|voicemail) ({NAME_PATTERN})|(extension) ([0-9]{{2,6}})|(return)(?: ({NAME_PATTERN}))?"
    r"|(hang up)(?: (closed|ended in IVR|self-served|after the talk|failed|blocked|voicemail))?|(hung up)|(a person)"
)


def _end(value: Any) -> WantedEnd:
    if isinstance(value, WantedEnd):
        return value
    match = _END.fullmatch(str(value))
    if match is None:
        raise wrong(
            f'{quoted(str(value))} is no end of a call: write queue NAME, extension "100", voicemail NAME, a person, '
            "hang up, hang up closed, hung up (by the caller), or return EXIT"
        )
    words = [word for word in match.groups() if word]
    return WantedEnd(words[0], words[1] if len(words) > 1 else "")


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class QueueFile(_Settings):
    """How a queue is when the call comes in."""

    waiting: Annotated[int, whole(0, 999)] | None = Field(default=None, description="callers who wait")
    ready: Annotated[int, whole(0, 999)] | None = Field(default=None, description="agents who are free")
    logged_in: Annotated[int, whole(0, 999)] | None = Field(
        default=None, alias="logged in", description="agents who are logged in"
    )
    longest_wait: Annotated[int, whole(0, 99_999)] | None = Field(
        default=None, alias="longest wait", description="seconds that the first has waited"
    )
    then: QueueOutcome = Field(default="", description="how the caller comes back: " + ", ".join(FROM_QUEUE))


def _queue(value: Any) -> Any:
    """`nobody there` is short for `{then: nobody there}`."""
    return {"then": value} if isinstance(value, str) else value


class Given(_Settings):
    """What is so when the call comes in, and what the caller does."""

    number: Number = Field(default="", description="the number that is called; left out: the flow's first")
    at: Annotated[datetime | None, BeforeValidator(_moment)] = Field(
        default=None, description="date and time at the site, for example 2026-11-20 10:00"
    )
    caller: Annotated[str, BeforeValidator(_caller)] = Field(
        default="", description='who calls: "3001234567", or withheld (if nothing is written)'
    )
    keys: list[Annotated[Press, BeforeValidator(_press)]] = Field(
        default_factory=list,
        description="what the caller does, one item each time something is asked: keys, none, hang up; "
        "`1 during PROMPT` presses in a prompt. A key that leads out of a queue is pressed while waiting there. After "
        "the last the caller does nothing",
    )
    parameters: dict[Name, Text] = Field(default_factory=dict, description="parameter of a subflow: its value")
    look_ups: dict[Name, Annotated[Answered, BeforeValidator(_answered)]] = Field(
        default_factory=dict,
        alias="look-ups",
        description="source: not found, too slow, failed, or its answers, indented",
    )
    queues: dict[Name, Annotated[QueueFile, BeforeValidator(_queue)]] = Field(
        default_factory=dict,
        description=f"queue: {', '.join(FROM_QUEUE)}; or waiting, ready, logged in, longest wait, then",
    )
    phones: dict[Extension, PhoneOutcome] = Field(
        default_factory=dict, description="extension that is rung: answered, no answer, busy, unreachable"
    )
    present: list[Extension] | None = Field(
        default=None, description="the agents whose phones are reachable; left out: all of them"
    )
    overrides: dict[Name, Annotated[Overridden, BeforeValidator(overridden)]] = Field(
        default_factory=dict, description="timetable: open, closed, emergency or emergency PROMPT"
    )
    lines_in_use: Annotated[int, whole(1, 999)] = Field(
        default=1, alias="lines in use", description="calls at the same time, this one included"
    )
    message: Annotated[str, BeforeValidator(_message)] = Field(
        default="10 s", description="what the caller says to a mailbox: 12 s, nothing, full, failed or hang up"
    )


class Expected(_Settings):
    """What must come of it."""

    heard: list[Text] | None = Field(
        default=None, description="everything that the caller hears, in order: prompts, or words of what is said"
    )
    heard_among_others: list[Text] = Field(
        default_factory=list, alias="heard among others", description="heard in this order, others between them"
    )
    not_heard: list[Text] = Field(default_factory=list, alias="not heard", description="never heard")
    steps: list[Name] = Field(default_factory=list, description="steps that the call passes in this order")
    end: Annotated[WantedEnd | None, BeforeValidator(_end)] = Field(
        default=None,
        description='queue NAME, extension "100", voicemail NAME, a person, hang up (closed), hung up, return EXIT',
    )
    recorded: YesNo | None = Field(default=None, description="whether the talk in the queue would be recorded")
    variables: dict[Text, Text] = Field(
        default_factory=dict, description="variable at the end: its value, or none; call.NAME of the whole call"
    )


class CallFile(Given):
    """One call: what is so, and what must come of it."""

    expect: Expected = Field(description="what must come of it")


class FlowTests(_Settings):
    """The tests of one flow."""

    tests_of: Name = Field(alias="tests of", description="the flow, which the file is named after")
    always: Given | None = Field(default=None, description="what holds for every call that does not say otherwise")
    calls: dict[Label, CallFile] = Field(min_length=1, description="what happens: the call")


def merged(always: Given | None, call: CallFile) -> Given:
    """What is so for a call: its own settings win."""
    if always is None:
        return call
    whole_call = {name: getattr(call, name) for name in call.model_fields_set if name != "expect"}
    return always.model_copy(update=whole_call)
