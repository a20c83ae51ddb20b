"""Values in words, and the place in the line, as callers hear them."""

from datetime import date, time
from decimal import Decimal
from itertools import pairwise

import pytest

from ivr.speech import words
from ivr.testing.ears import Ears, merged, sounds_of
from ivr.testing.instance import Instance
from ivr.testing.person import Person
from tests.live.scenes import DIRECT, MENU, NOTICE, OPEN, live, occupy, short

AMOUNT = Decimal("1021003.50")

SPOKEN = {
    "vence": ("date = 2026-12-24", "date", date(2026, 12, 24)),
    "cierra": ("time = 17:30", "time", time(17, 30)),
    "documento": ('text = "900123"', "digits", "900123"),
}
"""Variables of a direct number: what is declared, how it is said, and the value. The main line says AMOUNT."""

_STEPS = {
    f"decir_{name}": {"say": name, "as": kind, "then": f"decir_{following}" if following else "aviso"}
    for (name, (_, kind, _)), following in zip(SPOKEN.items(), [*list(SPOKEN)[1:], ""], strict=True)
}
_ENGLISH = {
    "ingles": {"language": "en", "then": "decir"},
    "decir": {"say": "today", "as": "date", "then": "horario"},
    "bienvenida": None,
    "aviso": None,
}

START = {"knows": bool}  # the server's own sentences and words too
CHANGES = short(queues={"tesoreria": {"announce every": "15 s"}})
for texts in CHANGES["prompts.yaml"]["prompts"].values():
    texts["en"] = "This is English."
CHANGES["prompts.yaml"]["prompts"]["espera"] = {"es-CO": "Espere.", "en": "Please wait."}
CHANGES["linea_principal.yaml"] |= {"variables": {"saldo": f"number = {AMOUNT}"}}
CHANGES["linea_principal.yaml"]["steps"] |= {
    "bienvenida": {"then": "decir"},
    "decir": {"say": "saldo", "as": "money", "then": "aviso"},
}
CHANGES["servicio_directo.yaml"] = {
    "variables": {name: declared for name, (declared, _, _) in SPOKEN.items()},
    "start": "decir_vence",
    "steps": {"bienvenida": None, **_STEPS, "recepcion": {"for": "5 s"}},
}
CHANGES["tesoreria_directa.yaml"] = {"start": "ingles", "steps": {**_ENGLISH, "recepcion": {"for": "5 s"}}}


def word_names(names: list[str]) -> list[str]:
    """What was said in words, without the prompts around."""
    return [name for name in names if name.startswith(("palabra_", "word_"))]


def heard_in_english(line: Instance, person: Person) -> list[str]:
    """What somebody heard, by ears that know English."""
    ears = Ears(sounds_of(line.paths.share, "en"))
    return [heard.name for heard in merged(ears.listen(person.call.media.heard.samples()))]


@live
async def test_an_amount_is_heard_as_one_sentence(line: Instance) -> None:
    caller = await line.caller("3000000301", at=OPEN)
    await caller.hears(MENU)
    assert word_names(caller.story()) == list(words("money", AMOUNT, "es-CO"))
    said = [heard for heard in caller.listen() if heard.name.startswith("palabra_")]
    pauses = [after.at - before.end for before, after in pairwise(said)]
    assert all(pause < 0.2 for pause in sorted(pauses)[:-2]), pauses  # a machine that stands still makes one longer


@live
async def test_dates_times_and_digits_are_heard_word_by_word(line: Instance) -> None:
    caller = await line.caller("3000000302", did=DIRECT["1"], at=OPEN)
    await caller.hears(NOTICE)
    said = [word for _, kind, value in SPOKEN.values() for word in words(kind, value, "es-CO")]
    assert caller.story()[:-1] == said


@live
async def test_a_key_cuts_the_words_and_counts_in_the_menu(line: Instance) -> None:
    await occupy(line, "2")
    caller = await line.caller("3000000303", at=OPEN)
    await caller.hears("palabra_un_millon")
    await caller.press("2")
    await caller.hears("music")
    story = caller.story()
    assert story[-2:] == [NOTICE, "music"]
    assert "palabra_pesos" not in story


@pytest.mark.soak
@live
async def test_the_place_in_the_line_is_told_in_the_callers_language(line: Instance) -> None:
    await occupy(line, "2")
    first = await line.caller("3000000304", did=DIRECT["2"], at=OPEN)
    await first.hears("music")
    second = await line.caller("3000000305", at=OPEN)
    await second.hears(MENU)
    await second.press("2")
    await second.hears_whole("palabra_en_la_fila", 45)
    position = ["espera", "palabra_usted_es_el", "palabra_segundo", "palabra_en_la_fila"]
    assert [name for name in second.story() if name in position][-4:] == position
    await second.hears("music", after=second.now)
    english = heard_in_english(line, first)
    today = words("date", date(2026, 11, 24), "en")
    assert word_names(english)[: len(today)] == list(today)
    told = english[english.index("espera") :]
    assert [name for name in told if not name.startswith("music")][:4] == [
        "espera",
        *words("position", Decimal(1), "en"),
    ]
