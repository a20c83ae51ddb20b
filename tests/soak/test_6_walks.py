"""Random callers against the proof.

`ivr prove` claims what holds for every call. Here callers who press anything, at any time of a year, under any
override, with phones, queues and look-ups that answer anyhow, servers that restart and callers who hang up, walk
through the site and through a company that uses all that flows can do (`tests/proof/walker.py`, which shares nothing
with the proof but the call's machine). None may do what was proven never to happen; and the forty flows with one fault
each are walked, so that it is known that a fault would be met.
"""

import time
from collections import Counter
from pathlib import Path

from ivr.language.load import load_site
from ivr.proof.prove import Proof, prove
from ivr.site import Site
from tests.proof.company import FAULTS, FIRST_DAY, company, expected, loaded
from tests.proof.contradictions import against, met
from tests.proof.walker import Walked, Walker
from tests.soak.part import FULL_MINUTES, MINUTES, ROOT, SEED, Part

NAME, ORDER, SHARE = "walks", 6, 0.4
WALKS = int(100_000 * min(1.0, MINUTES / FULL_MINUTES))
AT_A_FAULT = 0.004
"""The part of all walks that is walked at each fault."""


def test_random_callers_against_the_proof(part: Part, tmp_path: Path) -> None:
    began = time.monotonic()
    counts: Counter[str] = Counter()
    contradictions: list[str] = []
    faults = [fault for fault in FAULTS if expected(fault).code.startswith("PROOF")]
    at_a_fault = max(150, int(WALKS * AT_A_FAULT))
    each = (WALKS - at_a_fault * len(faults)) // 2
    for name, checked in (
        ("the site", load_site(ROOT / "config", ROOT / "ivr" / "flows")),
        ("the company", loaded(company(tmp_path / "good"))),
    ):
        assert checked.site is not None
        proof = prove(checked.site, FIRST_DAY)
        assert proof.holds
        counts["states proven"] += proof.states
        contradictions += _walked(checked.site, proof, each, name, counts)
    unmet = [fault.stem for fault in faults if not _shown(fault, tmp_path, at_a_fault, counts)]
    part.found("walks", counts["walks"])
    part.found("- through the site and the company", counts["walks"] - at_a_fault * len(faults))
    part.found("- of callers who press nothing of use", counts["idle"])
    part.found("- with a restart of the server", counts["restarted"])
    part.found("steps entered", counts["steps"])
    part.found("states that the proofs followed", counts["states proven"])
    part.none("walks that contradict a proof", contradictions)
    part.found("flows with a fault that walks can meet", len(faults))
    part.none("faults that no walk met", unmet)
    part.finish(time.monotonic() - began)


def _walked(site: Site, proof: Proof, count: int, name: str, counts: Counter[str]) -> list[str]:
    walker, found = Walker(site, SEED), []
    for _ in range(count):
        walked = walker.walk()
        _count(walked, counts)
        if wrong := against(proof, site, walked):
            found.append(f"{name}: {', '.join(sorted(wrong))} after {' '.join(walked.trail[-8:])}")
    return found


def _shown(fault: Path, folder: Path, count: int, counts: Counter[str]) -> bool:
    checked = loaded(company(folder / fault.stem, fault))
    assert checked.site is not None
    proof = prove(checked.site, FIRST_DAY)
    finding = next(f.finding for f in proof.failures if f.finding.code == expected(fault).code)
    walker = Walker(checked.site, SEED)
    did = next(iter(checked.site.flows["principal"].numbers))
    walks = [walker.walk(did=did) for _ in range(count)]
    for walked in walks:
        _count(walked, counts)
    return met(finding.code, (finding.flow, finding.step), checked.site, walks)


def _count(walked: Walked, counts: Counter[str]) -> None:
    counts["walks"] += 1
    counts["idle"] += walked.idle
    counts["restarted"] += walked.restarted
    counts["steps"] += len(walked.trail)
