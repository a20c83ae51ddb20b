"""What a call came to against what its test expects: the first difference, in words. Pure."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ivr.language.reader import Path_
from ivr.rehearsal.events import Complaint, End, Event, Heard, StepBegun, Waits
from ivr.rehearsal.scenario_file import Expected, WantedEnd
from ivr.site import Site
from ivr.site.values import Unknown, Value, as_text, from_text, type_of
from ivr.text import quoted

Difference = tuple[Path_, str, str]
"""Path below the call, code, message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What happened. `returned`: the exit by which a subflow came back, None when it did not. `left_over`: the index
    of the first key that nobody asked for."""

    site: Site
    told: tuple[Event, ...]
    end: End
    returned: str | None
    variables: Mapping[str, Value | Unknown]
    left_over: int | None

    @property
    def heard(self) -> list[Heard]:
        """What the caller heard; what could not be played is left out."""
        return [event for event in self.told if isinstance(event, Heard) and not event.missing]

    @property
    def ending(self) -> str:
        """The end in the words of a test."""
        if self.returned is not None:
            return f"return {self.returned}".strip()
        return "goes on for ever" if self.end.kind == "endless" else str(self.end)


def differences(outcome: Outcome, expect: Expected) -> Iterator[Difference]:
    """The first of what the caller hears, and everything else only when that is as expected."""
    found = [*_heard(outcome, expect)] or [
        *_unfinished(outcome),
        *_ended(outcome, expect),
        *_steps(outcome, expect),
        *_variables(outcome, expect),
        *_complaints(outcome),
    ]
    for path, code, message in found[:1]:
        yield path, code, message + _REMEDIES.get(code, "; correct the flow, or what the test expects")


_REMEDIES = {"TEST004": "", "TEST006": "; correct the flow"}


# ---------------------------------------------------------------------- heard
def _heard(outcome: Outcome, expect: Expected) -> Iterator[Difference]:
    heard = outcome.heard
    if expect.heard is not None:
        yield from _whole(heard, expect.heard, outcome)
    position = 0
    for index, item in enumerate(expect.heard_among_others):
        at = next((i for i in range(position, len(heard)) if _is(heard[i], item)), None)
        if at is None:
            after = f" after {_named(heard[position - 1])}" if position else ""
            message = f"the caller does not hear {quoted(item)}{after}; the call: {_summary(outcome)}"
            yield ("expect", "heard among others", index), "TEST001", message
            return
        position = at + 1
    for index, item in enumerate(expect.not_heard):
        if any(_is(one, item) for one in heard):
            yield ("expect", "not heard", index), "TEST001", f"the caller hears {quoted(item)}: {_summary(outcome)}"


def _whole(heard: Sequence[Heard], wanted: Sequence[str], outcome: Outcome) -> Iterator[Difference]:
    for index, item in enumerate(wanted):
        path = ("expect", "heard", index)
        if index >= len(heard):
            message = f"the caller does not hear {quoted(item)}: before it the call ends ({outcome.ending})"
            yield path, "TEST001", message
            return
        if not _is(heard[index], item):
            yield path, "TEST001", f"the caller hears {_named(heard[index])} here, not {quoted(item)}"
            return
    if len(heard) > len(wanted):
        more = ", ".join(_named(one) for one in heard[len(wanted) :][:5])
        yield ("expect", "heard"), "TEST001", f"after these the caller hears more: {more}"


def _is(heard: Heard, item: str) -> bool:
    return item in heard.prompts or (" " in item and _plain(item) in _plain(heard.text))


def _plain(text: str) -> str:
    """For comparing what is said: no accents, capitals, punctuation or double blanks."""
    letters = unicodedata.normalize("NFKD", text.lower()).encode("ascii", "ignore").decode()
    return " ".join("".join(c if c.isalnum() else " " for c in letters).split())


def _named(heard: Heard) -> str:
    return quoted(heard.prompts[0] if len(heard.prompts) == 1 else heard.text)


def _summary(outcome: Outcome) -> str:
    """What was heard, shortly, and the end."""
    names = [_named(one) for one in outcome.heard]
    shown = ", ".join(names if len(names) <= 8 else [*names[:3], "...", *names[-4:]])
    return f"heard {shown or 'nothing'}; ended: {outcome.ending}"


# ---------------------------------------------------------------------- the end
def _unfinished(outcome: Outcome) -> Iterator[Difference]:
    if outcome.left_over is not None:
        message = f"the call ends before the caller comes to this ({outcome.ending}); delete it, or correct the flow"
        yield ("keys", outcome.left_over), "TEST004", message


def _ended(outcome: Outcome, expect: Expected) -> Iterator[Difference]:
    if expect.end is not None and not _is_end(outcome, expect.end):
        message = f"the call ends differently: {outcome.ending}, not {expect.end}"
        yield ("expect", "end"), "TEST002", message
    record = any(event.record for event in outcome.told if isinstance(event, Waits))
    if expect.recorded is not None and record != expect.recorded:
        message = "the talk would be recorded" if record else "the talk would not be recorded"
        yield ("expect", "recorded"), "TEST002", message


def _is_end(outcome: Outcome, wanted: WantedEnd) -> bool:
    end = outcome.end
    match wanted.kind:
        case "return":
            return outcome.returned == wanted.name
        case "voicemail":
            return wanted.name in end.mailboxes
        case "a person":
            return end.kind == "extension" and end.name == outcome.site.reception
        case _:
            return end.kind == wanted.kind and wanted.name in ("", end.name) and outcome.returned is None


def _steps(outcome: Outcome, expect: Expected) -> Iterator[Difference]:
    passed = [event.step for event in outcome.told if isinstance(event, StepBegun)]
    position = 0
    for index, step in enumerate(expect.steps):
        if step not in passed[position:]:
            way = ", ".join(passed if len(passed) <= 12 else [*passed[:6], "...", *passed[-5:]])
            message = f"the call does not pass the step {quoted(step)} here; it passes {way}"
            yield ("expect", "steps", index), "TEST003", message
            return
        position = passed.index(step, position) + 1


def _variables(outcome: Outcome, expect: Expected) -> Iterator[Difference]:
    for name, wanted in expect.variables.items():
        value = outcome.variables.get(name)
        if value is None or isinstance(value, Unknown):
            if wanted != "none":
                message = f"{name} has no value at the end, not {quoted(wanted)}"
                yield ("expect", "variables", name), "TEST005", message
            continue
        if not _same(value, wanted):
            message = f"{name} is {quoted(as_text(value))} at the end, not {quoted(wanted)}"
            yield ("expect", "variables", name), "TEST005", message


def _same(value: Value, wanted: str) -> bool:
    try:
        return from_text(wanted, type_of(value)) == value
    except ValueError:
        return False


def _complaints(outcome: Outcome) -> Iterator[Difference]:
    for event in outcome.told:
        if isinstance(event, Complaint):
            yield (), "TEST006", f"the flow has a fault in this call: {event.problem} ({event.detail})"
    for event in outcome.told:
        if isinstance(event, Heard) and event.missing:
            yield (), "TEST006", f"the prompt {quoted(event.prompts[0])} has no text in {event.language}"
