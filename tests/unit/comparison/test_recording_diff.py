"""`ivr diff` of recordings: every setting is told, and what deletes earlier, or touches a notice or a hold, loudly."""

import shutil
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ivr.comparison.recording_diff import recording_changes
from ivr.comparison.settings_diff import settings_changes
from ivr.language.load import load_site
from ivr.rehearsal.words import Words
from ivr.site import Site
from ivr.site.recordings import BackupSettings, BackupTarget, FolderPlace, Proof, QuietHours, RecordingSettings
from recordings.capacity import Limits
from recordings.periods import Period
from recordings.policy import Rule, Wish
from recordings.retention import RetentionRule
from tests.unit.language.fixtures import GOOD

ENGLISH, SPANISH = Words("en"), Words("es-CO")
REST = RetentionRule(keep=Period(days=180))


@pytest.fixture(scope="module")
def site() -> Site:
    found = load_site(GOOD / "config", GOOD / "flows").site
    assert found is not None
    return found


def told(old: Site, new: Site) -> list[str]:
    lines = list(recording_changes(old, new, ENGLISH))
    assert len(lines) == len(list(recording_changes(old, new, SPANISH)))
    assert [("recordings", line) for line in lines] == [
        one for one in settings_changes(old, new, ENGLISH) if one[0] == "recordings"
    ]
    return lines


def saying(site: Site, **values: Any) -> Site:
    return replace(site, recordings=replace(site.recordings, **values))


TARGETS = (BackupTarget(name="disco", place=FolderPlace(path="/mnt/x")),)
CHANGED: dict[str, tuple[Any, str]] = {
    "directions": ({"inbound": Rule(Wish.FORCE)}, "recording, direction inbound: before nothing, now force"),
    "numbers": ({"6017436967": Rule(Wish.NEVER)}, "recording, number 6017436967: before nothing, now never"),
    "agents": ({"101": Rule(Wish.YES, 20)}, "recording, agent 101: before nothing, now 20 % of the calls"),
    "codec": ("wav", "format: before opus, now wav"),
    "keep": (
        (RetentionRule(keep=None, archive_after=Period(days=9)),),
        "kept for: before everything else: 180 days, now everything else: for ever, archive after 9 days",
    ),
    "dispositions": (("venta", "reclamo"), "dispositions: before nothing, now venta, reclamo"),
    "quiet": (QuietHours(60, 90), "quiet hours: before 02:00 to 05:00, now 01:00 to 01:30"),
    "deletions_an_hour": (5, "deletions an hour: before 10000, now 5"),
    "backup": (BackupSettings(targets=TARGETS), "copies to disco: before nothing, now /mnt/x"),
    "alarms": (Limits(days_until_full=5), "alarm: days until full: before 30, now 5"),
}


@pytest.mark.parametrize("name", [field.name for field in fields(RecordingSettings)])
def test_every_setting_is_told(name: str, site: Site) -> None:
    value, line = CHANGED[name]
    bare = replace(site, recordings=RecordingSettings())
    lines = told(bare, saying(bare, **{name: value}))
    assert line in lines and not any("WARNING" in one for one in lines)
    assert told(bare, bare) == []


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ({"targets": ()}, {"targets": TARGETS}),
        ({}, {"every": timedelta(hours=2)}),
        ({}, {"proof": Proof(1, timedelta(days=1))}),
        ({}, {"archive": "disco"}),
    ],
)
def test_every_setting_of_copies_is_told(before: dict[str, Any], now: dict[str, Any], site: Site) -> None:
    settings = BackupSettings(**{"targets": TARGETS, **before})
    assert len(told(saying(site, backup=settings), saying(site, backup=replace(settings, **now)))) == 1


@pytest.mark.parametrize(
    ("before", "now", "warned"),
    [
        ([REST], [RetentionRule(keep=Period(days=90))], ["'everything else: 180 days' becomes 'everything else: 90"]),
        ([RetentionRule(keep=None)], [REST], ["'everything else: for ever' becomes"]),
        ([REST], [RetentionRule(keep=Period(years=1))], []),
        ([RetentionRule(keep=Period(months=12))], [RetentionRule(keep=Period(years=1))], []),
        # From 1 September six months have 181 days, from 1 March 184.
        ([RetentionRule(keep=Period(months=6))], [RetentionRule(keep=Period(days=183))], ["becomes"]),
        # A rule that goes away, or that one before it hides.
        ([RetentionRule(keep=Period(years=5), queue=("cartera",)), REST], [REST], ["'queue cartera: 5 years' becomes"]),
        (
            [RetentionRule(keep=Period(years=5), queue=("cartera",)), REST],
            [REST, RetentionRule(keep=Period(years=5), queue=("cartera",))],
            ["'queue cartera: 5 years' becomes 'everything else: 180 days'"],
        ),
        ([REST], [RetentionRule(keep=Period(years=5), queue=("cartera",)), REST], []),
        (
            [REST],
            [RetentionRule(keep=Period(days=30), segment=("vip",), direction=("internal", "inbound")), REST],
            ["becomes 'direction internal or inbound, segment vip: 30 days'"],
        ),
    ],
)
def test_what_is_deleted_earlier_is_told_loudly(
    before: list[RetentionRule], now: list[RetentionRule], warned: list[str], site: Site
) -> None:
    lines = told(saying(site, keep=tuple(before)), saying(site, keep=tuple(now)))
    loud = [line for line in lines if line.startswith("WARNING!")]
    assert len(loud) == len(warned) and all(words in line for words, line in zip(warned, loud, strict=True)), lines
    assert lines[: len(loud)] == loud and all("ivr recordings retention" in line for line in loud)


def test_a_queue_that_goes_may_have_been_held(site: Site) -> None:
    gone = replace(site, queues={})
    assert [line for line in told(site, gone) if "ivr recordings holds" in line and "servicio" in line]
    assert told(gone, site) == []


def test_another_notice_or_none_is_told(tmp_path: Path, site: Site) -> None:
    shutil.copytree(GOOD, tmp_path / "site")
    prompts = tmp_path / "site" / "config" / "prompts.yaml"
    old = site.prompts["anuncio"].texts["es-CO"]
    text = prompts.read_text()
    assert old in text
    prompts.write_text(text.replace(old, "Otra cosa."))
    other = load_site(tmp_path / "site" / "config", tmp_path / "site" / "flows").site
    assert other is not None and [line for line in told(site, other) if "says something else" in line]
    silent = replace(site, flows={})
    assert [line for line in told(site, silent) if "no flow plays the notice anuncio" in line]
