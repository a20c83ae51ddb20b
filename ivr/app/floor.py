"""What routes: the engine with what it knew before the server ended, its desk, and its hands on Asterisk."""

from collections.abc import Callable
from dataclasses import dataclass

from acd.dispatcher import Dispatcher
from acd.engine import Engine
from acd.model import CallId
from ivr.app.closing import Closing
from ivr.app.stores import Stores
from ivr.asterisk.ami import AmiLink
from ivr.call.calls import LiveCalls
from ivr.call.facts import CallStarted
from ivr.clock import Clock
from ivr.exchange.desk import Desk
from ivr.exchange.errands import Errands
from ivr.exchange.recording.beforehand import Beforehand
from ivr.exchange.recording.legs import RecordedLegs
from ivr.exchange.recording.monitor import MixMonitor
from ivr.exchange.recording.parts import Parts
from ivr.exchange.recording.recorder import Recorder
from ivr.exchange.recording.renewal import Renewals
from ivr.exchange.recording.telling import Telling
from ivr.exchange.switchboard import Switchboard
from ivr.exchange.talks import House
from ivr.exchange.telephone import Telephone
from ivr.exchange.visiting import Visiting
from ivr.routing import engine_config
from ivr.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """The recordings of talks that last: before they begin, while they last, in other files, and what legs ask."""

    beforehand: Beforehand
    recorder: Recorder
    parts: Parts
    legs: RecordedLegs


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """The living calls, and who decides about those that wait."""

    calls: LiveCalls
    engine: Engine
    dispatcher: Dispatcher
    desk: Desk
    switchboard: Switchboard
    visiting: Visiting
    recording: Recording


async def open_floor(
    site: Callable[[], Site],
    link: AmiLink,
    stores: Stores,
    *,
    node: str,
    clock: Clock,
    whisper: Callable[[str], str | None],
    closing: Closing,
    room: Callable[[], bool] = lambda: True,
    not_renewed: Callable[[], None] = lambda: None,
) -> Floor:
    """Recover the engine. `room()`: whether another talk may begin recorded. `not_renewed()`: see Parts. Raises
    JournalUnavailable."""
    calls = LiveCalls()
    visiting = Visiting(clock)
    telephone = Telephone(link, calls, site, whisper, visiting)
    engine = Engine(engine_config(site()))
    dispatcher = Dispatcher(engine, stores.journal, telephone, clock, node=node)
    closing.add(dispatcher.close)
    desk = Desk(dispatcher, calls, await _before_the_living(stores))

    def started(call: CallId, did: str, number: str) -> CallStarted:
        key = stores.ledger.caller_key(number)
        return CallStarted(at=clock.now(), call=call, did=did, caller=key, flow="", config=site().version)

    recording = recording_of(desk, calls, clock, link, site, room, not_renewed, Errands())
    switchboard = Switchboard(
        desk,
        calls,
        clock,
        lambda: at_phones(site()),
        started,
        telephone.cancel_again,
        lambda: House(extensions=site().extensions, queues=tuple(site().queues)),
        telephone.part,
        recording.recorder.joined,
        recording.parts.anew,
    )
    telephone.attach(switchboard, recording.beforehand)
    dispatcher.on_entry(stores.ledger.on_entry, after=stores.ledger.position)
    await dispatcher.recover()
    return Floor(
        calls=calls,
        engine=engine,
        dispatcher=dispatcher,
        desk=desk,
        switchboard=switchboard,
        visiting=visiting,
        recording=recording,
    )


def recording_of(
    desk: Desk,
    calls: LiveCalls,
    clock: Clock,
    link: AmiLink,
    site: Callable[[], Site],
    room: Callable[[], bool],
    not_renewed: Callable[[], None],
    errands: Errands,
) -> Recording:
    """The recordings of talks, put together."""
    telling, monitor = Telling(desk, clock), MixMonitor(link)
    beforehand = Beforehand(calls, site, room, telling)
    parts = Parts(calls, clock, monitor, Renewals(link, errands), telling, errands, not_renewed)
    recorder = Recorder(calls, beforehand, parts, monitor, telling, errands)
    legs = RecordedLegs(beforehand, recorder, parts, monitor)
    return Recording(beforehand=beforehand, recorder=recorder, parts=parts, legs=legs)


async def _before_the_living(stores: Stores) -> int:
    """From where the journal tells of every living call, and of those that ended behind the latest checkpoint: what
    comes late must not bring one back."""
    checkpoint = await stores.journal.latest_checkpoint()
    return min(stores.ledger.before_the_living, checkpoint[0] if checkpoint is not None else 0)


def at_phones(site: Site) -> frozenset[str]:
    """The agents whose phones Asterisk knows; the others are rung at a number outside, and always there."""
    return frozenset(name for name, agent in site.agents.items() if not agent.outside)
