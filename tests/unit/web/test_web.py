"""The HTTP pages on a real socket, on the running loop."""

import asyncio
import json

import pytest

from ivr.figures.metrics import Metrics
from ivr.web.application import application
from ivr.web.health import Readiness
from ivr.web.server import WebServer, serve
from tests.tools import run


async def get(port: int, path: str, method: str = "GET") -> tuple[int, dict[str, str], str]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    head, _, body = (await reader.read()).decode().partition("\r\n\r\n")
    writer.close()
    status, *lines = head.split("\r\n")
    return int(status.split()[1]), {k.lower(): v for k, _, v in (x.partition(": ") for x in lines)}, body


class Site:
    def __init__(self) -> None:
        self.metrics = Metrics()
        self.alive, self.ready = Readiness(), Readiness()
        self.server: WebServer = serve(application(self.metrics.text, self.alive, self.ready), "127.0.0.1", 0)


@run
async def test_metrics_are_in_the_text_format() -> None:
    site = Site()
    site.metrics.health.ami_up()
    status, headers, body = await get(site.server.port, "/metrics")
    assert status == 200 and headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "centralita_ami_connected 1.0" in body
    assert "server" not in headers
    await site.server.close()


@run
async def test_ready_says_which_part_is_not() -> None:
    site = Site()
    wrong: list[str] = ["not connected to Asterisk"]
    site.ready.add("ami", lambda: wrong[0] if wrong else None)
    site.ready.add("journal", lambda: None)
    status, _, body = await get(site.server.port, "/readyz")
    assert status == 503
    assert json.loads(body) == {"ready": False, "parts": {"ami": "not connected to Asterisk", "journal": "ok"}}
    wrong.clear()
    status, _, body = await get(site.server.port, "/readyz")
    assert status == 200 and json.loads(body)["ready"]
    assert (await get(site.server.port, "/healthz"))[0] == 200
    await site.server.close()


@run
async def test_a_check_that_fails_is_not_ready_and_not_an_error() -> None:
    site = Site()

    def broken() -> str | None:
        raise RuntimeError("gone")

    site.ready.add("x", broken)
    status, _, body = await get(site.server.port, "/readyz")
    assert status == 503 and json.loads(body)["parts"]["x"] == "RuntimeError: gone"
    await site.server.close()


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nothing", 404), ("POST", "/metrics", 405), ("GET", "/../etc", 404)]
)
@run
async def test_there_is_nothing_else(method: str, path: str, status: int) -> None:
    site = Site()
    assert (await get(site.server.port, path, method))[0] == status
    await site.server.close()


@run
async def test_a_taken_address_is_an_error_at_once() -> None:
    site = Site()
    with pytest.raises(OSError, match="in use"):
        serve(application(site.metrics.text, site.alive, site.ready), "127.0.0.1", site.server.port)
    await site.server.close()


@run
async def test_closing_does_not_wait_for_a_silent_client() -> None:
    site = Site()
    reader, writer = await asyncio.open_connection("127.0.0.1", site.server.port)
    writer.write(b"GET /metr")
    await site.server.close()
    assert await reader.read() == b""
    writer.close()
    with pytest.raises(OSError):
        await asyncio.open_connection("127.0.0.1", site.server.port)
