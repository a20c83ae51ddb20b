"""The names in a test of a flow: whether the site has them. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping

from ivr.language.problems import Problem, suggestion
from ivr.language.reader import Document, Path_
from ivr.rehearsal.scenario_file import Expected, FlowTests, Given
from ivr.site import Flow, Site
from ivr.site.values import Type, from_text
from ivr.text import quoted
from ivr.verbs.words import NAME_PATTERN

Named = tuple[Path_, str, str, Iterable[str]]
"""Where a name stands, what it is the name of, the name, and those that there are."""


def name_problems(site: Site, flow: Flow, document: Document, model: FlowTests) -> Iterator[Problem]:
    """Every name in a file of tests that the site does not have, and every value of the wrong type."""
    parts: dict[Path_, Given] = {("always",): model.always} if model.always is not None else {}
    parts.update((("calls", label), call) for label, call in model.calls.items())
    for path, given in parts.items():
        for inside, what, name, known in _given(site, flow, given):
            if name not in set(known):
                message = f"there is no {what} {quoted(name)}{suggestion(name, sorted(known))}"
                whole = (*path, *inside)
                place = document.place(whole) if inside[-1] != name else document.key_place(whole)
                yield Problem.at(place, "TEST020", message)
        for inside, message in _values(site, flow, given):
            yield Problem.at(document.place((*path, *inside)), "TEST014", message)
    for label, call in model.calls.items():
        for inside, what, name, known in _expected(site, flow, call.expect):
            if name not in set(known):
                message = f"there is no {what} {quoted(name)}{suggestion(name, sorted(known))}"
                yield Problem.at(document.place(("calls", label, "expect", *inside)), "TEST020", message)


def faults_of(site: Site, flow: Flow, given: Given) -> Iterator[str]:
    """The same for what stands in no file: messages."""
    for _, what, name, known in _given(site, flow, given):
        if name not in set(known):
            yield f"there is no {what} {quoted(name)}{suggestion(name, sorted(known))}"
    yield from (message for _, message in _values(site, flow, given))


def _given(site: Site, flow: Flow, given: Given) -> Iterator[Named]:
    if given.number:
        yield ("number",), "number of this flow", given.number, flow.numbers
    named: Mapping[str, tuple[str, Iterable[str], Iterable[str]]] = {
        "parameters": ("parameter of this flow", given.parameters, flow.parameters),
        "look-ups": ("source in lookups.yaml", given.look_ups, site.look_ups),
        "queues": ("queue in queues.yaml", given.queues, site.queues),
        "phones": ("extension in site.yaml", given.phones, site.extensions),
        "overrides": ("timetable in hours.yaml", given.overrides, site.hours),
    }
    for setting, (what, names, known) in named.items():
        for name in names:
            yield (setting, name), what, name, known
    for index, extension in enumerate(given.present or ()):
        yield ("present", index), "agent in queues.yaml", extension, site.agents
    for index, press in enumerate(given.keys):
        if press.during:
            yield ("keys", index), "prompt", press.during, site.prompts
    for name, overridden in given.overrides.items():
        if overridden.prompt:
            yield ("overrides", name), "prompt", overridden.prompt, site.prompts


def _values(site: Site, flow: Flow, given: Given) -> Iterator[tuple[Path_, str]]:
    """Values that are not of their type."""
    for name, text in given.parameters.items():
        if name in flow.parameters and (fault := _fault(text, flow.parameters[name].type)):
            yield ("parameters", name), fault
    for source, answered in given.look_ups.items():
        if source not in site.look_ups:
            continue
        declared = site.look_ups[source].answers
        for name, text in answered.values:
            if name not in declared:
                yield ("look-ups", source, name), f"{source} has no answer {quoted(name)}{suggestion(name, declared)}"
            elif fault := _fault(text, declared[name].type):
                yield ("look-ups", source, name), fault


def _fault(text: str, type_: Type) -> str:
    try:
        from_text(text, type_)
    except ValueError as fault:
        return f"{quoted(text)} is not a value of the type {type_.value} ({fault}); write one"
    return f"{quoted(text)} cannot have a double quote; delete it" if '"' in text else ""


def _expected(site: Site, flow: Flow, expect: Expected) -> Iterator[Named]:
    lists = {
        "heard": expect.heard or [],
        "heard among others": expect.heard_among_others,
        "not heard": expect.not_heard,
    }
    for setting, items in lists.items():
        for index, item in enumerate(items):
            if _is_name(item):
                yield (setting, index), "prompt", item, site.prompts
    every_step = {name for one in site.flows.values() for name in one.steps}
    for index, step in enumerate(expect.steps):
        yield ("steps", index), "step", step, every_step
    for name in expect.variables:
        whole = {f"call.{variable}" for variable in site.variables}
        yield ("variables", name), "variable", name, {*whole, *(v for f in site.flows.values() for v in f.declared)}
    if expect.end is not None and expect.end.name:
        known = {
            "queue": site.queues,
            "extension": site.extensions,
            "voicemail": site.mailboxes,
            "return": dict.fromkeys(flow.exits),
        }.get(expect.end.kind)
        if known is not None:
            yield ("end",), expect.end.kind if expect.end.kind != "return" else "exit", expect.end.name, known


def _is_name(item: str) -> bool:
    """A word with _ or without blanks is a prompt; what has blanks is what the caller hears."""
    return re.fullmatch(NAME_PATTERN, item) is not None
