"""Reads `config/`: site.yaml, queues.yaml, hours.yaml, prompts.yaml, and checks what they say of each other."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from ivr.language import lists, lookups, voicemail
from ivr.language.caller_csv import CallerTable
from ivr.language.faults import locator, validate
from ivr.language.hour_gaps import gap_problems
from ivr.language.lists import ListsFile
from ivr.language.lookups import LookUpsFile
from ivr.language.overriding import override_problems
from ivr.language.problems import Problem, bounded, suggestion
from ivr.language.queue_problems import queue_problems
from ivr.language.queues import QueuesFile
from ivr.language.reader import Document, read_file
from ivr.language.recording_problems import recording_problems
from ivr.language.recordings import RecordingsFile
from ivr.language.schema import HoursFile, PromptsFile, SiteFile, TimetableFile
from ivr.language.voicemail import VoicemailFile
from ivr.site import Prompt
from ivr.site.hours import Day, HolidayCalendar, OpeningHours
from ivr.speech import can_speak
from ivr.text import quoted
from ivr.verbs.words import example

M = TypeVar("M", bound=BaseModel)

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(slots=True)
class Source(Generic[M]):
    """A file: its document (None when unreadable), its model (None when something in it is wrong), its bytes."""

    file: str
    document: Document | None
    model: M | None
    content: bytes
    there: bool = True
    """Whether the file exists; some need not."""

    def names(self, key: str) -> frozenset[str] | None:
        """The keys below a top-level key, read even from a file with faults; None when they cannot be known."""
        if not self.there:
            return frozenset()
        data = self.document.data.get(key) if self.document is not None else None
        return frozenset(data) if isinstance(data, dict) else None


@dataclass(slots=True)
class Configuration:
    """The files, and the problems found in them so far."""

    folder: Path
    site: Source[SiteFile]
    queues: Source[QueuesFile]
    hours: Source[HoursFile]
    prompts: Source[PromptsFile]
    lists: Source[ListsFile]
    lookups: Source[LookUpsFile]
    voicemail: Source[VoicemailFile]
    recordings: Source[RecordingsFile]
    problems: list[Problem]
    callers: dict[str, CallerTable] = field(default_factory=dict)
    """The files of lists.yaml that could be read, by the list's name."""

    @property
    def sources(self) -> tuple[Source[Any], ...]:
        """All files, in a fixed order."""
        every = (
            self.site,
            self.queues,
            self.hours,
            self.prompts,
            self.lists,
            self.lookups,
            self.voicemail,
            self.recordings,
        )
        tables: Iterator[Source[Any]] = (
            Source(table.file, None, None, table.content) for table in self.callers.values()
        )
        return (*(source for source in every if source.there), *tables)

    def lacks(self, prompt: str, language: str) -> bool:
        """Whether a prompt cannot be heard in a language. False where another problem says so already: an entry with
        faults, a language that the site does not have."""
        prompts, site = self.prompts.model, self.site.model
        if prompts is None or prompt not in prompts.prompts or (site is not None and language not in site.languages):
            return False
        entry = prompts.prompts[prompt]
        return language not in entry.texts and language not in entry.recordings


def read_configuration(folder: Path, shown: Callable[[Path], str]) -> Configuration:
    """Read the files and check each by itself and against the others."""
    problems: list[Problem] = []

    def source(name: str, model: type[M], prepare: Callable[[Document], None] | None = None) -> Source[M]:
        path = folder / name
        document, content, found = read_file(path, shown(path))
        problems.extend(found)
        checked: M | None = None
        if document is not None:
            if prepare is not None:
                prepare(document)
            checked, found = validate(model, document.data, "CONF", locator(document), f"a setting of {name}")
            problems.extend(found)
        return Source(shown(path), document, checked, content)

    def optional(name: str, model: type[M]) -> Source[M]:
        path = folder / name
        return source(name, model) if path.exists() else Source(shown(path), None, model.model_validate({}), b"", False)

    configuration = Configuration(
        folder,
        source("site.yaml", SiteFile),
        source("queues.yaml", QueuesFile),
        source("hours.yaml", HoursFile),
        source("prompts.yaml", PromptsFile, _collect_languages),
        optional("lists.yaml", ListsFile),
        optional("lookups.yaml", LookUpsFile),
        optional("voicemail.yaml", VoicemailFile),
        optional("recordings.yaml", RecordingsFile),
        problems,
    )
    problems.extend(bounded(_site_problems(configuration)))
    problems.extend(queue_problems(configuration))
    problems.extend(bounded(_hour_problems(configuration)))
    problems.extend(bounded(_prompt_problems(configuration)))
    problems.extend(lists.problems(configuration))
    problems.extend(bounded(lookups.problems(configuration)))
    problems.extend(bounded(voicemail.problems(configuration)))
    problems.extend(recording_problems(configuration))
    return configuration


def _collect_languages(document: Document) -> None:
    """`es-CO: words` stands beside `recordings:` in the file; the model wants the words together, as `texts`."""
    prompts = document.data.get("prompts")
    if not isinstance(prompts, dict):
        return
    for name, entry in prompts.items():
        if not isinstance(entry, dict):
            continue
        gathered = {key: value for key, value in entry.items() if key != "recordings"}
        for key in gathered:
            here, there = ("prompts", name, key), ("prompts", name, "texts", key)
            if here in document.keys:  # an alias has its place elsewhere
                document.values[there], document.keys[there] = document.values[here], document.keys[here]
        prompts[name] = {"texts": gathered, **({"recordings": entry["recordings"]} if "recordings" in entry else {})}


def _site_problems(configuration: Configuration) -> Iterator[Problem]:
    document, model = configuration.site.document, configuration.site.model
    if document is None or model is None:
        return
    if model.reception not in model.extensions:
        hint = suggestion(model.reception, model.extensions)
        message = f"extension {quoted(model.reception)} is not among the extensions{hint}"
        yield Problem.at(document.place(("reception",)), "CONF022", message)
    if model.language not in model.languages:
        message = f"{quoted(model.language)} is not among the languages{suggestion(model.language, model.languages)}"
        yield Problem.at(document.place(("language",)), "CONF025", message)
    for index, language in enumerate(model.languages):
        if not can_speak(language):
            message = f"the server has no words in {quoted(language)}: write one that it speaks, such as es-CO or en"
            yield Problem.at(document.place(("languages", index)), "CONF035", message)
    for name, variable in model.variables.items():
        if variable.default is None:
            message = (
                f"{quoted(name)} needs a value, for no step need have given it one; write {example(variable.type)}"
            )
            yield Problem.at(document.place(("variables", name)), "CONF011", message)
    seen: dict[str, str] = {}
    for name, trunk in model.trunks.items():
        for index, address in enumerate(trunk.addresses):
            if address in seen:
                message = f"{address} already belongs to the trunk {quoted(seen[address])}; delete one"
                yield Problem.at(document.place(("trunks", name, "addresses", index)), "CONF034", message)
            seen.setdefault(address, name)


def _hour_problems(configuration: Configuration) -> Iterator[Problem]:
    document, model = configuration.hours.document, configuration.hours.model
    if document is None or model is None:
        return
    for name, timetable in model.hours.items():
        seen: dict[str, str] = {}
        for written in timetable.week:
            place = document.key_place(("hours", name, "week", written))
            days = _days(written)
            if not days:
                hint = suggestion(written, DAYS)
                yield Problem.at(place, "CONF033", f"{quoted(written)} is not a day or 'first to last day'{hint}")
            for day in days:
                if day in seen:
                    yield Problem.at(place, "CONF032", f"{day} already has hours in {quoted(seen[day])}; delete one")
                seen.setdefault(day, written)
        missing = [day for day in DAYS if day not in seen]
        if missing and all(_days(written) for written in timetable.week):
            message = f"{', '.join(missing)}: no hours; write them, or closed"
            yield Problem.at(document.key_place(("hours", name, "week")), "CONF031", message)
    yield from override_problems(configuration)
    yield from gap_problems(configuration)


def _days(written: str) -> tuple[str, ...]:
    """`saturday`, or `monday to friday`; empty when it is neither."""
    first, _, last = written.partition(" to ")
    if first not in DAYS or (last and last not in DAYS) or (" to " in written and not last):
        return ()
    start, end = DAYS.index(first), DAYS.index(last or first)
    return DAYS[start : end + 1]


def _prompt_problems(configuration: Configuration) -> Iterator[Problem]:
    document, model = configuration.prompts.document, configuration.prompts.model
    if document is None or model is None:
        return
    languages = configuration.site.model.languages if configuration.site.model is not None else None
    for name, prompt in model.prompts.items():
        if not prompt.texts and not prompt.recordings:
            message = f"the prompt {quoted(name)} says nothing; write for example 'es-CO: words'"
            yield Problem.at(document.key_place(("prompts", name)), "CONF024", message)
        for group, entries in (("texts", prompt.texts), ("recordings", prompt.recordings)):
            for language in entries:
                if languages is not None and language not in languages:
                    message = f"{quoted(language)} is not among the site's languages{suggestion(language, languages)}"
                    yield Problem.at(document.key_place(("prompts", name, group, language)), "CONF025", message)
        for language, text in prompt.texts.items():
            if not text.strip():
                message = f"the text is empty; write what {quoted(name)} says"
                yield Problem.at(document.place(("prompts", name, "texts", language)), "CONF024", message)
        for language, file in prompt.recordings.items():
            fault = _recording_fault(configuration.folder, file)
            if fault:
                yield Problem.at(document.place(("prompts", name, "recordings", language)), "CONF026", fault)


def _recording_fault(folder: Path, file: str) -> str:
    """Why a recording cannot be used; empty = it can. Only files below the folder of the configuration count."""
    try:
        path = (folder / file).resolve()
        if not path.is_relative_to(folder.resolve()):
            return f"{quoted(file)} lies outside the folder of prompts.yaml; put the recording into it"
        missing = f"there is no file {quoted(file)} in the folder of prompts.yaml; put it there, or correct its name"
        return "" if path.is_file() else missing
    except (OSError, ValueError):
        return f"{quoted(file)} cannot be the name of a file; correct it"


def holiday_problems(configuration: Configuration, years: Iterable[int]) -> Iterator[Problem]:
    """Names under `not observed` that the computed list of these years does not have."""
    document, model = configuration.site.document, configuration.site.model
    if document is None or model is None or not model.holidays.not_observed:
        return
    everything = HolidayCalendar(country=model.holidays.country)
    names = sorted(
        {name for year in years for names in everything.of_year(year).values() for name in names.split("; ")}
    )
    for index, name in enumerate(model.holidays.not_observed):
        if name not in names:
            message = f"no holiday is called {quoted(name)}{suggestion(name, names)}"
            yield Problem.at(document.place(("holidays", "not observed", index)), "CONF029", message)


def calendar(model: SiteFile) -> HolidayCalendar:
    """The site's holidays."""
    settings = model.holidays
    return HolidayCalendar(country=settings.country, also=settings.also, not_observed=tuple(settings.not_observed))


def opening_hours(model: HoursFile) -> Mapping[str, OpeningHours]:
    """The timetables as the server uses them."""
    return {
        name: OpeningHours(
            label=timetable.label,
            week=_week(timetable),
            holiday=timetable.holidays,
            other_days=timetable.other_days,
            emergency=timetable.emergency,
            code=str(timetable.code or place),
        )
        for place, (name, timetable) in enumerate(model.hours.items(), 1)
    }


def _week(timetable: TimetableFile) -> tuple[Day, ...]:
    by_day = {day: spans for written, spans in timetable.week.items() for day in _days(written)}
    return tuple(by_day[day] for day in DAYS)


def prompt_texts(model: PromptsFile) -> Mapping[str, Prompt]:
    """The prompts as the server uses them, their words without line breaks."""
    return {
        name: Prompt(
            texts={language: " ".join(text.split()) for language, text in prompt.texts.items()},
            recordings=prompt.recordings,
        )
        for name, prompt in model.prompts.items()
    }
