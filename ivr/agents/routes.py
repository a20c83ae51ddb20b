"""What of agents is shown and told over the API: all of them, one, and one's state."""

from collections.abc import Callable
from typing import Annotated

import structlog
from fastapi import APIRouter
from pydantic import BaseModel, Field

from ivr.access.limits import Limits, limits
from ivr.access.model import Reach, Via
from ivr.access.rights import reads, writes
from ivr.agents.agents import LONGEST_REASON, AgentRefused, Agents
from ivr.agents.present import AgentRow
from ivr.site import Site
from ivr.web.api.answers import Name, Words, refusals
from ivr.web.api.routing import Allowed, Granted, Refusal, api_router

COMMAND, API = "command", "api"
"""`by` in the journal."""

LOOK = Allowed(
    reads(
        "agents",
        admin=Reach.EVERYTHING,
        supervisor=Reach.OWN_QUEUES,
        agent=Reach.SELF,
        auditor=Reach.EVERYTHING,
        monitor=Reach.EVERYTHING,
    )
)
TELL = Allowed(writes("agents", urgent=True, admin=Reach.EVERYTHING, supervisor=Reach.OWN_QUEUES, agent=Reach.SELF))

Looks = Annotated[Granted, LOOK]
Tells = Annotated[Granted, TELL]


class AgentsAnswer(BaseModel):
    """In the order of queues.yaml."""

    agents: list[AgentRow]


class PauseRequest(BaseModel):
    """One of `pause reasons` in queues.yaml, by its number or its words; where the site has none, any or nothing."""

    reason: Annotated[Words, Field(max_length=LONGEST_REASON)] = ""


class AgentRoutes:
    """Shows the agents within reach, and changes the state of one."""

    def __init__(self, agents: Agents, site: Callable[[], Site]) -> None:
        self._agents, self._site = agents, site

    def routes(self) -> APIRouter:
        """Show all, show one, change one."""
        router, one = api_router("agents"), "/agents/{agent}"
        router.get("/agents", responses=refusals())(self.show)
        router.get(one, responses=refusals(404))(self.show_one)
        router.post(f"{one}/login", responses=refusals(404, 409))(self.login)
        router.post(f"{one}/logout", responses=refusals(404, 409))(self.logout)
        router.post(f"{one}/pause", responses=refusals(404, 409))(self.pause)
        router.post(f"{one}/ready", responses=refusals(404, 409))(self.ready)
        return router

    async def show(self, granted: Looks) -> AgentsAnswer:
        """Each agent's state, since when and why."""
        within = self._limits(granted)
        return AgentsAnswer(agents=[row for row in self._agents.rows() if within.agent(row.agent)])

    async def show_one(self, agent: Name, granted: Looks) -> AgentRow:
        """One agent's state."""
        return self._row(agent, granted)

    async def login(self, agent: Name, granted: Tells) -> AgentRow:
        """The agent serves from now on."""
        return self._tell(agent, granted, self._agents.log_in)

    async def logout(self, agent: Name, granted: Tells) -> AgentRow:
        """The agent serves no more; a talk goes on to its end."""
        return self._tell(agent, granted, self._agents.log_out)

    async def pause(self, agent: Name, granted: Tells, wanted: PauseRequest | None = None) -> AgentRow:
        """No callers until `ready`."""
        reason = wanted.reason if wanted is not None else ""
        return self._tell(agent, granted, lambda who, by: self._agents.pause(who, reason, by))

    async def ready(self, agent: Name, granted: Tells) -> AgentRow:
        """Callers again: ends a pause, the wrap-up and a rest."""
        return self._tell(agent, granted, self._agents.ready)

    # ------------------------------------------------------------------ within
    def _tell(self, agent: str, granted: Granted, deed: Callable[[str, str], None]) -> AgentRow:
        granted.changes(agent)
        before = self._row(agent, granted)
        by = COMMAND if granted.principal.via is Via.LOCAL else API
        try:
            with structlog.contextvars.bound_contextvars(who=granted.principal.who):
                deed(agent, by)
        except AgentRefused as refused:
            raise Refusal(str(refused)) from None
        after = self._row(agent, granted)
        granted.changes(agent, _noted(before), _noted(after))
        return after

    def _row(self, agent: str, granted: Granted) -> AgentRow:
        if not self._limits(granted).agent(agent):
            raise Refusal("this agent is not within your account's reach", status=403)
        found = next((row for row in self._agents.rows() if row.agent == agent), None)
        if found is None:
            known = ", ".join(row.agent for row in self._agents.rows()) if granted.everything else ""
            raise Refusal(f"nobody is agent {agent}" + (f"; there are: {known}" if known else ""), status=404)
        return found

    def _limits(self, granted: Granted) -> Limits:
        return limits(granted.principal, granted.reach, self._site())


def _noted(row: AgentRow) -> dict[str, str | bool]:
    return {"state": row.state, "reason": row.reason, "logged_in": row.logged_in}
