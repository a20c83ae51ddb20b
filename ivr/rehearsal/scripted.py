"""What a call of a test meets: everything as its file says. Pure."""

from collections import deque
from collections.abc import Mapping

from ivr.call import effects
from ivr.expression import Expression
from ivr.rehearsal.scenario_file import Given, Press
from ivr.rehearsal.situation import Situation
from ivr.rehearsal.surroundings import FROM_QUEUE, CallerLeft, from_phone, taken
from ivr.site import Site
from ivr.site.overrides import Override
from ivr.site.values import Unknown, Value, from_text

SPOKEN = 10.0
"""Seconds of a message whose length nobody says."""


class NotSaid(Exception):
    """The call needs something that the test does not say. The message says what, and how to write it."""


def situation_of(site: Site, given: Given, did: str) -> Situation:
    """The situation that a test describes. `given.at` is there."""
    assert given.at is not None
    local = given.at.replace(tzinfo=site.zone)
    figures = {name: figures_of(site, name, given.present) for name in site.queues} if given.present is not None else {}
    for name, queue in given.queues.items():
        own = queue.model_dump(exclude={"then"}, exclude_none=True)
        figures[name] = {**figures.get(name, {}), **own}
    return Situation(
        site=site,
        local=local,
        did=did,
        caller=given.caller,
        overrides={
            name: Override(timetable=name, state=o.state, since=local, by="test", who="test", prompt=o.prompt)
            for name, o in given.overrides.items()
        },
        figures=figures,
        lines_in_use=given.lines_in_use,
    )


def figures_of(site: Site, queue: str, present: list[str] | None) -> dict[str, int]:
    """Agents of a queue when only those are there."""
    there = sum(agent in present for agent in site.queues[queue].agents) if present is not None else 0
    return {"ready": there, "logged_in": there}


class Scripted:
    """A caller who does what is written, and a world that answers what is written (`Surroundings`)."""

    def __init__(self, situation: Situation, given: Given) -> None:
        self._situation = situation
        self._given = given
        self._next = deque(enumerate(given.keys))

    @property
    def left_over(self) -> int | None:
        """The index of the first of the caller's keys that was never asked for."""
        return self._next[0][0] if self._next else None

    # ------------------------------------------------------------------ the caller
    def during(self, prompt: str, secret: bool) -> str:
        """A key that is written for this prompt."""
        if not self._next or self._next[0][1].during != prompt:
            return ""
        return self._pressed(1)

    def key(self, seconds: float) -> str:
        """The next key."""
        if not self._next or self._next[0][1].during:
            return ""
        return self._pressed(1)

    def digits(self, take: effects.TakeDigits, secret: bool) -> effects.Entered:
        """The next keys, as many as are taken."""
        if not self._next or self._next[0][1].during:
            return taken(take, "")[0]
        index = self._next[0][0]
        entered, rest = taken(take, self._pressed(40))
        if rest:
            self._next.appendleft((index, Press(rest)))
        return entered

    def _pressed(self, most: int) -> str:
        index, press = self._next.popleft()
        if press.hangs_up:
            raise CallerLeft
        if len(press.keys) > most:
            self._next.appendleft((index, Press(press.keys[most:])))
        return press.keys[:most]

    def message(self, record: effects.RecordMessage) -> effects.Recorded:
        """What is written of the message."""
        said = self._given.message
        match said:
            case "full" | "failed":
                return effects.Recorded(ended=said)
            case "nothing":
                return effects.Recorded(ended="silence", file="simulated")
            case "hang up":
                return effects.Recorded(ended="hang up", seconds=SPOKEN, file="simulated")
        seconds = float(said.removesuffix(" s"))
        ended = "silence" if seconds < record.longest else "limit"
        return effects.Recorded(ended=ended, seconds=min(seconds, record.longest), file="simulated")

    def after(self, leaves: effects.JoinQueue | effects.Ring) -> effects.Returned | None:
        """What is written of the queue or the phone; None when nothing is."""
        if self._next and self._next[0][1].hangs_up and not self._next[0][1].during:
            self._pressed(1)
        if isinstance(leaves, effects.JoinQueue) and (key := self._while_waiting(leaves)):
            return effects.Returned(effects.Kind.KEY, key)
        if isinstance(leaves, effects.Ring):
            how = self._given.phones.get(leaves.extension, "")
            return from_phone(how, leaves.extension) if how else None
        queue = self._given.queues.get(leaves.queue)
        if queue is not None and queue.then:
            return FROM_QUEUE[queue.then]
        present = self._given.present
        agents = self._situation.site.queues[leaves.queue].agents
        if present is not None and not any(agent in present for agent in agents):
            return FROM_QUEUE["nobody there"]
        return None

    def _while_waiting(self, leaves: effects.JoinQueue) -> str:
        """The next key, if it leads out of this queue."""
        if not self._next or self._next[0][1].during or not self._next[0][1].keys.startswith(tuple(leaves.keys)):
            return ""
        return self._pressed(1)

    # ------------------------------------------------------------------ the world
    def opening(self, timetable: str) -> effects.Opening:
        """By the clock of the test, and what overrides it."""
        return self._situation.opening(timetable)

    def value_of(self, name: str) -> Value | Unknown:
        """What the situation says."""
        return self._situation.value_of(name)

    def holds(self, condition: Expression) -> bool:
        """Everything is known in a test."""
        raise NotSaid(f"whether {condition} holds is not known here")

    def look_up(self, source: str, given: Mapping[str, Value | Unknown]) -> effects.LookedUp:
        """What is written of the source."""
        answered = self._given.look_ups.get(source)
        if answered is None:
            raise NotSaid(f"the call looks up {source}; write what it answers: 'look-ups: {{{source}: not found}}'")
        return effects.LookedUp(answered.outcome, answers(self._situation.site, source, answered.values))


def answers(site: Site, source: str, written: tuple[tuple[str, str], ...]) -> dict[str, Value]:
    """The values of a source's answers, those that are left out as its file says. Raises ValueError."""
    declared = site.look_ups[source].answers
    values = {name: answer.otherwise for name, answer in declared.items() if answer.otherwise is not None and written}
    return {**values, **{name: from_text(text, declared[name].type) for name, text in written}}
