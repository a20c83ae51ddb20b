"""Asks an HTTP service that answers with JSON.

The service is not trusted: no redirect is followed, no cookie kept, no proxy or .netrc of the environment used, no
compressed answer unpacked, and nothing is read beyond MAX_BYTES. What callers enter is percent-encoded and cannot
change host or path. Nothing here logs an address, a parameter or an answer; the transport is used without httpx's
client because that one logs every address.
"""

import asyncio
import functools
import json
import ssl
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import httpx

from ivr.clock import Clock
from ivr.lookups.answers import is_empty, nothing_found, pick, values_of
from ivr.lookups.askers import Given, SecretFiles
from ivr.lookups.errors import LookUpFailed
from ivr.site.look_ups import Body, HttpSource, Items, Parameter, Secret, SignIn, StatusIs, Template
from ivr.site.values import Value, as_text

MAX_BYTES = 1_000_000
LARGE_BYTES = 50_000
"""An answer larger than this is parsed beside the loop."""

IDLE_SECONDS = 30.0
"""Connections are kept this long between two questions."""

_NOT_NOW = frozenset({401, 403, 407, 408, 429})
"""Statuses below 500 that say nothing about the question: the next one would have the same."""


class HttpAsker:
    """One HTTP source. `places` of the source bound its connections."""

    def __init__(self, source: HttpSource, secrets: SecretFiles, clock: Clock) -> None:
        self._source, self._secrets, self._clock = source, secrets, clock
        self._transport = httpx.AsyncHTTPTransport(
            verify=_certificates(),
            trust_env=False,
            limits=httpx.Limits(max_connections=source.places, keepalive_expiry=IDLE_SECONDS),
        )
        self._signing_in = asyncio.Lock()
        self._token = ""
        self._token_until_us = 0

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    async def ask(self, given: Given) -> Mapping[str, Value] | None:
        """One request; a second one with a new token when the old one is no longer accepted."""
        source = self._source
        token = await self._signed_in()
        status, content = await self._send(self._request(given, token))
        if status == 401 and source.sign_in is not None:
            if token == self._token:
                self._token_until_us = 0
            status, content = await self._send(self._request(given, await self._signed_in()))
        if StatusIs(status) in source.not_found:
            return None
        _expect_success(status)
        large = len(content) > LARGE_BYTES
        document = await asyncio.to_thread(_document, content) if large else _document(content)
        if nothing_found(source.not_found, document):
            return None
        return values_of(source.answers, lambda path: pick(document, path))

    # ------------------------------------------------------------------ the question
    def _request(self, given: Given, token: str) -> httpx.Request:
        source = self._source
        headers = {name: self._filled(text, token) for name, text in source.headers.items()}
        body = None if source.body is None else self._body(source.body, given)
        return self._built(source.method, self._address(source.url, given), headers, body)

    def _built(self, method: str, address: str, headers: Mapping[str, str], body: Any) -> httpx.Request:
        common = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "Centralita"}
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        if content is not None:
            common["Content-Type"] = "application/json"
        extensions = {"timeout": httpx.Timeout(self._source.at_most.total_seconds()).as_dict()}
        try:
            return httpx.Request(method, address, headers={**common, **headers}, content=content, extensions=extensions)
        except (httpx.InvalidURL, UnicodeError, ValueError):
            raise LookUpFailed(
                "the address or a header cannot be sent; look for characters that it may not have"
            ) from None

    def _address(self, url: Template, given: Given) -> str:
        """The address, each value percent-encoded: it stays within its segment or its query value."""
        parts = []
        for piece in url:
            if isinstance(piece, Parameter):
                value = as_text(given[piece.name])
                if value in (".", ".."):
                    raise LookUpFailed("a parameter is not possible in an address")
                parts.append(quote(value, safe=""))
            else:
                # A secret may be several segments: some services give a whole path as the key.
                parts.append(quote(self._secrets.of(piece.name), safe="/") if isinstance(piece, Secret) else str(piece))
        return "".join(parts)

    def _filled(self, text: Template, token: str, given: Given | None = None) -> str:
        parts = []
        for piece in text:
            if isinstance(piece, str):
                parts.append(piece)
            elif isinstance(piece, Secret):
                parts.append(self._secrets.of(piece.name))
            elif isinstance(piece, Parameter):
                parts.append(as_text((given or {})[piece.name]))
            else:
                parts.append(token)
        return "".join(parts)

    def _body(self, body: Body, given: Given) -> Any:
        if isinstance(body, Mapping):
            return {key: self._body(inner, given) for key, inner in body.items()}
        if isinstance(body, Items):
            return [self._body(inner, given) for inner in body.bodies]
        if len(body) == 1 and isinstance(body[0], Parameter):
            return _json(given[body[0].name])
        return self._filled(body, "", given)

    # ------------------------------------------------------------------ the answer
    async def _send(self, request: httpx.Request) -> tuple[int, bytes]:
        """Status and content. A connection that the service closed while it was idle is tried once more."""
        try:
            return await self._sent(request)
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError) as error:
            if request.method != "GET":
                raise LookUpFailed(f"the connection broke ({type(error).__name__})", away=True) from None
        except httpx.HTTPError as error:
            raise _unreachable(error) from None
        try:
            return await self._sent(request)
        except httpx.HTTPError as error:
            raise _unreachable(error) from None

    async def _sent(self, request: httpx.Request) -> tuple[int, bytes]:
        response = await self._transport.handle_async_request(request)
        try:
            if response.headers.get("content-encoding", "identity").lower() != "identity":
                raise LookUpFailed("the answer is compressed although we asked for a plain one", away=True)
            content = bytearray()
            async for chunk in response.aiter_raw():
                content += chunk
                if len(content) > MAX_BYTES:
                    raise LookUpFailed(f"the answer is larger than {MAX_BYTES} bytes; ask for less")
            return response.status_code, bytes(content)
        finally:
            await response.aclose()

    # ------------------------------------------------------------------ the token
    async def _signed_in(self) -> str:
        """A token that is still good; empty when the source needs none. Several questions share one signing in."""
        sign_in = self._source.sign_in
        if sign_in is None:
            return ""
        async with self._signing_in:
            if self._clock.engine_us() >= self._token_until_us:
                self._token = await self._new_token(sign_in)
                self._token_until_us = self._clock.engine_us() + round(sign_in.keep.total_seconds() * 1e6)
            return self._token

    async def _new_token(self, sign_in: SignIn) -> str:
        request = self._built("POST", self._address(sign_in.url, {}), {}, self._body(sign_in.body, {}))
        status, content = await self._send(request)
        if not 200 <= status < 300:
            raise LookUpFailed(f"signing in was answered with status {status}", away=True)
        token = pick(_document(content), sign_in.token)
        if not isinstance(token, str) or is_empty(token):
            raise LookUpFailed(f"signing in gave no token at '{sign_in.token}'", away=True)
        return token


@functools.cache
def _certificates() -> ssl.SSLContext:
    """The authorities that this machine trusts: a company adds its own to the system, not to us."""
    return ssl.create_default_context()


def _expect_success(status: int) -> None:
    if 200 <= status < 300:
        return
    if 300 <= status < 400:
        raise LookUpFailed(f"the service sends us elsewhere (status {status}); write the right address", away=True)
    raise LookUpFailed(f"the service answered with status {status}", away=status >= 500 or status in _NOT_NOW)


def _document(content: bytes) -> Any:
    """The JSON, its numbers exact; None when there is no content."""
    if not content.strip():
        return None
    try:
        return json.loads(content, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise LookUpFailed("the answer is not JSON", away=True) from None


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


def _json(value: Value) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value if isinstance(value, bool) else as_text(value)


def _unreachable(error: httpx.HTTPError) -> LookUpFailed:
    # A ConnectError tells host and cause (refused, unknown name, certificate), the others may tell what was sent.
    cause = str(error) if isinstance(error, httpx.ConnectError) else ""
    return LookUpFailed(f"the service cannot be reached ({type(error).__name__}) {cause}".strip(), away=True)
