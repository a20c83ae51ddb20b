"""Where a request comes from: behind proxies that are trusted, from whom pages of figures are for, to which name."""

import ipaddress
import re
from collections.abc import Iterable

from ivr import log as logs
from ivr.access.addresses import address_in
from ivr.settings.networks import Network
from ivr.web.asgi import App, Receive, Scope, Send, header, headers, refuse

log = logs.get(__name__)

MOST_HOPS = 16
_FORWARDED = (b"x-forwarded-for", b"x-real-ip", b"forwarded")


class Networks:
    """A set of addresses: single ones and networks."""

    def __init__(self, networks: Iterable[Network]) -> None:
        self._networks = tuple(networks)

    def __contains__(self, address: str) -> bool:
        found = address_in(address)
        return found is not None and any(found in network for network in self._networks)


class Proxies:
    """The true client and scheme of a request that a trusted proxy hands on.

    The last address of X-Forwarded-For that is no trusted proxy is the client: what stands before it anybody may have
    written. From whoever is not trusted, these headers are taken away. `scope["state"]["forwarded"]` remembers that
    somebody handed the request on without saying understandably for whom (he is not trusted, or says it in another
    header): then every client looks like the proxy.
    """

    def __init__(self, app: App, trusted: Networks) -> None:
        self._app, self._trusted = app, trusted
        self._told = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI."""
        peer = scope["client"][0] if scope.get("client") else ""
        if any(name in _FORWARDED or name == b"x-forwarded-proto" for name, _ in scope["headers"]):
            scope = self._resolved(scope, peer) if peer in self._trusted else self._without(scope, peer)
        await self._app(scope, receive, send)

    def _resolved(self, scope: Scope, peer: str) -> Scope:
        hops = [
            hop.strip() for value in headers(scope, b"x-forwarded-for") for hop in value.decode("latin-1").split(",")
        ]
        client, untold = peer, not hops
        for hop in reversed(hops[-MOST_HOPS:]):
            found = address_in(_without_port(hop))
            if found is None:
                untold = True
                break
            client = str(found)
            if client not in self._trusted:
                break
        scheme = header(scope, b"x-forwarded-proto").decode("latin-1").rpartition(",")[2].strip().lower()
        changed = {"client": (client, 0), "scheme": scheme if scheme in ("http", "https") else scope["scheme"]}
        return _handed_on({**scope, **changed}) if untold else {**scope, **changed}

    def _without(self, scope: Scope, peer: str) -> Scope:
        if not self._told:
            self._told = True
            log.warning(
                "a request says that a proxy handed it on; if one does, name it in CENTRALITA_PROXIES", peer=peer
            )
        kept = [pair for pair in scope["headers"] if pair[0] not in _FORWARDED and pair[0] != b"x-forwarded-proto"]
        return _handed_on({**scope, "headers": kept})


def _handed_on(scope: Scope) -> Scope:
    return {**scope, "state": {**scope.get("state", {}), "forwarded": True}}


def _without_port(hop: str) -> str:
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop


class Monitors:
    """Pages without a session, only for who watches the server."""

    def __init__(self, app: App, allowed: Networks) -> None:
        self._app, self._allowed = app, allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI."""
        peer = scope["client"][0] if scope.get("client") else ""
        if peer in self._allowed and not scope.get("state", {}).get("forwarded"):
            await self._app(scope, receive, send)
        else:
            await refuse(send, 403, "only for the addresses in CENTRALITA_MONITORS")


class Hosts:
    """The name in the address bar has to be one of ours: else a page of another site could have its name point here
    and read what only this machine may (DNS rebinding). An address as such is always right, and so is localhost."""

    def __init__(self, app: App, names: Iterable[str]) -> None:
        self._app = app
        self._names = frozenset({"localhost", *(name.lower() for name in names)})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI."""
        given = headers(scope, b"host")
        if len(given) == 1 and self.known(given[0].decode("latin-1")):
            await self._app(scope, receive, send)
        else:
            await refuse(send, 421, "this server does not go by that name; name it in CENTRALITA_NAMES")

    def known(self, host: str) -> bool:
        """Whether a Host header (RFC 9110 7.2) names this server."""
        port = re.search(r":([0-9]{1,5})\Z", host)
        name = host[: port.start()] if port else host
        if port and int(port[1]) > 65535:
            return False
        if name.startswith("[") and name.endswith("]"):
            return address_in(name[1:-1]) is not None
        return name.lower() in self._names or isinstance(address_in(name), ipaddress.IPv4Address)
