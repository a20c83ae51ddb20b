"""Proves what a site promises about every call, or shows a call for which it does not hold."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from ivr.proof.choices import Choices
from ivr.proof.claims import claim_findings
from ivr.proof.coverage import coverage_findings
from ivr.proof.explore import Exploration
from ivr.proof.findings import Finding
from ivr.proof.keys import Keys
from ivr.proof.lengths import Lengths, Measured, not_measured
from ivr.proof.seen import Seen
from ivr.proof.telling import told
from ivr.proof.worlds import asked, worlds_of
from ivr.site import Site

MOST_STATES = 60_000
"""Of all flows together: about 300 MB."""

PlaceOf = Callable[[str, str], str]


@dataclass(frozen=True, slots=True)
class Failure:
    """A claim that does not hold: where, why, and a call that shows it. `when`: of this call."""

    finding: Finding
    entry: str
    when: str
    lines: tuple[str, ...]


@dataclass(slots=True)
class Proof:
    """The result. `complete` is False when there were more states than could be followed: then nothing is proven."""

    failures: list[Failure] = field(default_factory=list)
    states: int = 0
    ways: int = 0
    complete: bool = True
    first: date = date.min
    last: date = date.min
    estimated: tuple[str, ...] = ()
    steps: frozenset[tuple[str, str]] = frozenset()
    """Flow and step of every step that some call comes to."""

    @property
    def holds(self) -> bool:
        """Whether every claim holds for every call."""
        return self.complete and not self.failures


def prove(
    site: Site, first: date, measured: Measured = not_measured, most: int = MOST_STATES, where: PlaceOf = "{}.{}".format
) -> Proof:
    """Explore every call to every number in the year from `first` on. Raises nothing for what a site contains."""
    keys, lengths, what, seen = Keys(site), Lengths(site, measured), asked(site, first), Seen(site)
    result = Proof(first=first, last=first + timedelta(days=365))
    known: set[object] = set()
    for name in dict.fromkeys(site.entry.values()):
        flow = site.flows[name]
        worlds = worlds_of(site, flow, what)
        exploration = Exploration(site, flow, Choices(site, worlds, keys, lengths), seen, most - result.states)
        exploration.explore()
        result.states += len(exploration.nodes)
        result.ways += sum(len(node.edges) for node in exploration.nodes)
        if not exploration.complete:
            result.complete = False
            break
        for finding in _once((*seen.findings, *claim_findings(exploration.nodes, site.promises)), known):
            lines = told(exploration, finding.call, where) if finding.call is not None else ()
            when = str(worlds.example(finding.call.node.mask)) if finding.call is not None else ""
            result.failures.append(Failure(finding, name, when, lines))
    if result.complete:
        result.failures += [Failure(finding, "", "", ()) for finding in coverage_findings(site, seen)]
    result.estimated = tuple(sorted(lengths.estimated))
    result.steps = frozenset(seen.steps)
    return result


def _once(findings: tuple[Finding, ...], known: set[object]) -> Iterator[Finding]:
    for finding in findings:
        key = (finding.code, finding.flow, finding.step, finding.message)
        if key not in known:
            known.add(key)
            yield finding
