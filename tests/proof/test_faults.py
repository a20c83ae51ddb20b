"""Forty flows with one fault each: the check or the proof tells it, at its place, and nothing that does not follow."""

from dataclasses import replace
from pathlib import Path

import pytest

from ivr.language.codes import CODES
from ivr.language.load import load_site
from ivr.proof.prove import Proof, prove
from ivr.testing.installation import ROOT
from tests.proof.company import FAULTS, FIRST_DAY, company, expected, loaded
from tests.unit.language.remedies import has_remedy

NOT_MEANT = {"CONF040", "FLOW032"}
"""Warnings that any fault may have beside its own: a prompt that nobody hears, a queue that is not recorded then."""


def test_there_are_forty() -> None:
    assert len(FAULTS) >= 40


@pytest.mark.parametrize("fault", FAULTS, ids=lambda path: path.stem)
def test_each_fault_is_told_at_its_place_and_nothing_else(fault: Path, tmp_path: Path) -> None:
    awaited = expected(fault)
    checked = loaded(company(tmp_path, fault))
    found = [
        (problem.code, problem.line, problem.column, problem.message)
        for problem in checked.problems
        if problem.code not in NOT_MEANT
    ]
    if checked.site is not None:
        for failure in prove(checked.site, FIRST_DAY).failures:
            finding = failure.finding
            place = checked.place(finding.flow, finding.step, finding.path)
            found.append((finding.code, place.line, place.column, finding.message))
            assert has_remedy(finding.message), finding.message
            assert failure.lines or failure.finding.call is None
    place = (awaited.code, awaited.line, awaited.column)
    assert [message for *at, message in found if tuple(at) == place and awaited.says in message], found
    assert {code for code, *_ in found} <= {awaited.code, *awaited.also}, found


def test_each_code_of_a_proof_has_a_fault_or_a_test() -> None:
    codes = {code.code for code in CODES if code.code.startswith("PROOF")}
    assert codes - {expected(fault).code for fault in FAULTS} == {"PROOF014"}


def test_a_call_that_the_program_itself_cannot_follow_is_told(tmp_path: Path) -> None:
    site = loaded(company(tmp_path)).site
    assert site is not None
    failures = prove(replace(site, mailboxes={}), FIRST_DAY).failures
    assert {f.finding.step for f in failures if f.finding.code == "PROOF014"} == {"buzon"}


def test_too_many_states_prove_nothing(tmp_path: Path) -> None:
    site = loaded(company(tmp_path)).site
    assert site is not None
    proof = prove(site, FIRST_DAY, most=100)
    assert not proof.complete and not proof.holds and proof.states < 150


def test_the_company_of_the_faults_has_none(tmp_path: Path) -> None:
    checked = loaded(company(tmp_path))
    assert checked.site is not None
    assert _failures(prove(checked.site, FIRST_DAY)) == []


def test_the_site_has_none() -> None:
    checked = load_site(ROOT / "config", ROOT / "ivr" / "flows")
    assert checked.site is not None
    proof = prove(checked.site, FIRST_DAY)
    assert _failures(proof) == []
    assert proof.complete


def _failures(proof: Proof) -> list[str]:
    return [f"{failure.finding.code} {failure.finding.step}: {failure.finding.message}" for failure in proof.failures]
