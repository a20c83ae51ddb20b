"""Reads one flow: its head, its steps with what they inherit by `same as`, and the names in them."""

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ivr.language.config import Configuration, Source
from ivr.language.faults import Locate, locator, validate
from ivr.language.graph import graph_problems, silent_problems
from ivr.language.key_uses import key_problems
from ivr.language.look_up_steps import look_up_step_problems
from ivr.language.problems import Place, Problem, bounded, suggestion
from ivr.language.queues_made import queue_settings
from ivr.language.reader import Document, Path_, read_file
from ivr.language.recordings_made import recording_settings
from ivr.language.schema import FlowHead
from ivr.language.shadowed import shadowed_problems
from ivr.language.unannounced import Talks
from ivr.language.variables import Variables, unset_problems, variable_problems
from ivr.language.ways_out import trap_problems
from ivr.site import Flow
from ivr.site.targets import A_PERSON, HANG_UP, RETURN, leaves
from ivr.speech import PHRASES
from ivr.text import quoted
from ivr.verbs import VERBS
from ivr.verbs.step import Path as StepPath
from ivr.verbs.step import Reference, Step
from ivr.verbs.words import NAME_PATTERN, name_rule

SAME_AS = "same as"
MOST_SAME = 20
"""Steps of which each is the same as the one before."""

_ADD = "add one of: " + ", ".join(VERBS)

_CALLED = {
    "prompt": ("FLOW021", "prompt", "prompts.yaml"),
    "queue": ("FLOW023", "queue", "queues.yaml"),
    "extension": ("FLOW024", "extension", "site.yaml"),
    "hours": ("FLOW025", "timetable", "hours.yaml"),
    "mailbox": ("FLOW034", "mailbox", "voicemail.yaml"),
    "look-up": ("FLOW035", "source", "lookups.yaml"),
    "language": ("FLOW028", "language", "site.yaml"),
}
"""Kind of a name -> the code of one that is not there, what it is called, and where it would stand."""

_KEYS = {
    "prompt": "prompts",
    "queue": "queues",
    "extension": "extensions",
    "hours": "hours",
    "mailbox": "mailboxes",
    "look-up": "look-ups",
}
"""Kind of a name -> the key of its file below which the names stand."""


@dataclass(slots=True)
class Draft:
    """A flow as far as it could be read. `flow` is None when something in it is wrong."""

    file: str
    name: str
    content: bytes = b""
    flow: Flow | None = None
    document: Document | None = None
    numbers: tuple[str, ...] = ()
    prompts: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    place: Callable[[str, StepPath], Place] = field(default=lambda step, path: Place("", 0, 0), repr=False)
    key_place: Callable[[str, StepPath], Place] = field(default=lambda step, path: Place("", 0, 0), repr=False)


def read_flow(path: Path, shown: str, configuration: Configuration) -> Draft:
    """Read and check a flow's file by itself and against the configuration."""
    document, content, problems = read_file(path, shown)
    draft = Draft(shown, path.stem, content, document=document, problems=problems)
    if document is not None:
        _Reading(document, draft, configuration).read()
    return draft


class _Reading:
    """One flow on its way from document to Flow."""

    def __init__(self, document: Document, draft: Draft, configuration: Configuration) -> None:
        self._document = document
        self._draft = draft
        self._configuration = configuration
        self._raw: Mapping[str, Any] = {}
        self._origins: dict[str, dict[str, str]] = {}  # step -> setting -> the step that it was written in
        self._faulty: dict[str, tuple[type[Step], Mapping[str, Any]]] = {}  # steps whose verb at least is right

    def read(self) -> None:
        """Fill the draft."""
        head, problems = validate(FlowHead, self._document.data, "FLOW", locator(self._document), "a setting of a flow")
        self._draft.problems.extend(problems)
        steps = self._steps()
        if head is not None:
            self._draft.numbers = tuple(head.numbers)
            self._draft.problems.extend(bounded(self._head_problems(head)))
        references = [(name, r) for name in self._raw for r in self._references(name, steps.get(name))]
        self._draft.prompts = {r.name for _, r in references if r.kind == "prompt"}
        told = {(problem.line, problem.column) for problem in self._draft.problems}
        found = (problem for name, one in references for problem in self._reference_problems(name, one, head))
        self._draft.problems.extend(bounded(p for p in found if (p.line, p.column) not in told))
        if head is None or self._draft.problems:
            # A flow with a wrong name somewhere would seem to have unreachable steps, too.
            return
        of_variables = variable_problems(head, steps, self._configuration, self._within, self.key_place)
        self._draft.problems.extend(bounded(of_variables))
        if not self._draft.problems:
            self._draft.problems.extend(bounded(unset_problems(head, steps, self._within)))
            self._draft.problems.extend(silent_problems(steps, self.place))
            types = Variables.of(head, self._configuration).types
            self._draft.problems.extend(
                look_up_step_problems(steps, types, self._configuration, self.place, self.key_place)
            )
        graph = list(graph_problems(head.start, steps, self._talks(), self._step_place, self.place))
        self._draft.problems.extend(graph)
        if not self._draft.problems:
            self._draft.problems.extend(bounded(self._meant_otherwise(head, steps)))
        self._draft.flow = Flow(
            name=head.flow,
            language=head.language,
            numbers=self._draft.numbers,
            start=head.start,
            steps=steps,
            file=self._draft.file,
            variables=head.variables,
            parameters=head.parameters,
            results=tuple(head.results),
            exits=tuple(head.exits),
        )
        self._draft.place, self._draft.key_place = self.place, self.key_place

    def _meant_otherwise(self, head: FlowHead, steps: Mapping[str, Step]) -> Iterator[Problem]:
        """What can be done, but is hardly meant so."""
        yield from key_problems(steps, self.place)
        yield from trap_problems(steps, self._step_place)
        yield from shadowed_problems(steps, Variables.of(head, self._configuration).types, self._within)

    def _head_problems(self, head: FlowHead) -> Iterator[Problem]:
        document, configuration = self._document, self._configuration
        if head.flow != self._draft.name:
            message = f"the flow is called {quoted(head.flow)}, its file {quoted(self._draft.name)}; use one name"
            yield Problem.at(document.place(("flow",)), "FLOW001", message)
        declared = {**head.parameters, **head.variables}
        for result in head.results:
            if result not in declared:
                hint = suggestion(result, declared, "; declare it under `variables`")
                message = f"there is no variable {quoted(result)}{hint}"
                yield Problem.at(document.place(("results",)), "FLOW041", message)
        for name in head.parameters:
            if name in head.variables:
                message = f"{quoted(name)} is a parameter already; delete one of the two"
                yield Problem.at(document.key_place(("variables", name)), "FLOW041", message)
        if head.start not in self._raw:
            message = f"there is no step {quoted(head.start)}{suggestion(head.start, self._raw)}"
            yield Problem.at(document.place(("start",)), "FLOW003", message)
        site = configuration.site.model
        if site is not None and head.language not in site.languages:
            message = (
                f"{quoted(head.language)} is not a language of the site{suggestion(head.language, site.languages)}"
            )
            yield Problem.at(document.place(("language",)), "FLOW028", message)
        known = configuration.site.names("numbers")
        before: set[str] = set()
        for index, number in enumerate(head.numbers):
            place = document.place(("numbers", index))
            if known is not None and number not in known:
                message = f"{quoted(number)} is not a number of the line{suggestion(number, sorted(known))}"
                yield Problem.at(place, "FLOW026", message)
            if number in before:
                yield Problem.at(place, "FLOW027", f"{quoted(number)} stands here twice; delete one")
            before.add(number)

    def _steps(self) -> dict[str, Step]:
        data = self._document.data.get("steps")
        self._raw = data if isinstance(data, dict) else {}
        steps: dict[str, Step] = {}
        for name in self._raw:
            step, problems = self._step(name)
            self._draft.problems.extend(problems)
            if step is not None:
                steps[name] = step
        return steps

    def _step(self, name: str) -> tuple[Step | None, list[Problem]]:
        place = self._document.key_place(("steps", name))
        if name == RETURN:
            message = "'return' leaves a subflow, so no step can be called so; write another name"
            return None, [Problem.at(place, "FLOW018", message)]
        if not re.fullmatch(NAME_PATTERN, name):
            hint = "; 'hang up' needs no step: write `then: hang up`" if name == HANG_UP else ""
            message = f"{quoted(name)} cannot be a step's name{hint or ': ' + name_rule(name)}"
            return None, [Problem.at(place, "FLOW018", message)]
        settings, problem = self._inherited(name, ())
        if problem is not None:
            return None, [problem]
        verbs = [setting for setting in settings if setting in VERBS]
        own = [verb for verb in verbs if self._origins[name][verb] == name]
        if len(verbs) > 1 and len(own) < len(verbs):
            # The step's own verb replaces the inherited one of another kind: that is no "same" step.
            verb = quoted(own[0]) if own else "this"
            message = f"{verb} is another verb than in the step that it is the same as; write this step out"
            return None, [Problem.at(place, "FLOW015", message)]
        if len(verbs) > 1:
            second = self._place_of(name)((verbs[1],), True)
            message = f"a step does one thing, this one has {' and '.join(map(quoted, verbs))}; make two steps"
            return None, [Problem.at(second, "FLOW015", message)]
        if not verbs:
            return None, [self._no_verb(name, settings, place)]
        model = VERBS[verbs[0]]
        step, problems = validate(model, settings, "FLOW", self._place_of(name), f"a setting of {quoted(verbs[0])}")
        if step is None:
            self._faulty[name] = (model, settings)
        return step, problems

    def _references(self, name: str, step: Step | None) -> Iterator[Reference]:
        """The names in a step, also in one with a fault: all faults are told at once."""
        if step is not None:
            return step.references()
        model, settings = self._faulty.get(name, (Step, {}))
        return model.references_in(settings)

    def _no_verb(self, name: str, settings: Mapping[str, Any], place: Place) -> Problem:
        for setting in settings:
            near = difflib.get_close_matches(setting, VERBS, 1, 0.7)
            if near:
                where = self._place_of(name)((setting,), True)
                message = f"{quoted(setting)} is not a verb; did you mean {quoted(near[0])}?"
                return Problem.at(where, "FLOW010", message)
        message = f"the step {quoted(name)} does nothing; {_ADD}"
        return Problem.at(place, "FLOW010", message)

    def _inherited(self, name: str, way: tuple[str, ...]) -> tuple[dict[str, Any], Problem | None]:
        """The settings of a step with those of the step that it is the same as; the step's own win."""
        own = self._raw[name]
        if not isinstance(own, dict):
            place = self._document.key_place(("steps", name))
            message = f"the step {quoted(name)} must have indented lines below it that say what it does; {_ADD}"
            return {}, Problem.at(place, "FLOW013", message)
        base = own.get(SAME_AS)
        self._origins[name] = {setting: name for setting in own if setting != SAME_AS}
        if SAME_AS not in own:
            return dict(own), None
        place = self._document.place(("steps", name, SAME_AS))
        if base not in self._raw or not isinstance(base, str):
            message = f"there is no step {quoted(str(base or ''))}{suggestion(str(base or ''), self._raw)}"
            return {}, Problem.at(place, "FLOW016", message)
        if len(way) > MOST_SAME:
            message = f"'same as' leads over more than {MOST_SAME} steps; write this one out"
            return {}, Problem.at(place, "FLOW017", message)
        if base in (*way, name):
            circle = " -> ".join((*way, name, base))
            return {}, Problem.at(place, "FLOW017", f"'same as' leads in a circle: {circle}; write one of them out")
        settings, problem = self._inherited(base, (*way, name))
        if problem is not None:
            # Told once, at the step that is at fault; a circle has no such step and is told at each.
            message = f"the step {quoted(base)} is not right, so nothing can be the same as it; correct it first"
            return {}, problem if problem.code == "FLOW017" else Problem.at(place, "FLOW016", message)
        merged = {**settings, **{key: value for key, value in own.items() if key != SAME_AS}}
        self._origins[name] = {**self._origins[base], **self._origins[name]}
        return merged, None

    def _place_of(self, name: str) -> Locate:
        """Places in a step, those of inherited settings at the step that they were written in."""
        origins = self._origins[name]

        def locate(path: Path_, key: bool, offset: int = 0) -> Place:
            whole = ("steps", origins.get(str(path[0]), name) if path else name, *path)
            if offset:
                return self._document.place_within(whole, offset)
            return self._document.key_place(whole) if key or not path else self._document.place(whole)

        return locate

    def place(self, step: str, path: StepPath) -> Place:
        """The place of a value in a step."""
        return self._place_of(step)(path, False)

    def key_place(self, step: str, path: StepPath) -> Place:
        """The place of a key in a step."""
        return self._place_of(step)(path, True)

    def _within(self, step: str, path: StepPath, offset: int) -> Place:
        """The place of a character in a value of a step."""
        origin = self._origins[step].get(str(path[0]), step)
        return self._document.place_within(("steps", origin, *path), offset)

    def _step_place(self, step: str) -> Place:
        return self._document.key_place(("steps", step))

    def _reference_problems(self, step: str, reference: Reference, head: FlowHead | None) -> Iterator[Problem]:
        place = self._place_of(step)(reference.path, False)
        if reference.kind == "step":
            if not leaves(reference.name) and reference.name not in self._raw:
                hint = suggestion(reference.name, [*self._raw, HANG_UP, A_PERSON])
                yield Problem.at(place, "FLOW020", f"there is no step {quoted(reference.name)}{hint}")
            return
        known = self._known(reference.kind)
        if known is None:
            return
        if reference.name not in known:
            code, word, file = _CALLED[reference.kind]
            hint = suggestion(reference.name, sorted(known))
            message = f"there is no {word} {quoted(reference.name)} in {file}{hint}"
            yield Problem.at(place, code, message)
        elif (
            reference.kind == "prompt" and head is not None and self._configuration.lacks(reference.name, head.language)
        ):
            message = f"the prompt {quoted(reference.name)} has no text in {head.language}; add it in prompts.yaml"
            yield Problem.at(place, "FLOW022", message)

    def _known(self, kind: str) -> frozenset[str] | None:
        """The names of a kind; None where they cannot be known (a file with faults) or are checked elsewhere."""
        configuration = self._configuration
        if kind == "language":
            site = configuration.site.model
            return frozenset(site.languages) if site is not None else None
        sources: dict[str, Source[Any]] = {
            "prompts": configuration.prompts,
            "queues": configuration.queues,
            "extensions": configuration.site,
            "hours": configuration.hours,
            "mailboxes": configuration.voicemail,
            "look-ups": configuration.lookups,
        }
        key = _KEYS.get(kind)
        names = sources[key].names(key) if key is not None else None
        return names | frozenset(PHRASES) if names is not None and kind == "prompt" else names

    def _talks(self) -> Talks | None:
        c = self._configuration
        if c.site.model is None or c.queues.model is None or c.recordings.model is None:
            return None
        return Talks(
            recordings=recording_settings(c.recordings.model),
            queues=queue_settings(c.queues.model),
            numbers=self._draft.numbers,
            extensions=tuple(c.site.model.extensions),
            reception=c.site.model.reception,
        )
