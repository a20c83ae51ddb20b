"""Asks the running server, for the commands of `ivr`. Light: nothing of the server is imported."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ivr.settings.environment import Environment

if TYPE_CHECKING:
    import http.client

SECONDS = 120.0
"""How long an answer may take: a change of every prompt has them all made anew first."""


class ControlError(Exception):
    """The server did not do it. The message is for the user; `details` has what else it answered."""

    def __init__(self, message: str, status: int = 0, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status, self.details = status, dict(details or {})


class NoServer(ControlError):
    """Nobody answers at the instance's socket."""


def socket_file(var: Path) -> Path:
    """Where the server of an instance answers."""
    return var / "run" / "control.sock"


def ask(
    environment: Environment,
    method: str,
    path: str,
    values: Mapping[str, Any] | None = None,
    *,
    seconds: float = SECONDS,
) -> dict[str, Any]:
    """What the server answers to an operation. Raises ControlError with its reason, NoServer when none runs.

    Build `path` with `urllib.parse.quote` where it holds a name.
    """
    content = fetch(environment, method, path, values, seconds=seconds)
    answer = json.loads(content)
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
    import http.client

    connection = _connection(environment, seconds)
    body = json.dumps(dict(values)).encode() if values is not None else None
    headers = {"Content-Type": "application/json", "Centralita-Who": quote(_user()), "Host": "centralita"}
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        content = response.read()
    except TimeoutError:
        raise ControlError(f"the server did not answer within {seconds:g} s; its log says what it does") from None
    except (OSError, http.client.HTTPException) as error:
        raise ControlError(f"the server ended in the middle of it ({error or type(error).__name__})") from None
    finally:
        connection.close()
    if response.status >= 400:
        raise _refused(response.status, content)
    return content


def _connection(environment: Environment, seconds: float) -> "http.client.HTTPConnection":
    import http.client
    import socket

    connection = http.client.HTTPConnection("centralita")
    wire: socket.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    wire.settimeout(seconds)
    try:
        wire.connect(str(socket_file(environment.var)))
    except PermissionError:
        wire.close()
        raise NoServer(f"only the server's own user may do this: {socket_file(environment.var)}") from None
    except OSError:
        wire.close()
        raise NoServer(
            f"no server is running here (CENTRALITA_VAR={environment.var}); start it with: ivr run"
        ) from None
    connection.sock = wire
    return connection


def _refused(status: int, content: bytes) -> ControlError:
    try:
        answer = json.loads(content)
        return ControlError(str(answer.pop("error")), status, answer)
    except (ValueError, KeyError, AttributeError):
        return ControlError(f"the server answered with status {status}", status)


def _user() -> str:
    """The person at the terminal: who came by sudo is not the server's user."""
    import getpass

    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):  # a user without a name
        return str(os.getuid())
