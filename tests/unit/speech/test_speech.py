"""Dates, times, money, digits and places in words; the vocabulary as prompts of a site."""

import re
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.site import Prompt
from ivr.site.values import Value
from ivr.speech import BUILT_IN, KINDS, PHRASES, WORDS, Unspeakable, built_in, can_speak, counted, with_built_in, words
from ivr.speech.spoken import TONGUES
from tests.unit.speech.said import said


@pytest.mark.parametrize(
    ("kind", "value", "spanish", "english"),
    [
        ("digits", "300 123", "tres cero cero uno dos tres", "three zero zero one two three"),
        ("digits", "*97#", "asterisco nueve siete numeral", "star nine seven pound"),
        ("digits", "900.123-4", "nueve cero cero uno dos tres cuatro", "nine zero zero one two three four"),
        ("digits", Decimal(107), "uno cero siete", "one zero seven"),
        ("date", date(2027, 1, 1), "primero de enero de dos mil veintisiete", "January first twenty twenty seven"),
        (
            "date",
            date(2026, 12, 24),
            "veinticuatro de diciembre de dos mil veintiséis",
            "December twenty fourth twenty twenty six",
        ),
        (
            "date",
            date(1999, 5, 31),
            "treinta y uno de mayo de mil novecientos noventa y nueve",
            "May thirty first nineteen ninety nine",
        ),
        ("date", date(1905, 3, 30), "treinta de marzo de mil novecientos cinco", "March thirtieth nineteen oh five"),
        ("date", date(1900, 2, 20), "veinte de febrero de mil novecientos", "February twentieth nineteen hundred"),
        ("date", date(2006, 9, 12), "doce de septiembre de dos mil seis", "September twelfth two thousand six"),
        ("date", date(2010, 8, 21), "veintiuno de agosto de dos mil diez", "August twenty first twenty ten"),
        ("time", time(0, 0), "las doce de la noche", "midnight"),
        ("time", time(0, 5), "las doce y cinco de la noche", "twelve oh five A M"),
        ("time", time(1, 0), "la una de la mañana", "one A M"),
        ("time", time(8, 30), "las ocho y media de la mañana", "eight thirty A M"),
        ("time", time(11, 59, 59), "las once y cincuenta y nueve de la mañana", "eleven fifty nine A M"),
        ("time", time(12, 0), "las doce del día", "noon"),
        ("time", time(12, 15), "las doce y cuarto del día", "twelve fifteen P M"),
        ("time", time(13, 1), "la una y uno de la tarde", "one oh one P M"),
        ("time", time(18, 45), "las seis y cuarenta y cinco de la tarde", "six forty five P M"),
        ("time", time(19, 0), "las siete de la noche", "seven P M"),
        ("time", time(23, 21), "las once y veintiuno de la noche", "eleven twenty one P M"),
        ("money", Decimal(0), "cero pesos", "zero pesos"),
        ("money", Decimal(1), "un peso", "one peso"),
        ("money", Decimal(21), "veintiún pesos", "twenty one pesos"),
        ("money", Decimal(100_000), "cien mil pesos", "one hundred thousand pesos"),
        ("money", Decimal(1_000_000), "un millón de pesos", "one million pesos"),
        ("money", Decimal(2_000_001), "dos millones un pesos", "two million one pesos"),
        ("money", Decimal(3_000_000_000), "tres mil millones de pesos", "three billion pesos"),
        (
            "money",
            Decimal("150000.50"),
            "ciento cincuenta mil pesos con cincuenta centavos",
            "one hundred fifty thousand pesos and fifty centavos",
        ),
        ("money", Decimal("1000000.01"), "un millón de pesos con un centavo", "one million pesos and one centavo"),
        ("money", Decimal("-0.21"), "menos veintiún centavos", "minus twenty one centavos"),
        ("money", Decimal("-0.004"), "cero pesos", "zero pesos"),
        ("money", Decimal("0.995"), "un peso", "one peso"),
        ("dollars", Decimal("31.01"), "treinta y un dólares con un centavo", "thirty one dollars and one cent"),
        ("position", Decimal(1), "Usted es el primero en la fila.", "You are first in line."),
        ("position", Decimal(10), "Usted es el décimo en la fila.", "You are tenth in line."),
        ("position", Decimal(11), "Usted es el número once en la fila.", "You are number eleven in line."),
        ("position", Decimal(31), "Usted es el número treinta y uno en la fila.", "You are number thirty one in line."),
    ],
)
def test_values_in_words(kind: str, value: Value, spanish: str, english: str) -> None:
    assert said(kind, value, "es-CO") == spanish
    assert said(kind, value, "en") == english


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("number", "12"),
        ("number", True),
        ("number", Decimal("NaN")),
        ("money", Decimal("Infinity")),
        ("digits", ""),
        ("digits", " - "),
        ("digits", "12a"),
        ("digits", "١٢"),
        ("digits", Decimal("1.5")),
        ("digits", Decimal(-1)),
        ("date", time(8)),
        ("date", "2026-12-24"),
        ("date", datetime(2026, 12, 24, 8, tzinfo=UTC)),
        ("time", date(2026, 12, 24)),
        ("position", Decimal(0)),
        ("position", Decimal("1.5")),
    ],
)
def test_what_is_not_of_its_kind_is_not_said_and_the_reason_hides_the_value(kind: str, value: Value) -> None:
    with pytest.raises(Unspeakable) as told:
        words(kind, value, "es-CO")
    assert str(value) not in str(told.value) or value in ("", " - ")


def test_there_are_words_in_spanish_and_english_only() -> None:
    assert all(can_speak(language) for language in ("es", "es-CO", "es-MX", "en", "en-GB"))
    assert not can_speak("fr")
    for say in (lambda: words("number", Decimal(1), "fr"), lambda: counted(1, "hour", "fr")):
        with pytest.raises(Unspeakable, match="no words in fr"):
            say()
    with pytest.raises(Unspeakable):
        counted(-1, "hour", "es")
    with pytest.raises(ValueError, match="as roman"):
        words("roman", Decimal(1), "es")


@given(st.datetimes())
def test_every_date_and_time_can_be_said(moment: datetime) -> None:
    for language, tongue in TONGUES.items():
        assert set(words("date", moment.date(), language)) <= tongue.vocabulary.keys()
        assert set(words("time", moment.time(), language)) <= tongue.vocabulary.keys()


def test_no_two_times_and_no_two_days_sound_the_same() -> None:
    for language in TONGUES:
        times = {words("time", time(minute // 60, minute % 60), language) for minute in range(24 * 60)}
        assert len(times) == 24 * 60
        days = {words("date", date.fromordinal(day), language) for day in range(730_000, 745_000)}
        assert len(days) == 15_000


def test_every_kind_says_its_types_and_no_others() -> None:
    samples: list[Value] = ["12", Decimal(12), True, date(2026, 1, 2), time(8)]
    for kind, types in KINDS.items():
        spoken = []
        for value in samples:
            try:
                words(kind, value, "en")
                spoken.append(type(value))
            except Unspeakable:
                pass
        names = {str: "text", Decimal: "number", date: "date", time: "time"}
        assert {names[t] for t in spoken} == {t.value for t in types}


def test_every_built_in_prompt_has_a_good_name_and_its_text_in_its_languages() -> None:
    assert all(re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name) for name in BUILT_IN)
    assert not WORDS & PHRASES.keys()
    both = built_in(("es-CO", "en"))
    assert both.keys() == BUILT_IN
    assert all(text.strip() for prompt in both.values() for text in prompt.texts.values())
    assert all(both[name].languages == {"es-CO", "en"} for name in PHRASES)
    assert built_in(("fr",)) == {}
    assert both["palabra_veintiuno"] == Prompt(texts={"es-CO": "veintiuno"}, recordings={})
    assert both["word_twenty"] == Prompt(texts={"en": "twenty"}, recordings={})


def test_nobody_ever_says_a_word_that_is_not_used() -> None:
    """Every word of the vocabulary is in some value: a studio records nothing for nothing."""
    numbers = [*range(130), *range(200, 1000, 100), 201, 301, 401, 501, 601, 701, 801, 901, 10**6, 2 * 10**6, 10**9]
    for language, tongue in TONGUES.items():
        used: set[str] = set()
        for number in numbers:
            for noun in tongue.nouns:
                used.update(counted(number, noun, language))
            for kind in ("number", "money", "dollars", "digits"):
                used.update(words(kind, Decimal(number), language))
            used.update(words("position", Decimal(number + 1), language))
        used.update(words("number", Decimal("-1.5"), language), words("digits", "*#", language))
        used.update(words("money", Decimal("1.01"), language), words("money", Decimal("1.02"), language))
        used.update(words("dollars", Decimal("1.01"), language), words("dollars", Decimal("1.02"), language))
        for day in range(366):
            used.update(words("date", date.fromordinal(730_000 + day), language))
        for minute in range(24 * 60):
            used.update(words("time", time(minute // 60, minute % 60), language))
        used.update(words("date", date(1905, 1, 1), language))
        assert tongue.vocabulary.keys() - used == set()


def test_every_phrase_that_is_named_somewhere_exists() -> None:
    sources = (Path(__file__).parents[3] / "ivr").rglob("*.py")
    named = {name for source in sources for name in re.findall(r'"(phrase_[a-z0-9_]+)"', source.read_text())}
    assert len(named) > 30
    assert named <= PHRASES.keys()


def test_an_own_prompt_wins_in_each_language_that_it_has() -> None:
    own = {
        "bienvenida": Prompt(texts={"es-CO": "Hola."}, recordings={}),
        "palabra_mil": Prompt(texts={}, recordings={"es-CO": "mil.wav"}),
        "phrase_goodbye": Prompt(texts={"es-CO": "Chao."}, recordings={}),
    }
    joined = with_built_in(own, ("es-CO", "en"))
    assert joined.keys() == BUILT_IN | {"bienvenida"}
    assert joined["bienvenida"] == own["bienvenida"]
    assert joined["palabra_mil"] == own["palabra_mil"]
    assert joined["phrase_goodbye"].texts == {"es-CO": "Chao.", "en": "Goodbye."}
