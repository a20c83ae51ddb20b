"""Which exits of which verbs callers really took: read from the journal, not believed.

    @takes("dial: no answer", "dial: busy", heard=("ask: wrong key",))
    async def test_...(line: Instance) -> None: ...

A test says which exits it takes. When its calls have ended, their facts must show each of them: a step of that verb,
and next the very step that this exit leads to. (In the tests' site no two exits of a step lead to the same step.)
`heard` names what the journal cannot show, such as prompts: these the test hears itself.
`tests/unit/test_every_exit.py` demands that no exit and no prompt of any verb is missing in all the tests together.
"""

import asyncio
import contextlib
import functools
from collections.abc import Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any

from acd.codec import UnknownEvent, decode
from acd.journal import open_journal
from ivr.call.facts import (
    CallEnded,
    CallStarted,
    DialAnswered,
    DialBegun,
    KeyChosen,
    KeyWrong,
    RecordingWished,
    SourceAsked,
    StepEntered,
)
from ivr.clock import LoopClock
from ivr.site import Flow, Site
from ivr.site.targets import A_PERSON, HANG_UP, exit_of, leaves
from ivr.testing.instance import Instance
from ivr.verbs.hang_up import HangUpStep
from ivr.verbs.step import Step
from tests.live.scenes import live

VERBS_SITE = Path(__file__).parent / "verbs_site"
"""A site whose menus lead to every verb; no two exits of one of its steps lead to the same step."""

NOTING = "anotar"
"""The step of that site to which every `when hung up` leads at last; nothing else does."""

RETURN, RETURN_BY = "target: return", "target: return EXIT"
TARGETS = frozenset({f"target: {HANG_UP}", f"target: {A_PERSON}", RETURN, RETURN_BY})
"""The words that stand for no step, wherever a step may be named."""


def takes(*exits: str, heard: Sequence[str] = ()) -> Callable[[Callable[..., Coroutine[Any, Any, None]]], Any]:
    """Make a live test that takes these exits (`verb: exit`), and prove it."""

    def decorate(test: Callable[..., Coroutine[Any, Any, None]]) -> Any:
        @functools.wraps(test)
        async def proven(line: Instance, **more: Any) -> None:
            since = len(await facts(line))
            await test(line, **more)
            for person in line.persons:
                await person.hang_up()
            found = await until_ended(line, since)
            missing = set(exits) - (ways := taken(line.site, found))
            assert not missing, f"not taken: {sorted(missing)}; taken: {sorted(ways)}; in {found}"

        proven = live(proven)
        proven.takes, proven.heard = frozenset(exits), frozenset(heard)
        return proven

    return decorate


async def facts(line: Instance) -> list[Any]:
    """The journal's facts of calls until now."""
    journal = await open_journal(line.environment.journal, LoopClock(), writing=False)
    try:
        events = [entry.event async for entry in journal.read()]
    finally:
        await journal.close()
    found = []
    for event in events:
        with contextlib.suppress(UnknownEvent):  # the engine's own facts are not asked for
            found.append(decode(event))
    return found


async def until_ended(line: Instance, since: int, seconds: float = 10) -> list[Any]:
    """The facts after the first `since`, when every call in them has ended."""
    for _ in range(round(seconds / 0.2)):
        found = (await facts(line))[since:]
        begun = {fact.call for fact in found if isinstance(fact, CallStarted)}
        if begun <= {fact.call for fact in found if isinstance(fact, CallEnded)}:
            await asyncio.sleep(0.3)  # what is undone is told a little later
            return (await facts(line))[since:]
        await asyncio.sleep(0.2)
    raise AssertionError("a call does not end")


def taken(site: Site, found: Sequence[Any]) -> set[str]:
    """Every exit that these facts show, as `verb: exit`."""
    calls = {fact.call for fact in found if isinstance(fact, CallStarted)}
    each = ([fact for fact in found if getattr(fact, "call", None) == call] for call in calls)
    return {way for story in each for way in _of_call(site, story)}


def _of_call(site: Site, story: Sequence[Any]) -> Iterator[str]:
    for index, fact in enumerate(story):
        if isinstance(fact, StepEntered):
            flow = site.flows[fact.flow]
            yield from _of_step(flow, flow.steps[fact.step], fact, story[index + 1 :])


def _of_step(flow: Flow, step: Step, entered: StepEntered, rest: Sequence[Any]) -> Iterator[str]:
    """What one step did, by what came next."""
    following = next((fact for fact in rest if isinstance(fact, StepEntered)), None)
    soon = rest[: rest.index(following)] if following is not None else rest
    for fact in soon:
        if isinstance(fact, KeyWrong) and fact.step == entered.step:
            yield "ask: wrong key" if fact.key else "ask: no key"
        if isinstance(fact, RecordingWished) and fact.step == entered.step:
            yield f"recording: {fact.wish}"
    if step.when_hung_up and following is None and _undone(soon):
        yield f"{step.verb}: when hung up"
    if step.verb == "goto":
        yield from ["goto: goto"] if following is not None and following.flow != entered.flow else []
    elif step.verb == "call":
        back = next((fact for fact in rest if isinstance(fact, StepEntered) and fact.flow == entered.flow), None)
        yield from _to(step, back.step) if back is not None else ()
    elif following is not None and following.flow == entered.flow:
        yield from _to(step, following.step)
    else:
        yield from _left(step, soon, following is not None)


def _to(step: Step, name: str) -> Iterator[str]:
    """The exit that leads to a step."""
    exits = {str(reference.path[0]) for reference in step.exits() if reference.name == name}
    assert len(exits) <= 1, f"{name} is where {' and '.join(sorted(exits))} lead"
    yield from (f"{step.verb}: {way}" for way in exits)
    if step.verb == "ask" and not exits:
        yield "ask: back"


def _left(step: Step, soon: Sequence[Any], returned: bool) -> Iterator[str]:
    """No other step of the flow came after this one: a word that is no step, or the caller hung up."""
    chosen = next((fact.then for fact in soon if isinstance(fact, KeyChosen)), None)
    possible = [r for r in step.exits() if leaves(r.name) and chosen in (None, r.name)]
    if returned:
        words = {r.name for r in possible if exit_of(r.name) is not None}
        yield from (RETURN_BY if exit_of(word) else RETURN for word in words if len(words) == 1)
        return
    ended = next((fact for fact in soon if isinstance(fact, CallEnded)), None)
    if ended is None:
        return
    if isinstance(step, HangUpStep):
        yield f"hang up: {ended.reason}"
    rung = any(isinstance(fact, DialBegun) for fact in soon)
    if any(isinstance(fact, DialAnswered) for fact in soon) and not rung:
        word = A_PERSON
    elif ended.by == "us" and ended.reason == "ended in IVR":
        word = HANG_UP
    else:
        return
    ways = {str(r.path[0]) for r in possible if r.name == word}
    if ways:
        yield f"target: {word}"
    yield from (f"{step.verb}: {way}" for way in ways if len(ways) == 1)


def _undone(soon: Sequence[Any]) -> bool:
    """Whether a look-up was asked at a step that nobody entered: the way of a caller who has hung up."""
    return any(isinstance(fact, SourceAsked) and fact.step == NOTING for fact in soon)
