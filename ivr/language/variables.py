"""Variables and expressions of a flow: types, names of the site, and variables that have no value on some way."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from ivr.call.story import CALL_SCOPE
from ivr.language.config import Configuration
from ivr.language.problems import Place, Problem, suggestion
from ivr.language.schema import FlowHead
from ivr.site import Flow, Variable
from ivr.site.values import Type
from ivr.text import quoted
from ivr.verbs.set import Set
from ivr.verbs.step import Path, Reference, Step, Use

_MISSING = {"list": ("FLOW036", "list", "lists.yaml"), "queue": ("FLOW023", "queue", "queues.yaml")}
_MISSING["hours"] = ("FLOW025", "timetable", "hours.yaml")

Within = Callable[[str, Path, int], Place]
"""The place of a character in the value of a step's setting."""


@dataclass(frozen=True)
class Variables:
    """What the expressions of a flow may name."""

    types: Mapping[str, Type]

    @classmethod
    def of(cls, head: FlowHead, configuration: Configuration) -> "Variables":
        """Those that the flow declares, and those of the whole call."""
        site = configuration.site.model
        whole: Mapping[str, Variable] = site.variables if site is not None else {}
        types = {name: variable.type for name, variable in {**head.parameters, **head.variables}.items()}
        return cls({**types, **{CALL_SCOPE + name: variable.type for name, variable in whole.items()}})


def unused_variables(flow: Flow) -> Iterator[str]:
    """The names of variables that no step has to do with."""
    used = set(flow.results)
    for step in flow.steps.values():
        used |= {name for use in step.uses() for name in use.expression.variables()}
        used |= {gift.variable for gift in step.gives()}
    return (name for name in flow.variables if name not in used)


def variable_problems(
    head: FlowHead,
    steps: Mapping[str, Step],
    configuration: Configuration,
    within: Within,
    key_place: Callable[[str, Path], Place],
) -> Iterator[Problem]:
    """What is wrong with every expression and every variable that a step names."""
    variables = Variables.of(head, configuration)
    for name, step in steps.items():
        for use in step.uses():
            yield from _use_problems(name, use, variables, configuration, within)
        for gift in step.gives():
            if gift.variable not in variables.types:
                # The variable may be the key: `set`, `answers`, `results`.
                is_key = gift.path[-1] == gift.variable
                place = key_place(name, gift.path) if is_key else within(name, gift.path, 0)
                yield _undeclared(gift.variable, variables, place)
            else:
                yield from _gift_problems(name, step, gift.path, gift.variable, gift.types, variables, within)


def _use_problems(
    step: str, use: Use, variables: Variables, configuration: Configuration, within: Within
) -> Iterator[Problem]:
    types = {**variables.types, **(use.more or {})}
    errors = use.expression.problems(types.get, types, use.wants[0] if len(use.wants) == 1 else None)
    for error in errors:
        yield Problem.at(within(step, use.path, error.offset), "FLOW040", error.message)
    if not errors and len(use.wants) > 1 and (found := use.expression.type(types.get, types)) not in use.wants:
        wanted = " or ".join(type.value for type in use.wants)
        message = f"this is a {found.value}, but a {wanted} is needed here; write another expression"
        yield Problem.at(within(step, use.path, 0), "FLOW040", message)
    for mention in use.expression.references():
        known = _known(configuration, mention.kind)
        if known is not None and mention.name not in known:
            code, word, file = _MISSING[mention.kind]
            message = f"there is no {word} {quoted(mention.name)} in {file}{suggestion(mention.name, sorted(known))}"
            yield Problem.at(within(step, use.path, mention.offset), code, message)


def _known(configuration: Configuration, kind: str) -> frozenset[str] | None:
    if kind == "list":
        return configuration.lists.names("lists")
    return configuration.queues.names("queues") if kind == "queue" else configuration.hours.names("hours")


def _undeclared(name: str, variables: Variables, place: Place) -> Problem:
    where = "`variables` of site.yaml" if name.startswith(CALL_SCOPE) else "`variables` at the head of the flow"
    hint = suggestion(name, variables.types, "")
    return Problem.at(place, "FLOW041", f"there is no variable {quoted(name)}; declare it under {where}{hint}")


def _gift_problems(
    step: str, owner: Step, path: Path, name: str, types: tuple[Type, ...], variables: Variables, within: Within
) -> Iterator[Problem]:
    declared = variables.types[name]
    given = _given_types(owner, name, types, variables)
    if given and declared not in given:
        words = " or a ".join(type.value for type in given)
        message = f"{quoted(name)} is a {declared.value}, but gets a {words} here; declare it so, or use another"
        yield Problem.at(within(step, path, 0), "FLOW041", message)


def _given_types(owner: Step, name: str, types: tuple[Type, ...], variables: Variables) -> tuple[Type, ...]:
    if not isinstance(owner, Set):
        return types
    expression = owner.values[name]
    if expression.problems(variables.types.get, variables.types):
        return ()  # told already
    return (expression.type(variables.types.get, variables.types),)


Gives = Callable[[Step, Reference], frozenset[str]]
"""The variables that have got a value when a step goes this way."""


def gifts(step: Step, way: Reference) -> frozenset[str]:
    """Those that the step itself names."""
    return frozenset(gift.variable for gift in step.gives() if gift.on is None or way.path in gift.on)


def unset_problems(
    head: FlowHead | Flow, steps: Mapping[str, Step], within: Within, gives: Gives = gifts
) -> Iterator[Problem]:
    """Variables that are used where on some way from the start they have no value yet.

    The flow's steps, names and types are right already. Variables of the whole call always have one.
    """
    for name, has in values_at(head, steps, gives).items():
        step = steps[name]
        earlier: set[str] = set()
        for use in step.uses():
            for variable in sorted(use.expression.variables() - has - earlier - set(use.more or ())):
                if not variable.startswith(CALL_SCOPE):
                    message = (
                        f"{quoted(variable)} may have no value here: some way to this step gives it none; "
                        f"declare it with one, for example {_example(variable, head)}"
                    )
                    yield Problem.at(within(name, use.path, 0), "FLOW042", message)
            if isinstance(step, Set):
                earlier.add(str(use.path[-1]))


_EXAMPLES = {Type.TEXT: '""', Type.NUMBER: "0", Type.YES_NO: "no", Type.DATE: "2000-01-01", Type.TIME: "00:00"}


def _example(variable: str, head: FlowHead | Flow) -> str:
    declared = head.variables.get(variable)
    type_ = declared.type if declared is not None else Type.TEXT
    return f"`{variable}: {type_.value} = {_EXAMPLES[type_]}`"


def values_at(head: FlowHead | Flow, steps: Mapping[str, Step], gives: Gives = gifts) -> dict[str, frozenset[str]]:
    """For each step that is reached: the variables that have a value on every way to it."""
    begin = frozenset(head.parameters) | {n for n, variable in head.variables.items() if variable.default is not None}
    having = {head.start: begin}
    waiting = [head.start]
    while waiting:
        name = waiting.pop()
        for way in steps[name].targets():
            # Who hangs up in a step has not got what it gives.
            has = having[name]
            if way.path != ("when hung up",) and (more := gives(steps[name], way) - has):
                has |= more
            before = having.get(way.name)
            both = has if before is None else before & has
            if both != before:
                having[way.name] = both
                waiting.append(way.name)
    return having
