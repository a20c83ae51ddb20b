"""Follows every call that a flow can have, by running the call's real machine with every answer to every effect.

A generator cannot be copied, so a step is run again with the answers that lead to where it is to go on. A way ends
where the machine enters the next step or remembers its place within one; places that were met before are not followed
twice. Left out: the count of steps, which has a claim of its own, and more than MOST_VALUES values of a variable: it is
not known from then on.
"""

from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from acd.model import CallId
from ivr.call import effects, facts
from ivr.call.effects import FRESH, RESUMED, Effect, Input, Kind, Returned
from ivr.call.machine import Machine
from ivr.call.memory import Memory
from ivr.call.place import RECEPTION, Place
from ivr.call.story import CallInfo
from ivr.proof.choices import DONE, Choice, Choices
from ivr.proof.frames import inside
from ivr.proof.seen import Seen
from ivr.proof.space import Edge, Goal, Node
from ivr.site import Flow, Site
from ivr.site.recordings import Wished
from ivr.site.values import UNKNOWN
from ivr.verbs.queue import EXITS

STEPS = 8
"""What the count of steps begins with at each state; a smaller one afterwards tells that the caller acted."""

APART = 4
"""Answers after which a question in the middle of a step is a state of its own."""

MOST_VALUES = 32
MOST_EFFECTS = 2_000
"""In one run of a step."""

AT = datetime.fromtimestamp(0, UTC)

_DONE = (effects.Tell, effects.Remember, effects.Complain, effects.KeepMessage, effects.DropMessage)
_QUEUE = tuple(Returned(Kind.QUEUE, exit) for exit in EXITS)
_TALK = (Returned(Kind.TALK),)
_UNANSWERED = ("NOANSWER", "BUSY", "CHANUNAVAIL")


class Entering(Machine):
    """A call that goes on at a step that it has just entered."""

    _at_hand = True

    def _beginning(self) -> Generator[Effect, Input, str]:
        name = yield from super()._beginning()
        self._story.returned = None
        return name

    def _enter(self, name: str, verb: str) -> Generator[Effect, Input, str]:
        if self._at_hand:
            self._at_hand = False
            return name
        return (yield from super()._enter(name, verb))

    @classmethod
    def at(cls, site: Site, flow: Flow, info: CallInfo, node: Node) -> Machine:
        """The call at a state."""
        maker = cls if node.place is not None and node.returned is None else Machine
        machine = maker(site, flow, info, node.place, node.returned or FRESH, node.memory)
        machine._talked = node.talked
        return machine


@dataclass(slots=True)
class Run:
    """A call while it is followed from a state."""

    machine: Machine
    channel: tuple[Place, Memory] | None  # what is remembered on it
    offered: bool
    choices: tuple[Choice, ...]  # since the state
    wished: Wished  # about its recording
    remembered: int = 0
    past: bool = False


class Exploration:
    """All states of the calls to one flow."""

    def __init__(self, site: Site, flow: Flow, choices: Choices, seen: Seen, most: int) -> None:
        """`most`: states, then it ends and `complete` is False."""
        self._site, self._flow, self._choices, self._seen = site, flow, choices, seen
        self._worlds, self._keys = choices.worlds, choices.keys
        self._most = most
        self._numbers: dict[object, Node] = {}
        self._values: dict[tuple[str, str], set[object]] = {}
        self._undone: set[object] = set()
        self.nodes: list[Node] = []
        self.complete = True

    def explore(self) -> None:
        """Follow everything from the first step on."""
        start = Node(
            number=0,
            place=None,
            mask=self._worlds.all,
            assumed=frozenset(),
            offered=False,
            talked=False,
            wished=Wished(),
        )
        self.nodes.append(start)
        index = 0
        while index < len(self.nodes):
            if len(self.nodes) >= self._most:
                self.complete = False
                return
            self._expand(self.nodes[index])
            index += 1

    def machine_at(self, node: Node) -> Machine:
        """The machine at a state, before what is repeated there."""
        node = node.base or node
        world = self._worlds.example(node.mask)
        info = CallInfo(call=CallId("proof"), did=world.did)
        return Entering.at(self._site, self._flow, info, node)

    # ------------------------------------------------------------------ one state
    def _expand(self, node: Node) -> None:
        self._undo(node)
        if node.place is not None and not node.asked and node.returned is None and not (node.base or node).restarted:
            self._meet(node, self._restarted(node), Edge(source=node, target=None, restart=True))
        waiting: deque[tuple[Choice, ...]] = deque([()])
        while waiting:
            self._follow(node, waiting.popleft(), waiting)

    def _restarted(self, node: Node) -> Node:
        """The same place after the server was away."""
        return replace(
            node, returned=RESUMED, restarted=True, base=None, prefix=(), inside=(), remembered=0, asked=False
        )

    def _follow(self, node: Node, choices: tuple[Choice, ...], waiting: deque[tuple[Choice, ...]]) -> None:
        """One way from a state to where it ends; its side ways are put aside."""
        run = Run(self.machine_at(node), node.channel, node.offered, choices, node.wished)
        try:
            self._drive(node, run, self._repeated(node, run), waiting)
        except (LookupError, TypeError, ValueError, AttributeError, RuntimeError) as fault:
            self._seen.broken(node, run.choices, run.machine.story, fault)

    def _repeated(self, node: Node, run: Run) -> Effect:
        """Give the answers that lead to where the way goes on."""
        step = run.machine.step
        effect = run.machine.start(AT)
        answers = (*node.prefix, *run.choices)
        here = len(answers) - len(run.choices)
        index = 0
        while index < len(answers):
            if isinstance(effect, _DONE):
                run.remembered += isinstance(effect, effects.Remember)
                effect = step(DONE, AT)
            else:
                if isinstance(effect, effects.RecordMessage):
                    run.offered, run.past = True, run.past or index >= here
                effect = step(answers[index].answer, AT)
                index += 1
        return effect

    def _drive(self, node: Node, run: Run, effect: Effect, waiting: deque[tuple[Choice, ...]]) -> None:
        for _ in range(MOST_EFFECTS):
            match effect:
                case effects.Remember():
                    run.remembered += 1
                    new = run.remembered > node.remembered
                    where = inside(run.machine) if new else ()
                    after = run.machine.step(DONE, AT)
                    if new and self._arrives(node, run, effect, after, where):
                        return
                    effect = after
                case effects.JoinQueue() | effects.Ring() | effects.HangUp():
                    self._ends(node, run, effect)
                    return
                case effects.Tell() | effects.Complain() | effects.KeepMessage() | effects.DropMessage():
                    self._seen.told(node, run.choices, run.machine.story, effect)
                    run.wished = _after(run.wished, effect)
                    effect = run.machine.step(DONE, AT)
                case _:
                    if len(run.choices) >= APART:
                        self._pauses(node, run)
                        return
                    effect = run.machine.step(self._answer(node, run, effect, waiting).answer, AT)
        raise RuntimeError("the step does not end")

    def _answer(self, node: Node, run: Run, effect: Effect, waiting: deque[tuple[Choice, ...]]) -> Choice:
        """The first answer that is possible."""
        before = run.choices[-1] if run.choices else node
        if isinstance(effect, effects.RecordMessage):
            self._goal(node, run, Goal.MESSAGE)
            run.offered = run.past = True
        self._seen.asked(node, run.choices, run.machine.story, effect)
        first, *others = self._choices.of(effect, run.machine.story, before.mask, before.assumed)
        for choice in (first, *others):
            if choice.fault:
                self._seen.failed(node, (*run.choices, choice), run.machine.story, choice.fault)
        waiting.extend((*run.choices, other) for other in others)
        run.choices = (*run.choices, first)
        return first

    # ------------------------------------------------------------------ where a way ends
    def _arrives(self, node: Node, run: Run, remembered: effects.Remember, after: Effect, where: object) -> bool:
        """Whether a state is reached: always, but when the machine itself rings reception."""
        place, memory = remembered.place, remembered.memory
        run.channel = (replace(place, steps=STEPS), self._abstracted(place, memory))
        if place.step == RECEPTION:
            return False
        entered = isinstance(after, effects.Tell) and isinstance(after.fact, facts.StepEntered)
        found = self._state(node, run, *run.channel)
        if entered:
            found.place = replace(
                run.channel[0],
                key=self._keys.kept(place.flow, place.step, place.key),
                menus=place.menus if self._keys.leads_back(place.flow) else (),
            )
            found.channel = (found.place, found.memory)
        acted = place.steps < STEPS
        if not entered:
            found.base, found.prefix, found.inside = node.base or node, (*node.prefix, *run.choices), (where, acted)
            found.remembered = run.remembered
        else:
            self._seen.entered(node, place)
        self._meet(node, found, self._edge(node, run, entered=entered, acted=acted))
        return True

    def _pauses(self, node: Node, run: Run) -> None:
        """In the middle of a step, where the caller or something else is asked again: a state, so that what leads to
        the same question is followed once."""
        story = run.machine.story
        place, memory = replace(story.place(), steps=STEPS), story.memory()
        acted = story.steps < STEPS
        found = self._state(node, run, place, memory)
        found.base, found.prefix = node.base or node, (*node.prefix, *run.choices)
        found.inside = (inside(run.machine), acted)
        found.remembered, found.asked = run.remembered, True
        self._meet(node, found, self._edge(node, run, entered=False, acted=acted))

    def _state(self, node: Node, run: Run, place: Place, memory: Memory) -> Node:
        mask, assumed = self._knowledge(node, run)
        return Node(
            number=0,
            place=place,
            memory=memory,
            channel=run.channel,
            mask=mask,
            assumed=assumed,
            offered=run.offered,
            talked=run.machine._talked,
            wished=run.wished,
        )

    def _ends(self, node: Node, run: Run, effect: effects.JoinQueue | effects.Ring | effects.HangUp) -> None:
        """A terminal effect: a goal, and every way in which the call may come back from it."""
        story = run.machine.story
        numbers = self._worlds.numbers(self._knowledge(node, run)[0])
        self._seen.ended(node, run.choices, story, effect, numbers, run.wished)
        if isinstance(effect, effects.HangUp):
            declared = effect.reason == "voicemail" or self._says_why(story.flow.name, story.step)
            if run.offered or declared:
                self._goal(node, run, Goal.END)
            else:
                _add(node, self._edge(node, run, entered=False, acted=False))
            return
        self._goal(node, run, Goal.PERSON)
        for returned in _returns(effect):
            acted = returned.kind in (Kind.TALK, Kind.KEY) or returned.detail == "ANSWER"
            assert run.channel is not None
            found = self._state(node, run, *run.channel)
            found.returned, found.offered = returned, True
            edge = self._edge(node, run, entered=False, acted=acted)
            edge.past = True
            edge.idle = edge.idle and returned.kind is not Kind.KEY
            self._meet(node, found, edge)

    def _says_why(self, flow: str, step: str) -> bool:
        found = self._site.flows[flow].steps.get(step)
        return found is not None and found.verb == "hang up"

    def _goal(self, node: Node, run: Run, goal: Goal) -> None:
        edge = self._edge(node, run, entered=False, acted=False)
        edge.goal = goal
        _add(node, edge)

    def _edge(self, node: Node, run: Run, entered: bool, acted: bool) -> Edge:
        return Edge(
            source=node,
            target=None,
            choices=run.choices,
            seconds=sum(choice.seconds for choice in run.choices),
            keys=sum(choice.keys for choice in run.choices),
            idle=all(choice.idle for choice in run.choices),
            acted=acted,
            entered=entered,
            past=run.past,
        )

    def _knowledge(self, node: Node, run: Run) -> tuple[int, Any]:
        last = run.choices[-1] if run.choices else node
        return last.mask, last.assumed

    def _meet(self, node: Node, found: Node, edge: Edge) -> None:
        """Lead to a state: one that is known, or a new one."""
        key = (
            found.place, _frozen(found.memory), found.returned, found.mask, found.assumed,
            found.offered, found.talked, found.wished, found.inside, found.restarted,
            (found.channel[0], _frozen(found.channel[1])) if found.asked and found.channel is not None else None,
        )  # fmt: skip
        known = self._numbers.get(key)
        if known is None:
            known = self._numbers[key] = found
            found.number, found.way, found.edges = len(self.nodes), edge, {}
            self.nodes.append(found)
        edge.target = known
        _add(node, edge)

    def _abstracted(self, place: Place, memory: Memory) -> Memory:
        """The values, without those of a variable that has had too many."""
        flows = [*(flow for flow, _ in place.frames), place.flow]
        scopes = [*zip(flows, memory.flows, strict=False), ("", memory.call)]
        widened = []
        for flow, values in scopes:
            kept = dict(values)
            for name, value in values.items():
                had = self._values.setdefault((flow, name), set())
                had.add(value)
                if len(had) > MOST_VALUES:
                    kept[name] = UNKNOWN
            widened.append(kept)
        return Memory(tuple(widened[:-1]), widened[-1])

    # ------------------------------------------------------------------ after a hang-up
    def _undo(self, node: Node) -> None:
        """What a step does for a caller who hangs up in it."""
        flow, step = node.at
        found = self._site.flows[flow].steps.get(step) if flow else None
        if found is None or not found.when_hung_up:
            return
        key = (flow, step, _frozen(node.memory), node.mask, node.assumed)
        if key in self._undone:
            return
        self._undone.add(key)
        self._seen.gone = True
        waiting: deque[tuple[Choice, ...]] = deque([()])
        while waiting:
            self._undo_once(node, waiting.popleft(), waiting)
        self._seen.gone = False

    def _undo_once(self, node: Node, choices: tuple[Choice, ...], waiting: deque[tuple[Choice, ...]]) -> None:
        info = CallInfo(call=CallId("proof"), did=self._worlds.example(node.mask).did)
        machine = Machine(self._site, self._flow, info, node.place, memory=node.memory, hung_up=True)
        run = Run(machine, node.channel, node.offered, choices, node.wished)
        effect = self._repeated(replace(node, prefix=()), run)
        while not machine.finished:
            self._seen.undoing(machine.story)
            if isinstance(effect, effects.Tell | effects.Complain):
                self._seen.told(node, run.choices, machine.story, effect)
                effect = machine.step(DONE, AT)
            else:
                effect = machine.step(self._answer(node, run, effect, waiting).answer, AT)


def _add(node: Node, edge: Edge) -> None:
    """Of ways that differ only in time, the slowest counts for a caller who does nothing, the quickest for others."""
    alike = (
        edge.target.number if edge.target is not None else -1,
        edge.goal, edge.idle, edge.acted, edge.entered, edge.past, edge.restart, edge.keys,
    )  # fmt: skip
    known = node.edges.get(alike)
    hung_up_on = edge.target is None and edge.goal is None
    if known is None or (
        not hung_up_on and edge.seconds != known.seconds and (edge.seconds > known.seconds) == edge.idle
    ):
        node.edges[alike] = edge


def _returns(effect: effects.JoinQueue | effects.Ring) -> Iterator[Returned]:
    yield from _TALK
    if isinstance(effect, effects.JoinQueue):
        yield from _QUEUE
        yield from (Returned(Kind.KEY, key) for key in effect.keys)
        return
    yield Returned(Kind.DIAL, "ANSWER", effect.extension)
    yield from (Returned(Kind.DIAL, status, effect.extension) for status in _UNANSWERED)


def _after(wished: Wished, effect: Effect) -> Wished:
    """What is wished about the recording, after a fact was told."""
    if isinstance(effect, effects.Tell) and isinstance(effect.fact, facts.RecordingWished):
        return wished.then(effect.fact.wish, effect.fact.step)
    return wished


def _frozen(memory: Memory) -> object:
    flows = tuple(tuple(sorted(values.items(), key=_name)) for values in memory.flows)
    return flows, tuple(sorted(memory.call.items(), key=_name))


def _name(item: tuple[str, object]) -> str:
    return item[0]
