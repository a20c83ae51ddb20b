"""What the stream of events tells: agents, queues and living calls, as their routes show them."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from ivr.access.limits import Limits
from ivr.agents import Agents
from ivr.agents.present import AgentRow
from ivr.app.floor import Floor
from ivr.calls.live import living
from ivr.figures.projection import Projection
from ivr.log import mask_number, mask_text
from ivr.queues.present import QueueRow, QueueRows
from ivr.site import Site
from ivr.web.api.events import Topic


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRow:
    """As `ivr.calls.routes.LiveAnswer`. The number is empty for a call that began before the server did. `visited` and
    `talked` say in whose reach it is: found once for each look, not for each who listens."""

    call: str
    did: str
    started: str
    caller: str
    number: str
    flow: str
    step: str
    doing: str
    since: str
    queue: str
    agent: str
    visited: frozenset[str]
    talked: frozenset[str]


def topics_of(
    agents: Agents, floor: Floor, fold: Projection, site: Callable[[], Site], now_us: Callable[[], int]
) -> tuple[Topic, ...]:
    """All three."""
    queue_rows = QueueRows(floor.engine)

    def rows_of_agents() -> Mapping[str, Hashable]:
        return {row.agent: row for row in agents.rows()}

    def rows_of_queues() -> Mapping[str, Hashable]:
        labels = {name: queue.label for name, queue in site().queues.items()}
        return {row.queue: row for row in queue_rows.rows(now_us(), labels)}

    def rows_of_calls() -> Mapping[str, Hashable]:
        return {row.call: row for row in _live(floor, fold)}

    def call_within(limits: Limits, row: LiveRow) -> bool:
        return limits.call(row.visited, row.talked)

    def agent_within(limits: Limits, row: AgentRow) -> bool:
        return limits.agent(row.agent)

    def queue_within(limits: Limits, row: QueueRow) -> bool:
        return limits.queue(row.queue)

    return (
        Topic(name="agents", rows=rows_of_agents, within=agent_within, shown=_plain),
        Topic(name="queues", rows=rows_of_queues, within=queue_within, shown=_plain),
        Topic(name="calls", rows=rows_of_calls, within=call_within, shown=_call, numbers=True),
    )


def _live(floor: Floor, fold: Projection) -> list[LiveRow]:
    rows = []
    for one in living(fold, Limits(everything=True)):
        record, known = one.record, floor.calls.get(one.record.call)
        rows.append(
            LiveRow(
                call=record.call,
                did=record.did,
                started=record.started.isoformat(),
                caller=record.caller,
                number=known.number if known is not None else "",
                flow=record.flow,
                step=record.step,
                doing=one.doing,
                since=one.since.isoformat(),
                queue=one.queue,
                agent=one.agent,
                visited=frozenset(visit.queue for visit in fold.visits_of(record.call)),
                talked=frozenset(leg.agent for leg in fold.legs(record.call) if leg.answered),
            )
        )
    return rows


def _plain(row: Any, full: bool) -> Mapping[str, Any]:
    return {name: getattr(row, name) for name in row.__slots__}  # flat: dataclasses.asdict would copy each value


def _call(row: LiveRow, full: bool) -> Mapping[str, Any]:
    told = {name: value for name, value in _plain(row, full).items() if name not in ("visited", "talked")}
    if full:
        return told
    return {
        **told,
        "number": mask_number(row.number),
        "agent": mask_text(row.agent),
    }  # a flow dials numbers outside too
