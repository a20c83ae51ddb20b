"""`queue`: joining, every way back from the wait, and what is computed."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from ivr.call.effects import RESUMED, HangUp, JoinQueue, Kind, Play, Returned
from ivr.call.facts import KeyChosen
from ivr.call.place import Place
from ivr.site import Site
from ivr.site.values import Value
from ivr.verbs.queue import EXITS
from tests.unit.call.driver import Caller, drive
from tests.unit.language.fixtures import good_site, load

FLOW = """
flow: principal
language: en
numbers: ["6017436967"]
variables: {{urgencia: number = 2}}
start: aviso
steps:
  aviso:
    notice: anuncio
    then: cola
  cola:
    queue: servicio
    nobody there: nadie
    waited too long: mucho
{more}
  nadie:
    hang up: closed
  mucho:
    hang up: self-served
  otro:
    hang up: ended in IVR
"""


def site(tmp_path: Path, *more: str, without_other: bool = False) -> Site:
    """A site whose step `cola` has these settings too."""
    folder = good_site(tmp_path)
    text = FLOW.format(more="\n".join(f"    {line}" for line in more))
    if without_other:
        text = text[: text.index("  otro:")]
    (folder / "flows" / "principal.yaml").write_text(text)
    found = load(folder)
    assert found.site is not None, found.problems
    return found.site


AT = Place(flow="principal", step="cola", steps=5, notices=("anuncio",))


def back(site: Site, returned: Returned, **facts: Value) -> object:
    return drive(site, Caller(facts=facts), AT, returned).end


def test_joining_tells_everything_that_the_step_says(tmp_path: Path) -> None:
    made = site(tmp_path, "keys: {9: otro, '#': nadie}", "keep the time waited: no", "priority: 4")
    assert drive(made, Caller()).end == JoinQueue(queue="servicio", priority=4, keeps=False, keys="9#")


LEFT_OUT = {"waited too long": "self-served", "full": "self-served"}
"""Reasons of the steps that follow; all others are as nobody there."""


@pytest.mark.parametrize("exit", EXITS)
def test_an_exit_that_is_left_out_is_as_another_one(tmp_path: Path, exit: str) -> None:
    made = site(tmp_path, without_other=True)
    assert back(made, Returned(Kind.QUEUE, exit)) == HangUp(LEFT_OUT.get(exit, "closed"))


@pytest.mark.parametrize("exit", EXITS[2:])
def test_an_exit_that_is_written_leads_there_and_no_other_does(tmp_path: Path, exit: str) -> None:
    made = site(tmp_path, f"{exit}: otro")
    found = {one: back(made, Returned(Kind.QUEUE, one)) for one in EXITS}
    assert [one for one, end in found.items() if end == HangUp("ended in IVR")] == [exit]


def test_an_unknown_exit_is_told_and_somebody_is_there_for_the_caller(tmp_path: Path) -> None:
    log = drive(site(tmp_path, without_other=True), Caller(), AT, Returned(Kind.QUEUE, "transfer failed"))
    assert (log.end, log.complaints) == (HangUp("closed"), ["unknown result"])


def test_a_key_leads_out_is_told_and_counts_as_an_act(tmp_path: Path) -> None:
    log = drive(site(tmp_path, "keys: {9: otro}"), Caller(), AT, Returned(Kind.KEY, "9"))
    assert log.end == HangUp("ended in IVR")
    (told,) = [fact for fact in log.told if isinstance(fact, KeyChosen)]
    assert (told.step, told.key, told.then) == ("cola", "9", "otro")
    assert log.place.steps == 1


def test_a_key_that_this_version_does_not_have_goes_on_waiting(tmp_path: Path) -> None:
    log = drive(site(tmp_path, "keys: {9: otro}"), Caller(), AT, Returned(Kind.KEY, "8"))
    assert log.end == JoinQueue(queue="servicio", keys="9")
    assert log.place.step == AT.step, "what the call came back with is used up"


def test_who_resumes_joins_without_the_notice(tmp_path: Path) -> None:
    log = drive(site(tmp_path, without_other=True), Caller(), AT, RESUMED)
    assert isinstance(log.end, JoinQueue) and not any(isinstance(effect, Play) for effect in log.effects)


@pytest.mark.parametrize(
    ("written", "facts", "priority"),
    [
        ("0", {}, 0),
        ("urgencia + 1", {}, 3),
        ("urgencia * 9", {}, 9),
        ("urgencia - 3", {}, 0),
        ("urgencia / 4 + 3", {}, 3),
        ("queues.servicio.waiting", {"queues.servicio.waiting": Decimal(6)}, 6),
        ("urgencia / (urgencia - 2)", {}, 0),
    ],
)
def test_the_priority_is_computed_and_possible(
    tmp_path: Path, written: str, facts: Mapping[str, Value], priority: int
) -> None:
    log = drive(site(tmp_path, f"priority: {written}", without_other=True), Caller(facts=facts))
    assert isinstance(log.end, JoinQueue) and log.end.priority == priority
    assert log.complaints == (["cannot be computed"] if "/ (" in written else [])


def test_the_text_of_a_returned_key_is_read() -> None:
    assert Returned.parse("key *") == Returned(Kind.KEY, "*")
    assert Returned.parse("key #") == Returned(Kind.KEY, "#")
