"""A step as a picture shows it: what it does in few words, and where each of its exits leads. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ivr.site import Flow, Site
from ivr.site.targets import A_PERSON, HANG_UP, exit_of
from ivr.speech import WORDS
from ivr.verbs.ask import Ask
from ivr.verbs.branch import Branch
from ivr.verbs.call import Call
from ivr.verbs.goto import Goto
from ivr.verbs.hang_up import HangUpStep
from ivr.verbs.language import LanguageStep
from ivr.verbs.say import Say
from ivr.verbs.set import Set
from ivr.verbs.step import Path, Reference, Step

LONGEST = 90
"""Characters of a prompt's text that are shown."""

LONGEST_LABEL = 34
"""Characters of an exit's label that are shown."""


@dataclass(frozen=True, slots=True)
class Exit:
    """One or more exits that lead to the same place. `target`: a step, or a word that is no step."""

    labels: tuple[str, ...]
    target: str


@dataclass(frozen=True, slots=True)
class ShownStep:
    """`lines`: what it does; `whole`: the same, not shortened; `flow`: another flow that it leads to, else empty."""

    name: str
    verb: str
    lines: tuple[str, ...]
    whole: str
    exits: tuple[Exit, ...]
    flow: str = ""


def shown(site: Site, flow: Flow, name: str) -> ShownStep:
    """A step of a flow."""
    step = flow.steps[name]
    whole = " ".join(_does(site, flow, step))
    return ShownStep(
        name=name,
        verb=step.verb,
        lines=tuple(shortened(line, LONGEST) for line in _does(site, flow, step)),
        whole=whole,
        exits=_exits(step),
        flow=step.flow if isinstance(step, Call | Goto) else "",
    )


def shortened(text: str, longest: int) -> str:
    """The first words of a text."""
    one_line = " ".join(text.split())
    if len(one_line) <= longest:
        return one_line
    words = one_line[: longest - 1].rsplit(" ", 1)
    return (words[0] if len(words[0]) > longest // 2 else one_line[: longest - 1]) + "…"


# ---------------------------------------------------------------------- what it does
def _does(site: Site, flow: Flow, step: Step) -> Iterator[str]:
    match step:
        case Say():
            yield f"{step.value} ({step.kind})"
        case Set():
            yield from (f"{variable} = {value}" for variable, value in step.values.items())
        case LanguageStep():
            yield step.language
        case HangUpStep():
            yield step.reason
        case _:
            yield from _names(site, flow, step)


def _names(site: Site, flow: Flow, step: Step) -> Iterator[str]:
    """What the names in a step's first settings stand for."""
    for reference in step.references():
        if reference.path[0] not in _FIRST or reference.kind == "step":
            continue
        yield _label(site, flow, reference)


_FIRST = frozenset({"meanwhile", "play", "notice", "ask", "collect", "extension", "hours", "queue", "dial"}) | {
    *("voicemail", "look up", "call", "goto"),
}
"""Settings whose name tells what a step does: its verb, and what is heard meanwhile."""


def _label(site: Site, flow: Flow, reference: Reference) -> str:
    name = reference.name
    match reference.kind:
        case "prompt":
            prompt = site.prompts.get(name)
            text = prompt.texts.get(flow.language, "") if prompt is not None and name not in WORDS else ""
            return f"«{text}»" if text else f"[{name}]"
        case "queue":
            return site.queues[name].label
        case "extension":
            return f"{name} {site.extensions[name].label}"
        case "hours":
            return site.hours[name].label
        case "mailbox":
            return site.mailboxes[name].label
        case "look-up":
            return site.look_ups[name].label
    return name


# ---------------------------------------------------------------------- where it leads
def _exits(step: Step) -> tuple[Exit, ...]:
    """The exits, those with one target together; an ordinary `then` has no label."""
    found: dict[str, list[str]] = {}
    for reference in step.references():
        if reference.kind == "step" and reference.name:
            found.setdefault(reference.name, []).append(_exit_label(step, reference.path))
    return tuple(Exit(_joined(labels), target) for target, labels in found.items())


def _exit_label(step: Step, path: Path) -> str:
    if path[0] == "keys":
        return f"{path[1]}"
    if isinstance(step, Branch) and path[0] == "branch":
        return shortened(str(step.ways[int(path[1])].when), LONGEST_LABEL)
    if path[0] == "exits":
        return str(path[1])
    if isinstance(step, Ask) and path[0] == "then":
        return f"after {step.tries} tries"
    return str(path[0])


def _joined(labels: Sequence[str]) -> tuple[str, ...]:
    """Keys in one line: `1, 2`; everything else in lines of its own."""
    keys = [label for label in labels if len(label) == 1]
    return (*([", ".join(keys)] if keys else []), *(label for label in labels if len(label) > 1))


def in_words(target: str) -> str:
    """A target that is no step."""
    exit = exit_of(target)
    return {HANG_UP: "■ hang up", A_PERSON: "☎ a person"}.get(target, f"↩ return {exit or ''}".strip())
