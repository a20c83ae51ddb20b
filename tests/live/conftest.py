"""Instances for the live tests: one for each file, shared by its tests, with short prompts and short times."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_twisted import blockon

from ivr.reactor import deferred
from ivr.speech import BUILT_IN
from ivr.testing.installation import ROOT
from ivr.testing.instance import Instance
from tests.live.recorded import sound

TREE = Path(os.environ.get("CENTRALITA_ASTERISK_ROOT", ROOT / "var" / "asterisk" / "root"))


RECORDINGS = "recordings.yaml"

VOICEMAIL = frozenset({"phrase_leave_message", "phrase_nothing_said"})
"""Of the server's own sentences, those that the site's callers hear."""


def of_the_site(sound: str) -> bool:
    """What callers recognise by name, unless a file says otherwise: the site's prompts, which are fewer and clearer."""
    return sound not in BUILT_IN or sound in VOICEMAIL


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs the provisioned Asterisk."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.live)
            if not (TREE / "usr" / "sbin" / "asterisk").exists():
                item.add_marker(pytest.mark.skip(reason=f"no Asterisk in {TREE}: run `make provision`"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """A failed test shows what everybody heard and the ends of the logs."""
    report = yield
    if report.when == "call" and report.failed:
        line = getattr(item, "funcargs", {}).get("line")
        if isinstance(line, Instance):
            report.sections.append(("what was heard", line.told()))
            report.sections.append(("logs", line.logs(60)))
    return report


@pytest.fixture(scope="module")
def company(request: pytest.FixtureRequest) -> Iterator[Instance]:
    """The instance of a file of tests. The file's `CHANGES` are laid over the site, `START` goes to Instance.start."""
    changes = getattr(request.module, "CHANGES", {})
    options = {"knows": of_the_site, **getattr(request.module, "START", {})}
    # A short path: Asterisk's control socket must fit into 107 bytes.
    with tempfile.TemporaryDirectory(prefix="cl-", ignore_cleanup_errors=True) as folder:
        instance = blockon(deferred(Instance.start(Path(folder), changes=changes, **options)))
        try:
            yield instance
        finally:
            blockon(deferred(instance.stop()))


@pytest.fixture
def line(company: Instance) -> Iterator[Instance]:
    """The file's instance for one test: afterwards it is whole again, and no call and no phone is left of it."""
    company.persons.clear()
    yield company
    blockon(deferred(_tidy(company)))


@pytest.fixture(scope="module", autouse=True)
def what_was_recorded_is_sound(request: pytest.FixtureRequest) -> Iterator[None]:
    """At the end of each file that says who is recorded, `ivr recordings verify` finds nothing wrong."""
    if RECORDINGS not in getattr(request.module, "CHANGES", {}):
        yield
        return
    company = request.getfixturevalue("company")
    failed = request.session.testsfailed
    yield
    if request.session.testsfailed == failed:  # a test that failed may have left anything
        told = blockon(deferred(sound(company)))
        assert told.recordings > 0, "something was recorded, or there was nothing to find"


async def _tidy(company: Instance) -> None:
    await company.heal()
    for person in company.persons:
        await person.hang_up()
    await company.forget_phones()
    try:
        await company.until_idle()
    except AssertionError:
        await company.cli("channel request hangup all")  # it is not the next test's
        raise
