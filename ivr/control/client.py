"""Asks the running server, for the commands of `ivr`. Light: nothing of the server is imported.

The server of this machine answers at a socket file, to the token that only its own user can read; another one at the
address in CENTRALITA_SERVER, to the token in CENTRALITA_TOKEN.
"""

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from ivr.settings.environment import Environment

if TYPE_CHECKING:
    import http.client

SECONDS = 120.0
"""How long an answer may take: a change of every prompt has them all made anew first."""

PIECE_BYTES = 1 << 16

PREFIX = "/api"


class ControlError(Exception):
    """The server did not do it. The message is for the user; `details` has what else it answered."""

    def __init__(self, message: str, status: int = 0, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status, self.details = status, dict(details or {})


class NoServer(ControlError):
    """Nobody answers at the instance's socket, or at the address of the other server."""


def socket_file(var: Path) -> Path:
    """Where the server of an instance answers."""
    return var / "run" / "control.sock"


def token_file(var: Path) -> Path:
    """The token of the server's own user, new at each of its starts."""
    return var / "secrets" / "cli.token"


def ask(
    environment: Environment,
    method: str,
    path: str,
    values: Mapping[str, Any] | None = None,
    *,
    seconds: float = SECONDS,
) -> dict[str, Any]:
    """What the server answers at a path (after /api). Raises ControlError with its reason, NoServer when none runs.

    Build `path` with `urllib.parse.quote` where it holds a name.
    """
    content = fetch(environment, method, path, values, seconds=seconds)
    try:
        answer = json.loads(content) if content else {}
    except ValueError:
        raise ControlError("what answered is not Centralita's server; look at CENTRALITA_SERVER") from None
    return answer if isinstance(answer, dict) else {"answer": answer}


def fetch(
    environment: Environment,
    method: str,
    path: str,
    values: Mapping[str, Any] | None = None,
    *,
    seconds: float = SECONDS,
) -> bytes:
    """As `ask`, for an answer that is no JSON (audio)."""
    return b"".join(pieces(environment, method, path, values, seconds=seconds))


def pieces(
    environment: Environment,
    method: str,
    path: str,
    values: Mapping[str, Any] | None = None,
    *,
    seconds: float = SECONDS,
) -> Iterator[bytes]:
    """As `fetch`, for an answer of any length, as it comes; `seconds` is for each piece. Raises ControlError also when
    some have come already."""
    import http.client

    connection = _elsewhere(environment, seconds) if environment.server else _here(environment, seconds)
    headers = _headers(environment)
    body = None
    if values is not None:
        body = json.dumps(dict(values)).encode()
        headers["Content-Type"] = "application/json"
    try:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # refused before all was sent: it says why
            connection.request(method, PREFIX + path, body, headers)
        response = connection.getresponse()
        refused = response.read() if response.status >= 400 else b""
        while piece := response.read(PIECE_BYTES):
            yield piece
        if response.length:  # `read` with a size does not say so itself
            raise http.client.IncompleteRead(b"", response.length)
    except TimeoutError:
        raise ControlError(f"the server did not answer within {seconds:g} s; its log says what it does") from None
    except (OSError, http.client.HTTPException) as error:
        raise ControlError(f"the server ended in the middle of it ({error or type(error).__name__})") from None
    finally:
        connection.close()
    if response.status >= 400:
        raise _refused(environment, response.status, refused)


def _headers(environment: Environment) -> dict[str, str]:
    if environment.server:
        if not environment.token:
            raise ControlError(
                f"CENTRALITA_SERVER={environment.server} wants to know who asks: set CENTRALITA_TOKEN to a token that "
                "`ivr tokens add` gave there"
            )
        return {"Authorization": f"Bearer {environment.token}", "Accept": "application/json"}
    headers = {"Centralita-Who": quote(_user()), "Host": "localhost", "Accept": "application/json"}
    try:
        headers["Authorization"] = f"Bearer {token_file(environment.var).read_text(encoding='ascii').strip()}"
    except FileNotFoundError:
        pass  # the server says what is missing
    except (OSError, ValueError):
        raise _not_ours(token_file(environment.var)) from None
    return headers


def _here(environment: Environment, seconds: float) -> "http.client.HTTPConnection":
    import http.client
    import socket

    connection = http.client.HTTPConnection("localhost")
    wire: socket.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    wire.settimeout(seconds)
    try:
        wire.connect(str(socket_file(environment.var)))
    except PermissionError:
        wire.close()
        raise _not_ours(socket_file(environment.var)) from None
    except OSError:
        wire.close()
        raise NoServer(
            f"no server is running here (CENTRALITA_VAR={environment.var}); start it with: ivr run"
        ) from None
    connection.sock = wire
    return connection


def _elsewhere(environment: Environment, seconds: float) -> "http.client.HTTPConnection":
    import http.client
    import ssl

    parts = urlsplit(environment.server)
    host = parts.hostname or ""
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(host, parts.port, timeout=seconds)
    else:
        connection = http.client.HTTPConnection(host, parts.port, timeout=seconds)
    try:
        connection.connect()
    except ssl.SSLCertVerificationError as error:
        raise NoServer(
            f"the certificate of CENTRALITA_SERVER={environment.server} is not trusted ({error.verify_message}); "
            "when it is your own, name its authority in SSL_CERT_FILE"
        ) from None
    except (OSError, http.client.HTTPException) as error:
        raise NoServer(f"nobody answers at CENTRALITA_SERVER={environment.server} ({error})") from None
    return connection


def _not_ours(file: Path) -> NoServer:
    return NoServer(f"only the server's own user may do this: {file}")


def _refused(environment: Environment, status: int, content: bytes) -> ControlError:
    try:
        answer = json.loads(content)
        why = str(answer.pop("error"))
    except (ValueError, KeyError, AttributeError):
        return ControlError(f"the server answered with status {status}", status)
    if status == 401 and environment.server:
        why = f"CENTRALITA_SERVER={environment.server} does not take the token in CENTRALITA_TOKEN: {why}"
    elif status == 401:
        why = (
            f"the server does not take the token in {token_file(environment.var)}: it is made at each start, and "
            "another server's lies there, or none; restart the server"
        )
    return ControlError(why, status, answer)


def _user() -> str:
    """The person at the terminal: who came by sudo is not the server's user."""
    import getpass

    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):  # a user without a name
        return str(os.getuid())
