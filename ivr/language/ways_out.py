"""Ways through a whole site: steps that no way leads out of, circles through several flows, and languages."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from ivr.language.problems import Place, Problem
from ivr.language.subflows import Known
from ivr.site import Flow
from ivr.site.targets import exit_of, leaves
from ivr.text import quoted
from ivr.verbs.call import Call
from ivr.verbs.goto import Goto
from ivr.verbs.language import LanguageStep
from ivr.verbs.step import Step

At = tuple[str, str]
_LEADS_OUT = frozenset({"queue", "dial", "extension", "voicemail", "hang up", "goto", "call"})


def trap_problems(steps: Mapping[str, Step], key_place: Callable[[str], Place]) -> Iterator[Problem]:
    """The first step of those from which a call comes neither to a person nor to an end."""
    leading: dict[str, list[str]] = {}
    out: list[str] = []
    for name, step in steps.items():
        exits = list(step.exits())
        if step.verb in _LEADS_OUT or any(leaves(reference.name) for reference in exits):
            out.append(name)
        for reference in exits:
            leading.setdefault(reference.name, []).append(name)
    free = set(out)
    while out:
        for before in leading.get(out.pop(), ()):
            if before not in free:
                free.add(before)
                out.append(before)
    trapped = next((name for name in steps if name not in free), None)
    if trapped is not None:
        message = f"no way leads from {quoted(trapped)} to a person or to the end of the call; write one"
        yield Problem.at(key_place(trapped), "FLOW063", message)


def circle_problems(known: Sequence[Known]) -> Iterator[Problem]:
    """Circles through several flows that a caller who presses nothing goes round."""
    flows = {one.flow.name: one.flow for one in known}
    places = {one.flow.name: one for one in known}
    colour: dict[At, int] = {}
    for one in known:
        first = (one.flow.name, one.flow.start)
        way: list[At] = []
        stack: list[tuple[At, bool]] = [(first, True)]
        while stack:
            at, entering = stack.pop()
            if not entering:
                way.pop()
                colour[at] = 2
                continue
            if at in colour:
                continue
            colour[at] = 1
            way.append(at)
            stack.append((at, False))
            for after in _silent(flows, at):
                if colour.get(after) == 1:
                    circle = way[way.index(after) :]
                    if len({flow for flow, _ in circle}) > 1 and not _branches(flows, circle):
                        shown = " -> ".join(f"{flow}.{step}" for flow, step in (*circle, after))
                        message = f"a caller who presses nothing goes round through flows for ever: {shown}; lead out"
                        step = flows[at[0]].steps[at[1]]
                        path = (step.verb,) if isinstance(step, Call | Goto) else ()
                        yield Problem.at(places[at[0]].place(at[1], path), "FLOW064", f"{message} to a person")
                else:
                    stack.append((after, True))


def _silent(flows: Mapping[str, Flow], at: At) -> Iterator[At]:
    step = flows[at[0]].steps[at[1]]
    if step.takes_time:
        return
    if isinstance(step, Call | Goto) and step.flow in flows:
        yield step.flow, flows[step.flow].start
    yield from ((at[0], reference.name) for reference in step.without_caller())


def _branches(flows: Mapping[str, Flow], circle: Sequence[At]) -> bool:
    """Whether a condition stands on the circle: then `ivr prove` tells whether it ends."""
    return any(flows[flow].steps[step].verb == "branch" for flow, step in circle)


def language_problems(known: Sequence[Known], lacks: Callable[[str, str], bool]) -> Iterator[Problem]:
    """Prompts that some caller would not hear, because another step or flow changed the language before."""
    flows = {one.flow.name: one.flow for one in known}
    languages = _languages(flows)
    for one in known:
        for name, step in one.flow.steps.items():
            missing = sorted(languages.get((one.flow.name, name), set()) - {one.flow.language})
            for reference in step.references():
                lacking = [language for language in missing if lacks(reference.name, language)]
                if reference.kind == "prompt" and lacking:
                    message = (
                        f"the prompt {quoted(reference.name)} has no text in {', '.join(lacking)}, which callers may "
                        "have chosen before; add it in prompts.yaml"
                    )
                    yield Problem.at(one.place(name, reference.path), "FLOW065", message)


def _languages(flows: Mapping[str, Flow]) -> Mapping[At, set[str]]:
    """The languages in which each step may be reached."""
    found: dict[At, set[str]] = {}
    waiting: list[tuple[At, str]] = [((f.name, f.start), f.language) for f in flows.values() if f.numbers]
    ends: dict[str, set[str]] = {}  # flow -> languages in which it may return
    callers: dict[str, set[At]] = {}
    while waiting:
        at, language = waiting.pop()
        if language in found.setdefault(at, set()):
            continue
        found[at].add(language)
        flow, step = flows[at[0]], flows[at[0]].steps[at[1]]
        after = step.language if isinstance(step, LanguageStep) else language
        if isinstance(step, Call | Goto):
            called = flows[step.flow]
            waiting.append(((called.name, called.start), after))
            if isinstance(step, Goto):
                continue
            callers.setdefault(called.name, set()).add(at)
            waiting += [(to, back) for back in ends.get(called.name, ()) for to in _exits(at, step)]
            continue
        waiting += [(to, after) for to in _exits(at, step)]
        returns = any(exit_of(reference.name) is not None for reference in step.exits())
        if returns and after not in ends.setdefault(flow.name, set()):
            ends[flow.name].add(after)
            for caller in callers.get(flow.name, ()):
                waiting += [(to, after) for to in _exits(caller, flows[caller[0]].steps[caller[1]])]
    return found


def _exits(at: At, step: Step) -> Iterator[At]:
    return ((at[0], reference.name) for reference in step.exits() if not leaves(reference.name))
