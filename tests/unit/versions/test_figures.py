"""What Prometheus sees of versions."""

from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest

from ivr.versions.canary import Score
from ivr.versions.figures import VersionFigures
from ivr.versions.trials import Trials
from tests.tools import run
from tests.unit.versions.site_files import Office


@run
async def test_prometheus_sees_what_is_in_force_and_how_a_trial_goes(tmp_path: Path) -> None:
    office = Office(tmp_path)
    changes = await office.serve()
    first = changes.editions.active()
    trials = Trials(changes, lambda since, versions: {})
    office.say("Buenas.")
    canary = await trials.start(
        percent=7, callers=frozenset(), bounds=(), least=1, who="ana", why="", digits="", folders=None
    )
    registry = CollectorRegistry()
    scores = {canary.version: Score(begun=5, ended=4), first.version: Score(begun=9)}
    scores[canary.version].counts["no key"] = 2
    registry.register(VersionFigures(changes, lambda: {first.version: 4, "f" * 64: 2}, lambda: scores))
    lines = generate_latest(registry).decode().splitlines()
    for line in (
        f'centralita_version_info{{role="active",version="{first.edition}"}} 1.0',
        f'centralita_version_info{{role="canary",version="{canary.version[:12]}"}} 1.0',
        "centralita_version_older_calls 2.0",
        "centralita_version_files_faulty 0.0",
        "centralita_version_refused_total 0.0",
        "centralita_canary_percent 7.0",
        'centralita_canary_calls{role="canary",what="no_key"} 2.0',
        'centralita_canary_calls{role="active",what="begun"} 9.0',
    ):
        assert line in lines, line
