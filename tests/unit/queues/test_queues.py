"""What is told of the queues: by the engine at this moment, by the records, at a terminal that looks on."""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from acd import facts as f
from acd.config import SECOND, AgentConfig, EngineConfig, QueueConfig, Step
from acd.dispatcher import Recorded
from acd.engine import Engine
from acd.model import AgentId, CallId, DeviceState, Doors, OfferId, QueueId, VisitId
from ivr.control.client import ask
from ivr.figures.routing import RoutingFigures
from ivr.figures.tally import Tally
from ivr.queues.present import QueueRows
from ivr.queues.routes import QueueRoutes
from ivr.records.store import RecordStore
from ivr.settings.environment import Environment
from ivr.testing.api import control
from tests.tools import run

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
SERVICIO, CARTERA = QueueId("servicio"), QueueId("cartera")
NAMES = [AgentId(name) for name in ("101", "102", "103", "201")]
CONFIG = EngineConfig(
    queues=(
        QueueConfig(id=SERVICIO, agents=tuple(NAMES[:3]), steps=(Step(after_us=30 * SECOND, agents=(NAMES[3],)),)),
        QueueConfig(id=CARTERA, agents=(NAMES[2],), weight=2),
    ),
    agents=tuple(AgentConfig(id=name) for name in NAMES),
)


def a_busy_engine() -> Engine:
    """101 talks, 102 is rung, 103 is paused, 201 is logged out; two more callers wait in servicio."""
    engine = Engine(CONFIG)

    def tell(kind: type[f.Fact], t: int, **fields: Any) -> None:
        engine.apply(kind(at=AT + timedelta(microseconds=t), t=t, **fields))

    tell(f.EngineStarted, 0, engine_version=2, config_hash="", prefix="p" * 13, node="n1")
    free = tuple(f.DeviceSeen(agent=name, state=DeviceState.FREE) for name in NAMES)
    tell(f.Resynchronised, 1, callers=(), legs=(), devices=free)
    tell(f.AgentPaused, 2, agent=NAMES[2], reason="Almuerzo")
    tell(f.AgentLoggedOut, 2, agent=NAMES[3])
    for n in range(4):
        call = CallId(f"c{n}")
        tell(f.CallerJoined, 10 + n, visit=VisitId(f"{call}/1"), call=call, queue=SERVICIO)
    tell(f.OfferBridged, 20, offer=OfferId("p" * 13 + "00000001"))
    tell(f.QueueDoors, 21, queue=CARTERA, doors=Doors.EMERGENCY)
    return engine


def test_a_queue_is_shown_with_its_callers_and_its_agents() -> None:
    rows = QueueRows(a_busy_engine()).rows(12 + 75 * SECOND, {"servicio": "Servicio al Cliente"})
    first, second = rows
    assert (first.label, first.doors, first.waiting, first.offered) == ("Servicio al Cliente", "open", 3, 1)
    assert first.longest_wait_us == 75 * SECOND + 1
    assert (first.available, first.talking, first.paused, first.logged_in) == (0, 1, 1, 3)
    assert first.service_level == 100 and first.fresh
    assert (second.doors, second.waiting, second.longest_wait_us, second.paused) == ("emergency", 0, 0, 1)


def routes(engine: Engine) -> QueueRoutes:
    tally = Tally()
    tally.joined["servicio", "flow"], tally.joined["servicio", "transfer"] = 7, 2
    tally.visits["servicio", "answered", "flow"], tally.visits["servicio", "answered", "transfer"] = 4, 2
    return QueueRoutes(engine, tally, lambda: _Site(), lambda: SECOND)  # type: ignore[arg-type,return-value]


class _Site:
    queues: dict[str, Any] = {}  # noqa: RUF012


@run
async def test_the_server_tells_the_engines_truth_and_what_was_counted(tmp_path: Path) -> None:
    import asyncio

    environment = Environment.from_environ({"CENTRALITA_VAR": str(tmp_path)})
    server = control([routes(a_busy_engine())], tmp_path)
    server.start()
    try:
        answer = await asyncio.to_thread(ask, environment, "GET", "/queues")
    finally:
        await server.close()
    servicio, cartera = answer["queues"]
    assert (servicio["waiting"], servicio["joined"], servicio["by_transfer"], servicio["answered"]) == (3, 7, 2, 4)
    assert cartera["joined"] == 0 and answer["overtaking_bound_seconds"] == 120 * 11


def test_the_engines_figures_for_prometheus() -> None:
    registry = CollectorRegistry()
    engine = a_busy_engine()
    figures = RoutingFigures(engine, registry)
    registry.register(figures)
    first = f.CallerJoined(at=AT, t=30, visit=VisitId("c9/1"), call=CallId("c9"), queue=SERVICIO)
    left = f.CallerGone(at=AT, t=40, visit=VisitId("c9/1"), hung_up=False)
    again = f.CallerJoined(at=AT, t=50, visit=VisitId("c9/2"), call=CallId("c9"), queue=SERVICIO)
    for position, fact in enumerate((first, left, again)):
        made = engine.apply(fact)
        figures.heard(Recorded(position, AT, fact, made, live=True))
    found = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(generate_latest(registry).decode())
        for sample in family.samples
    }
    assert found["centralita_overtaking_bound_seconds",] == 120 * 11
    assert found["centralita_kept_places_total", "servicio"] == 1
    assert found["centralita_queue_doors", "cartera", "emergency"] == 1
    assert found["centralita_queue_doors", "cartera", "open"] == 0
    assert found["centralita_queue_agents_logged_in", "servicio"] == 3
    assert found["centralita_queue_service_level_ratio", "servicio"] == 1


@pytest.fixture
def left_behind(tmp_path: Path) -> dict[str, str]:
    """The environment of an instance whose server is down."""
    RecordStore.open(f"sqlite:///{tmp_path / 'records.sqlite'}").close()
    return {**os.environ, "CENTRALITA_VAR": str(tmp_path)}


def watching(environment: dict[str, str], **more: Any) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "ivr.cli", "queues", "--watch", "--every", "0.2"]

    def heeds_ctrl_c() -> None:  # also when these tests themselves run in the background, where a shell ignores it
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    return subprocess.Popen(command, env=environment, preexec_fn=heeds_ctrl_c, **more)


def test_a_watch_that_goes_to_a_file_is_plain_and_ends_with_ctrl_c(left_behind: dict[str, str]) -> None:
    looking = watching(left_behind, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert looking.stdout is not None
    lines = []
    while sum("longest wait" in line for line in lines) < 3:
        lines.append(looking.stdout.readline().decode())
        assert lines[-1], lines
    looking.send_signal(signal.SIGINT)
    rest, _ = looking.communicate(timeout=20)
    assert looking.returncode == 0
    assert "\x1b" not in "".join(lines) and "Traceback" not in rest.decode()


def test_on_a_terminal_the_watch_stays_in_place_and_leaves_it_as_it_was(left_behind: dict[str, str]) -> None:
    main, terminal = os.openpty()
    environment = {**left_behind, "TERM": "xterm", "COLUMNS": "120", "LINES": "20"}
    looking = watching(environment, stdin=terminal, stdout=terminal, stderr=terminal)
    os.close(terminal)
    seen = b""
    while seen.count(b"longest wait") < 3:
        seen += os.read(main, 4096)
    looking.send_signal(signal.SIGINT)
    try:
        while more := os.read(main, 4096):
            seen += more
    except OSError:
        pass  # the other end is closed
    assert looking.wait(20) == 0
    os.close(main)
    assert b"\x1b[?1049h" in seen and b"\x1b[?1049l" in seen and b"\x1b[?25h" in seen  # back, and the cursor too
    assert b"Traceback" not in seen


def test_json_is_of_one_moment(left_behind: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ivr.cli", "queues", "--json"], env=left_behind, capture_output=True, check=True
    )
    assert [json.loads(line) for line in done.stdout.splitlines()] == []
