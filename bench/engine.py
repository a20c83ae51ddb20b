"""How long a decision takes: the facts of a busy day given to the engine, one by one.

`python -m bench.engine` prints the table. A fact that makes an agent free joins agent and caller in the same `apply`.
"""

import gc
import random
from datetime import UTC, datetime
from time import perf_counter_ns
from typing import Any

from acd.config import AgentConfig, EngineConfig, Need, QueueConfig
from acd.decisions import MakeOffer
from acd.engine import Engine
from acd.facts import CallerJoined, DeviceSeen, EngineStarted, OfferBridged, Resynchronised, TalkEnded
from acd.model import AgentId, CallId, DeviceState, OfferId, QueueId, SkillId, VisitId

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
        for offer in made:
            tell(OfferBridged, offer=offer)
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


def main() -> list[dict[str, str]]:
    """Rows for bench/RESULTS.md: microseconds from "agent free" to the decision with its reasons."""
    rows = []
    for waiting, agents, queues in SIZES:
        p50, p99 = [], []
        for seed in range(ROUNDS):
            gc.collect()
            times = sorted(one_round(waiting, agents, queues, seed))
            p50.append(times[len(times) // 2] / 1000)
            p99.append(times[len(times) * 99 // 100] / 1000)
        rows.append(
            {
                "decision": f"{waiting:,} waiting x {agents:,} agents, {queues} queues",
                "p50 us": f"{sorted(p50)[ROUNDS // 2]:.1f}",
                "p99 us": f"{sorted(p99)[ROUNDS // 2]:.1f}",
            }
        )
    return rows


if __name__ == "__main__":
    for row in main():
        print(row)
