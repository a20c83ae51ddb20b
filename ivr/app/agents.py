"""The agents of the house: opened on the engine, with their day, their figures and what can be told of them."""

from ivr.agents import Agents
from ivr.agents.routes import AgentRoutes
from ivr.app.closing import Closing
from ivr.app.days import Days
from ivr.app.floor import Floor
from ivr.clock import Clock
from ivr.exchange.house import Sites
from ivr.figures.agents import AgentFigures
from ivr.figures.metrics import Metrics
from ivr.web.api.application import Part


def open_agents(
    sites: Sites, floor: Floor, metrics: Metrics, parts: list[Part], clock: Clock, closing: Closing
) -> Agents:
    """After the engine has recovered."""
    agents = Agents(floor.engine, floor.desk, clock, sites.active)
    closing.add_now(floor.dispatcher.on_entry(agents.heard))
    days = Days(floor.desk.submit, clock, sites.active)
    days.start()
    closing.add_now(days.stop)
    parts.append(AgentRoutes(agents, sites.active))
    metrics.show(AgentFigures(floor.engine.agents))
    return agents
