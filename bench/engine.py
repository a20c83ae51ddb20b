"""How long a decision takes: the facts of a busy day given to the engine, one by one.

`python -m bench.engine` prints the table. A fact that makes an agent free joins agent and caller in the same `apply`.
*Compiled*: the same sources by mypyc, as they are in the server's image (`acd.native`); each round is a process of its
own, and the two take turns. Promised: p99 of 50 us at most at the largest. *Loop*: p99 of a loop that only counts, for
as long as the decision's p50: what this machine adds by itself.
"""

import gc
import json
import os
import random
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter_ns
from typing import Any

from acd.config import AgentConfig, EngineConfig, Need, QueueConfig
from acd.decisions import MakeOffer
from acd.engine import Engine
from acd.facts import CallerJoined, DeviceSeen, EngineStarted, OfferBridged, Resynchronised, TalkEnded
from acd.model import AgentId, CallId, DeviceState, OfferId, QueueId, SkillId, VisitId
from acd.native import compile_engine

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
SIZES = ((10, 10, 2), (1_000, 200, 10), (10_000, 2_000, 40))
ROUNDS = 5
FREED = 3_000


def site(agents: int, queues: int, chance: random.Random) -> EngineConfig:
    """Every agent has three skills out of as many as queues; no wrap-up, so that freeing one decides at once."""
    skills = [SkillId(f"s{n}") for n in range(queues)]
    return EngineConfig(
        queues=tuple(
            QueueConfig(id=QueueId(f"q{n}"), needs=((Need(skill=skills[n]),),), wrap_up_us=0, longest_wait_us=9**12)
            for n in range(queues)
        ),
        agents=tuple(
            AgentConfig(id=AgentId(f"{n:05d}"), skills=dict.fromkeys(chance.sample(skills, min(3, queues)), 3))
            for n in range(agents)
        ),
    )


def one_round(waiting: int, agents: int, queues: int, seed: int) -> list[int]:
    """Nanoseconds of each `apply` that frees an agent while `waiting` callers wait."""
    chance = random.Random(seed)
    engine = Engine(site(agents, queues, chance))
    clock, call = 0, 0

    def tell(kind: Any, **fields: Any) -> tuple[Any, ...]:
        nonlocal clock
        clock += 1000
        return engine.apply(kind(at=AT, t=clock, **fields))

    def join() -> tuple[Any, ...]:
        nonlocal call
        call += 1
        name, queue = f"n1-{call}", QueueId(f"q{chance.randrange(queues)}")
        return tell(CallerJoined, visit=VisitId(f"{name}/1"), call=CallId(name), queue=queue, priority=call % 17 == 0)

    tell(EngineStarted, engine_version=1, config_hash="", prefix="0" * 13, node="n1")
    devices = tuple(DeviceSeen(agent=a.id, state=DeviceState.FREE) for a in engine.config.agents)
    tell(Resynchronised, callers=(), legs=(), devices=devices)
    talking: list[OfferId] = []
    while len(talking) < agents or sum(len(engine.waiting(q.id)) for q in engine.config.queues) < waiting:
        made = [d for _ in range(agents) for d in join() if isinstance(d, MakeOffer)]
        talking += [d.offer for d in made]
        for one in made:
            tell(OfferBridged, offer=one.offer)
        if call > 40 * (waiting + agents):
            break
    return free_agents(tell, join, talking, chance)


def free_agents(tell: Any, join: Any, talking: list[OfferId], chance: random.Random) -> list[int]:
    """One agent after the other becomes free; the caller taken is replaced by a new one."""
    times: list[int] = []
    for _ in range(FREED):
        offer = talking.pop(chance.randrange(len(talking)))
        begun = perf_counter_ns()
        decisions = tell(TalkEnded, offer=offer)
        times.append(perf_counter_ns() - begun)
        for made in decisions:
            if isinstance(made, MakeOffer):
                tell(OfferBridged, offer=made.offer)
                talking.append(made.offer)
        join()
    return times


def percentiles(seed: int) -> list[tuple[float, ...]]:
    """p50 and p99 in microseconds of each size, and p99 of a loop that takes as long as the p50."""
    found = []
    for waiting, agents, queues in SIZES:
        gc.collect()
        times = sorted(one_round(waiting, agents, queues, seed))
        p50, p99 = times[len(times) // 2], times[len(times) * 99 // 100]
        found.append((p50 / 1000, p99 / 1000, sorted(loops(p50))[FREED * 99 // 100] / 1000))
    return found


def loops(nanoseconds: int) -> list[int]:
    """How long a loop takes that mostly takes so long."""

    def one(turns: int) -> int:
        begun = perf_counter_ns()
        for _ in range(turns):
            pass
        return perf_counter_ns() - begun

    turns = 1000 * nanoseconds // sorted(one(1000) for _ in range(FREED))[FREED // 2]
    return [one(turns) for _ in range(FREED)]


def main() -> list[dict[str, str]]:
    """Rows for bench/RESULTS.md: microseconds from "agent free" to the decision with its reasons."""
    sources = str(Path(__file__).parents[1])
    with tempfile.TemporaryDirectory(prefix="bench-engine-") as folder:
        compile_engine(Path(folder))
        paths = {"Python": sources, "compiled": f"{folder}{os.pathsep}{sources}"}
        rounds: dict[str, list[list[tuple[float, ...]]]] = {kind: [] for kind in paths}
        for seed in range(ROUNDS):
            for kind, path in paths.items():
                words = [sys.executable, "-P", "-m", "bench.engine", str(seed)]
                told = subprocess.run(words, env={**os.environ, "PYTHONPATH": path}, capture_output=True, check=True)
                rounds[kind].append(json.loads(told.stdout))
    rows = []
    for number, (waiting, agents, queues) in enumerate(SIZES):
        for kind, found in rounds.items():
            p50, p99, loop = (sorted(one[number][part] for one in found)[ROUNDS // 2] for part in range(3))
            size = f"{waiting:,} waiting x {agents:,} agents, {queues} queues"
            row = {"decision": size, "engine": kind, "p50 us": f"{p50:.1f}", "p99 us": f"{p99:.1f}"}
            rows.append({**row, "loop p99 us": f"{loop:.1f}"})
    return rows


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(percentiles(int(sys.argv[1]))))
    else:
        for row in main():
            print(row)
