"""The crowd's day, to the last call: what SIPp saw, Asterisk's own record (CEL), the records, the journal, the second
model of the rules, and what `ivr explain` tells."""

import asyncio
import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from acd.decisions import MakeOffer
from acd.engine import Engine
from acd.facts import Fact
from ivr.explanation import Explanation
from ivr.routing import engine_config
from ivr.testing.instance import Instance
from tests.soak.audit import Agents, Record, counted_once
from tests.soak.beside import beside
from tests.soak.channels import Channel, channels_of, disagreements, inexact, rung_twice, without_end
from tests.soak.crowd import Call, Crowd
from tests.soak.inspection import (
    decided_again,
    journal_of,
    recordings_proved,
    records_of,
    settled,
    tracebacks,
    undecided,
)
from tests.soak.judged import Decoded, contradictions, decoded
from tests.soak.part import Part
from tests.soak.staff import Staff

_AGREE = 2.0
"""Seconds by which SIPp's clock and Asterisk's record of one moment may differ on a busy machine."""

_KEPT_EVERY = 500
"""Entries between two states of the engine from which an explanation may begin."""


async def reconcile(part: Part, line: Instance, crowd: Crowd, staff: Staff, *, exact: bool) -> None:
    """All of it, into the part's table. `exact`: the server was never away, so lengths must be right too."""
    await settled(line)
    part.none("channels, bridges and open recordings left in Asterisk", await line.leftovers())
    calls = crowd.calls
    part.found("calls made by SIPp", len(calls))
    part.found("- hung up by the caller, by the line", _shares(call.by or "refused" for call in calls))
    rows = await records_of(line)
    channels = channels_of(line.paths.log / "cel-custom" / "cel.csv")
    _people(part, calls, staff, rows, channels)
    _asterisk(part, rows, channels, exact)
    entries = await journal_of(line)
    await asyncio.to_thread(_journal, part, line, entries, channels)
    for of in ("calls", "visits", "offers"):
        part.must(f"difference of the sums of {of}", await line.metric("centralita_sum_difference", of=of), 0.0)
    part.found("beliefs about calls that a resynchronisation repaired", await line.metric("centralita_drift_total"))
    part.must("tracebacks in the log of the server", tracebacks(line), 0)
    await recordings_proved(part, line, exact=exact)
    for call in rows[:: max(1, len(rows) // 5)][:5]:
        assert await line.command("explain", call["call"])


def _shares(words: Iterator[str]) -> str:
    return ", ".join(f"{word} {count:,}" for word, count in Counter(words).most_common())


def _people(part: Part, calls: Sequence[Call], staff: Staff, rows: Sequence[Any], channels: dict[str, Channel]) -> None:
    part.found("calls by outcome", _shares(row["outcome"] for row in rows))
    part.found("phones rung", len(staff.legs))
    part.found("- what they did", _shares(leg.plan for leg in staff.legs))
    part.found("- done besides", ", ".join(f"{what} {count}" for what, count in staff.done.most_common()))
    part.none("phones that had two legs of queues at once", rung_twice(channels))
    by_number = defaultdict(list)
    for channel in channels.values():
        if channel.of_a_caller:
            by_number[channel.number.removeprefix("+57")].append(channel)
    told = [(call, by_number.pop(call.number, [])) for call in calls]
    part.none("calls of which SIPp tells something else than Asterisk", [w for c, f in told if (w := _differs(c, f))])
    part.none("calls that Asterisk had and SIPp did not make", [f"{number}: {c}" for number, c in by_number.items()])


def _differs(call: Call, found: Sequence[Channel]) -> str:
    """What is wrong, in words; nothing when both saw the same."""
    if len(found) != 1:
        return f"{call.number}: {len(found)} channels"
    channel = found[0]
    if call.refused or channel.refused:
        return "" if call.refused and channel.refused else f"{call}: {channel}"
    if call.ended is None or channel.ended is None:
        return f"{call}: has no end, {channel}"
    if abs(call.ended - channel.ended) > _AGREE:
        return f"{call.number}: ended {call.ended - channel.ended:+.2f} s after Asterisk's end"
    by_caller = channel.hung_up_by.startswith("PJSIP/trunk-")
    if by_caller != (call.by == "caller") and abs(call.ended - channel.ended) > 0.1:  # both at once: either is right
        return f"{call.number}: ended by {call.by}, Asterisk says {channel.hung_up_by}"
    return ""


def _asterisk(part: Part, rows: Sequence[Any], channels: dict[str, Channel], exact: bool) -> None:
    part.found("channels in Asterisk's own record (CEL)", len(channels))
    part.none("calls of which CEL tells something else than the records", disagreements(channels, rows))
    lengths = "talks whose length differs from CEL's by more than half a second"
    if exact:
        part.none(lengths, inexact(channels, rows))
    else:
        part.found(lengths, len(inexact(channels, rows)))
    part.none("channels that never ended", without_end(channels))


def _journal(part: Part, line: Instance, entries: Sequence[Record], channels: dict[str, Channel]) -> None:
    """What needs the whole journal, and much time."""
    agents = Agents()
    for entry in entries:
        agents.take(entry)
    part.found("journal entries", len(entries))
    part.found("offers decided", agents.offers)
    part.none("rings that no decision explains", undecided(channels, entries))
    part.none("calls, visits, offers that did not end exactly once", counted_once(entries))
    part.none("agents with two offers at once, or rung in wrap-up", agents.faults)
    decided_again(part, line, entries)
    facts = decoded(entries)
    shares = os.cpu_count() or 1
    explaining = [partial(_explained, line, facts, share, shares) for share in range(shares)]
    wrong, *explained = beside(partial(contradictions, facts), *explaining)
    part.none("decisions or reasons that the second model calls wrong", wrong)
    part.found("calls that `ivr explain CALL` explains", sum(told for told, _ in explained))
    part.none("calls or rings of which it tells nothing", [fault for _, faults in explained for fault in faults])


def _explained(line: Instance, facts: Decoded, share: int, shares: int) -> tuple[int, list[str]]:
    """Every call of this share, from the state of the engine shortly before it began, as the command does it with
    checkpoints."""
    states: list[tuple[int, Any]] = []
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    offers: dict[str, list[str]] = defaultdict(list)
    engine = Engine(engine_config(line.site))
    for place, (_, fact, decisions) in enumerate(facts):
        if place % _KEPT_EVERY == 0:
            states.append((place, engine.snapshot()))
        if isinstance(fact, Fact):
            engine.fold(fact, decisions)
        if call := getattr(fact, "call", ""):
            first.setdefault(call, place)
            last[call] = place
        for made in decisions:
            if isinstance(made, MakeOffer):
                offers[made.call].append(made.agent)
    faults = []
    mine = list(first.items())[share::shares]
    for call, began in mine:
        begin, state = states[began // _KEPT_EVERY]
        explanation = Explanation(call, "en")
        explanation.begin(state)
        for _, fact, decisions in facts[begin : last[call] + 1]:
            explanation.take(fact, list(decisions))
        text = "\n".join([line.text for line in explanation.lines] + explanation.helped())
        missing = [agent for agent in offers[call] if agent not in text]
        if not explanation.lines or missing:
            faults.append(f"{call}: {len(explanation.lines)} lines, nothing of {missing}")
    return len(mine), faults
