"""How many faulty files there are, and that no setting of the language is without one."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from ivr.language import lists, lookups, queues, recordings, schema, voicemail
from ivr.language.reader import Document, read_text
from ivr.verbs import VERBS
from tests.unit.language.fixtures import (
    BAD_CONFIG,
    BAD_FLOWS,
    BAD_LISTS,
    BAD_SUBFLOWS,
    BAD_TESTS,
    GOOD,
    expectation,
)
from tests.unit.language.remedies import has_remedy

SettingPath = tuple[str, ...]

FILES: dict[str, dict[SettingPath, tuple[type[BaseModel], ...]]] = {
    "site": {
        (): (schema.SiteFile,),
        ("holidays",): (schema.HolidaySettings,),
        ("trunks", "*"): (schema.TrunkSettings,),
        ("promises",): (schema.PromiseSettings,),
    },
    "queues": {
        (): (queues.QueuesFile,),
        ("queues", "*"): (queues.QueueFile,),
        ("queues", "*", "widen", "*"): (queues.WidenFile,),
        ("queues", "*", "last agent"): (queues.LastAgentFile,),
        ("agents", "*"): (queues.AgentFile,),
        ("offers",): (queues.OffersFile,),
        ("offers", "*"): (queues.OfferFile,),
        ("screen pops", "*"): (queues.ScreenPopFile,),
    },
    "hours": {(): (schema.HoursFile,), ("hours", "*"): (schema.TimetableFile,)},
    "prompts": {(): (schema.PromptsFile,)},
    "lists": {(): (lists.ListsFile,), ("lists", "*"): (lists.ListFile,)},
    "lookups": {
        (): (lookups.LookUpsFile,),
        ("look-ups", "*"): (lookups.HttpFile, lookups.CsvFile, lookups.SqlFile),
        ("look-ups", "*", "sign in"): (lookups.SignInFile,),
    },
    "voicemail": {
        (): (voicemail.VoicemailFile,),
        ("mail",): (voicemail.MailFile,),
        ("mailboxes", "*"): (voicemail.MailboxFile,),
    },
    "recordings": {
        (): (recordings.RecordingsFile,),
        ("record",): (recordings.RecordFile,),
        ("record", "directions"): (recordings.DirectionsFile,),
        ("keep", "*"): (recordings.KeepFile,),
        ("backup",): (recordings.BackupFile,),
        ("backup", "targets", "*"): (recordings.TargetFile,),
        ("alarms",): (recordings.AlarmsFile,),
    },
}
"""The files of config/ and their models, by the keys that lead to them; `*` = a name."""


def settings(model: type[BaseModel]) -> list[str]:
    """The settings as files have them."""
    return [info.alias or name for name, info in model.model_fields.items()]


def touched(path: Path) -> Iterator[SettingPath]:
    """The settings that a broken file is about: those that lead to the place, and those that the message names."""
    expected = expectation(path)
    document, _ = read_text(path.read_bytes(), path.name)
    if document is None:
        return
    innermost = _innermost(document, expected.line, expected.column)
    for length in range(1, len(innermost) + 1):
        yield innermost[:length]
    # What is missing stands nowhere: its name is in the message.
    for name in re.findall(r"'([^':]+)", expected.says):
        yield (*innermost, name)


def _innermost(document: Document, line: int, column: int) -> SettingPath:
    """What stands at a place, by the keys that lead to it."""
    there = [
        (mark.column, len(path), path)
        for table in (document.keys, document.values)
        for path, mark in table.items()
        if mark.line == line and mark.column <= column
    ]
    return tuple(map(str, max(there, key=lambda one: one[:2])[2])) if there else ()


def test_there_are_enough_of_them() -> None:
    kinds = Counter(path.name.partition("-")[0] for path in BAD_CONFIG)
    kinds |= {"flows": len(BAD_FLOWS) + len(BAD_SUBFLOWS), "tests": len(BAD_TESTS), "tables": len(BAD_LISTS)}
    assert sum(kinds.values()) >= 400
    assert {kind for kind, many in kinds.items() if many >= 7} >= {*FILES, "flows", "tests", "tables"}, kinds


def test_every_setting_of_every_verb_has_a_broken_file() -> None:
    shown = set()
    for path in (*BAD_FLOWS, *BAD_SUBFLOWS):
        document, _ = read_text(path.read_bytes(), path.name)
        for setting in touched(path) if document is not None else ():
            match setting:
                case ["steps", step, name, *_] if isinstance(document.data["steps"].get(step), dict):
                    shown |= {(verb, name) for verb in VERBS if verb in document.data["steps"][step]}
    wanted = {(verb, name) for verb, model in VERBS.items() for name in settings(model) if name != "when hung up"}
    assert wanted - shown == set()
    assert "when hung up" in {name for _, name in shown}


@pytest.mark.parametrize("file", FILES)
def test_every_setting_of_the_configuration_has_a_broken_file(file: str) -> None:
    assert (GOOD / "config" / f"{file}.yaml").exists()
    shown = {setting for path in BAD_CONFIG if path.name.startswith(f"{file}-") for setting in touched(path)}
    for base, models in FILES[file].items():
        found = {one[len(base)] for one in shown if len(one) > len(base) and _leads(base, one)}
        for model in models:
            assert set(settings(model)) - found == set(), (base, model)


def _leads(base: SettingPath, path: SettingPath) -> bool:
    return all(wanted in ("*", key) for wanted, key in zip(base, path, strict=False))


@pytest.mark.parametrize(
    "message",
    [
        "there is no prompt 'bienvenda' in prompts.yaml; did you mean 'bienvenida'?",
        "'25' is not a duration: write a whole number and s, min or h, for example 20 s",
        "'9' is not an extension; there are: 100, 101",
        "write one SELECT: look-ups change nothing",
        "the flow's name is not the file's; use one name",
        "'+1900'' is not a telephone number; write its digits, after + and code if it is a foreign one",
    ],
)
def test_a_remedy_is_seen(message: str) -> None:
    assert has_remedy(message)


@pytest.mark.parametrize(
    "message",
    [
        "there is no prompt 'bienvenda'",
        "'write' is not a duration",
        "a quote was opened and not closed",
        "a span over midnight is written on both days",
        "'announce' needs 'announce every' beside it",
        "the file cannot be used",
    ],
)
def test_a_bare_statement_is_seen(message: str) -> None:
    assert not has_remedy(message)
