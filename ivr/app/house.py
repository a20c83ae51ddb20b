"""What the callers' visits work with, opened and put together."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from ivr.app.closing import Closing
from ivr.app.floor import Floor
from ivr.app.stores import Stores
from ivr.clock import Clock
from ivr.exchange.house import House, LastAgents, Sites
from ivr.exchange.visits import Visits
from ivr.figures.metrics import Metrics
from ivr.install.paths import Paths
from ivr.install.secrets import Secrets
from ivr.lookups.figures import LookUpFigures
from ivr.lookups.look_ups import LookUps
from ivr.overrides import Overrides
from ivr.overrides.figures import OverrideFigures
from ivr.seal import FernetSeal
from ivr.voicemail.inbox import Inbox


async def open_overrides(
    paths: Paths, sites: Sites, floor: Floor, metrics: Metrics, clock: Clock, closing: Closing
) -> Overrides:
    """What somebody decided instead of a timetable, also before the last restart."""
    opened = await Overrides.open(paths.var / "overrides", clock=clock, site=sites.active, record=floor.desk.record)
    closing.add(opened.close)
    metrics.show(OverrideFigures(opened, sites.active))
    return opened


def open_look_ups(config: Path, paths: Paths, metrics: Metrics, clock: Clock, closing: Closing) -> LookUps:
    """The systems outside that flows ask. Nothing is connected before the first question."""
    opened = LookUps(config, paths.secrets, clock, LookUpFigures(metrics.registry))
    closing.add(opened.close)
    return opened


def house_of(
    *,
    sites: Sites,
    floor: Floor,
    stores: Stores,
    inbox: Inbox,
    overrides: Overrides,
    last_agents: LastAgents,
    look_ups: LookUps,
    kept: Secrets,
    clock: Clock,
    catch_up: Callable[[], Awaitable[None]],
    complain: Callable[[str, str], None],
    pretended: bool,
) -> House:
    """Everything, as runner and performer see it. `pretended`: calls may pretend a time (development)."""

    def file_of(file: str) -> str | None:
        found = overrides.path_of(file)
        return str(found.with_suffix("")) if found is not None else inbox.path_of(file)

    return House(
        sites=sites,
        desk=floor.desk,
        calls=floor.calls,
        clock=clock,
        visiting=floor.visiting,
        waiting=Visits(floor.engine, floor.dispatcher.now_us),
        last_agents=last_agents,
        messages=inbox,
        file_of=file_of,
        look_ups=look_ups,
        overrides=overrides,
        seal=FernetSeal(kept.variables_key),
        legs=floor.recording.legs,
        caller_key=stores.ledger.caller_key,
        catch_up=catch_up,
        complain=complain,
        trust_pretended_time=pretended,
    )
