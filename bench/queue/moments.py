"""What Asterisk's own record (CEL) tells of a round: when legs began and ended, who met whom."""

import csv
import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

_TYPE, _TIME, _UNIQUEID, _CHANNEL, _NAME, _EXTRA = 0, 1, 2, 4, 9, 10


@dataclass(slots=True)
class Leg:
    """An agent's leg; seconds since 1970."""

    agent: str
    began: float
    ended: float = 0.0


@dataclass(frozen=True, slots=True)
class Moments:
    """A round: agents' legs and callers' moments of joining, by unique id, and who met whom in a bridge."""

    legs: dict[str, Leg]
    came: dict[str, float]
    met: tuple[tuple[str, str], ...]

    @property
    def calls(self) -> int:
        """How many phones rang."""
        return sum(leg.began > 0 for leg in self.legs.values())

    @property
    def freed(self) -> list[float]:
        """Milliseconds from the end of an agent's talk until the same agent's phone rings again."""
        by_agent: dict[str, list[Leg]] = {}
        for leg in self.legs.values():
            by_agent.setdefault(leg.agent, []).append(leg)
        found = []
        for legs in by_agent.values():
            legs.sort(key=lambda leg: leg.began)
            found += [(b.began - a.ended) * 1000 for a, b in pairwise(legs) if a.ended]
        return found

    def joined(self, since: Mapping[str, float]) -> list[float]:
        """Milliseconds from a caller's moment `since` until the phone rings of the agent whom he met."""
        return [
            (self.legs[leg].began - since[caller]) * 1000
            for caller, leg in self.met
            if caller in since and leg in self.legs
        ]


def read(file: Path, start: int) -> Moments:
    """What was written behind the byte `start`."""
    legs: dict[str, Leg] = {}
    came: dict[str, float] = {}
    bridges: dict[str, list[str]] = {}
    with file.open(newline="", encoding="utf-8") as rows:
        rows.seek(start)
        for row in csv.reader(rows):
            kind, at, name, channel = row[_TYPE], float(row[_TIME]), row[_UNIQUEID], row[_CHANNEL]
            if "@bench-agent" in channel and channel.endswith(";1"):
                if kind == "CHAN_START":
                    legs[name] = Leg(channel.removeprefix("Local/").partition("@")[0], at)
                elif kind == "CHAN_END":
                    agent = channel.removeprefix("Local/").partition("@")[0]
                    legs.setdefault(name, Leg(agent, 0.0)).ended = at  # it may have begun before this round
            elif "JOIN" in (kind, row[_NAME]):
                came[name] = at
            if kind == "BRIDGE_ENTER":
                bridges.setdefault(json.loads(row[_EXTRA])["bridge_id"], []).append(name)
    met = []
    for members in bridges.values():
        agents = [name for name in members if name in legs]
        met += [(name, agent) for agent in agents for name in members if name not in legs]
    return Moments(legs, came, tuple(met))


def reached(journal: Path) -> dict[str, float]:
    """When the flow of each call reached its queue, as our journal tells: seconds since 1970, by unique id."""
    with sqlite3.connect(f"{journal.as_uri()}?mode=ro", uri=True) as store:
        rows = store.execute("""SELECT event FROM entries WHERE event LIKE '%"caller joined"%'""").fetchall()
    told = (json.loads(event) for (event,) in rows)
    return {event["call"]: datetime.fromisoformat(event["at"]).timestamp() for event in told}


def percentile(values: list[float], part: float) -> float:
    """The value below which this part (0 to 1) of them lies."""
    return sorted(values)[min(int(len(values) * part), len(values) - 1)]
