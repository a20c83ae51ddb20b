"""Variables, conditions, digits, subflows, other languages, extensions, and what is undone after a hang-up."""

from decimal import Decimal
from pathlib import Path

import pytest

from ivr.call.effects import RESUMED, HangUp, JoinQueue, Kind, LookedUp, Play, Remember, Returned, Ring
from ivr.call.facts import BranchTaken, CallEvent, DialEnded, InputTaken, LanguageChosen, PromptMissing, StepEntered
from ivr.call.memory import Memory
from ivr.call.place import Place
from ivr.call.story import CallInfo
from ivr.site import Site
from tests.unit.call.driver import Caller, Log, drive
from tests.unit.language.fixtures import good_site, load

PRINCIPAL = """
flow: principal
language: es-CO
numbers: ["6017436967"]
variables:
  cedula: text = ""
  veces: number = 0
start: quien
steps:
  quien:
    branch:
      - when: caller.segment = "oro"
        then: servicio
      - when: queues.servicio.waiting > 5
        then: idioma
    otherwise: menu
  menu:
    ask: menu
    keys: {1: contar, 2: pedir, 3: identificar, 4: marcar, 5: segundo, 6: reservar}
    no key: no_le_escuche
    wrong key: opcion_invalida
  segundo:
    ask: menu_segundo
    keys: {1: servicio}
    back: "#"
    no key: no_le_escuche
    wrong key: opcion_invalida
  contar:
    set:
      veces: veces + 1
      call.origen: '"menu"'
    then: menu
  pedir:
    collect: pida
    into: cedula
    digits: 4 to 6
    valid when: entered != "0000"
    confirm: confirme
    no key: no_le_escuche
    not valid: opcion_invalida
    then: servicio
    gave up: hang up
  identificar:
    call: identificacion
    with: {motivo: '"saldo"'}
    results: {cedula: documento}
    exits: {desconocido: idioma}
    then: servicio
  idioma:
    language: en
    then: servicio
  marcar:
    extension: pida
    allowed: 100 to 102, 201
    by name: pida_nombre
    not there: opcion_invalida
    no answer: servicio
    busy: a person
    gave up: hang up
  reservar:
    play: bienvenida
    then: hang up
    when hung up: liberar
  liberar:
    set: {veces: 0}
    then: hang up
  servicio:
    queue: servicio
    after the talk: hang up
    nobody there: a person
    waited too long: a person
"""

SUBFLOW = """
flow: identificacion
language: es-CO
parameters: {motivo: text}
variables: {documento: text = ""}
results: [documento]
exits: [desconocido]
start: pedir
steps:
  pedir:
    collect: pida
    into: documento
    digits: "4"
    then: return
    gave up: return desconocido
"""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return with_flows(tmp_path, {"principal": PRINCIPAL, "identificacion": SUBFLOW})


def with_flows(tmp_path: Path, flows: dict[str, str]) -> Site:
    """The good site with these flows, and the prompts, the phone and the variable that they need."""
    folder = good_site(tmp_path)
    (folder / "flows" / "principal.yaml").unlink()
    for name, text in flows.items():
        (folder / "flows" / f"{name}.yaml").write_text(text)
    own = ("pida", "confirme", "menu_segundo", "pida_nombre")
    append(folder / "config" / "prompts.yaml", "".join(f"  {name}: {{es-CO: {name}, en: {name}}}\n" for name in own))
    append(folder / "config" / "site.yaml", '  "201": Tesorería 1\nvariables: {origen: text = "nada"}\n')
    checked = load(folder)
    assert checked.site is not None, checked.problems
    return checked.site


def append(file: Path, text: str) -> None:
    file.write_text(file.read_text().rstrip() + "\n" + text)


QUIET = {"caller.segment": "", "queues.servicio.waiting": Decimal(0)}


def call(site: Site, *keys: str, digits: tuple[str, ...] = (), facts: dict[str, object] | None = None) -> Log:
    caller = Caller(silence=list(keys), digits=list(digits), facts={**QUIET, **(facts or {})})  # type: ignore[dict-item]
    return drive(site, caller)


def told(log: Log, kind: type[CallEvent]) -> list[CallEvent]:
    return [fact for fact in log.told if isinstance(fact, kind)]


def test_the_first_condition_that_holds_is_taken_and_told_without_its_values(site: Site) -> None:
    log = call(site, facts={"caller.segment": "oro", "queues.servicio.waiting": Decimal(9)})
    assert log.end == JoinQueue(queue="servicio", priority=0)
    assert [(f.way, f.then) for f in told(log, BranchTaken)] == [("1", "servicio")]  # type: ignore[union-attr]
    assert "oro" not in repr(log.told)
    log = call(site, facts={"queues.servicio.waiting": Decimal(9)})
    assert [f.way for f in told(log, BranchTaken)] == ["2"]  # type: ignore[union-attr]
    log = call(site)
    assert [f.way for f in told(log, BranchTaken)] == ["otherwise"]  # type: ignore[union-attr]
    assert log.end == Ring(extension=site.reception, seconds=30)  # three silences lead to a person


def test_variables_are_kept_with_the_place_and_survive_a_crash(site: Site) -> None:
    log = call(site, "1", "1")
    assert log.memory == Memory(({"cedula": "", "veces": Decimal(2)},), {"origen": "menu"})
    kept = Memory.decode(log.memory.encode())
    menu = Place(flow="principal", step="menu", kept="a1")
    again = drive(site, Caller(silence=["1"], facts=QUIET), menu, RESUMED, memory=kept)
    assert again.memory.flows[0]["veces"] == Decimal(3)


def test_lost_variables_begin_the_flow_anew_and_that_is_told(site: Site) -> None:
    place = Place(flow="principal", step="menu", kept="a1", notices=("anuncio",))
    log = drive(site, Caller(facts=QUIET), place, RESUMED, memory=None)
    assert log.complaints == ["variables lost"]
    assert next(f.step for f in log.told if isinstance(f, StepEntered)) == "quien"
    assert log.place.notices == ("anuncio",)


def test_who_has_talked_is_not_sent_to_the_beginning_when_the_variables_are_lost(site: Site) -> None:
    place = Place(flow="principal", step="servicio", kept="a1")
    log = drive(site, Caller(facts=QUIET), place, Returned(Kind.TALK, "SUCCESS"), memory=None)
    assert log.complaints == ["variables lost"]
    assert log.end == HangUp("after the talk")


def test_a_missing_word_does_not_tell_the_digit(site: Site) -> None:
    caller = Caller(silence=["2", "1"], digits=["1234"], missing=frozenset({"palabra_tres"}), facts=QUIET)
    log = drive(site, caller)
    missing = [fact.prompt for fact in log.told if isinstance(fact, PromptMissing)]
    assert missing == ["(a recorded word)"]


def test_digits_are_read_back_and_kept_only_when_the_caller_agrees(site: Site) -> None:
    log = call(site, "2", "2", "1", digits=("1234", "5678#9"))
    assert log.end == JoinQueue(queue="servicio", priority=0)
    assert log.memory.flows[0]["cedula"] == "5678"
    read = [p for p in log.heard if p.startswith("palabra_")]
    assert len(read) == 8  # both times, digit by digit
    assert [(f.result, f.tries) for f in told(log, InputTaken)] == [("taken", 1)]  # type: ignore[union-attr]
    assert "5678" not in repr(log.told)


@pytest.mark.parametrize(
    ("digits", "said"),
    [(("", "", ""), "no_le_escuche"), (("123", "12*4", "0000"), "opcion_invalida")],
)
def test_wrong_digits_are_said_and_the_last_try_gives_up(site: Site, digits: tuple[str, ...], said: str) -> None:
    log = call(site, "2", digits=digits)
    assert log.heard.count("pida") == 3 and log.heard.count(said) == 3
    assert log.end == HangUp("ended in IVR")
    assert [(f.result, f.tries) for f in told(log, InputTaken)] == [("gave up", 3)]  # type: ignore[union-attr]


def test_a_key_pressed_in_the_question_is_the_first_digit(site: Site) -> None:
    caller = Caller(during={"pida": ["9"]}, silence=["2", "1"], digits=["876"], facts=QUIET)
    assert drive(site, caller).memory.flows[0]["cedula"] == "9876"


def test_a_subflow_gets_its_parameters_and_gives_its_results(site: Site) -> None:
    log = call(site, "3", digits=("4321",))
    inside = [e for e in log.effects if isinstance(e, Remember) and e.place.flow == "identificacion"]
    assert inside[0].place.frames == (("principal", "identificar"),)
    assert inside[0].memory.flows[1] == {"motivo": "saldo", "documento": ""}
    assert log.memory.flows == ({"cedula": "4321", "veces": Decimal(0)},)
    assert log.end == JoinQueue(queue="servicio", priority=0)


def test_a_subflow_leaves_by_a_named_exit_and_its_results_too(site: Site) -> None:
    log = call(site, "3")
    assert [f.language for f in told(log, LanguageChosen)] == ["en"]  # type: ignore[union-attr]
    assert log.place.language == "en"


def test_a_call_goes_on_in_the_subflow_after_a_crash(site: Site) -> None:
    place = Place(flow="identificacion", step="pedir", frames=(("principal", "identificar"),), kept="a1", tries=1)
    memory = Memory(({"cedula": "", "veces": Decimal(3)}, {"motivo": "saldo", "documento": ""}), {"origen": "x"})
    log = drive(site, Caller(digits=["1111"], facts=QUIET), place, RESUMED, memory=memory)
    assert log.memory == Memory(({"cedula": "1111", "veces": Decimal(3)},), {"origen": "x"})
    assert log.complaints == []


def test_a_place_whose_subflow_nobody_called_begins_anew(site: Site) -> None:
    place = Place(flow="identificacion", step="pedir", frames=(("principal", "gone"),))
    assert drive(site, Caller(facts=QUIET), place, RESUMED).complaints == ["step gone"]


def test_the_caller_hears_the_other_language_from_then_on(site: Site) -> None:
    log = call(site, facts={"queues.servicio.waiting": Decimal(9)})
    assert log.place.language == "en"
    log = drive(site, Caller(facts=QUIET), Place(flow="principal", step="menu", language="en"), RESUMED)
    assert {e.language for e in log.effects if isinstance(e, Play)} == {"en"}


def test_star_reads_the_menu_again_and_costs_no_try(site: Site) -> None:
    log = call(site, "*", "*", "*", "*", "9", "1", "2")
    assert log.heard[:5] == ["menu"] * 5
    assert log.heard.count("opcion_invalida") == 1


def test_back_leads_to_the_menu_before_and_there_to_itself(site: Site) -> None:
    log = call(site, "5", "#", "5", "1")
    assert log.heard == ["menu", "menu_segundo", "menu", "menu_segundo"]
    alone = drive(site, Caller(silence=["#", "1"], facts=QUIET), Place(flow="principal", step="segundo"), RESUMED)
    assert alone.heard == ["menu_segundo"] * 2


@pytest.mark.parametrize("dialled", ["102", "201"])
def test_an_extension_within_the_range_is_rung(site: Site, dialled: str) -> None:
    log = call(site, "4", digits=(dialled,))
    known = dialled in site.extensions
    assert log.end == (Ring(extension=dialled, seconds=25) if known else HangUp("ended in IVR"))


def test_extensions_out_of_the_range_or_unknown_are_not_there(site: Site) -> None:
    log = call(site, "4", digits=("103", "77", "999"))
    assert log.heard.count("opcion_invalida") == 3
    assert log.end == HangUp("ended in IVR")


def test_a_name_is_spelled_and_chosen(site: Site) -> None:
    label = next(e.label for n, e in site.extensions.items() if n == "101")
    from ivr.verbs.extension import spelled

    caller = Caller(silence=["4", "1"], during={"pida": ["*"]}, digits=[spelled(label)[0][:3]], facts=QUIET)
    log = drive(site, caller)
    assert isinstance(log.end, Ring)
    assert [p for p in log.heard if p.startswith(("phrase_", "name_"))][:1] == ["phrase_for"]


@pytest.mark.parametrize(
    ("status", "end"),
    [
        ("NOANSWER", JoinQueue(queue="servicio", priority=0)),
        ("BUSY", Ring(extension="100", seconds=30)),
        ("ANSWER", HangUp("after the talk")),
    ],
)
def test_what_becomes_of_the_extension(site: Site, status: str, end: object) -> None:
    returned = Returned.parse(f"dial {status} 102")
    assert returned == Returned(Kind.DIAL, status, "102")
    log = drive(site, Caller(facts=QUIET), Place(flow="principal", step="marcar"), returned)
    assert log.end == end
    assert [f.extension for f in log.told if isinstance(f, DialEnded)] == ["102"]


def test_after_a_hang_up_what_has_to_be_undone_is_undone_in_silence(site: Site) -> None:
    place = Place(flow="principal", step="reservar", kept="a1")
    memory = Memory(({"cedula": "1", "veces": Decimal(7)},), {"origen": "x"})
    log = drive(site, Caller(facts=QUIET), place, memory=memory, hung_up=True)
    assert log.heard == [] and log.told == [] and log.complaints == []
    assert [type(e).__name__ for e in log.effects] == ["Compute", "HangUp"]
    elsewhere = drive(site, Caller(facts=QUIET), Place(flow="principal", step="menu"), hung_up=True)
    assert [type(e).__name__ for e in elsewhere.effects] == ["HangUp"]


def test_a_blocked_caller_hears_nothing(site: Site) -> None:
    log = drive(site, Caller(facts=QUIET), blocked=True)
    assert log.effects == [HangUp("blocked")]


def test_a_value_that_cannot_be_computed_leaves_the_variable(tmp_path: Path) -> None:
    flow = PRINCIPAL.replace("veces: veces + 1", "veces: 1 / veces")
    site = with_flows(tmp_path, {"principal": flow, "identificacion": SUBFLOW})
    log = call(site, "1", "2")
    assert log.complaints == ["cannot be computed"]
    assert log.memory.flows[0]["veces"] == Decimal(0)


def test_who_calls_has_no_number_in_what_a_script_sees() -> None:
    assert "number" not in CallInfo.__dataclass_fields__
    assert LookedUp("found").values == {}


def test_a_menu_that_a_change_took_away_is_no_way_back(site: Site) -> None:
    place = Place(flow="principal", step="segundo", menus=("gone", "segundo"))
    log = drive(site, Caller(silence=["#", "1"], facts=QUIET), place)
    assert log.heard == ["menu_segundo", "menu_segundo"]
    assert isinstance(log.end, JoinQueue)
