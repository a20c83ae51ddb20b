"""The agents of the site in force: how they are, logging in and out, pausing; and who hears when a lamp changes."""

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from acd import decisions as d
from acd import facts as f
from acd.dispatcher import Recorded
from acd.facts import Fact
from acd.model import AgentId
from acd.views import AgentView, OfferView
from ivr import log as logs
from ivr.agents.present import AgentRow, row_of
from ivr.clock import Clock
from ivr.site import Site

log = logs.get(__name__)

LOGGED_OUT, READY, PAUSED = "logged out", "ready", "paused"
"""What a lamp tells of an agent. Who talks or is in wrap-up is as ready as before: the phone's own lamp shows that."""

NO_REASON = "pause"
"""The reason of a pause for which nobody gave one."""

LONGEST_REASON = 40

Told = f.AgentLoggedIn | f.AgentLoggedOut | f.AgentPaused | f.AgentReady
_ALL = f.EngineStarted | f.Reconfigured
_BY_RULE = d.PauseAgent | d.EndPause


class AgentRefused(Exception):
    """The agent's state was not changed. The message is for the user."""


class Engine(Protocol):
    """What is asked of the routing engine."""

    @property
    def linked(self) -> bool: ...
    def agents(self) -> tuple[AgentView, ...]: ...
    def offers(self) -> tuple[OfferView, ...]: ...


class Desk(Protocol):
    """Where facts go in (ivr.exchange.desk)."""

    def submit(self, fact: Fact) -> object: ...
    def now_us(self) -> int: ...


Lamp = Callable[[str, str], None]
"""Is told an agent, and one of the words above."""


class Agents:
    """The engine's agents under the site's names. What is asked for holds when the method returns."""

    def __init__(self, engine: Engine, desk: Desk, clock: Clock, site: Callable[[], Site]) -> None:
        self._engine, self._desk, self._clock, self._site = engine, desk, clock, site
        self._lamps: list[Lamp] = []
        self._shown: dict[str, str] = {}

    # ------------------------------------------------------------------ how they are
    def of(self, agent: str) -> AgentView | None:
        """How an agent is; None for an extension that is no agent's."""
        if agent not in self._site().agents:
            return None
        return next((view for view in self._engine.agents() if view.agent == agent), None)

    def rows(self) -> list[AgentRow]:
        """Every agent, in the order of queues.yaml."""
        labels = {name: settings.label for name, settings in self._site().agents.items()}
        offers = {offer.offer: offer for offer in self._engine.offers()}
        now, now_us, fresh = self._clock.now(), self._desk.now_us(), self._engine.linked
        return [
            row_of(view, offers.get(view.offer) if view.offer else None, now, now_us, labels.get(view.agent, ""), fresh)
            for view in self._engine.agents()
        ]

    @property
    def reasons(self) -> Mapping[int, str]:
        """The site's reasons for a pause; empty: pauses need none."""
        return self._site().pause_reasons

    # ------------------------------------------------------------------ what they are told
    def log_in(self, agent: str, by: str) -> None:
        """The agent serves from now on. Raises AgentRefused."""
        self._known(agent)
        self._submit(f.AgentLoggedIn, agent, by)

    def log_out(self, agent: str, by: str) -> None:
        """The agent serves no more, once a talk that goes on has ended. Raises AgentRefused."""
        self._known(agent)
        self._submit(f.AgentLoggedOut, agent, by)

    def pause(self, agent: str, reason: str, by: str) -> None:
        """No callers until `ready`. `reason`: one of the site's, by its words or its number; where the site has none,
        any or nothing. Raises AgentRefused, also for who is logged out."""
        if not self._known(agent).logged_in:
            raise AgentRefused(f"agent {agent} is logged out, and needs no pause")
        self._submit(f.AgentPaused, agent, by, reason=self._reason_of(reason))

    def ready(self, agent: str, by: str) -> None:
        """Callers again: ends a pause, the wrap-up and a rest. Raises AgentRefused, also for who is logged out."""
        if not self._known(agent).logged_in:
            raise AgentRefused(f"agent {agent} is logged out; log in first")
        self._submit(f.AgentReady, agent, by)

    # ------------------------------------------------------------------ lamps
    def on_lamp(self, lamp: Lamp) -> None:
        """Call `lamp(agent, state)` for every agent now, and for each one whose state is another one."""
        self._lamps.append(lamp)
        self._show(self._engine.agents(), again=True)

    def heard(self, recorded: Recorded) -> None:
        """What the journal has: time, rules and another version of the site change states too."""
        event = recorded.event
        if isinstance(event, _ALL):
            self._show(self._engine.agents())
            return
        touched = {event.agent} if isinstance(event, Told) else set()
        touched |= {decision.agent for decision in recorded.decisions if isinstance(decision, _BY_RULE)}
        if touched:
            self._show(view for view in self._engine.agents() if view.agent in touched)

    def _show(self, views: Iterable[AgentView], again: bool = False) -> None:
        known = self._site().agents
        told = {view.agent: lamp_of(view) if view.agent in known else LOGGED_OUT for view in views}
        for agent in self._shown.keys() - known.keys():
            told[AgentId(agent)] = LOGGED_OUT
        for agent, state in told.items():
            if again or self._shown.get(agent) != state:
                self._shown[agent] = state
                for lamp in self._lamps:
                    lamp(agent, state)

    # ------------------------------------------------------------------ within
    def _known(self, agent: str) -> AgentView:
        view = self.of(agent)
        if view is None:
            raise AgentRefused(f"nobody is agent {agent}; there are: {', '.join(self._site().agents) or 'none'}")
        return view

    def _reason_of(self, word: str) -> str:
        reasons = self.reasons
        if not reasons:
            return word[:LONGEST_REASON] or NO_REASON
        for number, reason in reasons.items():
            if word.casefold() in (str(number), reason.casefold()):
                return reason
        known = ", ".join(f"{number} ({reason})" for number, reason in reasons.items())
        raise AgentRefused(f"a pause needs one of these reasons: {known}")

    def _submit(self, kind: Callable[..., Told], agent: str, by: str, **more: str) -> None:
        fact = kind(at=self._clock.now(), t=self._desk.now_us(), agent=AgentId(agent), by=by, **more)
        self._desk.submit(fact)
        log.info("an agent's state", agent=agent, told=type(fact).__name__, by=by)
        self._show(view for view in self._engine.agents() if view.agent == agent)


def lamp_of(view: AgentView) -> str:
    """What the lamp of an agent tells."""
    if not view.logged_in:
        return LOGGED_OUT
    return PAUSED if view.reason else READY
