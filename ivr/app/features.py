"""What the company's own phones dial, and their lamps: opened beside the callers' visits, on the same wires."""

from ivr.agents import Agents
from ivr.app.closing import Closing
from ivr.asterisk.agi import Handler, Session
from ivr.asterisk.ami import AmiLink
from ivr.clock import Clock
from ivr.exchange.house import Sites
from ivr.features import FeatureFigures, Features, Lamps
from ivr.features.features import Rooms
from ivr.figures.metrics import Metrics
from ivr.install.paths import Paths
from ivr.overrides import Overrides
from ivr.voicemail.inbox import Inbox


def open_features(
    calls: Handler,
    *,
    sites: Sites,
    link: AmiLink,
    inbox: Inbox,
    overrides: Overrides,
    agents: Agents,
    paths: Paths,
    metrics: Metrics,
    clock: Clock,
    closing: Closing,
) -> Handler:
    """What answers a FastAGI session: a dialog for our own phones, `calls` for everything else. Before the link starts:
    the lamps are told at every login."""
    lamps = Lamps(link)
    closing.add(lamps.close)
    link.on_login(lamps.tell_again)
    inbox.on_change(lamps.mailbox)
    overrides.on_change(
        lambda timetable, override: lamps.timetable(timetable, override.state.value if override is not None else "")
    )
    overrides.announce()
    agents.on_lamp(lamps.agent)
    features = Features(
        Rooms(
            site=sites.active,
            sounds=lambda site: sites.sounds_of(site),
            clock=clock,
            inbox=inbox,
            overrides=overrides,
            agents=agents,
            secrets=paths.secrets,
            figures=FeatureFigures(metrics.registry),
        )
    )

    async def answer(session: Session) -> None:
        await (features if session.path == "/feature" else calls)(session)

    return answer
