"""The way of a call: assertions on lists of effects, without a telephone."""

from pathlib import Path

import pytest

from acd.model import CallId
from ivr.call.effects import (
    RESUMED,
    Done,
    HangUp,
    JoinQueue,
    Kind,
    Play,
    Pressed,
    Remember,
    Returned,
    Ring,
    Tell,
)
from ivr.call.facts import (
    DialBegun,
    DialEnded,
    KeyChosen,
    KeyWrong,
    NoticeHeard,
    PromptMissing,
    StepEntered,
)
from ivr.call.machine import MAX_STEPS, Machine
from ivr.call.place import RECEPTION, Place
from ivr.call.story import CallInfo
from ivr.language import load_site
from ivr.site import Site
from tests.unit.call.driver import BEGIN, CLOSED, Caller, drive

ROOT = Path(__file__).parents[3]
DIAL = Ring(extension="100", seconds=25)


@pytest.fixture(scope="module")
def site() -> Site:
    """The site of the repository: the calls of its callers are what these tests walk through."""
    checked = load_site(ROOT / "config", ROOT / "ivr" / "flows")
    assert checked.site is not None, checked.problems
    return checked.site


@pytest.mark.parametrize(
    ("key", "queue"), [("1", "servicio"), ("2", "tesoreria"), ("3", "cartera"), ("4", "contabilidad")]
)
def test_each_key_leads_to_its_queue(site: Site, key: str, queue: str) -> None:
    log = drive(site, Caller(silence=[key]))
    assert log.heard == ["bienvenida", "anuncio_grabacion", "menu_principal"]
    assert log.end == JoinQueue(queue=queue)
    assert [type(fact) for fact in log.told] == [
        StepEntered,  # bienvenida
        StepEntered,  # aviso
        NoticeHeard,
        StepEntered,  # horario
        StepEntered,  # menu
        KeyChosen,
        StepEntered,  # the queue's step
    ]
    assert log.complaints == []


def test_zero_rings_reception(site: Site) -> None:
    log = drive(site, Caller(silence=["0"]))
    assert log.end == DIAL
    assert isinstance(log.told[-1], DialBegun)
    assert log.place.step == "recepcion"


def test_every_step_is_remembered_and_told_when_it_is_entered(site: Site) -> None:
    log = drive(site, Caller(silence=["0"]))
    entered = [(e.place.step, log.effects[i + 1]) for i, e in enumerate(log.effects) if isinstance(e, Remember)]
    for step, following in entered:
        assert isinstance(following, Tell) and isinstance(following.fact, StepEntered) and following.fact.step == step


def test_facts_carry_the_time_of_the_input_that_caused_them(site: Site) -> None:
    times = [fact.at for fact in drive(site, Caller(silence=["1"])).told]
    assert times == sorted(times) and times[0] > BEGIN and len(set(times)) == len(times)


def test_a_key_in_the_menu_cuts_it(site: Site) -> None:
    log = drive(site, Caller(during={"menu_principal": ["3"]}))
    assert log.end == JoinQueue(queue="cartera")
    assert not any(type(effect).__name__ == "WaitKey" for effect in log.effects)


@pytest.mark.parametrize("prompt", ["bienvenida", "anuncio_grabacion"])
def test_a_key_before_the_menu_counts_in_it(site: Site, prompt: str) -> None:
    log = drive(site, Caller(during={prompt: ["2"]}))
    assert log.heard == ["bienvenida", "anuncio_grabacion"]
    assert log.end == JoinQueue(queue="tesoreria")


def test_the_later_of_two_early_keys_counts(site: Site) -> None:
    log = drive(site, Caller(during={"bienvenida": ["2"], "anuncio_grabacion": ["3"]}))
    assert log.end == JoinQueue(queue="cartera")


def test_an_early_key_that_the_menu_lacks_is_forgotten(site: Site) -> None:
    log = drive(site, Caller(during={"bienvenida": ["9"]}, silence=["1"]))
    assert log.heard[-1] == "menu_principal"
    assert log.end == JoinQueue(queue="servicio")
    assert not any(isinstance(fact, KeyWrong) for fact in log.told)


def test_no_key_cuts_the_notice(site: Site) -> None:
    notice = next(
        effect
        for effect in drive(site, Caller()).effects
        if isinstance(effect, Play) and effect.prompt == "anuncio_grabacion"
    )
    assert notice.notice and notice.keys == ""


def test_silence_three_times_then_a_person(site: Site) -> None:
    log = drive(site, Caller())
    assert log.heard[2:] == ["menu_principal", "no_le_escuche"] * 3
    assert log.end == DIAL
    assert [fact.key for fact in log.told if isinstance(fact, KeyWrong)] == ["", "", ""]


def test_a_wrong_key_three_times_then_a_person(site: Site) -> None:
    log = drive(site, Caller(silence=["9", "8", "#"]))
    assert log.heard[2:] == ["menu_principal", "opcion_invalida"] * 3
    assert log.end == DIAL
    assert [fact.key for fact in log.told if isinstance(fact, KeyWrong)] == ["9", "8", "#"]


def test_a_good_key_while_being_told_of_the_last_wrong_one_still_counts(site: Site) -> None:
    log = drive(site, Caller(during={"opcion_invalida": ["", "", "1"]}, silence=["9", "9", "9"]))
    assert log.end == JoinQueue(queue="servicio")


def test_closed_hours_end_politely(site: Site) -> None:
    log = drive(site, Caller(time=CLOSED))
    assert log.heard == ["bienvenida", "anuncio_grabacion", "cerrado"]
    assert log.end == HangUp("closed")


@pytest.mark.parametrize("status", ["NOANSWER", "BUSY", "CHANUNAVAIL", "CONGESTION", "", "anything"])
def test_who_does_not_reach_reception_may_leave_a_message(site: Site, status: str) -> None:
    place = drive(site, Caller(silence=["0"])).place
    log = drive(site, Caller(), place, Returned(Kind.DIAL, status))
    assert log.heard == ["phrase_leave_message", "phrase_nothing_said", "despedida"]
    assert log.end == HangUp("ended in IVR")
    ended = log.told[0]
    assert isinstance(ended, DialEnded)
    assert ended.result == {"NOANSWER": "no answer", "BUSY": "busy"}.get(status, "unreachable")


@pytest.mark.parametrize("returned", [Returned(Kind.DIAL, "ANSWER"), Returned(Kind.TALK, "SUCCESS")])
def test_after_a_talk_with_reception_the_call_ends(site: Site, returned: Returned) -> None:
    place = drive(site, Caller(silence=["0"])).place
    assert drive(site, Caller(), place, returned).end == HangUp("after the talk")


@pytest.mark.parametrize("exit_", ["nobody there", "waited too long"])
def test_the_ways_out_of_a_queue_lead_to_reception(site: Site, exit_: str) -> None:
    place = drive(site, Caller(silence=["1"])).place
    log = drive(site, Caller(), place, Returned(Kind.QUEUE, exit_))
    assert log.heard == ["sin_asesores"] and log.end == DIAL
    assert log.complaints == []


def test_an_unknown_way_out_of_a_queue_is_told_and_taken_as_the_longest_wait(site: Site) -> None:
    place = drive(site, Caller(silence=["1"])).place
    log = drive(site, Caller(), place, Returned(Kind.QUEUE, "?"))
    assert log.complaints == ["unknown result"] and log.end == DIAL


def test_after_the_talk_with_an_agent_the_call_ends(site: Site) -> None:
    place = drive(site, Caller(silence=["1"])).place
    assert drive(site, Caller(), place, Returned(Kind.TALK, "SUCCESS")).effects == [HangUp("after the talk")]


def test_a_missing_prompt_is_told_and_skipped(site: Site) -> None:
    log = drive(site, Caller(silence=["1"], missing=frozenset({"bienvenida", "menu_principal"})))
    assert log.end == JoinQueue(queue="servicio")
    assert [fact.prompt for fact in log.told if isinstance(fact, PromptMissing)] == ["bienvenida", "menu_principal"]


def test_a_notice_that_is_missing_is_not_told_as_heard(site: Site) -> None:
    log = drive(site, Caller(silence=["1"], missing=frozenset({"anuncio_grabacion"})))
    assert log.end == JoinQueue(queue="servicio")
    assert not any(isinstance(fact, NoticeHeard) for fact in log.told)


# --- The server dies and comes back


def test_a_begun_welcome_is_not_repeated(site: Site) -> None:
    before = drive(site, Caller(), stop=lambda e: isinstance(e, Play) and e.prompt == "bienvenida")
    after = drive(site, Caller(silence=["1"]), before.place, RESUMED)
    assert after.heard == ["anuncio_grabacion", "menu_principal"]


def test_an_unfinished_notice_is_repeated_from_its_beginning(site: Site) -> None:
    before = drive(site, Caller(), stop=lambda e: isinstance(e, Play) and e.notice)
    after = drive(site, Caller(silence=["1"]), before.place, RESUMED)
    assert after.heard == ["anuncio_grabacion", "menu_principal"]
    assert after.end == JoinQueue(queue="servicio")


def test_a_completed_notice_is_not_repeated(site: Site) -> None:
    before = drive(site, Caller(), stop=lambda e: isinstance(e, Play) and e.prompt == "menu_principal")
    after = drive(site, Caller(silence=["1"]), before.place, RESUMED)
    assert after.heard == ["menu_principal"]
    assert after.end == JoinQueue(queue="servicio")


def test_a_menu_keeps_its_tries(site: Site) -> None:
    played = []

    def second_time(effect: object) -> bool:
        played.append(isinstance(effect, Play) and effect.prompt == "menu_principal")
        return sum(played) == 3

    before = drive(site, Caller(), stop=second_time)
    after = drive(site, Caller(), before.place, RESUMED)
    assert after.heard == ["menu_principal", "no_le_escuche"]
    assert after.end == DIAL


def test_an_early_key_survives(site: Site) -> None:
    before = drive(
        site,
        Caller(during={"anuncio_grabacion": ["3"]}),
        stop=lambda e: isinstance(e, Remember) and e.place.step == "horario",
    )
    assert drive(site, Caller(), before.place, RESUMED).end == JoinQueue(queue="cartera")


def test_a_resumed_step_is_not_told_as_entered_again(site: Site) -> None:
    before = drive(site, Caller(), stop=lambda e: isinstance(e, Play) and e.prompt == "menu_principal")
    told = drive(site, Caller(silence=["0"]), before.place, RESUMED).told
    assert [fact.step for fact in told if isinstance(fact, StepEntered)] == ["recepcion"]


@pytest.mark.parametrize("wanted", range(1, 15))
def test_a_call_ends_where_it_would_have_whenever_the_server_dies(site: Site, wanted: int) -> None:
    """kill -9 before any effect: the caller who keeps doing the same ends at the same place."""
    count = 0

    def nth(effect: object) -> bool:
        nonlocal count
        count += 1
        return count == wanted

    before = drive(site, Caller(during={"menu_principal": ["4"]}), stop=nth)
    places = [e.place for e in before.effects[:-1] if isinstance(e, Remember)]
    place = Place.decode(places[-1].encode()) if places else None
    after = drive(site, Caller(during={"menu_principal": ["4"]}), place, RESUMED if place else Returned(Kind.FRESH))
    assert after.end == JoinQueue(queue="contabilidad")


# --- Hostile and stale places


def test_without_a_place_a_returned_call_starts_anew_and_that_is_told(site: Site) -> None:
    log = drive(site, Caller(silence=["1"]), None, RESUMED)
    assert log.complaints == ["unknown place"] and log.heard[0] == "bienvenida"


@pytest.mark.parametrize(
    "place",
    [Place(flow="linea_principal", step="gone"), Place(flow="gone", step="menu"), Place(flow="gone", step="gone")],
)
def test_a_step_that_the_flow_no_longer_has_starts_anew(site: Site, place: Place) -> None:
    log = drive(site, Caller(silence=["1"]), place, RESUMED)
    assert log.complaints == ["step gone"] and log.heard[0] == "bienvenida"


@pytest.mark.parametrize("kind", list(Kind))
def test_any_return_at_any_step_of_any_flow_leads_to_an_end(site: Site, kind: Kind) -> None:
    for flow in site.flows.values():
        for step in (*flow.steps, RECEPTION):
            for detail in ("", "ANSWER", "NOANSWER", "nobody there", "x"):
                log = drive(site, Caller(), Place(flow=flow.name, step=step), Returned(kind, detail))
                assert isinstance(log.end, HangUp | Ring | JoinQueue)


# --- Circles


def test_a_flow_in_circles_is_cut_and_a_person_rung_once(site: Site) -> None:
    menu = Place(flow="linea_principal", step="sin_asesores", steps=MAX_STEPS)
    log = drive(site, Caller(), menu, RESUMED)
    assert log.complaints == ["went in circles"]
    assert isinstance(log.end, Ring) and log.end.extension == site.reception
    assert log.place.step == RECEPTION
    assert drive(site, Caller(), log.place, Returned(Kind.DIAL, "NOANSWER")).end == HangUp("failed")
    assert drive(site, Caller(), log.place, Returned(Kind.DIAL, "ANSWER")).end == HangUp("after the talk")
    assert isinstance(drive(site, Caller(), log.place, RESUMED).end, Ring)


def test_a_key_shows_that_somebody_is_there(site: Site) -> None:
    place = Place(flow="linea_principal", step="menu", steps=MAX_STEPS)
    assert drive(site, Caller(silence=["1"]), place, RESUMED).complaints == []


# --- Faults of whoever drives the machine


def test_a_wrong_answer_is_a_fault_of_the_program(site: Site) -> None:
    info = CallInfo(call=site_call(), did="6017436967")
    machine = Machine(site, site.default_flow, info)
    assert isinstance(machine.start(BEGIN), Remember)
    with pytest.raises(TypeError):
        machine.step(Pressed("1"), BEGIN)


def test_a_finished_machine_has_no_next_effect(site: Site) -> None:
    machine = Machine(
        site,
        site.default_flow,
        CallInfo(call=site_call(), did="6017436967"),
        Place(flow="linea_principal", step="fin_cerrado"),
        RESUMED,
    )
    assert machine.start(BEGIN) == HangUp("closed") and machine.finished
    with pytest.raises(RuntimeError):
        machine.step(Done(), BEGIN)


def site_call() -> CallId:
    return CallId("n1-1.1")
