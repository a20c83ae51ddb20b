"""Tests of flows: reads `NAME.test.yaml`, makes each call, and says where the first difference is. Pure."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ivr.language.faults import locator, validate
from ivr.language.load import TESTS
from ivr.language.problems import Place, Problem
from ivr.language.reader import Document, Path_, read_file
from ivr.rehearsal.compared import Outcome, differences
from ivr.rehearsal.events import Event
from ivr.rehearsal.scenario_file import CallFile, FlowTests, Given, merged
from ivr.rehearsal.scenario_names import name_problems
from ivr.rehearsal.scripted import NotSaid, Scripted, situation_of
from ivr.rehearsal.simulate import Simulated, info_of
from ivr.rehearsal.subflow import caller_of, exit_taken
from ivr.site import Flow, Site


@dataclass(frozen=True, slots=True)
class Tested:
    """What the tests of a site's flows came to: how many calls were made, and everything that was not as expected."""

    problems: tuple[Problem, ...]
    calls: int
    files: tuple[str, ...]


def run_tests(site: Site, folder: Path) -> Tested:
    """Make every call of every test in a folder of flows. Never raises for what a file contains."""
    problems: list[Problem] = []
    calls, files = 0, []
    for path in sorted(folder.glob(f"*{TESTS}")):
        run = _File(site, path)
        problems += run.problems()
        calls += run.calls
        files.append(run.shown)
    return Tested(tuple(sorted(problems, key=lambda p: (p.file, p.line, p.column))), calls, tuple(files))


class _File:
    """One file of tests."""

    def __init__(self, site: Site, path: Path) -> None:
        self._site = site
        self._path = path
        relative = os.path.relpath(path)
        self.shown = str(path) if relative.startswith("..") else relative
        self.calls = 0

    def problems(self) -> list[Problem]:
        document, _, problems = read_file(self._path, self.shown)
        if document is None:
            return problems
        model, found = validate(FlowTests, document.data, "TEST", locator(document), "a setting of a file of tests")
        problems += found
        if model is None:
            return problems
        flow = self._site.flows.get(model.tests_of)
        name = self._path.name.removesuffix(TESTS)
        if flow is None or flow.name != name:
            message = f"the file is called {name}{TESTS}: it holds the tests of the flow '{name}'; write that name"
            if flow is None and name == model.tests_of:
                message = f"there is no flow '{name}' beside this file; correct the names of both, or delete it"
            return [*problems, Problem.at(document.place(("tests of",)), "TEST020", message)]
        problems += name_problems(self._site, flow, document, model)
        if not problems:
            for label, call in model.calls.items():
                self.calls += 1
                problems += _Trial(self._site, flow, document, ("calls", label), model.always, call).problems()
        return problems


class _Trial:
    """One call of a test."""

    def __init__(
        self, site: Site, flow: Flow, document: Document, path: Path_, always: Given | None, call: CallFile
    ) -> None:
        self._document = document
        self._path = path
        self._call = call
        self._given = merged(always, call)
        self._tested = flow
        subflow = bool(self._given.parameters) or not flow.numbers
        self._flow = caller_of(flow, self._given.parameters) if subflow else flow
        self._site = replace(site, flows={**site.flows, self._flow.name: self._flow}) if subflow else site

    def problems(self) -> Iterator[Problem]:
        did = self._given.number or next(iter(self._tested.numbers), next(iter(self._site.numbers)))
        if self._given.at is None:
            message = "'at' is missing here; add 'at: ...', date and time, here or below 'always'"
            yield Problem.at(self._document.key_place(self._path), "TEST011", message)
            return
        situation = situation_of(self._site, self._given, did)
        scripted = Scripted(situation, self._given)
        told: list[Event] = []
        info = info_of(self._site, did, situation.facts.blocked)
        call = Simulated(self._site, self._flow, info, scripted, situation.local, told.append)
        try:
            end = call.run()
        except NotSaid as fault:
            yield Problem.at(self._document.key_place(self._path), "TEST021", str(fault))
            return
        outcome = Outcome(
            site=self._site,
            told=tuple(told),
            end=end,
            returned=exit_taken(self._flow, told) if self._flow is not self._tested else None,
            variables=call.machine.story.known(),
            left_over=scripted.left_over,
        )
        for path, code, message in differences(outcome, self._call.expect):
            yield Problem.at(self._place((*self._path, *path)), code, message)

    def _place(self, path: Path_) -> Place:
        """What `always` says stands elsewhere; then the call itself is the place."""
        written = path in self._document.values and path != self._path
        return self._document.place(path) if written else self._document.key_place(self._path)
