"""The web hooks of agents' desktops, opened beside the journal that they are told from."""

from collections.abc import Callable

from ivr.app.closing import Closing
from ivr.app.floor import Floor
from ivr.clock import Clock
from ivr.figures.metrics import Metrics
from ivr.install.paths import Paths
from ivr.screenpops.delivery import Delivery
from ivr.screenpops.figures import ScreenPopFigures
from ivr.screenpops.screen_pops import ScreenPops
from ivr.site import Site


def open_screen_pops(
    site: Callable[[], Site], floor: Floor, paths: Paths, metrics: Metrics, clock: Clock, closing: Closing
) -> None:
    """Listen from now on: before anything is heard of Asterisk. Nothing is connected before the first message."""

    def secret(name: str) -> str:
        return (paths.secrets / f"{name}.secret").read_text(encoding="utf-8").strip()

    delivery = Delivery(secret, clock, ScreenPopFigures(metrics.registry))
    pops = ScreenPops(site, floor.calls, delivery, floor.engine.offers())
    forget = floor.dispatcher.on_entry(pops.on_entry)
    closing.add(delivery.close)
    closing.add_now(forget)
