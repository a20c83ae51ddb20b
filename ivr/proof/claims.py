"""The claims about every call, asked of the graph of all states.

Each call ends; a person or an end that the flow names is near from everywhere; a caller who does nothing, or only
presses what no menu knows, is brought there.
"""

from collections.abc import Iterator, Sequence
from math import inf

from ivr.call.machine import MAX_STEPS
from ivr.proof.findings import Call, Finding
from ivr.proof.space import Edge, Node
from ivr.proof.ways import circle_in, circles, fewest_keys, longest, nearest
from ivr.site import Promises


def claim_findings(nodes: Sequence[Node], promises: Promises) -> Iterator[Finding]:
    """Every claim about time, keys and circles that does not hold. All states were explored."""
    yield from _circle_findings(nodes)
    yield from _hung_up_findings(nodes)
    yield from _idle_findings(nodes, promises)
    yield from _distance_findings(nodes, promises)


def _counted(edge: Edge) -> bool:
    """Whether the machine goes on counting steps on this way."""
    return not edge.acted and not edge.restart


def _idle(edge: Edge) -> bool:
    """Whether a caller who does nothing of use is led this way, and was led to no goal before."""
    return edge.idle and not edge.past and not edge.restart


def _towards(edge: Edge) -> bool:
    return not edge.past and not edge.restart


def _circle_findings(nodes: Sequence[Node]) -> Iterator[Finding]:
    told: set[tuple[str, str]] = set()
    for which, who in ((_counted, "a call goes round"), (_idle, "a caller who presses nothing of use goes round")):
        for group in circles(nodes, which):
            steps = list(dict.fromkeys(node.at for node in group if node.place is not None))
            if not told.isdisjoint(steps):
                continue
            told |= set(steps)
            ways = circle_in(group, which)
            names = list(dict.fromkeys(edge.target.at[1] for edge in ways if edge.target is not None))
            message = f"{who} without end: {' -> '.join((*names, names[0]))}; lead out to a person or 'hang up'"
            yield Finding("PROOF001", *group[0].at, message, (), Call(group[0], ways))
    steps_in_a_row = longest(nodes, _counted, lambda edge: float(edge.entered))
    for node in nodes:
        if node.way is None or not _counted(node.way):
            count = steps_in_a_row.length.get(node.number, 0.0) + float(node.way is not None and node.way.entered)
            if count > MAX_STEPS:
                ways = steps_in_a_row.way(node)
                message = (
                    f"{count:.0f} steps follow each other without a key or a talk; after {MAX_STEPS} the server rings "
                    "reception; put steps together, or ask the caller in between"
                )
                yield Finding("PROOF002", *_where(node, ways), message, (), Call(node, ways))
                return


def _where(node: Node, ways: Sequence[Edge]) -> tuple[str, str]:
    if node.place is not None:
        return node.at
    return next(edge.target.at for edge in ways if edge.target is not None)


def _hung_up_findings(nodes: Sequence[Node]) -> Iterator[Finding]:
    told: set[tuple[str, str]] = set()
    for node in nodes:
        for edge in node.ways:
            if edge.target is None and edge.goal is None and edge.idle and node.at not in told and not edge.restart:
                told.add(node.at)
                message = (
                    "a caller who presses nothing of use is hung up on, and no person was rung before; lead to a "
                    "person, to voicemail, or to a step `hang up` that says why"
                )
                yield Finding("PROOF006", *node.at, message, (), Call(node, (), edge.choices))


def _idle_findings(nodes: Sequence[Node], promises: Promises) -> Iterator[Finding]:
    waits = longest(nodes, _idle, lambda edge: edge.seconds)
    seconds = promises.seconds

    def late(node: Node) -> bool:
        return waits.length.get(node.number, 0.0) > seconds

    for node in nodes:
        if late(node) and (node.way is None or not late(node.way.source)):
            ways = waits.way(node)
            message = (
                f"a caller who presses nothing of use is with nobody for {waits.length[node.number]:.0f} s; shorten "
                f"prompts, waits or tries: at most {seconds} s are promised (`promises` in site.yaml)"
            )
            yield Finding("PROOF005", *_where(node, ways), message, (), Call(node, ways))


def _distance_findings(nodes: Sequence[Node], promises: Promises) -> Iterator[Finding]:
    keys = fewest_keys(nodes, _towards)
    near = nearest(nodes, _towards, promises.keys)
    told: set[tuple[str, str]] = set()

    def far(node: Node) -> bool:
        return min(near[node.number]) > promises.seconds

    for node in nodes:
        at = node.at if node.place is not None else _first(node)
        if at in told or node.restarted:
            continue
        if keys[node.number] == inf:
            if node.way is not None and keys[node.way.source.number] == inf:
                continue
            message = "from here no way leads to a person, to voicemail or to an end with a reason; write one"
            told.add(at)
            yield Finding("PROOF003", *at, message, (), Call(node))
        elif far(node) and (node.way is None or not far(node.way.source)):
            told.add(at)
            found = (
                f"{keys[node.number]:.0f} keys" if min(near[node.number]) == inf else f"{min(near[node.number]):.0f} s"
            )
            message = (
                f"the nearest person or end is {found} away; shorten the way: at most {promises.keys} keys and "
                f"{promises.seconds} s are promised (`promises` in site.yaml)"
            )
            yield Finding("PROOF004", *at, message, (), Call(node))


def _first(node: Node) -> tuple[str, str]:
    return next((edge.target.at for edge in node.ways if edge.target is not None), node.at)
