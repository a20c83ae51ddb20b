"""Agents by state, for Prometheus."""

from acd.living import AgentStatus
from acd.model import AgentId, DeviceState
from acd.views import AgentView
from ivr.figures.agents import AgentFigures
from ivr.figures.metrics import Metrics
from tests.unit.figures.test_metrics import samples


def view(name: str, status: AgentStatus, *, logged_in: bool = True) -> AgentView:
    return AgentView(AgentId(name), status, 0, DeviceState.FREE, None, logged_in=logged_in)


def test_every_state_is_counted_also_with_nobody_in_it() -> None:
    metrics = Metrics()
    views = [
        view("1", AgentStatus.PAUSED),
        view("2", AgentStatus.PAUSED),
        view("3", AgentStatus.TALKING, logged_in=False),
    ]
    metrics.show(AgentFigures(lambda: views))
    found = samples(metrics.text())
    states = {labels[0][1]: value for (name, labels), value in found.items() if name == "centralita_agents"}
    assert states == {**dict.fromkeys((s.value for s in AgentStatus), 0), "paused": 2, "talking": 1}
    assert found["centralita_agents_logged_in", ()] == 2
