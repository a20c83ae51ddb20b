"""What the server can be told to do with agents (`ivr agents`)."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import structlog
from starlette.requests import Request
from starlette.routing import Route

from ivr.agents.agents import LONGEST_REASON, AgentRefused, Agents
from ivr.control.operations import Refusal, given, operation, text_of, who

COMMAND = "command"
"""`by` in the journal."""


class AgentOperations:
    """Shows the agents, and changes one's state."""

    def __init__(self, agents: Agents) -> None:
        self._agents = agents
        self._deeds: Mapping[str, Callable[[str, str], None]] = {
            "login": lambda agent, reason: agents.log_in(agent, COMMAND),
            "logout": lambda agent, reason: agents.log_out(agent, COMMAND),
            "pause": lambda agent, reason: agents.pause(agent, reason, COMMAND),
            "ready": lambda agent, reason: agents.ready(agent, COMMAND),
        }

    def routes(self) -> list[Route]:
        """Show all, change one."""
        return [operation("GET", "/agents", self._show), operation("POST", "/agents/{agent}/{deed}", self._change)]

    async def _show(self, request: Request) -> Mapping[str, Any]:
        return {"agents": [asdict(row) for row in self._agents.rows()]}

    async def _change(self, request: Request) -> Mapping[str, Any]:
        agent, deed = request.path_params["agent"], self._deeds.get(request.path_params["deed"])
        if deed is None:
            raise Refusal(f"an agent can be told: {', '.join(self._deeds)}", status=404)
        reason = text_of(await given(request), "reason", longest=LONGEST_REASON)
        try:
            with structlog.contextvars.bound_contextvars(who=who(request)):
                deed(agent, reason)
        except AgentRefused as refused:
            raise Refusal(str(refused)) from None
        return next(asdict(row) for row in self._agents.rows() if row.agent == agent)
