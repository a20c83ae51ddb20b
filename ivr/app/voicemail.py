"""The mailboxes: opened on the records' database, told to the journal, shown to Prometheus and to `ivr voicemail`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ivr.app.closing import Closing
from ivr.app.floor import Floor
from ivr.app.stores import Stores
from ivr.clock import Clock
from ivr.figures.metrics import Metrics
from ivr.install.paths import Paths
from ivr.site import Site
from ivr.voicemail.care import Care
from ivr.voicemail.figures import VoicemailFigures
from ivr.voicemail.files import MessageFiles
from ivr.voicemail.inbox import Inbox
from ivr.voicemail.post import Post
from ivr.voicemail.routes import VoicemailRoutes
from ivr.voicemail.store import MessageStore


@dataclass(frozen=True, slots=True)
class Voicemail:
    """What the other parts ask."""

    inbox: Inbox
    routes: VoicemailRoutes


async def open_voicemail(
    site: Callable[[], Site],
    stores: Stores,
    floor: Floor,
    metrics: Metrics,
    paths: Paths,
    clock: Clock,
    closing: Closing,
) -> Voicemail:
    """Open the inbox and the post, and look after them. A fault of theirs is logged and keeps no call away."""
    store = MessageStore(stores.ledger.store.engine)
    inbox = Inbox(
        site=site,
        store=store,
        files=MessageFiles(paths.var / "voicemail"),
        clock=clock,
        tell=floor.desk.record,
        alive=lambda call: floor.calls.get(call) is not None,
    )

    def open_messages() -> Iterator[tuple[str, str]]:
        for call in stores.ledger.projection.incomplete_calls():
            if call.ended is not None and call.open_message:
                yield call.call, call.open_message

    def secret(name: str) -> str:
        return (paths.secrets / f"{name}.secret").read_text(encoding="utf-8").strip()

    care = Care(inbox, clock, open_messages)
    await care.start()
    closing.add(care.close)
    post = Post(site=site, store=store, inbox=inbox, clock=clock, secret=secret)
    post.start()
    closing.add(post.close)
    metrics.show(VoicemailFigures(inbox, post, site, clock.now))
    return Voicemail(inbox, VoicemailRoutes(inbox, site))
