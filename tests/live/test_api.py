"""The API of a running server, at its address and at its socket file; the commands that ask it."""

import asyncio
import stat
from pathlib import Path

import httpx

from ivr.control.client import token_file
from ivr.testing.installation import InstanceError
from ivr.testing.instance import Instance
from tests.tools import run

BAD = sorted((Path(__file__).parents[1] / "bad" / "http").glob("*.http"))
START = {"knows": lambda sound: False}


async def fails(line: Instance, *arguments: str) -> str:
    """What a command says when it does not do it."""
    try:
        told = await line.command(*arguments)
    except InstanceError as error:
        return str(error)
    raise AssertionError(f"ivr {arguments} printed {told}")


@run
async def test_every_command_asks_the_api_with_the_servers_own_token(line: Instance) -> None:
    for arguments in (
        ("agents", "--json"),
        ("queues", "--json"),
        ("override",),
        ("voicemail",),
        ("versions",),
        ("canary", "status"),
        ("calls", "--json"),
        ("accounts", "list"),
        ("tokens", "list"),
        ("audit",),
        ("audit", "verify"),
        ("callers", "find", "3009999999"),
    ):
        await line.command(*arguments)
    await line.command("agents", "login", "101")
    assert '"agents.login"' in await line.command("audit", "--json")
    assert stat.S_IMODE(token_file(line.paths.var).stat().st_mode) == 0o600


@run
async def test_a_wrong_token_and_a_stopped_server_are_told_clearly(line: Instance) -> None:
    file = token_file(line.paths.var)
    right = file.read_text()
    file.write_text("wrong")
    assert f"does not take the token in {file}" in await fails(line, "override")
    file.unlink()
    assert f"does not take the token in {file}" in await fails(line, "override")
    file.write_text(right)
    await line.command("override")
    await line.stop_server()
    assert "no server is running here" in await fails(line, "override")
    await line.command("calls", "--json")  # reads the records itself
    await line.start_server()
    assert file.read_text() != right  # new at each start


@run
async def test_rough_clients_and_an_open_stream_hold_up_nothing(line: Instance) -> None:
    host, port = line.environment.http.host, line.environment.http.port
    slow = [await asyncio.open_connection(host, port) for _ in range(5)]
    for _, writer in slow:
        writer.write(b"GET /api/agents HT")
    for file in BAD:
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(file.read_bytes())
        assert (await reader.readline()).split()[1] == file.stem[:3].encode()
        writer.close()
    for _, writer in slow:
        writer.close()
    made = await line.command("tokens", "add", "admin", "--scope", "events:read", "--scope", "agents:read")
    headers = {"Authorization": f"Bearer {made.split()[-1]}"}
    loop = asyncio.get_running_loop()
    async with (
        httpx.AsyncClient(base_url=f"http://{line.environment.http}", timeout=10) as client,
        client.stream("GET", "/api/events", headers=headers) as stream,
    ):
        lines = stream.aiter_lines()
        assert (await anext(lines)).startswith("retry:")
        began = loop.time()
        stopping = asyncio.ensure_future(line.stop_server())
        assert "event: queues" not in [text async for text in lines]  # the token's scopes; and it ends
        await stopping
        assert loop.time() - began < 4
    assert '"level": "error"' not in line.logs(1000) and "Traceback" not in line.logs(1000)
    await line.start_server()


@run
async def test_the_api_at_its_address(line: Instance) -> None:
    secret = (line.paths.secrets / "admin.password").read_text().split()[-1]
    async with httpx.AsyncClient(base_url=f"http://{line.environment.http}", timeout=10) as client:
        assert (await client.get("/readyz")).status_code == 200
        refused = await client.get("/api/agents")
        assert refused.status_code == 401 and refused.headers["content-security-policy"]
        assert (await client.get("/api/docs")).status_code == 401
        local = token_file(line.paths.var).read_text().strip()
        stolen = await client.get("/api/agents", headers={"Authorization": f"Bearer {local}"})
        assert stolen.status_code == 401  # only at the socket file
        assert (await client.get("/api/agents", headers={"Host": "evil.example.com"})).status_code == 421
        begun = await client.post("/api/session", json={"name": "admin", "password": secret})
        assert begun.status_code == 201, begun.text
        assert (await client.get("/api/agents")).status_code == 403  # the first password first
        words = {"current": secret, "new": "una frase bien larga"}
        assert (await client.put("/api/me/password", json=words)).status_code == 403  # without the CSRF token
        headers = {"X-CSRF-Token": begun.json()["csrf"]}
        changed = await client.put("/api/me/password", json=words, headers=headers)
        assert changed.status_code == 200, changed.text
        assert (await client.get("/api/agents")).json()["agents"]
        docs = (await client.get("/api/docs")).text
        assert all(f">{path}<" in docs for path in ("/api/agents", "/api/queues", "/api/calls", "/api/audit"))
        assert (await client.get("/api/openapi.json")).json()["openapi"].startswith("3.")
        assert (await client.get("/api/health")).json()["ready"] is True
        async with client.stream("GET", "/api/events?topics=agents") as stream:
            lines = stream.aiter_lines()
            async for text in lines:
                if text.startswith("data:"):
                    break
            csrf = {"X-CSRF-Token": (await client.get("/api/session")).json()["csrf"]}
            assert (await client.post("/api/agents/102/logout", headers=csrf)).status_code in (200, 409)
            assert (await client.post("/api/agents/102/login", headers=csrf)).status_code == 200
            async with asyncio.timeout(5):
                async for text in lines:
                    if text.startswith("data:") and '"102"' in text:
                        break
    assert not (line.paths.secrets / "admin.password").exists()
