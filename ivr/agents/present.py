"""An agent as a line of `ivr agents`, from the engine's views. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from acd.living import AgentStatus
from acd.views import AgentView, OfferView

SERVING = frozenset({AgentStatus.RINGING, AgentStatus.TALKING, AgentStatus.ON_HOLD, AgentStatus.RESERVED})


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRow:
    """`state` is one of acd.living.AgentStatus, `since` when it began; `queue` and `call` of the caller who is served.

    `reason` and `until` tell of a pause, also of one that begins after a talk. `phone`: as Asterisk says. `fresh`:
    whether what the phones do is known at this moment. `calls` and `talk_seconds` count since the site's midnight.
    """

    agent: str
    label: str
    state: str
    since: str
    reason: str
    until: str
    queue: str
    call: str
    phone: str
    logged_in: bool
    calls: int
    talk_seconds: int
    fresh: bool


def row_of(
    view: AgentView, offer: OfferView | None, now: datetime, now_us: int, label: str = "", fresh: bool = True
) -> AgentRow:
    """`now` and `now_us` are the same moment, in wall and in engine time."""

    def wall(moment_us: int) -> str:
        return (now + timedelta(microseconds=moment_us - now_us)).isoformat(timespec="seconds")

    served = offer if view.status in SERVING else None
    return AgentRow(
        agent=view.agent,
        label=label,
        state=view.status.value,
        since=wall(view.since_us),
        reason=view.reason,
        until=wall(view.paused_until_us) if view.paused_until_us is not None else "",
        queue=served.queue if served else "",
        call=served.call if served else "",
        phone=view.device.value,
        logged_in=view.logged_in,
        calls=view.calls,
        talk_seconds=view.talk_us // 1_000_000,
        fresh=fresh,
    )
