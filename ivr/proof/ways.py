"""Questions about the graph of all states: circles, the longest way, the nearest goal."""

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import inf

from ivr.proof.space import Edge, Node

Which = Callable[[Edge], bool]


def circles(nodes: Sequence[Node], which: Which) -> list[list[Node]]:
    """The groups of states from each of which one comes to itself again by such ways (Tarjan, without recursion)."""
    order: dict[int, int] = {}
    low: dict[int, int] = {}
    on_way: set[int] = set()
    way: list[Node] = []
    found: list[list[Node]] = []
    for first in nodes:
        if first.number in order:
            continue
        stack = [(first, iter(_after(first, which)))]
        while stack:
            node, rest = stack[-1]
            if node.number not in order:
                order[node.number] = low[node.number] = len(order)
                way.append(node)
                on_way.add(node.number)
            for target in rest:
                if target.number not in order:
                    stack.append((target, iter(_after(target, which))))
                    break
                if target.number in on_way:
                    low[node.number] = min(low[node.number], order[target.number])
            else:
                stack.pop()
                if stack:
                    before = stack[-1][0].number
                    low[before] = min(low[before], low[node.number])
                if low[node.number] == order[node.number]:
                    found += _group(node, way, on_way, which)
    return found


def _group(node: Node, way: list[Node], on_way: set[int], which: Which) -> list[list[Node]]:
    group = []
    while True:
        last = way.pop()
        on_way.discard(last.number)
        group.append(last)
        if last is node:
            break
    again = len(group) > 1 or any(target is node for target in _after(node, which))
    return [sorted(group, key=_number)] if again else []


def _after(node: Node, which: Which) -> Iterable[Node]:
    return [edge.target for edge in node.ways if edge.target is not None and which(edge)]


def _number(node: Node) -> int:
    return node.number


def circle_in(group: Sequence[Node], which: Which) -> tuple[Edge, ...]:
    """The ways of a shortest circle through the first state of a group."""
    inside = {node.number for node in group}
    first = group[0]
    before: dict[int, Edge] = {}
    waiting = [first]
    for node in waiting:
        for edge in node.ways:
            if edge.target is None or not which(edge) or edge.target.number not in inside:
                continue
            if edge.target is first:
                return (*_back(before, edge.source, first), edge)
            if edge.target.number not in before:
                before[edge.target.number] = edge
                waiting.append(edge.target)
    return ()


def _back(before: dict[int, Edge], node: Node, first: Node) -> tuple[Edge, ...]:
    found: list[Edge] = []
    while node is not first:
        edge = before[node.number]
        found.append(edge)
        node = edge.source
    return tuple(reversed(found))


@dataclass(slots=True)
class Longest:
    """The longest way from each state, and its first piece; a state in a circle has none."""

    length: dict[int, float]
    first: dict[int, Edge]

    def way(self, node: Node) -> tuple[Edge, ...]:
        """The whole way."""
        found: list[Edge] = []
        while node.number in self.first:
            edge = self.first[node.number]
            found.append(edge)
            if edge.target is None:
                break
            node = edge.target
        return tuple(found)


def longest(nodes: Sequence[Node], which: Which, weight: Callable[[Edge], float]) -> Longest:
    """The longest way over such pieces from each state. Those that come to a circle are left out."""
    result = Longest({}, {})
    after = {node.number: [edge for edge in node.ways if which(edge)] for node in nodes}
    before: dict[int, list[Node]] = {}
    missing = {}
    for node in nodes:
        targets = [edge.target for edge in after[node.number] if edge.target is not None]
        missing[node.number] = len(targets)
        for target in targets:
            before.setdefault(target.number, []).append(node)
    ready = [node for node in nodes if not missing[node.number]]
    while ready:
        node = ready.pop()
        best = -1.0
        for edge in after[node.number]:
            whole = weight(edge) + (result.length[edge.target.number] if edge.target is not None else 0.0)
            if whole > best:
                best, result.first[node.number] = whole, edge
        result.length[node.number] = max(best, 0.0)
        for source in before.get(node.number, ()):
            missing[source.number] -= 1
            if not missing[source.number]:
                ready.append(source)
    return result


def nearest(nodes: Sequence[Node], which: Which, keys: int) -> list[list[float]]:
    """For each state the seconds to the nearest goal with 0, 1, ... `keys` keys; inf where there is none."""
    before: list[list[Edge]] = [[] for _ in nodes]
    found = [[inf] * (keys + 1) for _ in nodes]
    heap: list[tuple[float, int, int]] = []
    for node in nodes:
        for edge in node.ways:
            if not which(edge):
                continue
            if edge.goal is not None and edge.keys <= keys:
                heapq.heappush(heap, (edge.seconds, node.number, edge.keys))
            elif edge.target is not None:
                before[edge.target.number].append(edge)
    while heap:
        seconds, number, used = heapq.heappop(heap)
        if seconds >= min(found[number][: used + 1]):
            continue
        found[number][used] = seconds
        for edge in before[number]:
            whole, together = seconds + edge.seconds, used + edge.keys
            if together <= keys and whole < found[edge.source.number][together]:
                heapq.heappush(heap, (whole, edge.source.number, together))
    return found


def fewest_keys(nodes: Sequence[Node], which: Which) -> list[float]:
    """For each state the keys to the nearest goal, however long it takes; inf = no goal can be reached."""
    before: list[list[Edge]] = [[] for _ in nodes]
    found = [inf] * len(nodes)
    heap: list[tuple[int, int]] = []
    for node in nodes:
        for edge in node.ways:
            if not which(edge):
                continue
            if edge.goal is not None:
                heap.append((edge.keys, node.number))
            elif edge.target is not None:
                before[edge.target.number].append(edge)
    heapq.heapify(heap)
    while heap:
        keys, number = heapq.heappop(heap)
        if keys >= found[number]:
            continue
        found[number] = keys
        for edge in before[number]:
            if keys + edge.keys < found[edge.source.number]:
                heapq.heappush(heap, (keys + edge.keys, edge.source.number))
    return found
