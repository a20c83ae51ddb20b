"""A flow as a graph: steps that nobody reaches, silent circles, recorded talks without the notice."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from ivr.language.problems import Place, Problem
from ivr.language.unannounced import Talks, unannounced_problems
from ivr.text import quoted
from ivr.verbs.step import Path as StepPath
from ivr.verbs.step import Step


def graph_problems(
    start: str,
    steps: Mapping[str, Step],
    talks: Talks | None,
    key_place: Callable[[str], Place],
    place: Callable[[str, StepPath], Place],
) -> Iterator[Problem]:
    """What is wrong with the ways through a flow whose names are all right. `talks`: None = it cannot be known."""
    reached = _reached(start, steps)
    for name in steps:
        if name not in reached:
            message = f"no caller reaches the step {quoted(name)}; lead to it from another step, or delete it"
            yield Problem.at(key_place(name), "FLOW030", message)
    yield from _circles(steps, place)
    if talks is not None:
        yield from unannounced_problems(start, steps, talks, place)


def _reached(start: str, steps: Mapping[str, Step]) -> set[str]:
    seen, waiting = {start}, [start]
    while waiting:
        for target in steps[waiting.pop()].targets():
            if target.name not in seen:
                seen.add(target.name)
                waiting.append(target.name)
    return seen


def _circles(steps: Mapping[str, Step], place: Callable[[str, StepPath], Place]) -> Iterator[Problem]:
    """Each circle that a caller who presses nothing goes round, told once, where it closes."""
    finished: set[str] = set()
    for first in steps:
        # Depth first, without recursion: a flow may have thousands of steps.
        way: list[str] = []
        on_way: set[str] = set()
        stack: list[tuple[str, bool]] = [(first, True)]
        while stack:
            name, entering = stack.pop()
            if not entering:
                way.pop()
                on_way.discard(name)
                finished.add(name)
                continue
            if name in finished or name in on_way:
                continue
            way.append(name)
            on_way.add(name)
            stack.append((name, False))
            if steps[name].takes_time:
                continue
            for target in steps[name].without_caller():
                if target.name in on_way:
                    around = way[way.index(target.name) :]
                    if _counts(around, steps):
                        continue
                    circle = " -> ".join((*around, target.name))
                    message = (
                        f"a caller who presses nothing goes round for ever: {circle}; lead out to a person or 'hang up'"
                    )
                    yield Problem.at(place(name, target.path), "FLOW031", message)
                else:
                    stack.append((target.name, True))


def _counts(circle: Sequence[str], steps: Mapping[str, Step]) -> bool:
    """Whether a condition on the circle depends on a variable that changes on it: `ivr prove` tells whether it ends."""
    given = {gift.variable for name in circle for gift in steps[name].gives()}
    asked = {
        v
        for name in circle
        if steps[name].verb == "branch"
        for u in steps[name].uses()
        for v in u.expression.variables()
    }
    return not given.isdisjoint(asked)


def silent_problems(steps: Mapping[str, Step], place: Callable[[str, StepPath], Place]) -> Iterator[Problem]:
    """Steps that a caller who has hung up would have to hear."""
    for name, step in steps.items():
        for handler in step.targets():
            if handler.path == ("when hung up",):
                heard = _heard_after(handler.name, steps)
                if heard is not None:
                    message = (
                        f"nobody hears {quoted(heard)} ({steps[heard].verb}) after a hang-up; lead only to "
                        "set, look up, branch and hang up"
                    )
                    yield Problem.at(place(name, handler.path), "FLOW046", message)


def _heard_after(start: str, steps: Mapping[str, Step]) -> str | None:
    seen, waiting = {start}, [start]
    while waiting:
        name = waiting.pop()
        if not steps[name].silent and steps[name].verb != "hang up":
            return name
        for target in steps[name].without_caller():
            if target.name not in seen:
                seen.add(target.name)
                waiting.append(target.name)
    return None
