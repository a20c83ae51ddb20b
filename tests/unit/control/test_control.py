"""Operations on a real socket file: a client in a thread, the server on the running loop."""

import asyncio
import os
import socket
import stat
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ivr.control.client import ControlError, NoServer, ask, fetch, socket_file
from ivr.control.operations import LONGEST_BODY, Refusal, given, operation, text_of, who
from ivr.control.server import ControlServer, ControlSocketTaken
from ivr.settings.environment import Environment
from tests.tools import run


class Greetings:
    """A part with operations."""

    def routes(self) -> list[Route]:
        return [
            operation("GET", "/greeting/{name}", self.show),
            operation("POST", "/greeting", self.change),
            operation("DELETE", "/greeting", self.fail),
            operation("GET", "/audio", self.audio),
        ]

    async def show(self, request: Request) -> Mapping[str, Any]:
        return {"name": request.path_params["name"]}

    async def change(self, request: Request) -> Mapping[str, Any]:
        values = await given(request)
        if not text_of(values, "text"):
            raise Refusal("say which greeting", lines=["one", "two"])
        return {"text": text_of(values, "text"), "who": who(request)}

    async def fail(self, request: Request) -> Mapping[str, Any]:
        raise ZeroDivisionError("a secret of ours")

    async def audio(self, request: Request) -> Response:
        return Response(b"RIFF\0", media_type="audio/wav")


def environment(folder: Path) -> Environment:
    return replace(Environment.from_environ({}), var=folder)


async def asked(folder: Path, method: str, path: str, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return await asyncio.to_thread(ask, environment(folder), method, path, values)


def serving(folder: Path) -> ControlServer:
    server = ControlServer([Greetings()], socket_file(folder))
    server.start()
    return server


@run
async def test_an_operation_answers_with_json_and_knows_who_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUDO_USER", "ana maría")
    server = serving(tmp_path)
    assert await asked(tmp_path, "GET", "/greeting/hola%20t%C3%BA") == {"name": "hola tú"}
    assert await asked(tmp_path, "POST", "/greeting", {"text": "hola"}) == {"text": "hola", "who": "ana maría"}
    assert await asyncio.to_thread(fetch, environment(tmp_path), "GET", "/audio") == b"RIFF\0"
    await server.close()


@run
async def test_a_refusal_is_told_with_its_details(tmp_path: Path) -> None:
    server = serving(tmp_path)
    with pytest.raises(ControlError, match=r"^say which greeting$") as refused:
        await asked(tmp_path, "POST", "/greeting", {})
    assert (refused.value.status, refused.value.details) == (409, {"lines": ["one", "two"]})
    with pytest.raises(ControlError, match="text: a text is expected"):
        await asked(tmp_path, "POST", "/greeting", {"text": 7})
    with pytest.raises(ControlError, match=r"^no such operation: GET /nothing$"):
        await asked(tmp_path, "GET", "/nothing")
    with pytest.raises(ControlError, match="more than"):
        await asked(tmp_path, "POST", "/greeting", {"text": "x" * LONGEST_BODY})
    await server.close()


@run
async def test_a_fault_of_ours_is_not_shown(tmp_path: Path) -> None:
    server = serving(tmp_path)
    with pytest.raises(ControlError, match="its log says why") as failed:
        await asked(tmp_path, "DELETE", "/greeting")
    assert "secret" not in str(failed.value) and failed.value.status == 500
    await server.close()


@run
async def test_only_the_servers_user_may_open_it_and_nothing_is_left(tmp_path: Path) -> None:
    server = serving(tmp_path)
    file = socket_file(tmp_path)
    assert stat.S_IMODE(os.lstat(file).st_mode) == 0o600
    assert stat.S_IMODE(os.lstat(file.parent).st_mode) == 0o700
    await server.close()
    assert not file.exists()
    with pytest.raises(NoServer, match=r"no server is running here \(CENTRALITA_VAR=.*start it with: ivr run"):
        await asked(tmp_path, "GET", "/greeting/x")


@run
async def test_what_a_killed_server_left_is_taken_over_but_not_from_a_living_one(tmp_path: Path) -> None:
    file = socket_file(tmp_path)
    file.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(file))
    server = serving(tmp_path)
    assert (await asked(tmp_path, "GET", "/greeting/x"))["name"] == "x"
    with pytest.raises(ControlSocketTaken, match="another server answers there"):
        ControlServer([Greetings()], file)
    await server.close()


@run
async def test_a_server_that_ends_in_the_middle_is_told(tmp_path: Path) -> None:
    file = socket_file(tmp_path)
    file.parent.mkdir()

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_unix_server(hang_up, str(file))
    with pytest.raises(ControlError, match="the server ended in the middle of it"):
        await asked(tmp_path, "GET", "/greeting/x")
    server.close()
    await server.wait_closed()
