"""The strategies: which of several available agents of one ring a queue takes."""

from zlib import crc32

from tests.property.shadow.house import House, fulfils
from tests.property.shadow.people import Caller

ALL = (1 << 64) - 1


def agrees(house: House, caller: Caller, chosen: str) -> bool:
    """Whether the queue's strategy takes this one of the candidates."""
    candidates = house.candidates(caller)
    if chosen not in candidates:
        return False
    queue = house.queue(caller.queue)
    assert queue is not None
    if house.kept_for(caller) is not None or queue.strategy == "ring all":
        return True
    rings = {name: house.ring(name, queue.id) or 0 for name in candidates}
    lowest = min(rings.values())
    pool = [name for name in candidates if rings[name] == lowest]
    if queue.strategy == "random":
        return chosen == by_lot(house, caller, pool, lowest)
    if queue.strategy == "round robin":
        last = house.position(house.lines[queue.id].last)
        return chosen == min(pool, key=lambda name: (house.position(name) <= last, house.position(name)))
    keys = {name: (key(house, queue.id, name, lowest), house.idle[name]) for name in pool}
    return chosen in pool and keys[chosen] == min(keys.values())


def by_lot(house: House, caller: Caller, pool: list[str], ring: int) -> str:
    """Drawn among all of the ring who are available, then on to the next who has not tried this caller."""
    everybody = [name for name in house.available() if house.ring(name, caller.queue) == ring]
    drawn = splitmix64(crc32(caller.queue.encode()) ^ house.lines[caller.queue].offers) % len(everybody)
    return next(name for name in everybody[drawn:] + everybody[:drawn] if name in pool)


def splitmix64(x: int) -> int:
    """Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014); constants of Vigna's splitmix64.c."""
    z = (x + 0x9E3779B97F4A7C15) & ALL
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & ALL
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & ALL
    return z ^ (z >> 31)


def key(house: House, queue: str, name: str, ring: int) -> int:
    """Smaller is taken first; equal ones in the order of becoming available."""
    worker, who, found = house.workers[name], house.agent(name), house.queue(queue)
    assert who is not None and found is not None
    match found.strategy:
        case "fewest calls":
            return worker.calls
        case "least talk time":
            return worker.talk_us
        case "linear":
            return house.position(name)
        case "weighted":
            return (worker.calls + 1) * 1_000_000 // who.weight
        case "best skill":
            circle = [found, *found.steps][ring]
            return -max(fulfils(who, circle.needs), default=0)
        case _:
            return 0
