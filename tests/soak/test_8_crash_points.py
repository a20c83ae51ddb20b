"""Death at every point.

Twenty callers and six agents play the same quarter of a minute again and again (`tests/soak/script.py`). Each time the
server dies by SIGKILL at another point of its journal (`tests/soak/crashing.py`): at the n-th entry, for every n that
there is, once before the entry is stored, once when it is stored and nothing of it is done, and once when its deeds are
done. It is started again at once, and dies twice more in the same play, each time a third of the journal later. Then
what everybody heard, the journal, the records and Asterisk's own record of its channels must agree: nobody was hung up
on, places were kept, nothing was counted twice, nothing is left in Asterisk.
At some of the points the connection to AMI is cut, or Asterisk is killed, instead.

Several lines play beside each other. A run that is broken off, or whose time is over, goes on where it was.
"""

import asyncio
import functools
import hashlib
import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest

from tests.soak import crashing
from tests.soak import script as people
from tests.soak.part import FOLDER, FRESH, MINUTES, Part, surroundings
from tests.soak.points import AMI_LOST, ASTERISK_KILLED, KILL, CrashingLine, Outcome, Point, open_line, play
from tests.soak.script import CHANGES
from tests.tools import run

NAME, ORDER, SHARE = "crash-points", 8, 9
LINES = int(os.environ.get("SOAK_LINES", "4"))
"""How many lines play at once: one takes about a third of a core, with its Asterisk and its people."""

SAMPLED = 12
"""AMI and Asterisk go at every so manieth entry."""

_SPARE = 1.1
"""No two plays have quite as many entries."""


class Progress:
    """What was looked at, also by an earlier run, as long as the script is the same."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.done: dict[Point, dict[str, Any]] = {}
        self._revision = surroundings()["revision"]
        self._script = hashlib.sha256(Path(people.__file__).read_bytes()).hexdigest()[:12]
        if FRESH:
            file.unlink(missing_ok=True)
        rows = [json.loads(text) for text in file.read_text().splitlines()] if file.exists() else []
        for row in rows:
            if row["script"] == self._script and not row["faults"]:
                self.done[Point(row["number"], row["when"], row["what"])] = row

    def keep(self, points: Sequence[Point], outcome: Outcome) -> None:
        """Write the points of one play down. What had a fault is tried again by the next run."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        for place, point in enumerate(points):
            struck = place < len(outcome.struck)
            row = {
                "number": point.number,
                "when": point.when,
                "what": point.what,
                "struck": int(struck),
                "kind": outcome.struck[place] if struck else "",
                "faults": outcome.faults,
                "script": self._script,
                "revision": self._revision,
            }
            self.done[point] = row
            with self.file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row, ensure_ascii=False) + "\n")


def points(entries: int) -> Iterator[Point]:
    """All of them, those in doubt last."""
    for when in crashing.WHENS:
        yield from (Point(number, when) for number in range(1, entries + 1))
    for number in range(1, entries + 1, SAMPLED):
        yield Point(number, crashing.WHENS[number // SAMPLED % 3], AMI_LOST)
        yield Point(number, crashing.WHENS[number // SAMPLED % 3], ASTERISK_KILLED)


def plays(left: Sequence[Point]) -> list[tuple[Point, ...]]:
    """The points of each play: three deaths that lie a third of the journal apart, everything else by itself."""
    found: list[tuple[Point, ...]] = []
    for when in crashing.WHENS:
        deaths = [point for point in left if point.what == KILL and point.when == when]
        third = -(-len(deaths) // 3)
        shares = [deaths[place : place + third] for place in range(0, len(deaths), third)] if deaths else []
        found += [tuple(filter(None, together)) for together in zip_longest(*shares)]
    return found + [(point,) for point in left if point.what != KILL]


def one_after_the_other(points: Sequence[Point]) -> list[Point]:
    """As `play` wants them: a further point counts from the entry behind the restart."""
    return [
        replace(point, number=point.number - before)
        for point, before in zip(points, (0, *(point.number for point in points)), strict=False)
    ]


class Company:
    """Lines that take points from one list until it is empty or the time is over."""

    def __init__(self, progress: Progress, seconds: float) -> None:
        self.progress = progress
        self.ends = asyncio.get_running_loop().time() + seconds
        self.entries = 0
        self.left: list[tuple[Point, ...]] = []

    async def work(self) -> None:
        """Everything, or as much as there is time for."""
        with tempfile.TemporaryDirectory(prefix="cl-", ignore_cleanup_errors=True) as folder:
            first = await open_line(Path(folder) / "0", CHANGES)
            try:
                counted = await play(first, [])
                assert not counted.faults, counted.faults
                self.entries = len(counted.counted)
                known = self.progress.done
                self.left = plays([p for p in points(int(self.entries * _SPARE)) if p not in known])[::-1]
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._play_on(first))
                    for number in range(1, LINES):
                        group.create_task(self._another(Path(folder) / str(number)))
            finally:
                await first.stop()

    async def _another(self, folder: Path) -> None:
        line = await open_line(folder, CHANGES)
        try:
            await self._play_on(line)
        finally:
            await line.stop()

    async def _play_on(self, line: CrashingLine) -> None:
        while self.left and asyncio.get_running_loop().time() < self.ends:
            struck = self.left.pop()
            await line.anew()
            outcome = await play(line, one_after_the_other(struck))
            reached = max(1, len(outcome.struck))
            missed = [point for point in struck[reached:] if point.number < self.entries]
            self.left[:0] = [(point,) for point in missed]  # the deaths before left fewer entries: by itself then
            self.progress.keep([point for point in struck if point not in missed], outcome)
            if outcome.faults:
                _keep_evidence(line, struck[0])


def _keep_evidence(line: CrashingLine, point: Point) -> None:
    kept = FOLDER / "failed" / f"{NAME}-{point.number}-{point.when}-{point.what.replace(' ', '-')}"
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True)
    files = [*line.paths.var.glob("*.sqlite*"), line.paths.var / "log" / "server.log", line.paths.log / "messages.log"]
    for file in (*files, line.paths.log / "cel-custom" / "cel.csv", line.folder / "appends"):
        if file.exists():
            shutil.copy(file, kept)


@functools.partial(run, seconds=MINUTES * 60 * SHARE + 240)
async def test_death_at_every_point(part: Part) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    progress = Progress(FOLDER / f"{NAME}.jsonl")
    company = Company(progress, part.seconds)
    await company.work()
    rows = list(progress.done.values())
    if faulty := [row for row in rows if row["faults"]]:
        told = [f"{row['what']} at {row['number']} {row['when']} ({row['kind']}): {row['faults']}" for row in faulty]
        pytest.fail(f"{len(faulty)} of {len(rows)} points:\n" + "\n".join(told[:20]))
    if company.left:
        pytest.skip(f"{len(company.left)} plays are left, {len(rows)} points were looked at: `make soak` again goes on")
    part.found("callers and agents", f"{len(people.CALLERS)} and {len(people.AGENTS)}")
    part.found("entries of the journal in a play without a crash", company.entries)
    reached = [row for row in rows if row["struck"]]
    for when in crashing.WHENS:
        killed = [row for row in reached if row["what"] == KILL and row["when"] == when]
        part.found(f"deaths {_WORDS[when]}", len(killed))
        part.found("- at so many kinds of entry (its event with its decisions)", len({row["kind"] for row in killed}))
    revisions = Counter(row["revision"] for row in reached)
    part.found("points by revision", ", ".join(f"{revision} {count}" for revision, count in revisions.items()))
    for what in (AMI_LOST, ASTERISK_KILLED):
        part.found(f"points with: {what}", sum(row["what"] == what for row in reached))
    kinds = Counter(row["kind"] for row in reached)
    part.found("kinds of entry", ", ".join(f"{kind} {count}" for kind, count in kinds.most_common()))
    part.must("points that no play reached before the last entry", _missed(rows, company.entries), 0)
    part.none("points after which something was wrong", faulty)
    part.finish(loop.time() - began)


_WORDS = {
    "before": "before the entry was stored",
    "durable": "when it was stored and nothing of it done",
    "done": "when its deeds were done",
}


def _missed(rows: list[dict[str, Any]], entries: int) -> int:
    """How many points within the shortest plays were never struck."""
    return sum(not row["struck"] for row in rows if row["number"] < entries * (2 - _SPARE))
