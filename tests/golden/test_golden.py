"""Every release leaves the journal of a busy invented day; each later one loads it and believes the same of it.

`engine-N.jsonl.gz`: one entry a line, `[event, [decision, ...]]`. `engine-N.meaning.json`: what that version believed
at the end. `engine-N.checkpoint.json.gz`: its checkpoint in the middle of the day. Places may be reckoned in another
way by a later version, so who waits is compared, and since when, but not the order.
"""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

import ivr.call.facts  # noqa: F401 - its events stand in the journal too
from acd.codec import decode, encode
from acd.config import EngineConfig
from acd.engine import ENGINE_VERSION, Engine
from acd.facts import Fact
from acd.model import QueueId, VisitId
from acd.snapshot import UnknownSnapshot
from ivr.figures.projection import Projection

HERE = Path(__file__).parent
JOURNALS = sorted(HERE.glob("engine-*.jsonl.gz"))
NAMES = [path.name.removesuffix(".jsonl.gz") for path in JOURNALS]
NOBODY = EngineConfig(queues=(), agents=())


def entries(name: str) -> list[tuple[Any, list[Any]]]:
    """The journal, decoded."""
    lines = gzip.decompress((HERE / f"{name}.jsonl.gz").read_bytes()).decode().splitlines()
    return [(decode(event), [decode(d) for d in decisions]) for event, decisions in map(json.loads, lines)]


def meaning(name: str) -> dict[str, Any]:
    """What the version that wrote it believed at the end."""
    found: dict[str, Any] = json.loads((HERE / f"{name}.meaning.json").read_text())
    return found


def believes(engine: Engine, wanted: dict[str, Any]) -> None:
    """Assert that an engine believes what the other version did."""
    assert engine.time_us == wanted["time_us"]
    for queue, visits in wanted["queues"].items():
        views = {view.visit: view for view in engine.in_queue(QueueId(queue))}
        assert sorted(views) == sorted(visit["visit"] for visit in visits)
        for visit in visits:
            view = views[visit["visit"]]
            assert (view.joined_us, view.parked) == (visit["joined_us"], visit["parked"])
            assert view.offer == visit["offer"]
    for visit_id, (outcome, why) in wanted["ended"].items():
        ended = engine.ended(VisitId(visit_id))
        assert ended is not None and (ended.outcome.value, ended.why) == (outcome, why)
    offers = {o.offer: [o.visit, o.agent, o.phase.value] for o in engine.offers()}
    if wanted["engine_version"] == 1:  # it had one word for both
        offers = {name: [*who, "ringing" if phase == "reserved" else phase] for name, (*who, phase) in offers.items()}
    assert offers == wanted["offers"]
    agents = {a.agent: [a.logged_in, a.reason, a.calls, a.talk_us] for a in engine.agents()}
    assert agents == wanted.get("agents", agents)  # engine 1 counted nothing and knew no logins


@pytest.mark.parametrize("name", NAMES)
def test_a_later_engine_believes_the_same(name: str) -> None:
    engine = Engine(NOBODY)  # the configuration stands in the journal
    for event, decisions in entries(name):
        if isinstance(event, Fact):
            engine.fold(event, decisions)
    believes(engine, meaning(name))
    again = Engine(NOBODY)
    again.load(json.loads(json.dumps(engine.snapshot())))
    believes(again, meaning(name))


@pytest.mark.parametrize("name", NAMES)
def test_an_old_checkpoint_is_read_or_refused_but_not_misread(name: str) -> None:
    engine, wanted = Engine(NOBODY), meaning(name)
    checkpoint = json.loads(gzip.decompress((HERE / f"{name}.checkpoint.json.gz").read_bytes()))
    try:
        engine.load(checkpoint)
    except UnknownSnapshot:  # recovery then folds from the beginning
        assert wanted["engine_version"] != ENGINE_VERSION
        return
    for event, decisions in entries(name)[wanted["checkpoint_after"] :]:
        if isinstance(event, Fact):
            engine.fold(event, decisions)
    believes(engine, wanted)


@pytest.mark.parametrize("name", NAMES)
def test_the_events_are_still_written_as_they_were(name: str) -> None:
    """A field may be added to an event; what stood there stays."""
    for line in gzip.decompress((HERE / f"{name}.jsonl.gz").read_bytes()).decode().splitlines():
        event, decisions = json.loads(line)
        for old in [event, *decisions]:
            assert _as_far_as(old, encode(decode(old))) == old


def _as_far_as(old: Any, now: Any) -> Any:
    """What stands there now, without the fields that did not, also in the parts of a picture."""
    if isinstance(old, dict):
        return {key: _as_far_as(value, now[key]) for key, value in old.items()}
    return [_as_far_as(a, b) for a, b in zip(old, now, strict=True)] if isinstance(old, list) else now


@pytest.mark.parametrize("name", NAMES)
def test_the_figures_are_the_same(name: str) -> None:
    projection, wanted = Projection(), meaning(name)
    for event, decisions in entries(name):
        projection.apply(event.at, event, tuple(decisions))
    living = sorted(visit["visit"] for visits in wanted["queues"].values() for visit in visits)
    assert sorted(visit.visit for visit in projection.open_visits()) == living
    outcomes = {visit: [row.outcome.value, row.why] for visit, row in projection.visits.items() if row.outcome}
    for visit_id, ended in wanted["ended"].items():
        assert outcomes[visit_id] == ended, visit_id


def test_this_version_has_left_its_journal() -> None:
    assert f"engine-{ENGINE_VERSION}" in NAMES, "python -m tests.golden.make"
