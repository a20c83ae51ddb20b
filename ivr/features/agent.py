"""What agents dial: log in, log out, pause, ready; and the one key with the lamp that does what comes next."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from acd.living import AgentStatus
from acd.views import AgentView
from ivr.features.dialog import Dialog, Refused
from ivr.features.handset import Sound
from ivr.speech import reason_prompt

TELEPHONE = "telephone"
"""`by` in the journal."""


class Agents(Protocol):
    """What is asked of the agents (ivr.agents)."""

    @property
    def reasons(self) -> Mapping[int, str]:
        """The site's reasons for a pause; empty: pauses need none."""

    def of(self, agent: str) -> AgentView | None:
        """How an agent is; None for an extension that is no agent's."""

    def log_in(self, agent: str, by: str) -> None: ...
    def log_out(self, agent: str, by: str) -> None: ...
    def pause(self, agent: str, reason: str, by: str) -> None: ...
    def ready(self, agent: str, by: str) -> None: ...


class AgentCodes:
    """The dialogs, by the names that the dialplan gives them. Each ends with how the agent is now."""

    def __init__(self, agents: Agents) -> None:
        self._agents = agents
        self.dialogs: Mapping[str, Callable[[Dialog, str, str], Awaitable[None]]] = {
            "login": self._log_in,
            "logout": self._log_out,
            "pause": self._pause,
            "ready": self._ready,
            "agent-key": self._key,
        }

    async def _log_in(self, dialog: Dialog, extension: str, about: str) -> None:
        await self._agent(dialog, extension)
        self._agents.log_in(extension, TELEPHONE)
        await dialog.say("phrase_logged_in", *self._pause_of(extension))

    async def _log_out(self, dialog: Dialog, extension: str, about: str) -> None:
        await self._agent(dialog, extension)
        self._agents.log_out(extension, TELEPHONE)
        await dialog.say("phrase_logged_out")

    async def _pause(self, dialog: Dialog, extension: str, about: str) -> None:
        """`about`: the number of the reason, or empty to be asked. Raises GaveUp when nobody answers."""
        await self._logged_in(dialog, extension)
        reasons = self._agents.reasons
        number = about if about.isdecimal() and int(about) in reasons else ""
        if reasons and not number:
            number = str(await dialog.one_of(reasons, self._question(dialog)))
        self._agents.pause(extension, number, TELEPHONE)
        await dialog.say(*self._pause_of(extension))

    async def _ready(self, dialog: Dialog, extension: str, about: str) -> None:
        await self._logged_in(dialog, extension)
        self._agents.ready(extension, TELEPHONE)
        await dialog.say("phrase_ready")

    async def _key(self, dialog: Dialog, extension: str, about: str) -> None:
        """The key of agent `about`: whoever is not ready becomes so, and who is ready pauses. Only from that phone."""
        view = await self._agent(dialog, extension)
        if about != extension:
            await dialog.say("phrase_not_available")
            raise Refused("not available")
        if not view.logged_in:
            await self._log_in(dialog, extension, "")
        elif view.reason or view.status is AgentStatus.WRAP_UP:
            await self._ready(dialog, extension, "")
        else:
            await self._pause(dialog, extension, "")

    # ------------------------------------------------------------------ within
    async def _agent(self, dialog: Dialog, extension: str) -> AgentView:
        view = self._agents.of(extension)
        if view is None:
            await dialog.say("phrase_no_agent")
            raise Refused("no agent")
        return view

    async def _logged_in(self, dialog: Dialog, extension: str) -> None:
        if not (await self._agent(dialog, extension)).logged_in:
            await dialog.say("phrase_log_in_first")
            raise Refused("logged out")

    def _pause_of(self, extension: str) -> list[Sound]:
        """The words for a pause; nothing for who has none."""
        view = self._agents.of(extension)
        if view is None or not view.reason:
            return []
        said: list[Sound] = ["phrase_paused"]
        return said + [
            reason_prompt(number) for number, reason in self._agents.reasons.items() if reason == view.reason
        ]

    def _question(self, dialog: Dialog) -> list[Sound]:
        said: list[Sound] = ["phrase_pause_reason"]
        for number in self._agents.reasons:
            key = (f"phrase_press_{number}",) if number < 10 else ("phrase_press", *dialog.words("digits", str(number)))
            said += ["phrase_for", reason_prompt(number), *key]
        return said
