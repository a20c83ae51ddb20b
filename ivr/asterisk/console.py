"""Asterisk's own control socket: one command line, and what Asterisk prints.

The socket file belongs to the user that runs Asterisk, with mode 0600 (asterisk.conf): whoever may open it owns
Asterisk anyway. So a reload needs no class of the manager interface; `system` or `config` there would let every holder
of its secret run commands (main/manager.c: action_originate, action_updateconfig).

The protocol is that of `asterisk -rx` (main/asterisk.c, ast_remotecontrol and netconsole): a greeting
`host/pid/version`, then commands that end with a zero byte; after `cli quit after COMMAND` the output comes and the
connection is closed.
"""

import asyncio
from pathlib import Path

LARGEST = 1_000_000
"""Bytes of an answer that are read."""


class ConsoleError(Exception):
    """Asterisk does not answer at its socket. The message says where and why."""


async def console(socket: Path, line: str, *, seconds: float = 20.0) -> str:
    """What a command of Asterisk's command line prints. Raises ConsoleError.

    `line` must be ours: it is not escaped.
    """
    try:
        async with asyncio.timeout(seconds):
            reader, writer = await asyncio.open_unix_connection(str(socket))
            try:
                greeting = await reader.readuntil(b"\n")
                if greeting.count(b"/") < 2:
                    raise ConsoleError(f"{socket}: not an Asterisk")
                writer.write(b"cli quit after " + line.encode() + b"\0")
                await writer.drain()
                return (await _answer(reader)).decode(errors="replace")
            finally:
                writer.close()
    except (OSError, EOFError, asyncio.LimitOverrunError) as error:
        raise ConsoleError(f"{socket}: Asterisk does not answer ({error or type(error).__name__})") from None


async def _answer(reader: asyncio.StreamReader) -> bytes:
    parts, size = [], 0
    while size < LARGEST and (part := await reader.read(65_536)):
        parts.append(part)
        size += len(part)
    return b"".join(parts)
