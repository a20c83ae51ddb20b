"""The parts of the soak: each has its share of the time, its own instance, and leaves its evidence when it fails."""

import inspect
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_twisted import blockon

from ivr.reactor import deferred
from ivr.testing.installation import ROOT
from ivr.testing.instance import Instance
from tests.soak import proof
from tests.soak.part import FOLDER, MINUTES, Part, surroundings

TREE = Path(os.environ.get("CENTRALITA_ASTERISK_ROOT") or ROOT / "var" / "asterisk" / "root").absolute()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here is soak."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.soak)


@pytest.fixture
def part(request: pytest.FixtureRequest) -> Iterator[Part]:
    """What the module measures; skipped when it is measured already."""
    module = request.module
    about = inspect.getdoc(module) or ""
    title, _, text = about.partition("\n\n")
    part = Part(
        name=module.NAME,
        title=title.rstrip("."),
        about=text + "\n",
        order=module.ORDER,
        seconds=MINUTES * 60 * module.SHARE,
    )
    if kept := part.kept():
        pytest.skip(f"measured on {kept.surroundings.get('date')}; SOAK_FRESH=1 measures it anew")
    part.surroundings = surroundings()
    yield part
    page = proof.write()
    if page is not None:
        print(f"\nwritten: {page.relative_to(ROOT)}")


@pytest.fixture
def line(part: Part, request: pytest.FixtureRequest) -> Iterator[Instance]:
    """A company for this part alone, with the part's CHANGES, and STARTED with its variables."""
    if not (TREE / "usr" / "sbin" / "asterisk").exists():
        pytest.fail(f"no Asterisk in {TREE}: run `make provision`")
    # A short path: Asterisk's control socket must fit into 107 bytes.
    with tempfile.TemporaryDirectory(prefix="cl-", ignore_cleanup_errors=True) as folder:
        module = request.module
        starting = Instance.start(Path(folder), changes=module.CHANGES, **getattr(module, "STARTED", {}))
        instance = blockon(deferred(starting))
        try:
            yield instance
        finally:
            blockon(deferred(instance.stop()))
            if getattr(request.node, "failed", False):
                _keep_evidence(instance, part)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Remember a failure, so that its evidence is kept."""
    report = yield
    if report.when == "call":
        item.failed = report.failed  # type: ignore[attr-defined]
    return report


def _keep_evidence(instance: Instance, part: Part) -> None:
    """Journal, records and logs of a part that failed, in var/soak/failed/."""
    kept = FOLDER / "failed" / part.name
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True)
    var = instance.paths.var
    files = [*var.glob("*.sqlite*"), var / "log" / "server.log", instance.paths.log / "messages.log"]
    files.append(instance.paths.log / "cel-custom" / "cel.csv")
    for file in files:
        if file.exists():
            shutil.copy(file, kept)
    print(f"\nevidence: {kept.relative_to(ROOT)}")
