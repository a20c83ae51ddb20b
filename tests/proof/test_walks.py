"""Random walks against the proof: no walk does what is proven never to happen, and each fault is met by one."""

from pathlib import Path

import pytest

from ivr.language.load import load_site
from ivr.proof.prove import prove
from ivr.testing.installation import ROOT
from tests.proof.company import FAULTS, FIRST_DAY, company, expected, loaded
from tests.proof.contradictions import against, met
from tests.proof.walker import Walker

SITE = (ROOT / "config", ROOT / "ivr" / "flows")
DYNAMIC = [fault for fault in FAULTS if expected(fault).code.startswith("PROOF")]
WALKS, ALL_WALKS, FAULT_WALKS = 350, 700, 150


@pytest.mark.parametrize("number", [WALKS, pytest.param(ALL_WALKS, marks=pytest.mark.soak)])
@pytest.mark.parametrize("which", ["the company", "the site"])
def test_no_walk_contradicts_what_is_proven(which: str, number: int, tmp_path: Path) -> None:
    checked = loaded(company(tmp_path)) if which == "the company" else load_site(*SITE)
    assert checked.site is not None
    proof = prove(checked.site, FIRST_DAY)
    assert proof.holds
    walker = Walker(checked.site, seed=1)
    walks = [walker.walk() for _ in range(number)]
    contradictions = [(found, walk.trail[-12:]) for walk in walks if (found := against(proof, checked.site, walk))]
    assert contradictions == []
    assert any(walk.restarted for walk in walks)
    assert sum(walk.arrived for walk in walks) > number * 0.7
    reached = frozenset[tuple[str, str]]().union(*(walk.steps for walk in walks))
    assert len(reached) > 0.9 * len(proof.steps - {("*reception", "")})


@pytest.mark.parametrize("fault", DYNAMIC, ids=lambda path: path.stem)
def test_walks_show_each_fault(fault: Path, tmp_path: Path) -> None:
    checked = loaded(company(tmp_path, fault))
    assert checked.site is not None, checked.problems
    proof = prove(checked.site, FIRST_DAY)
    finding = next(f.finding for f in proof.failures if f.finding.code == expected(fault).code)
    walker = Walker(checked.site, seed=1)
    did = next(iter(checked.site.flows["principal"].numbers))
    walks = (walker.walk(did=did) for _ in range(FAULT_WALKS))  # as many as it takes to meet it
    shown = met(finding.code, (finding.flow, finding.step), checked.site, walks)
    assert shown
