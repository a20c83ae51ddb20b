"""Asterisk's control socket, as Asterisk speaks it (the real one is met in tests/live/test_versions.py)."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from ivr.asterisk.console import ConsoleError, console
from tests.tools import run

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def asked(file: Path, serve: Serve, line: str = "dialplan reload", seconds: float = 2) -> str:
    server = await asyncio.start_unix_server(serve, str(file))  # type: ignore[arg-type]
    try:
        return await console(file, line, seconds=seconds)
    finally:
        server.close()


@run
async def test_a_command_and_what_it_prints(tmp_path: Path) -> None:
    heard: list[bytes] = []

    async def asterisk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"host/123/Asterisk 22\n")
        heard.append(await reader.readuntil(b"\0"))
        for part in (b"Dialplan ", b"reloaded.\n"):
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.01)
        writer.close()

    assert await asked(tmp_path / "ctl", asterisk) == "Dialplan reloaded.\n"
    assert heard == [b"cli quit after dialplan reload\0"]


@run
async def test_what_does_not_answer_is_told(tmp_path: Path) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async def closes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async def other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n")
        await writer.drain()
        await reader.read()
        writer.close()

    for n, serve in enumerate((silent, closes, other)):
        with pytest.raises(ConsoleError):
            await asked(tmp_path / f"ctl{n}", serve, seconds=0.2)
    with pytest.raises(ConsoleError, match="does not answer"):
        await console(tmp_path / "nothing", "dialplan reload")
