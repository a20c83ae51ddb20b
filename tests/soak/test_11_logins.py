"""Wrong logins and call decisions.

Calls come to a server at twenty a second, each by a channel that follows what the server says until it waits in a
queue (`ivr.testing.asterisk_agi`): how long that takes is the decision's time, with its entries in the journal. It is
measured beside nothing and beside a thousand wrong logins a second, in turns. Then names that have an account and names
that have none are tried with wrong passwords, one after the other, each name as often from the same addresses: the
answers must be the same, and their times must not tell the two apart.
"""

import asyncio
import functools
import random
import statistics
import tempfile
import time
from pathlib import Path

from ivr.access.model import Role
from ivr.testing.asterisk_agi import ScriptedChannel
from tests.access.house import House
from tests.soak.logins import wrong_login
from tests.soak.part import MINUTES, SEED, Part
from tests.soak.siege import Orders, besieged
from tests.tools import run

NAME, ORDER, SHARE = "logins", 11, 0.5
A_SECOND = 20.0
TURNS = 3
SOON = 20.0
"""Milliseconds that nobody calls a delay; more only where calls alone take half as much."""
NAMES = 40
"""So many with an account, and as many without."""
ANSWERED = 10
"""Of each kind: their answers to TRIES in a row are compared; the times of all others."""
FREE, TRIES = 5, 12
"""Of each name and address: five are free, then one has to wait."""
NEAR = 0.1
"""How far from one half the chance may be to tell by the time which of two names has an account: three standard
deviations of what chance alone gives for so many tries, and some."""


@functools.partial(run, seconds=MINUTES * 60 * 2 + 900)
async def test_wrong_logins_delay_no_call_and_tell_nothing(part: Part) -> None:
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="cl-") as folder:
        here = House(Path(folder), monitors="127.0.0.1", rate="50")  # as by default, but the attack is no neighbour
        try:
            await asyncio.to_thread(here.start)
            names = await asyncio.to_thread(_accounts, here)
            await _decisions(part, here)
            await asyncio.sleep(60)  # what is measured next is measured at rest
            await _tells_nothing(part, here, names)
        finally:
            await asyncio.to_thread(here.stop)
    part.finish(time.monotonic() - began)


def _accounts(here: House) -> list[str]:
    names = [f"persona{number}" for number in range(NAMES)]
    for name in names:
        here.add(name, Role.MONITOR, password=f"la clave de {name} que nadie sabe")
    return names


# ---- decisions


async def _decisions(part: Part, here: House) -> None:
    seconds = part.seconds / (2 * TURNS)
    beside: dict[str, list[float]] = {"nothing": [], "wrong logins": []}
    sent, lasted, statuses = 0, 0.0, dict[str, int]()
    calls = _Calls(here)
    for _ in range(TURNS):
        beside["nothing"] += await calls.come(seconds)
        orders = Orders(
            here.url, seconds, SEED, {role.value: (role.value, "") for role in here.browsers}, a_second=1000.0
        )
        flood, times = await asyncio.gather(besieged("logins", orders), calls.come(seconds))
        beside["wrong logins"] += times
        sent += flood["sent"]
        lasted += flood["seconds"]
        for status, count in flood["statuses"].items():
            statuses[status] = statuses.get(status, 0) + count
    part.at_most("missing of 1,000 wrong logins a second", round(1000 - sent / lasted), 50)
    part.found("- answers", ", ".join(f"{status} {count:,}" for status, count in sorted(statuses.items())))
    part.must("wrong logins that were let in, or met a fault", statuses.get("201", 0) + statuses.get("500", 0), 0)
    for what, times in beside.items():
        low, high = statistics.median(times), statistics.quantiles(times, n=100)[98]
        part.found(f"calls decided beside {what}", len(times))
        part.found("- their time, p50, p99, longest", f"{low:.1f} ms, {high:.1f} ms, {max(times):.1f} ms")
    quick = [statistics.median(times) for times in beside.values()]
    part.found("p50 beside wrong logins / beside nothing", f"{quick[1] / quick[0]:.2f}")
    tails = [statistics.quantiles(times, n=100)[98] for times in beside.values()]
    part.found("p99 beside wrong logins / beside nothing", f"{tails[1] / tails[0]:.2f}")
    part.at_most("p99 beside wrong logins", round(tails[1], 1), max(round(2 * tails[0], 1), SOON), " ms")


class _Calls:
    """Calls one after the other, each to the queue of the number that it dials."""

    def __init__(self, here: House) -> None:
        self._at = here.environment.fastagi
        self._count = 0

    async def come(self, seconds: float) -> list[float]:
        """For so long; from the connection to the decision, in milliseconds, of each."""
        times: list[float] = []
        due, ends = time.monotonic(), time.monotonic() + seconds
        while due < ends:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            due += 1 / A_SECOND
            self._count += 1
            channel = ScriptedChannel(
                arguments=("6010000003", "", "", "", "2026-11-23T10:00"),
                environment={"agi_uniqueid": f"n1-1795600000.{self._count}", "agi_callerid": f"31{self._count:08}"},
            )
            began = time.monotonic()
            await channel.call(self._at.host, self._at.port)
            assert channel.variables.get("DONE") == "wait", channel.variables
            times.append((time.monotonic() - began) * 1000)
        return times


# ---- what the time tells


async def _tells_nothing(part: Part, here: House, names: list[str]) -> None:
    known = dict.fromkeys(names, True) | {f"nadie{number}": False for number in range(NAMES)}
    places = {name: f"127.20.{place}.1" for place, name in enumerate(known)}
    asked = [*names[:ANSWERED], *list(known)[-ANSWERED:]]
    answers = set()
    for name in asked:
        answers.add(tuple([(await _one(here, name, places[name]))[0] for _ in range(TRIES)]))
    part.must(
        "answers to the tries of a name that has an account, and of one that has none", len(answers), 1, [*answers]
    )
    part.found("- they are", " ".join(next(iter(answers))))
    times: dict[bool, list[float]] = {True: [], False: []}
    others, chance = sorted(known.keys() - set(asked)), random.Random(SEED)
    for _ in range(FREE):  # round by round: what the machine does meanwhile does not fall upon one name
        for name in chance.sample(others, len(others)):
            status, took = await _one(here, name, places[name])
            assert status == "401", status
            times[known[name]].append(took)
    for has, what in ((True, "with"), (False, "without")):
        part.found(f"time of a wrong login {what} an account, p50", f"{statistics.median(times[has]):.1f} ms")
        part.found(f"- tries {what} an account", len(times[has]))
    apart = _told_apart(times[True], times[False])
    part.at_most("how far the chance to tell them apart by the time is from one half",
                 round(abs(apart - 0.5), 3), NEAR)  # fmt: skip


async def _one(here: House, name: str, address: str) -> tuple[str, float]:
    http = here.environment.http
    reader, writer = await asyncio.open_connection(http.host, http.port, local_addr=(address, 0))
    try:
        began = time.monotonic()
        status, _ = await wrong_login(reader, writer, name, random.Random(1))
        return status, (time.monotonic() - began) * 1000
    finally:
        writer.transport.abort()


def _told_apart(some: list[float], others: list[float]) -> float:
    """The chance that one of `some` is larger than one of `others` (Mann and Whitney's U, as a share)."""
    larger = sum((one > other) + 0.5 * (one == other) for one in some for other in others)
    return larger / (len(some) * len(others))
