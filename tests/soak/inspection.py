"""What is looked at after the traffic: Asterisk's leftovers, the journal, the records, the figures, and both ends of
every call."""

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from acd.codec import encode
from acd.engine import Engine
from acd.facts import Fact
from acd.journal import open_journal
from acd.model import offer_of_channel
from ivr.call.journalled import decode
from ivr.clock import LoopClock
from ivr.routing import engine_config
from ivr.testing.instance import Instance
from recordings.proof import Fault
from tests.live.recorded import all_kept, proved
from tests.soak.audit import Agents, Record, counted_once, unannounced
from tests.soak.channels import Channel, channels_of, disagreements, inexact, rung_twice, without_end
from tests.soak.judged import contradictions, decoded
from tests.soak.part import Part
from tests.soak.traffic import CLEARLY, RECEPTION, Leg, Seen, Traffic

_TALKED = ("answered", "transferred directly")
_IN_DOUBT = 0.4
"""Seconds of a talk in which nothing may be heard: audio begins after the bridge and ends before the hang-up."""

_HANGING_UP = 5.0
"""Seconds in which a caller's end may follow his agent's."""


async def settled(line: Instance) -> None:
    """Everything has ended and is written down."""
    await line.until_idle(30)
    for figure in ("centralita_lines_in_use", "centralita_queue_length", "centralita_records_behind"):
        await line.until_metric(figure, 0, seconds=15)
    begun = await line.metric("centralita_calls_started_total")
    await line.until_metric("centralita_calls_total", begun, seconds=15)


async def inspect(part: Part, line: Instance, traffic: Traffic, *, exact: bool = True) -> None:
    """All of it, into the part's table. `exact`: nothing was away meanwhile, so lengths must be right too."""
    await settled(line)
    part.none("channels, bridges and open recordings left in Asterisk", await line.leftovers())
    entries = await journal_of(line)
    rows = await _people(part, line, traffic)
    channels = channels_of(line.paths.log / "cel-custom" / "cel.csv")
    _asterisks_own(part, channels, traffic, rows, exact)
    part.none("rings that no decision explains", undecided(channels, entries))
    await asyncio.to_thread(_rules, part, line, entries)  # other lines go on meanwhile
    await asyncio.to_thread(decided_again, part, line, entries)
    for of in ("calls", "visits", "offers"):
        part.must(f"difference of the sums of {of}", await line.metric("centralita_sum_difference", of=of), 0.0)
    part.found("tracebacks in the log of the server", tracebacks(line))
    if not any(one.by == "outage" for one in (*traffic.seen, *traffic.legs)):  # what was cut off is adopted much later
        await recordings_proved(part, line, exact=exact)


async def recordings_proved(part: Part, line: Instance, *, exact: bool) -> None:
    """Everything that was recorded is in the vault, and is what is written about it; as long as the talk if `exact`:
    of a talk that began while the server was away the records know only when it came back."""
    await all_kept(line, seconds=60)
    part.none("recordings that did not come into the vault", sorted(line.recordings()))
    told = await proved(line)
    part.found("recordings in the vault", told.files)
    lengths = [finding for finding in told.findings if finding.fault is Fault.LENGTH]
    part.none("what `ivr recordings verify` finds", [one for one in told.findings if exact or one not in lengths])
    if not exact:
        part.found("- besides, recordings that are longer or shorter than the talk", len(lengths))


async def journal_of(line: Instance) -> list[Record]:
    """Every entry, as stored."""
    journal = await open_journal(line.environment.journal, LoopClock(), writing=False)
    try:
        return [Record(entry.position, entry.event, entry.decisions) async for entry in journal.read()]
    finally:
        await journal.close()


# ---------------------------------------------------------------------- what people saw, against the records


async def _people(part: Part, line: Instance, traffic: Traffic) -> list[Any]:
    rows = await records_of(line)
    refused = [seen for seen in traffic.seen if seen.code == 486]
    lost = [seen for seen in traffic.seen if seen.by == "outage"]
    answered = [seen for seen in traffic.seen if seen.answered is not None]
    part.found("calls placed", traffic.placed)
    part.must("calls whose caller remembers them", len(traffic.seen), traffic.placed)
    part.found("- answered by the line", len(answered))
    part.found("- withdrawn or unanswered", len(traffic.seen) - len(answered) - len(refused))
    if lost:
        part.found("- ended by the death of Asterisk", len(lost))
    by_number: dict[str, list[Any]] = {}
    for row in rows:
        if not row["did"].startswith("*"):  # not a colleague's question to a queue
            by_number.setdefault(row["number"].removeprefix("+57"), []).append(row)
    counted = Counter(row["outcome"] for row in rows)["refused"]
    part.found("refused with 486, all lines busy: callers", len(refused))
    part.found("refused with 486, all lines busy: records", counted)
    # Who hangs up while the refusal is on its way sees 487 and is counted as refused.
    withdrawn = sum(1 for seen in traffic.seen if seen.answered is None and seen.code != 486)
    part.must(
        "records of refusals that no caller saw or missed by hanging up", _outside(counted, refused, withdrawn), 0
    )
    checked = [_agrees(seen, rows) for seen, rows in _paired(traffic.seen, by_number)]
    part.none("callers whose record says something else than they saw", [fault for fault in checked if fault])
    part.none("records of calls that nobody placed", _unplaced(by_number, traffic.seen))
    talked = Counter(row["outcome"] for row in rows)
    part.found("calls by outcome", ", ".join(f"{name} {n}" for name, n in talked.most_common()))
    await _metrics_agree(part, line, rows)
    part.none("callers who were hung up on", dropped(traffic.seen, traffic.legs))
    part.found("phones rung by a queue", sum(1 for leg in traffic.legs if leg.offered))
    plans = Counter(leg.plan for leg in traffic.legs if leg.offered)
    part.found("- what they did", ", ".join(f"{name} {n}" for name, n in plans.most_common()))
    part.none("talks that only one side heard", _one_sided(traffic))
    return rows


def _asterisks_own(
    part: Part, channels: Mapping[str, Channel], traffic: Traffic, rows: Sequence[Any], exact: bool
) -> None:
    part.found("channels in Asterisk's own record (CEL)", len(channels))
    part.none("phones that had two legs of queues at once", rung_twice(channels))
    part.none("calls of which CEL tells something else than the records", disagreements(channels, rows))
    lengths = "talks whose length differs from CEL's by more than half a second"
    if exact:
        part.none(lengths, inexact(channels, rows))
    else:
        part.found(lengths, len(inexact(channels, rows)))
    if not any(one.by == "outage" for one in (*traffic.seen, *traffic.legs)):
        part.none("channels that never ended", without_end(channels))


async def records_of(line: Instance) -> list[Any]:
    """The rows of `ivr calls`, with numbers."""
    text = await line.command("calls", "--json", "--numbers", "--limit", "100000")
    return [json.loads(row) for row in text.splitlines()]


def _paired(seen: Sequence[Seen], by_number: Mapping[str, list[Any]]) -> Iterator[tuple[Seen, Sequence[Any]]]:
    """Each call with its record; who called more than once has them in their order."""
    calls: dict[str, list[Seen]] = {}
    for one in sorted(seen, key=lambda one: one.placed):
        if one.code != 486:
            calls.setdefault(one.number, []).append(one)
    for number, made in calls.items():
        rows = sorted(by_number.get(number, []), key=lambda row: _born(row["call"]))
        if len(made) == len(rows) > 1:
            yield from ((one, [row]) for one, row in zip(made, rows, strict=True))
        else:
            yield from ((one, rows) for one in made)


def _born(call: str) -> tuple[int, ...]:
    """What orders unique ids (`<node>-<epoch>.<n>`) by the birth of their channels."""
    return tuple(map(int, call.rpartition("-")[2].split(".")))


def _outside(counted: int, refused: Sequence[Seen], withdrawn: int) -> int:
    return max(0, counted - len(refused) - withdrawn, len(refused) - counted)


def _agrees(seen: Seen, rows: Sequence[Any]) -> str:
    """What is wrong with the record of a call, in words; nothing when it is right."""
    who = f"{seen.number} ({seen.did}, heard {_rounded(seen.voices)}, ended by {seen.by})"
    if seen.answered is None:
        talked = [row["outcome"] for row in rows if row["outcome"] in _TALKED]
        return f"{who} was never answered: {len(rows)} records {talked}" if len(rows) > 1 or talked else ""
    if len(rows) != 1:
        return f"{who} has {len(rows)} records"
    row, clearly = rows[0], seen.talked_with
    told = f"{who}: {row['outcome']} by {row['agent'] or 'nobody'}, talk {row['talk_us'] / 1e6:.2f} s"
    if not row["complete"]:
        return f"{told}, not complete"
    if clearly and row["outcome"] != ("transferred directly" if clearly == [RECEPTION] else "answered"):
        return told
    just_handed_on = seen.by == "outage" and row["transferred"]  # Asterisk died before the next one said a word
    if clearly and row["agent"] not in seen.voices and not just_handed_on:
        return told
    if not clearly and row["outcome"] in _TALKED and row["talk_us"] > (CLEARLY + _IN_DOUBT) * 1e6:
        return f"{told}, heard nobody clearly"
    return ""


def _rounded(voices: dict[str, float]) -> str:
    return ", ".join(f"{extension} {seconds:.2f} s" for extension, seconds in voices.items()) or "nobody"


def _unplaced(by_number: dict[str, list[Any]], seen: Sequence[Seen]) -> list[str]:
    numbers = {one.number for one in seen} | {""}
    return [f"{number}: {len(rows)} records" for number, rows in by_number.items() if number not in numbers]


async def _metrics_agree(part: Part, line: Instance, rows: Sequence[Any]) -> None:
    faults = []
    for outcome, count in Counter(row["outcome"] for row in rows).items():
        figure = await line.metric("centralita_calls_total", outcome=outcome)
        if figure != count:
            faults.append(f"{outcome}: {count} records, {figure:g} in /metrics")
    part.none("outcomes whose figure differs from the records", faults)
    corrections = await line.metric("centralita_corrections_total")
    part.found("records corrected after they were counted", corrections)


def dropped(seen: Sequence[Seen], legs: Sequence[Leg]) -> list[str]:
    """Callers whose call ended neither by themselves, nor by the person they talked to, nor by the flow's good-bye.

    Whoever was asked by a colleague first saw the colleague's number; then it counts who was heard.
    """
    faults = []
    for call in seen:
        if call.by != "them" or call.answered is None or call.farewell:
            continue
        talked = (leg for leg in legs if leg.number.removeprefix("+57") == call.number or leg.extension in call.voices)
        if not any(_hung_up(leg, call) for leg in talked):
            stayed = call.ended - call.answered
            faults.append(f"{call.number} ({call.did}) after {stayed:.1f} s, heard {_rounded(call.voices)}")
    return faults


def _hung_up(leg: Leg, call: Seen) -> bool:
    """Whether this phone ended the call: it talked with the caller and hung up just before."""
    return leg.talking is not None and leg.by in ("us", "outage") and -0.2 < call.ended - leg.ended < _HANGING_UP


def undecided(channels: Mapping[str, Channel], entries: Sequence[Record]) -> list[str]:
    """Agents' legs that nobody decided: ghosts, or deeds done twice."""
    decided = {d["offer"] for entry in entries for d in entry.decisions if d["e"] == "offer made"}
    legs = {offer for name in channels if (offer := offer_of_channel(name)) and not name.endswith(";2")}
    return sorted(legs - decided)


def _one_sided(traffic: Traffic) -> list[str]:
    """Who heard an agent for half a second must have been heard as well."""
    heard: dict[tuple[str, str], float] = defaultdict(float)
    for leg in traffic.legs:
        heard[leg.number.removeprefix("+57"), leg.extension] += leg.heard
    asked = {
        leg.extension for leg in traffic.legs if leg.number in traffic.extensions
    }  # colleagues: whom they hear then
    faults = []
    for seen in traffic.seen:
        for extension, seconds in seen.voices.items():
            if extension in asked or seen.by == "outage" or heard[seen.number, extension]:
                continue
            if seconds >= 0.5:
                faults.append(f"{seen.number} heard {extension} for {seconds:.1f} s and was not heard")
    return faults


# ---------------------------------------------------------------------- the rules, from the journal


def _rules(part: Part, line: Instance, entries: Sequence[Record]) -> None:
    agents = Agents()
    for entry in entries:
        agents.take(entry)
    part.found("journal entries", len(entries))
    part.found("offers decided", agents.offers)
    part.none("calls, visits, offers that did not end exactly once", counted_once(entries))
    part.none("agents with two offers at once, or rung in wrap-up", agents.faults)
    part.none("decisions or reasons that the second model calls wrong", contradictions(decoded(entries)))
    recordings = [entry.event["recording"] for entry in entries if entry.event["e"] == "recording finished"]
    part.found("talks recorded", len(recordings))
    part.none("recorded before the notice was heard to its end", unannounced(entries, recordings))


def decided_again(part: Part, line: Instance, entries: Sequence[Record]) -> None:
    """Invariant 6: the same facts give the same decisions, byte for byte."""
    engine, again, faults = Engine(engine_config(line.site)), 0, []
    for entry in entries:
        fact = decode(entry.event)
        if isinstance(fact, Fact):
            decided = tuple(encode(decision) for decision in engine.apply(fact))
            again += len(decided)
            if decided != tuple(entry.decisions):
                faults.append(f"entry {entry.position}, {entry.name}: {decided} instead of {entry.decisions}")
    part.found("decisions made again from the journal", again)
    part.none("decisions that came out differently", faults)


def tracebacks(line: Instance) -> int:
    """How many the server has logged."""
    return (line.paths.var / "log" / "server.log").read_text(errors="replace").count("Traceback")
