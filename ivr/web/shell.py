"""Everything that stands between the network and the API: one application for a TCP address, one for a socket file."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from ivr.web.addresses import Hosts, Monitors, Networks, Proxies
from ivr.web.asgi import App, Receive, Scope, Send
from ivr.web.headers import Security
from ivr.web.limits import LARGE_BODY_BYTES, Bodies, Concurrency, Rates
from ivr.web.pace import Pace, Pacing

API = "/api"
LARGE_BODIES = {f"{API}/canary/": LARGE_BODY_BYTES, f"{API}/lists": LARGE_BODY_BYTES}
"""Where lists of callers come in. Elsewhere a few lines are enough."""

LASTING = (f"{API}/events",)
"""Answers that last as long as the client listens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Who is on the network (see the settings of these names), and from where somebody logged in lately (`known`)."""

    proxies: Networks
    monitors: Networks
    offices: Networks
    names: Collection[str] = ()
    known: Callable[[str], bool]
    pace: Pace


class _Split:
    """The API's paths to the API, all others to the pages beside it."""

    def __init__(self, api: App, others: App) -> None:
        self._api, self._others = api, others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        inside = path == API or path.startswith(f"{API}/")
        await (self._api if inside else self._others)(scope, receive, send)


def networked(api: App, pages: App, outside: Outside, now_us: Callable[[], int]) -> App:
    """For a TCP address. `pages`: what is only for who watches the server; they are asked by whatever name."""
    inner: App = Concurrency(api, exempt=LASTING, office=outside.offices.__contains__)
    inner = Hosts(Bodies(inner, of=LARGE_BODIES), outside.names)
    inner = _Split(inner, Monitors(pages, outside.monitors))
    watched = outside.monitors.__contains__
    pacing = Pacing(
        outside.pace, lambda address: outside.known(address) or watched(address), outside.offices.__contains__
    )
    inner = Rates(inner, pacing, now_us)
    return Proxies(Security(inner), outside.proxies)


def local(api: App, others: App) -> App:
    """For the socket file: whoever may open it is the server's own user."""
    return Security(_Split(Bodies(api, of=LARGE_BODIES), others))
