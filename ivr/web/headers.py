"""What every answer tells a browser: nothing from elsewhere, nothing inside other pages, nothing kept."""

from collections.abc import Mapping

from ivr.web.asgi import App, Message, Receive, Scope, Send

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; media-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""Everything of this server, nothing written into a page, no external address."""

ALWAYS = {
    b"content-security-policy": CONTENT_SECURITY_POLICY.encode(),
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"same-origin",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"cache-control": b"no-store",
}

HTTPS = {b"strict-transport-security": b"max-age=31536000"}
"""A year, for this name alone: what else the company has under its domain is not ours to decide."""


class Security:
    """Headers that every answer has, whoever gave it. What an answer says itself stays."""

    def __init__(self, app: App, always: Mapping[bytes, bytes] = ALWAYS, https: Mapping[bytes, bytes] = HTTPS) -> None:
        self._app, self._always, self._https = app, dict(always), dict(https)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message.get("headers", ())}
                wanted = {**self._always, **(self._https if scope["scheme"] == "https" else {})}
                more = [pair for pair in wanted.items() if pair[0] not in given]
                message = {**message, "headers": [*message.get("headers", ()), *more]}
            await send(message)

        await self._app(scope, receive, with_headers)
