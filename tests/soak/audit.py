"""Reads a journal afterwards and checks the rules by itself: it shares no code with the engine or the projections.

Entries are taken as they were stored, JSON objects, in the order of their positions. What breaks a rule is told in
words; nothing is raised, so that one look shows everything.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Record:
    """One entry of the journal."""

    position: int
    event: Json
    decisions: tuple[Json, ...] = ()

    @property
    def name(self) -> str:
        """What the event is called."""
        return str(self.event["e"])


_ENDS = {
    "call started": ("call", 1),
    "call ended": ("call", -1),
    "offer made": ("offer", 1),
    "offer closed": ("offer", -1),
    "caller joined": ("visit", 1),
    "visit ended": ("visit", -1),
}
"""Which events and decisions begin (1) or end (-1) what."""


def counted_once(entries: Sequence[Record]) -> list[str]:
    """Every call ends once, every visit and every offer has one end, and nothing ends that never began.

    A visit may be told to begin more than once (a caller joins again after a crash); it counts once.
    """
    began: Counter[tuple[str, str]] = Counter()
    ended: Counter[tuple[str, str]] = Counter()
    for entry in entries:
        if entry.name == "resynchronised":
            began.update({("visit", seen["visit"]): 1 for seen in entry.event["callers"]})
        for told in (entry.event, *entry.decisions):
            if kind := _ENDS.get(told["e"]):
                (began if kind[1] > 0 else ended)[kind[0], told[kind[0]]] += 1
    began.update({key: 1 - count for key, count in began.items() if key[0] == "visit"})
    return [
        f"{kind} {name} began {began[kind, name]} times and ended {ended[kind, name]} times"
        for kind, name in sorted(began.keys() | ended.keys())
        if (began[kind, name], ended[kind, name]) != (1, 1)
    ]


class Agents:
    """Nobody has two offers or talks at once, and wrap-up is respected."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.offers = 0
        self._busy: dict[str, str] = {}  # agent -> offer
        self._until: dict[str, int] = {}  # agent -> engine time
        self._agent_of: dict[str, str] = {}

    def take(self, entry: Record) -> None:
        """The next entry."""
        event = entry.event
        for decision in sorted(entry.decisions, key=lambda d: d["e"] == "offer made"):
            match decision["e"]:
                case "offer made":
                    self._made(entry, decision, int(event["t"]))
                case "offer closed" if decision["result"] != "answered":
                    self._free(decision["agent"], decision["offer"])
                case "wrap-up begun":
                    self._busy.pop(decision["agent"], None)
                    self._until[decision["agent"]] = int(decision["until"])
                case "wrap-up ended":
                    self._until.pop(decision["agent"], None)
        if entry.name == "offer bridged" and event["offer"] in self._agent_of:
            # also an offer that was given up for dead: two people talk
            self._busy[self._agent_of[event["offer"]]] = event["offer"]
        elif entry.name == "talk ended":
            self._free(self._agent_of.get(event["offer"], ""), event["offer"])

    def _made(self, entry: Record, decision: Json, t: int) -> None:
        self.offers += 1
        agent, offer = decision["agent"], decision["offer"]
        if agent in self._busy:
            self.faults.append(f"entry {entry.position}: {agent} gets {offer} and has {self._busy[agent]}")
        if t < self._until.get(agent, 0) and decision.get("rule") != "transfer":  # a transfer to an agent does not wait
            self.faults.append(f"entry {entry.position}: {agent} gets {offer} {self._until[agent] - t} us too soon")
        self._busy[agent] = offer
        self._agent_of[offer] = agent

    def _free(self, agent: str, offer: str) -> None:
        if self._busy.get(agent) == offer:
            del self._busy[agent]


def unannounced(entries: Sequence[Record], recordings: Sequence[str]) -> list[str]:
    """Recordings whose call had not heard a notice to its end before the two were joined.

    `recordings` are the names of the files: `<call>_<offer>`.
    """
    noticed: dict[str, str] = {}
    bridged: dict[str, str] = {}
    for entry in entries:
        if entry.name == "notice heard":
            noticed.setdefault(entry.event["call"], entry.event["at"])
        elif entry.name == "offer bridged":
            bridged.setdefault(entry.event["offer"], entry.event["at"])
    faults = []
    for name in recordings:
        call, _, offer = name.rpartition("_")
        if call not in noticed:
            faults.append(f"{name}: no notice was heard to its end")
        elif offer in bridged and datetime.fromisoformat(noticed[call]) > datetime.fromisoformat(bridged[offer]):
            faults.append(f"{name}: the notice ended at {noticed[call]}, recorded from {bridged[offer]}")
    return faults
