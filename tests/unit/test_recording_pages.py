"""The pages "What happens to a recording": every example is right, and the rules say what the pages claim."""

import asyncio
import functools
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
import yaml

from ivr.cli import main
from ivr.language.load import load_site
from ivr.site import Site
from ivr.verbs.recording import RecordingStep
from recordings.capacity import Limits
from recordings.policy import Level, Said, Why, rule_for
from recordings.proof import Fault
from recordings.retention import Kept, RetentionRule, Rulebook
from tests.pages import ROOT, Block, blocks, inline_code
from tests.stories import copy_repository, lay_over, shell, short_folder
from tests.tools import run

PAGES = (ROOT / "docs/what-happens-to-a-recording.md", ROOT / "docs/que-pasa-con-una-grabacion.md")
WHO, KEPT, ROOM, COPIES = "Who is recorded", "How long it is kept", "Room on the disk", "Copies"


def examples(page: Path) -> dict[str, list[Block]]:
    """The examples of a page by section."""
    found: dict[str, list[Block]] = {}
    for block in blocks(page):
        if block.kind == "yaml":
            found.setdefault(block.section, []).append(block)
    return found


def designed(told: list[Block], folder: Path) -> Site:
    """The repository's site with examples laid over it."""
    copy_repository(folder)
    for block in told:
        lay_over(block, folder)
    site = load_site(folder / "config", folder / "ivr" / "flows").site
    assert site is not None
    return site


@pytest.fixture
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Site:
    """The site of the English page's section that a test names."""
    return designed(examples(PAGES[0])[request.param], tmp_path)


of = functools.partial(pytest.mark.parametrize, "site", indirect=True, ids=[""])


# ---------------------------------------------------------------------- the pages
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
@functools.partial(run, seconds=180)
async def test_ivr_check_finds_nothing_in_any_example(page: Path) -> None:
    told = examples(page)
    assert len(told) == 4
    for section in told.values():
        with short_folder() as name:
            folder = Path(name)
            await asyncio.to_thread(designed, section, folder)
            # The menu's prompt does not name the new key: the flows' own tests are not asked.
            status, said = await asyncio.to_thread(shell, ".venv/bin/ivr check --no-tests", folder)
            assert status == 0 and "No error found." in said, said
            assert re.search(r" (ACD|CONF|FLOW|YAML)\d", said) is None, said


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_everything_that_verify_can_say_has_its_remedy(page: Path) -> None:
    rows = re.findall(r"(?m)^\| `([a-z ]+)` \| .+ \| .+ \|$", page.read_text(encoding="utf-8"))
    assert rows == [fault.value for fault in Fault]


def test_both_languages_have_the_same_examples_commands_and_alerts() -> None:
    english, spanish = ([re.sub(r"(?m)\s+# .*$", "", b.text) for b in blocks(page)] for page in PAGES)
    assert english == spanish
    english, spanish = (
        sorted(re.sub(r"capacidad|capacity(?=\.html)|language \w+", "", code) for code in inline_code(page))
        for page in PAGES
    )
    assert english == spanish


def test_every_command_about_recordings_is_told_and_there() -> None:
    group = main.get_command(click.Context(main), "recordings")
    assert isinstance(group, click.Group)
    told = {code.split()[2] for code in inline_code(PAGES[0]) if code.startswith("ivr recordings ")}
    assert told >= {"list", "why", "verify", "retention", "hold", "release", "holds", "capacity", "report"}
    assert told - set(group.commands) == set()


def test_every_alert_about_recordings_is_told() -> None:
    groups = yaml.safe_load((ROOT / "config/prometheus/rules.yml").read_text())["groups"]
    alerts = {rule["alert"] for group in groups for rule in group["rules"] if group["name"] == "recordings"}
    for page in PAGES:
        assert alerts == {code for code in inline_code(page) if code.startswith("Recording")}


# ---------------------------------------------------------------------- what they claim
def ruled(site: Site, *, queue: str, agent: str = "", direction: str = "inbound", call: str = "c") -> Why:
    said = site.recordings.said(direction=direction, agent=agent)
    said[Level.QUEUE] = Said(Level.QUEUE, queue, site.queues[queue].record)
    return rule_for(said, call=call, notice_heard=True).why


@of([WHO])
def test_who_is_recorded_is_as_it_says(site: Site) -> None:
    assert ruled(site, queue="cartera") is Why.FORCED
    assert ruled(site, queue="tesoreria") is Why.ON_DEMAND
    assert ruled(site, queue="servicio") is Why.YES
    assert ruled(site, queue="cartera", direction="internal") is Why.NEVER
    drawn = [ruled(site, queue="servicio", agent="105", call=f"c{n}") is Why.YES for n in range(2000)]
    assert 0.17 < sum(drawn) / 2000 < 0.23
    step = site.flows["linea_principal"].steps["sin_grabacion"]
    assert isinstance(step, RecordingStep) and step.recording == "declined"


def rule(site: Site, **about: str) -> RetentionRule:
    at = datetime(2026, 11, 23, tzinfo=UTC)
    found = Rulebook(site.recordings.keep).rule_for(Kept(recording="r", call="c", ended=at, bytes=1, **about))
    assert found is not None
    return found


@of([KEPT])
def test_how_long_it_is_kept_is_as_it_says(site: Site) -> None:
    days = {
        (queue, direction): str(rule(site, queue=queue, direction=direction).keep)
        for queue, direction in (("cartera", "inbound"), ("servicio", ""), ("tesoreria", "internal"), ("tesoreria", ""))
    }
    assert list(days.values()) == ["5 years", "180 days", "30 days", "1 year"]
    assert str(site.recordings.quiet) == "01:30 to 04:30" and site.recordings.deletions_an_hour == 5000


@of([KEPT])
def test_what_became_of_a_talk_counts_as_it_says(site: Site) -> None:
    assert site.recordings.dispositions == ("venta", "reclamo", "consulta", "otro")
    periods = [str(rule(site, queue="servicio", disposition=name).keep) for name in site.recordings.dispositions]
    assert periods == ["180 days", "3 years", "180 days", "180 days"]
    assert str(rule(site, queue="cartera", disposition="reclamo").keep) == "5 years"


@of([ROOM])
def test_the_limits_are_as_it_says(site: Site) -> None:
    assert site.recordings.alarms == Limits(45, 15.0, 3.0)


@of([COPIES])
def test_the_copies_are_as_it_says(site: Site) -> None:
    backup = site.recordings.backup
    assert backup is not None and [target.name for target in backup.targets] == ["disco", "otra_sede"]
    assert backup.every == timedelta(hours=1) and str(backup.proof) == "20 recordings every 7 days"
