"""Checks `look up` steps against the sources that they name: parameters, answers, types."""

from collections.abc import Callable, Iterator, Mapping

from ivr.language.config import Configuration
from ivr.language.lookups import sources
from ivr.language.problems import Place, Problem, suggestion
from ivr.site.look_ups import LookUpSource
from ivr.site.values import Type
from ivr.text import quoted
from ivr.verbs.look_up import LookUpStep
from ivr.verbs.step import Path, Step

Place_ = Callable[[str, Path], Place]


def look_up_step_problems(
    steps: Mapping[str, Step], types: Mapping[str, Type], configuration: Configuration, place: Place_, key_place: Place_
) -> Iterator[Problem]:
    """What is wrong between the steps of a flow and the sources. `types`: those of the flow's variables; their names
    and expressions are right already. `place` and `key_place` give the place of a value and of a key in a step."""
    known = sources(configuration)
    for name, step in steps.items():
        if isinstance(step, LookUpStep) and step.source in known:
            yield from _given_problems(name, step, known[step.source], types, place, key_place)
            yield from _answer_problems(name, step, known[step.source], types, place)


def _given_problems(
    name: str, step: LookUpStep, source: LookUpSource, types: Mapping[str, Type], place: Place_, key_place: Place_
) -> Iterator[Problem]:
    for parameter, expression in step.given.items():
        declared = source.parameters.get(parameter)
        if declared is None:
            hint = suggestion(parameter, source.parameters, "; it has none: delete this")
            message = f"the look-up {quoted(source.name)} has no parameter {quoted(parameter)}{hint}"
            yield Problem.at(key_place(name, ("with", parameter)), "FLOW057", message)
        elif (found := expression.type(types.get, types)) is not declared:
            message = f"{quoted(parameter)} is a {declared.value}, but gets a {found.value}; give it one"
            yield Problem.at(place(name, ("with", parameter)), "FLOW057", message)
    for parameter in source.parameters:
        if parameter not in step.given:
            message = f"the look-up {quoted(source.name)} needs {quoted(parameter)}; add it under 'with'"
            yield Problem.at(key_place(name, (step.verb,)), "FLOW057", message)


def _answer_problems(
    name: str, step: LookUpStep, source: LookUpSource, types: Mapping[str, Type], place: Place_
) -> Iterator[Problem]:
    for mine, theirs in step.answers.items():
        answer = source.answers.get(theirs)
        if answer is None:
            hint = suggestion(theirs, source.answers, "; it has none: delete this")
            message = f"the look-up {quoted(source.name)} has no answer {quoted(theirs)}{hint}"
            yield Problem.at(place(name, ("answers", mine)), "FLOW058", message)
        elif mine in types and types[mine] is not answer.type:
            message = f"{quoted(mine)} is a {types[mine].value}, {quoted(theirs)} a {answer.type.value}"
            yield Problem.at(place(name, ("answers", mine)), "FLOW058", f"{message}; declare them alike")
