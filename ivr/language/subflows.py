"""Flows that lead to other flows: names, parameters, results, exits, and circles of calls."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from ivr.language.problems import Place, Problem, suggestion
from ivr.language.variables import gifts, unset_problems, values_at
from ivr.site import Flow, Variable
from ivr.site.targets import exit_of
from ivr.site.values import Type
from ivr.text import quoted
from ivr.verbs.call import Call
from ivr.verbs.goto import Goto
from ivr.verbs.step import Path, Reference, Step


@dataclass(frozen=True)
class Known:
    """A flow that was read, and where its settings stand."""

    flow: Flow
    call_variables: Mapping[str, Variable]
    place: Callable[[str, Path], Place]  # of a value in a step
    key_place: Callable[[str, Path], Place]  # of a key in a step


def subflow_problems(known: Sequence[Known]) -> Iterator[Problem]:
    """What is wrong between the flows of a site. Every flow is right by itself."""
    flows = {one.flow.name: one for one in known}
    called = {step.flow for one in known for step in one.flow.steps.values() if isinstance(step, Call)}
    if called - flows.keys():
        called |= flows.keys()  # a call with a wrong name may have meant any of them
    found = list(_circles(flows))
    for one in known:
        for name, step in one.flow.steps.items():
            if isinstance(step, Call | Goto):
                found.extend(_step_problems(one, name, step, flows))
            found.extend(_return_problems(one, name, step, called))
    yield from found or Results(flows).problems()


def _step_problems(one: Known, name: str, step: Call | Goto, flows: Mapping[str, Known]) -> Iterator[Problem]:
    other = flows.get(step.flow)
    if other is None:
        message = f"there is no flow {quoted(step.flow)}{suggestion(step.flow, flows)}"
        yield Problem.at(one.place(name, (step.verb,)), "FLOW050", message)
        return
    yield from _parameter_problems(one, name, step, other.flow)
    if isinstance(step, Call):
        yield from _result_problems(one, name, step, other.flow)
        yield from _exit_problems(one, name, step, other.flow)
    elif (returning := _returning_step(other.flow)) is not None:
        message = (
            f"the flow {quoted(step.flow)} returns (step {quoted(returning)}), but nobody called it; "
            "use `call` instead of `goto`"
        )
        yield Problem.at(one.place(name, (step.verb,)), "FLOW054", message)


def _parameter_problems(one: Known, name: str, step: Call | Goto, other: Flow) -> Iterator[Problem]:
    types = _types(one)
    for parameter, expression in step.given.items():
        declared = other.parameters.get(parameter)
        if declared is None:
            hint = suggestion(parameter, other.parameters, "; it has none: delete this")
            message = f"the flow {quoted(other.name)} has no parameter {quoted(parameter)}{hint}"
            yield Problem.at(one.key_place(name, ("with", parameter)), "FLOW053", message)
        elif (found := expression.type(types.get, types)) is not declared.type:
            message = f"{quoted(parameter)} is a {declared.type.value}, but gets a {found.value}; give it one"
            yield Problem.at(one.place(name, ("with", parameter)), "FLOW053", message)
    for parameter, declared in other.parameters.items():
        if parameter not in step.given and declared.default is None:
            message = f"the flow {quoted(other.name)} needs {quoted(parameter)}; add it under 'with'"
            yield Problem.at(one.key_place(name, (step.verb,)), "FLOW053", message)


def _result_problems(one: Known, name: str, step: Call, other: Flow) -> Iterator[Problem]:
    types = _types(one)
    for mine, theirs in step.results.items():
        place = one.place(name, ("results", mine))
        if theirs not in other.results:
            hint = suggestion(theirs, other.results, "; it has none: delete this")
            yield Problem.at(place, "FLOW055", f"the flow {quoted(other.name)} has no result {quoted(theirs)}{hint}")
        elif mine in types and types[mine] is not other.declared[theirs].type:
            message = f"{quoted(mine)} is a {types[mine].value}, {quoted(theirs)} a {other.declared[theirs].type.value}"
            yield Problem.at(place, "FLOW055", f"{message}; declare them alike")


def _exit_problems(one: Known, name: str, step: Call, other: Flow) -> Iterator[Problem]:
    for exit in step.by_exit:
        if exit not in other.exits:
            hint = suggestion(exit, other.exits, "; it has none: delete this")
            message = f"the flow {quoted(other.name)} has no exit {quoted(exit)}{hint}"
            yield Problem.at(one.key_place(name, ("exits", exit)), "FLOW052", message)
    for exit in other.exits:
        if exit not in step.by_exit:
            message = f"the flow {quoted(other.name)} may return {quoted(exit)}; say under 'exits' where that leads"
            yield Problem.at(one.key_place(name, (step.verb,)), "FLOW052", message)


def _return_problems(one: Known, name: str, step: Step, called: set[str]) -> Iterator[Problem]:
    for reference in step.exits():
        exit = exit_of(reference.name)
        if exit is None:
            continue
        if exit and exit not in one.flow.exits:
            message = f"{quoted(exit)} is not among the flow's exits{suggestion(exit, one.flow.exits, '')}"
            yield Problem.at(one.place(name, reference.path), "FLOW052", f"{message}; add it under 'exits' at its head")
        elif one.flow.numbers:
            message = "callers come to this flow directly, so there is nothing to return to; write a step or 'hang up'"
            yield Problem.at(one.place(name, reference.path), "FLOW054", message)
        elif one.flow.name not in called:
            message = "no flow calls this one, so there is nothing to return to; write a step or 'hang up'"
            yield Problem.at(one.place(name, reference.path), "FLOW054", message)


def _returning_step(flow: Flow) -> str | None:
    for name, step in flow.steps.items():
        if any(exit_of(reference.name) is not None for reference in step.exits()):
            return name
    return None


class Results:
    """What subflows give back: on which exits their results have a value. No flow calls itself."""

    def __init__(self, flows: Mapping[str, Known]) -> None:
        self._flows = flows
        self._at_exits: dict[str, dict[str, frozenset[str]]] = {}

    def problems(self) -> Iterator[Problem]:
        """Variables that are used although the subflow that was to give them a value may come back without one."""
        for one in self._flows.values():
            if any(isinstance(step, Call) and step.results for step in one.flow.steps.values()):
                yield from unset_problems(one.flow, one.flow.steps, partial(_at_start, one.place), self._gives)

    def _gives(self, step: Step, way: Reference) -> frozenset[str]:
        if not isinstance(step, Call):
            return gifts(step, way)
        has = self._at(step.flow).get(str(way.path[1]) if way.path[0] == "exits" else "")
        return frozenset(mine for mine, theirs in step.results.items() if has is None or theirs in has)

    def _at(self, name: str) -> Mapping[str, frozenset[str]]:
        """The variables of a flow that have a value whenever it returns so: exit ("" = plain) -> names."""
        if name not in self._at_exits:
            flow, found = self._flows[name].flow, dict[str, frozenset[str]]()
            for step_name, has in values_at(flow, flow.steps, self._gives).items():
                step = flow.steps[step_name]
                for way in step.exits():
                    if (exit := exit_of(way.name)) is not None:
                        all_there = has | self._gives(step, way)
                        found[exit] = found.get(exit, all_there) & all_there
            self._at_exits[name] = found
        return self._at_exits[name]


def _at_start(place: Callable[[str, Path], Place], step: str, path: Path, offset: int) -> Place:
    return place(step, path)


def _types(one: Known) -> Mapping[str, Type]:
    whole = {f"call.{name}": variable.type for name, variable in one.call_variables.items()}
    return {**whole, **{name: variable.type for name, variable in one.flow.declared.items()}}


def _circles(flows: Mapping[str, Known]) -> Iterator[Problem]:
    """Flows that call themselves, directly or by others; and calls deeper than a call can remember."""
    from ivr.call.place import MAX_FRAMES

    depth: dict[str, int] = {}

    def deepest(name: str, way: tuple[str, ...]) -> Iterator[Problem]:
        below = 0
        for step_name, step in flows[name].flow.steps.items():
            if not isinstance(step, Call) or step.flow not in flows:
                continue
            place = flows[name].place(step_name, ("call",))
            if step.flow in (*way, name):
                circle = " -> ".join((*way, name, step.flow))
                yield Problem.at(place, "FLOW051", f"a flow would call itself: {circle}; use `goto`, or a step")
                continue
            if step.flow not in depth and len(way) <= MAX_FRAMES:  # deeper is too deep, whatever comes
                yield from deepest(step.flow, (*way, name))
            below = max(below, depth.get(step.flow, 0) + 1)
            if below > MAX_FRAMES:
                message = f"subflows inside each other more than {MAX_FRAMES} deep; put two of them into one"
                yield Problem.at(place, "FLOW051", message)
        depth[name] = below

    for name in flows:
        if name not in depth:
            yield from deepest(name, ())
