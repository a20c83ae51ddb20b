"""Joins configuration and flows into a checked site."""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from ivr.language import lists, lookups, voicemail
from ivr.language.config import (
    Configuration,
    M,
    Source,
    calendar,
    holiday_problems,
    opening_hours,
    prompt_texts,
    read_configuration,
)
from ivr.language.flows import Draft, read_flow
from ivr.language.problems import Place, Problem, Severity
from ivr.language.queue_unused import unused_problems
from ivr.language.queues_made import agent_settings, offer_rules, queue_settings, screen_pops
from ivr.language.recordings_made import recording_settings
from ivr.language.schema import SiteFile
from ivr.language.subflows import Known, subflow_problems
from ivr.language.variables import unused_variables
from ivr.language.ways_out import circle_problems, language_problems
from ivr.site import Extension, Flow, Promises, Prompt, Site, Trunk
from ivr.speech import BUILT_IN, reason_prompts, with_built_in
from ivr.text import printable, quoted
from ivr.verbs.extension import ExtensionStep, name_prompt
from ivr.verbs.step import Path as StepPath

TESTS = ".test.yaml"
"""The ending of files beside the flows that hold their tests (ivr.rehearsal.scenarios)."""

MOST_PATH = 1000  # characters of a path in messages
MOST_TOLD = 200
"""Problems of one file that are told; the others are counted."""

YEARS = range(2024, 2036)
"""Years whose holidays are computed when a site is loaded, so that no call waits for it."""


@dataclass(frozen=True, slots=True)
class Checked:
    """The result of a check. `site` is None when there is an error; warnings leave it usable."""

    site: Site | None
    problems: tuple[Problem, ...]
    files: tuple[str, ...] = ()
    drafts: Mapping[str, Draft] = field(default_factory=dict, repr=False)
    """The flows as they were read, by name."""

    def place(self, flow: str, step: str, path: StepPath = (), key: bool = False) -> Place:
        """Where a setting of a step stands, or with `key` its name; without a path, the step."""
        draft = self.drafts[flow]
        return draft.key_place(step, path) if key else draft.place(step, path)

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that keep the site from being used."""
        return tuple(problem for problem in self.problems if problem.severity is Severity.ERROR)


def load_site(config: Path, flows: Path, today: date | None = None, in_force: bool = False) -> Checked:
    """Read and check everything. Never raises for what a file contains. `today` (of the site): also warn of what has
    expired. `in_force`: these files served callers already, so that a check that has become stricter since is no reason
    to refuse them: the result has a site as long as one can be made of them."""
    configuration = read_configuration(config, _shown)
    paths = sorted(path for path in flows.glob("*.yaml") if not path.name.endswith(TESTS))
    drafts = [read_flow(path, _shown(path), configuration) for path in paths]
    problems = [*configuration.problems, *(problem for draft in drafts for problem in draft.problems)]
    problems += _entry_problems(configuration, drafts)
    problems += holiday_problems(configuration, YEARS)
    problems += lists.expired(configuration, today) if today is not None else ()
    for path in sorted(flows.glob("*.yml")):
        message = f"this file is not read; rename it to {quoted(path.stem + '.yaml')}"
        problems.append(Problem.at(Place(_shown(path), 1, 1), "CONF042", message))
    if not paths:
        message = "there is no flow here; write at least one file NAME.yaml"
        problems.append(Problem.at(Place(_shown(flows), 1, 1), "CONF041", message))
    if all(problem.severity is Severity.WARNING for problem in problems):
        between = list(_between(configuration, drafts))
        problems += between or _unheard(configuration, drafts)
        problems += unused_problems(configuration)
    return _checked(configuration, drafts, problems, in_force)


def load_flow(config: Path, flow: Path) -> Checked:
    """Check one flow's file against a configuration, without the other flows. The result has no site."""
    configuration = read_configuration(config, _shown)
    draft = read_flow(flow, _shown(flow), configuration)
    return Checked(None, _ordered([*configuration.problems, *draft.problems]), (draft.file,))


def _shown(path: Path) -> str:
    """The path as messages have it: from the working folder where possible."""
    relative = os.path.relpath(path)
    return printable(str(path) if relative.startswith("..") else relative, MOST_PATH)


def _ordered(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Each problem once, by file, line and column; of a file with very many the errors first, and how many more."""
    files: dict[str, list[Problem]] = {}
    for problem in sorted(set(problems), key=_by_place):
        files.setdefault(problem.file, []).append(problem)
    return tuple(problem for found in files.values() for problem in _most(found))


def _most(found: list[Problem]) -> list[Problem]:
    if len(found) <= MOST_TOLD:
        return found
    chosen = sorted(found, key=lambda problem: problem.severity is Severity.WARNING)[:MOST_TOLD]
    last = chosen[-1]
    message = f"{len(found) - MOST_TOLD} more faults in this file; correct the first ones and check again"
    more = Problem.at(Place(last.file, last.line, last.column), last.code, message)
    return [*sorted(chosen, key=_by_place), more]


def _by_place(problem: Problem) -> tuple[str, int, int, str, str]:
    return problem.file, problem.line, problem.column, problem.code, problem.message


def _checked(
    configuration: Configuration, drafts: Sequence[Draft], problems: list[Problem], in_force: bool = False
) -> Checked:
    files = (*(source.file for source in configuration.sources), *(draft.file for draft in drafts))
    ordered = _ordered(problems)
    flows = {draft.flow.name: draft.flow for draft in drafts if draft.flow is not None}
    read = {draft.name: draft for draft in drafts}
    if any(problem.severity is Severity.ERROR for problem in ordered) and not (
        in_force and _can_be_made(configuration, drafts)
    ):
        return Checked(None, ordered, files, read)
    return Checked(_site(configuration, flows, _version(configuration, drafts)), ordered, files, read)


def _can_be_made(configuration: Configuration, drafts: Sequence[Draft]) -> bool:
    """Whether everything could be read, and every name that a site is made of is there."""
    site = configuration.site.model
    c = configuration
    files = (c.site, c.queues, c.hours, c.prompts, c.lists, c.lookups, c.voicemail, c.recordings)
    if site is None or any(source.model is None for source in files) or any(draft.flow is None for draft in drafts):
        return False
    return site.numbers.keys() <= {number for draft in drafts for number in draft.numbers}


def _version(configuration: Configuration, drafts: Sequence[Draft]) -> str:
    """SHA-256 over the names and contents of all files; the folders that they lie in do not count."""
    digest = hashlib.sha256()
    named = [(Path(source.file).name, source.content) for source in configuration.sources]
    for name, content in (*named, *((f"{draft.name}.yaml", draft.content) for draft in drafts)):
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    for file in _recordings(configuration):  # a caller who hears another recording meets another version
        digest.update(f"{file}\0".encode() + _heard(configuration.folder / file))
    return digest.hexdigest()


def _recordings(configuration: Configuration) -> list[str]:
    """The studio's files, in order; they were found to be readable."""
    prompts = configuration.prompts.model
    found = prompts.prompts.values() if prompts is not None else ()
    return sorted({file for prompt in found for file in prompt.recordings.values()})


def _heard(file: Path) -> bytes:
    try:
        return hashlib.sha256(file.read_bytes()).digest()
    except OSError:  # gone since it was checked
        return b""


def _site(configuration: Configuration, flows: Mapping[str, Flow], version: str) -> Site:
    site, queues = configuration.site.model, configuration.queues.model
    hours, prompts = configuration.hours.model, configuration.prompts.model
    assert site is not None and queues is not None and hours is not None and prompts is not None
    owner = {number: flow.name for flow in flows.values() for number in flow.numbers}
    days = calendar(site)
    for year in YEARS:
        days.of_year(year)
    return Site(
        label=site.label,
        timezone=site.timezone,
        language=site.language,
        languages=tuple(site.languages),
        holidays=days,
        lines=site.lines,
        trunks={
            name: Trunk(name=name, label=trunk.label, addresses=tuple(trunk.addresses), outbound=trunk.outbound)
            for name, trunk in site.trunks.items()
        },
        numbers=site.numbers,
        reception=site.reception,
        fallback_after=site.fallback_after,
        extensions={extension: Extension(label=label) for extension, label in site.extensions.items()},
        queues=queue_settings(queues),
        agents=agent_settings(queues, site.extensions),
        hours=opening_hours(hours),
        prompts={
            **_names(site, flows),
            **reason_prompts(queues.pause_reasons, site.languages),
            **with_built_in(prompt_texts(prompts), site.languages),
        },
        flows=flows,
        entry={number: owner[number] for number in site.numbers},
        version=version,
        variables=site.variables,
        lists=lists.caller_lists(configuration),
        anonymous=lists.anonymous_rule(configuration),
        country=lists.country(configuration),
        look_ups=lookups.look_ups(model_of(configuration.lookups)),
        mailboxes=voicemail.mailboxes(model_of(configuration.voicemail)),
        mail=voicemail.mail(model_of(configuration.voicemail)),
        offer_rules=offer_rules(queues),
        priority_worth=queues.priority,
        pause_reasons=queues.pause_reasons,
        screen_pops=screen_pops(queues),
        recordings=recording_settings(model_of(configuration.recordings)),
        promises=Promises(keys=site.promises.keys, seconds=site.promises.seconds),
    )


def _names(site: SiteFile, flows: Mapping[str, Flow]) -> dict[str, Prompt]:
    """The prompts that say whose extension it is, where a flow lets callers spell a name."""
    steps = [step for flow in flows.values() for step in flow.steps.values() if isinstance(step, ExtensionStep)]
    asked = {n for n in site.extensions for step in steps if step.by_name and step.allows(n)}
    return {
        name_prompt(n): Prompt(texts=dict.fromkeys(site.languages, site.extensions[n]), recordings={}) for n in asked
    }


def model_of(source: Source[M]) -> M:
    """The model of a file without errors."""
    assert source.model is not None
    return source.model


def _entry_problems(configuration: Configuration, drafts: Sequence[Draft]) -> Iterator[Problem]:
    """Numbers that two flows answer, and numbers that none does."""
    owner: dict[str, str] = {}
    for draft in drafts:
        for index, number in enumerate(draft.numbers):
            if owner.setdefault(number, draft.name) != draft.name and draft.document is not None:
                place = draft.document.place(("numbers", index))
                message = f"{quoted(number)} already leads to the flow {quoted(owner[number])}; delete it from one"
                yield Problem.at(place, "FLOW027", message)
    numbers, document = configuration.site.names("numbers"), configuration.site.document
    # A flow that could not be read may be the one that answers the number.
    unread = any(draft.flow is None and not draft.numbers for draft in drafts)
    if numbers is None or document is None or unread or not drafts:
        return
    for number in sorted(number for number in numbers - set(owner) if number.isascii() and number.isdecimal()):
        message = f"no flow answers {quoted(number)}; add it to 'numbers' of a flow"
        yield Problem.at(document.key_place(("numbers", number)), "CONF020", message)


def _between(configuration: Configuration, drafts: Sequence[Draft]) -> Iterator[Problem]:
    """What is wrong between flows that are right by themselves."""
    site = configuration.site.model
    whole = site.variables if site is not None else {}
    known = [Known(draft.flow, whole, draft.place, draft.key_place) for draft in drafts if draft.flow is not None]
    found = list(subflow_problems(known))
    yield from found
    if not found:
        yield from circle_problems(known)
        yield from language_problems(known, configuration.lacks)
        yield from _unused(drafts)


def _unused(drafts: Sequence[Draft]) -> Iterator[Problem]:
    """Variables that no step has to do with."""
    for draft in drafts:
        if draft.flow is not None and draft.document is not None:
            for name in unused_variables(draft.flow):
                message = f"no step uses the variable {quoted(name)}; use it, or delete it"
                yield Problem.at(draft.document.key_place(("variables", name)), "FLOW066", message)


def _unheard(configuration: Configuration, drafts: Sequence[Draft]) -> Iterator[Problem]:
    """Prompts that neither a flow nor a queue uses; those that stand in for the server's own are always used."""
    prompts, queues = configuration.prompts, configuration.queues.model
    if prompts.document is None or queues is None:
        return
    used = {name for draft in drafts for name in draft.prompts}
    used |= {name for queue in queues.queues.values() for name in (queue.announce, queue.whisper)}
    hours = configuration.hours.model
    used |= {timetable.emergency for timetable in hours.hours.values()} if hours is not None else set()
    used |= {box.greeting for box in model_of(configuration.voicemail).mailboxes.values()}
    if configuration.site.model is not None:
        flows = {draft.name: draft.flow for draft in drafts if draft.flow is not None}
        used |= _names(configuration.site.model, flows).keys()
    for name in sorted((prompts.names("prompts") or frozenset()) - used - BUILT_IN):
        message = f"nobody hears the prompt {quoted(name)}; use it, or delete it"
        yield Problem.at(prompts.document.key_place(("prompts", name)), "CONF040", message)
