"""What Asterisk itself wrote down of every channel (CEL), read by itself, and held against the records."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

_COLUMNS = (
    *("type", "time", "uniqueid", "linkedid", "channel", "context", "exten", "app", "data"),
    *("user", "extra", "num", "dnid", "peer"),
)
_TALKED = ("answered", "transferred directly")

CLEARLY = 1.0
"""Seconds in one bridge from which two have talked for certain."""

_AGREE = 0.5
"""Seconds by which a record may differ from Asterisk: AMI's events are late when the machine is busy."""


@dataclass(slots=True)
class Channel:
    """A channel's life; times are seconds since 1970."""

    uniqueid: str
    name: str
    context: str
    exten: str
    started: float
    ended: float | None = None
    answered: bool = False
    number: str = ""  # the caller's
    hung_up_by: str = ""  # a channel's name, or a part of Asterisk's
    refused: bool = False
    stays: list[tuple[str, float, float | None]] = field(default_factory=list)  # bridge, from, to

    @property
    def phone(self) -> str:
        """The extension whose phone this is; empty for the trunk and for channels of Asterisk's own."""
        technology, _, rest = self.name.partition("/")
        name = rest.rpartition("-")[0]
        return name if technology == "PJSIP" and name.isdigit() else ""

    @property
    def of_a_caller(self) -> bool:
        """A call from outside."""
        return self.name.startswith("PJSIP/trunk-") and self.context == "from-trunk"


def channels_of(file: Path) -> dict[str, Channel]:
    """Every channel, by its unique id."""
    found: dict[str, Channel] = {}
    with file.open(newline="", encoding="utf-8", errors="replace") as rows:
        for values in csv.reader(rows):
            row = dict(zip(_COLUMNS, values, strict=True))
            at = float(row["time"])
            if row["type"] == "CHAN_START":
                found[row["uniqueid"]] = Channel(row["uniqueid"], row["channel"], row["context"], row["exten"], at)
            elif (channel := found.get(row["uniqueid"])) is not None:
                _take(channel, row, at)
    return found


def _take(channel: Channel, row: Mapping[str, str], at: float) -> None:
    match row["type"]:
        case "ANSWER":
            channel.answered = True
        case "HANGUP":
            channel.number = row["num"]
            channel.hung_up_by = str(json.loads(row["extra"]).get("hangupsource", ""))
        case "CHAN_END":
            channel.ended = at
        case "BRIDGE_ENTER":
            channel.stays.append((json.loads(row["extra"])["bridge_id"], at, None))
        case "BRIDGE_EXIT" if channel.stays:
            bridge, since, _ = channel.stays[-1]
            channel.stays[-1] = (bridge, since, at)
        case "LINE_REFUSED":
            channel.refused = True


def together(one: Channel, other: Channel) -> float:
    """For how many seconds two were in one bridge."""
    seconds = 0.0
    for bridge, begin, end in one.stays:
        for bridge_2, begin_2, end_2 in other.stays:
            if bridge == bridge_2 and end is not None and end_2 is not None:
                seconds += max(0.0, min(end, end_2) - max(begin, begin_2))
    return seconds


def talks(channels: Mapping[str, Channel]) -> dict[str, dict[str, float]]:
    """Who talked with whom: caller's unique id -> extension -> seconds."""
    by_bridge: dict[str, set[str]] = {}
    for channel in channels.values():
        for bridge, _, _ in channel.stays:
            by_bridge.setdefault(bridge, set()).add(channel.uniqueid)
    found: dict[str, dict[str, float]] = {}
    for caller in channels.values():
        if caller.of_a_caller:
            met = set().union(*(by_bridge[bridge] for bridge, _, _ in caller.stays)) - {caller.uniqueid}
            spoken: dict[str, float] = {}
            for other in (channels[name] for name in sorted(met)):
                if other.phone and (seconds := together(caller, other)) > 0:
                    spoken[other.phone] = spoken.get(other.phone, 0.0) + seconds
            found[caller.uniqueid] = spoken
    return found


def disagreements(channels: Mapping[str, Channel], rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Calls of which Asterisk tells something else than the records, in words."""
    callers = {channel.uniqueid: channel for channel in channels.values() if channel.of_a_caller}
    records = {row["call"]: row for row in rows if not row["did"].startswith("*")}  # not those of the house
    # Who goes before anybody answers may never have come to the server.
    missing = [name for name in callers.keys() - records.keys() if callers[name].answered]
    faults = [f"{name}: Asterisk had it, the records do not" for name in missing]
    faults += [f"{name}: the records have it, Asterisk does not" for name in records.keys() - callers.keys()]
    spoken = talks(channels)
    for name in sorted(callers.keys() & records.keys()):
        faults += [f"{name}: {fault}" for fault in _differs(callers[name], records[name], spoken[name])]
    return faults


def _differs(channel: Channel, row: Mapping[str, Any], spoken: Mapping[str, float]) -> list[str]:
    told = f"{row['outcome']} by {row['agent'] or 'nobody'}"
    if channel.refused or row["outcome"] == "refused":
        return [] if channel.refused and row["outcome"] == "refused" else [f"{told}, refused: {channel.refused}"]
    if channel.ended is None:
        return []  # Asterisk died with it: nobody wrote the end
    faults = []
    late = datetime.fromisoformat(row["ended"]).timestamp() - channel.ended if row["ended"] else None
    if late is None or abs(late) > 2 * _AGREE:
        faults.append(f"{told}, ended at {row['ended']}, which is {late} s after Asterisk's")
    clearly = {phone: seconds for phone, seconds in spoken.items() if seconds >= CLEARLY}
    if clearly and row["outcome"] not in _TALKED:
        faults.append(f"{told}, talked with {clearly}")
    if not spoken and row["outcome"] in _TALKED:
        faults.append(f"{told}, was in a bridge with nobody")
    if row["outcome"] in _TALKED and row["agent"] and row["agent"] not in spoken:
        faults.append(f"{told}, talked with {dict(spoken)}")
    return faults


def inexact(channels: Mapping[str, Channel], rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Talks that the records make longer or shorter than they were: those with one agent, by one phone."""
    faults, spoken = [], talks(channels)
    for row in rows:
        talked = spoken.get(row["call"], {})
        if row["outcome"] == "answered" and len(talked) == 1 and channels[row["call"]].ended is not None:
            difference = row["talk_us"] / 1e6 - sum(talked.values())
            if abs(difference) > _AGREE:
                faults.append(f"{row['call']}: talk of {row['talk_us'] / 1e6:.2f} s, {difference:+.2f} s of Asterisk's")
    return faults


def rung_twice(channels: Mapping[str, Channel]) -> list[str]:
    """Phones that had two legs of offers at once."""
    faults: list[str] = []
    last: dict[str, Channel] = {}
    legs = [channel for channel in channels.values() if channel.uniqueid.startswith("acd-") and channel.phone]
    for leg in sorted(legs, key=lambda leg: leg.started):
        before = last.get(leg.phone)
        if before is not None and before.ended is not None and leg.started < before.ended:
            faults.append(
                f"{leg.phone}: {leg.uniqueid} began at {leg.started}, {before.uniqueid} ended at {before.ended}"
            )
        last[leg.phone] = leg
    return faults


def without_end(channels: Mapping[str, Channel]) -> list[str]:
    """Channels that began and never ended."""
    return [f"{channel.uniqueid} {channel.name}" for channel in channels.values() if channel.ended is None]
