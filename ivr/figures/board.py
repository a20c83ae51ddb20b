"""What the agents do now: the other half of the projection, without history. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from acd import decisions as d
from acd import facts as f
from acd.model import DeviceState
from ivr.figures.call_record import OfferRecord
from ivr.figures.projection import Projection

AGENT_STATES = ("free", "ringing", "talking", "wrap-up", "busy", "unreachable")


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentView:
    """One agent as the board shows them. `queue` and `call` only while ringing or talking."""

    agent: str
    state: str
    queue: str = ""
    call: str = ""
    since: datetime | None = None


class Board:
    """Phones' states and wrap-ups. `agents` are those of the site; others appear once they are heard of."""

    def __init__(self, agents: Iterable[str] = ()) -> None:
        self._devices: dict[str, DeviceState] = dict.fromkeys(sorted(agents), DeviceState.UNREACHABLE)
        self._wrapping: dict[str, str] = {}  # agent -> queue
        self.link = False  # whether what the phones' states say is fresh

    def expect(self, agents: Iterable[str]) -> None:
        """The site has these agents now: new ones appear, and those who left are not shown any more."""
        expected = {agent: self._devices.get(agent, DeviceState.UNREACHABLE) for agent in sorted(agents)}
        self._devices.clear()
        self._devices.update(expected)

    def apply(self, event: object, decisions: Sequence[object] = ()) -> None:
        """Fold one entry in."""
        if isinstance(event, f.DeviceChanged):
            self._devices[event.agent] = event.state
        elif isinstance(event, f.Resynchronised):
            self.link = True
            for seen in event.devices:
                self._devices[seen.agent] = seen.state
        elif isinstance(event, f.Reconfigured):
            self._devices.update({seen.agent: seen.state for seen in event.devices})
        elif isinstance(event, f.LinkLost | f.EngineStarted):
            self.link = False
        for decision in decisions:
            if isinstance(decision, d.BeginWrapUp):
                self._wrapping[decision.agent] = decision.queue
            elif isinstance(decision, d.EndWrapUp):
                self._wrapping.pop(decision.agent, None)

    def agents(self, projection: Projection) -> list[AgentView]:
        """Every agent, by extension. A talk or an offer says more than the phone's own state."""
        offers: dict[str, OfferRecord] = {offer.agent: offer for offer in projection.open_offers()}
        return [self._view(agent, offers.get(agent)) for agent in sorted({*self._devices, *offers})]

    def by_state(self, projection: Projection) -> Mapping[str, int]:
        """How many agents are in each state; every state is there."""
        counted = Counter(view.state for view in self.agents(projection))
        return {state: counted[state] for state in AGENT_STATES}

    def state(self) -> dict[str, Any]:
        """The board as JSON."""
        return {
            "devices": {agent: state.value for agent, state in self._devices.items()},
            "wrapping": self._wrapping,
            "link": self.link,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what `state` gave."""
        self._devices.update({agent: DeviceState(value) for agent, value in state.get("devices", {}).items()})
        self._wrapping.update(state.get("wrapping", {}))
        self.link = bool(state.get("link", False))

    def _view(self, agent: str, offer: OfferRecord | None) -> AgentView:
        if offer is not None:
            state, since = ("talking", offer.bridged) if offer.bridged else ("ringing", offer.made)
            return AgentView(agent=agent, state=state, queue=offer.queue, call=offer.call, since=since)
        if agent in self._wrapping:
            return AgentView(agent=agent, state="wrap-up", queue=self._wrapping[agent])
        return AgentView(agent=agent, state=self._devices.get(agent, DeviceState.UNREACHABLE).value)
