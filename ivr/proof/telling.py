"""An example of a call in words: what the caller hears and presses, and where the call is."""

from collections.abc import Callable, Iterator

from ivr.call import effects, facts
from ivr.call.effects import Effect, Kind, Returned
from ivr.call.machine import Machine
from ivr.proof.choices import DONE, Choice
from ivr.proof.explore import AT, Exploration
from ivr.proof.findings import Call
from ivr.proof.space import Edge, Node
from ivr.text import quoted

Where = Callable[[str, str], str]
"""The place of a step: file:line."""

MOST_LINES = 60

_UNASKED = effects.Tell | effects.Complain | effects.Remember | effects.KeepMessage | effects.DropMessage


def told(exploration: Exploration, call: Call, where: Where) -> tuple[str, ...]:
    """The call, one line for each thing that happens."""
    ways: list[Edge] = []
    node = call.node
    while node.way is not None:
        ways.append(node.way)
        node = node.way.source
    lines = [line for edge in (*reversed(ways), *call.ways) for line in _edge(exploration, edge, where)]
    lines += list(_run(exploration, call.node, call.choices, where)) if call.choices else []
    lines += ["  the caller hangs up"] if call.gone else []
    if len(lines) > MOST_LINES:
        half = MOST_LINES // 2
        lines = [*lines[:half], f"... ({len(lines) - 2 * half} more) ...", *lines[-half:]]
    return tuple(lines) or ("from its first step on",)


def _edge(exploration: Exploration, edge: Edge, where: Where) -> Iterator[str]:
    if not edge.restart:
        yield from _run(exploration, edge.source, edge.choices, where, edge)
    else:
        yield "the server is restarted"
    if edge.target is not None and edge.target.returned is not None and not edge.target.restarted:
        yield _came_back(edge.target.returned)


def _run(
    exploration: Exploration, node: Node, choices: tuple[Choice, ...], where: Where, edge: Edge | None = None
) -> Iterator[str]:
    """What happens from a state on, with these answers."""
    machine = exploration.machine_at(node)
    left = [*node.prefix, *choices]
    skipped = len(node.prefix)
    remembered = 0
    effect = machine.start(AT)
    while True:
        new = len(left) <= len(choices) and skipped <= 0
        if isinstance(effect, effects.Remember):
            remembered += 1
        if new or (not skipped and remembered > node.remembered):
            yield from _happens(effect, left[0] if left else None, machine, where)
        if machine.finished or _over(effect, left, remembered, node, edge):
            return
        if isinstance(effect, _UNASKED):
            effect = machine.step(DONE, AT)
            continue
        if not left:
            return
        skipped -= 1
        effect = machine.step(left.pop(0).answer, AT)


def _over(effect: Effect, left: list[Choice], remembered: int, node: Node, edge: Edge | None) -> bool:
    """Whether the next state is reached."""
    if edge is None or edge.target is None or left:
        return False
    if edge.target.asked:
        return False
    if edge.target.inside:
        return isinstance(effect, effects.Remember) and remembered > node.remembered
    return isinstance(effect, effects.Tell) and isinstance(effect.fact, facts.StepEntered)


def _happens(effect: Effect, choice: Choice | None, machine: Machine, where: Where) -> Iterator[str]:
    match effect:
        case effects.Tell(fact=facts.StepEntered(flow=flow, step=step, verb=verb)):
            yield f"{step} ({verb}, {where(flow, step)})"
        case effects.Complain(problem=problem):
            yield f"  the server complains: {problem}"
        case effects.JoinQueue(queue=queue):
            yield f"  waits in the queue {quoted(queue)}"
        case effects.Ring(extension=extension):
            yield f"  extension {extension} rings"
        case effects.HangUp(reason=reason):
            yield f"  the call ends: {reason}"
        case _ if choice is not None:
            yield from _asked(effect, choice)


def _asked(effect: Effect, choice: Choice) -> Iterator[str]:
    answer = choice.answer
    match effect, answer:
        case effects.Play(prompt=prompt), effects.Played(key=key, missing=missing):
            pressed = f", presses {key}" if key else ""
            yield f"  hears {quoted(prompt)}{pressed}" if not missing else f"  {quoted(prompt)} is missing"
        case effects.PlayFile(), effects.Played(key=key):
            yield f"  hears a recorded message{f', presses {key}' if key else ''}"
        case effects.WaitKey(), effects.Pressed(key=key):
            yield f"  presses {key}" if key else "  presses nothing"
        case effects.TakeDigits(), effects.Entered(text=text, known=known):
            some = f"  enters {quoted(text)}" if text else "  enters nothing"
            yield some if known else f"  enters {len(text)} digits"
        case effects.AskOpen(timetable=timetable), effects.Opening(state=state):
            yield f"  {timetable}: {state}"
        case effects.Decide(conditions=conditions), effects.Decided(index=index):
            yield f"  {quoted(conditions[index].text)} holds" if index is not None else "  no condition holds"
        case effects.LookUp(source=source), effects.LookedUp(outcome=outcome):
            yield f"  {source}: {outcome}"
        case effects.RecordMessage(mailbox=mailbox), effects.Recorded(ended=ended):
            yield f"  speaks to the mailbox {quoted(mailbox)}: {ended}"
        case _:
            pass


def _came_back(returned: Returned) -> str:
    match returned.kind:
        case Kind.TALK:
            return "  after the talk"
        case Kind.QUEUE:
            return f"  {returned.detail}"
        case Kind.KEY:
            return f"  presses {returned.detail} while waiting"
        case _:
            return f"  the phone: {returned.detail.lower()}"
