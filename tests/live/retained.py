"""What live tests do with recordings of real talks once they lie in the vault: later days, retention, keys."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

from ivr.install.asterisk import tied
from ivr.testing.installation import ROOT
from ivr.testing.instance import Instance
from tests.live.recorded import kept
from tests.live.scenes import AGENT, CALLER, talking


async def talk(line: Instance, number: str, seconds: float = 2) -> dict[str, Any]:
    """A recorded talk, in the vault."""
    caller, agent = await talking(line, number)
    call = await line.call_id(caller)
    caller.say(CALLER, seconds)
    agent.say(AGENT, seconds)
    await asyncio.sleep(seconds)
    await caller.hang_up()
    await agent.call.ended(5)
    (found,) = await kept(line, call)
    await line.until_metric("centralita_records_behind", 0, seconds=20)
    return found


async def start_ahead(line: Instance, days: int) -> None:
    """The server starts so many days later."""
    with (line.paths.var / "log" / "server.log").open("ab") as log:
        line.server = await asyncio.create_subprocess_exec(
            *tied([sys.executable, "-m", "tests.live.ahead"]),
            env=line._environ() | {"AHEAD_DAYS": str(days)},
            cwd=ROOT,
            stdout=log,
            stderr=log,
        )
    await line.until_ready()


@asynccontextmanager
async def ahead(line: Instance, days: int) -> AsyncIterator[None]:
    """The server runs so many days later."""
    await line.stop_server()
    try:
        await start_ahead(line, days)
        yield
    finally:
        await line.stop_server()
        await line.start_server()


async def listener(line: Instance, account: str, *how: str) -> dict[str, str]:
    """The headers of a program of a new account."""
    await line.command("accounts", "add", account, "--no-login", *how)
    return {"Authorization": f"Bearer {(await line.command('tokens', 'add', account, '--scope', '*')).strip()}"}


async def retain(line: Instance) -> dict[str, Any]:
    """What is due is done, by somebody who has looked at the clock."""
    return json.loads(  # type: ignore[no-any-return]
        await line.command("recordings", "retention", "--run", "--yes", "--clock-is-right", "--json")
    )


async def state_of(line: Instance, found: dict[str, Any]) -> str:
    """`kept`, `archived` or `deleted`."""
    rows = (await line.api(f"/recordings?call={found['call']}"))["recordings"]
    return str(next(row["state"] for row in rows if row["recording"] == found["recording"]))


def wrapped_key(line: Instance, recording: str) -> bytes | None:
    """Without which no copy can be heard."""
    found = _of_recording(line, "SELECT wrapped FROM recording_keys WHERE recording = :recording", recording)
    return bytes(found) if found is not None else None


def file_of(line: Instance, recording: str) -> Path:
    """Where it lies in the vault, or has lain."""
    found = _of_recording(line, "SELECT file FROM recordings WHERE recording = :recording", recording)
    return line.paths.vault / str(found)


def _of_recording(line: Instance, asked: str, recording: str) -> Any:
    engine = create_engine(line.environment.records)
    try:
        with engine.connect() as connection:
            return connection.execute(text(asked), {"recording": recording}).scalar()
    finally:
        engine.dispose()
