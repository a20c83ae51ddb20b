"""Numbers in words: a table written by hand, and a reader of words that knows nothing of how they were chosen."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.speech import LARGEST, counted, words
from ivr.speech.spoken import TONGUES
from tests.unit.speech.said import said

SPANISH = {
    0: "cero",
    1: "uno",
    11: "once",
    15: "quince",
    16: "dieciséis",
    20: "veinte",
    21: "veintiuno",
    22: "veintidós",
    29: "veintinueve",
    30: "treinta",
    31: "treinta y uno",
    99: "noventa y nueve",
    100: "cien",
    101: "ciento uno",
    110: "ciento diez",
    200: "doscientos",
    500: "quinientos",
    700: "setecientos",
    900: "novecientos",
    999: "novecientos noventa y nueve",
    1000: "mil",
    1001: "mil uno",
    1100: "mil cien",
    2000: "dos mil",
    15_000: "quince mil",
    21_000: "veintiún mil",
    21_021: "veintiún mil veintiuno",
    31_000: "treinta y un mil",
    100_000: "cien mil",
    101_000: "ciento un mil",
    121_000: "ciento veintiún mil",
    200_001: "doscientos mil uno",
    999_999: "novecientos noventa y nueve mil novecientos noventa y nueve",
    1_000_000: "un millón",
    1_000_001: "un millón uno",
    1_001_000: "un millón mil",
    2_000_000: "dos millones",
    21_000_000: "veintiún millones",
    101_000_000: "ciento un millones",
    1_000_000_000: "mil millones",
    1_001_000_000: "mil un millones",
    21_000_000_000: "veintiún mil millones",
    LARGEST: "novecientos noventa y nueve mil novecientos noventa y nueve millones "
    "novecientos noventa y nueve mil novecientos noventa y nueve",
}

ENGLISH = {
    0: "zero",
    13: "thirteen",
    20: "twenty",
    21: "twenty one",
    40: "forty",
    90: "ninety",
    100: "one hundred",
    101: "one hundred one",
    999: "nine hundred ninety nine",
    1000: "one thousand",
    1001: "one thousand one",
    100_000: "one hundred thousand",
    1_000_000: "one million",
    1_000_001: "one million one",
    2_000_100: "two million one hundred",
    1_000_000_000: "one billion",
    LARGEST: "nine hundred ninety nine billion nine hundred ninety nine million "
    "nine hundred ninety nine thousand nine hundred ninety nine",
}


@pytest.mark.parametrize(("number", "text"), SPANISH.items())
def test_spanish(number: int, text: str) -> None:
    assert said("number", Decimal(number), "es-CO") == text


@pytest.mark.parametrize(("number", "text"), ENGLISH.items())
def test_english(number: int, text: str) -> None:
    assert said("number", Decimal(number), "en") == text


# ---- a reader of words: it adds up what it hears, and refuses what nobody says

_ES_ONES = (
    "uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete "
    "dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis veintisiete "
    "veintiocho veintinueve"
)
_ES_TENS = "treinta cuarenta cincuenta sesenta setenta ochenta noventa"
_ES_HUNDREDS = "ciento doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos"
_EN_ONES = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_EN_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"


def spanish_value(text: str) -> int:
    """The number that Spanish words say; `un` counts only before mil and millones."""
    if text == "cero":
        return 0
    if text == "un millón":
        return 1_000_000
    text = text.removeprefix("un millón ") if (single := text.startswith("un millón ")) else text
    millions, _, rest = text.rpartition(" millones") if " millones" in text else ("", "", text)
    total = 1_000_000 if single else _thousands(millions, counts="un") * 1_000_000 if millions else 0
    return total + (_thousands(rest.strip(), counts="uno") if rest.strip() else 0)


def _thousands(text: str, counts: str) -> int:
    if text == "mil" or text.startswith("mil "):
        rest = text[4:]
        return 1000 + (_hundreds(rest, counts) if rest else 0)
    many, middle, rest = text.partition(" mil")
    if not middle:
        return _hundreds(text, counts)
    assert _hundreds(many, "un") > 1
    return _hundreds(many, "un") * 1000 + (_hundreds(rest.strip(), counts) if rest else 0)


def _hundreds(text: str, counts: str) -> int:
    if text == "cien":
        return 100
    first, _, rest = text.partition(" ")
    if first in _ES_HUNDREDS.split():
        hundreds = (_ES_HUNDREDS.split().index(first) + 1) * 100
        return hundreds + _tens(rest, counts) if rest else _not(hundreds, 100)
    return _tens(text, counts)


def _not(value: int, other: int) -> int:
    assert value != other
    return value


def _tens(text: str, counts: str) -> int:
    ten, y, one = text.partition(" y ")
    if text in _ES_TENS.split():
        return (_ES_TENS.split().index(text) + 3) * 10
    if y:
        return (_ES_TENS.split().index(ten) + 3) * 10 + _one(one, counts)
    return _one(text, counts)


def _one(text: str, counts: str) -> int:
    if counts == "un":
        assert text not in ("uno", "veintiuno")
        text = {"un": "uno", "veintiún": "veintiuno"}.get(text, text)
    return _ES_ONES.split().index(text) + 1


def english_value(text: str) -> int:
    """The number that English words say."""
    if text == "zero":
        return 0
    total = group = 0
    last = 10**12
    for word in text.split():
        if word in _EN_ONES.split():
            assert group % 10 == 0 and (group % 100 == 0 or _EN_ONES.split().index(word) < 9)
            group += _EN_ONES.split().index(word) + 1
        elif word in _EN_TENS.split():
            assert group % 100 == 0
            group += (_EN_TENS.split().index(word) + 2) * 10
        elif word == "hundred":
            assert 0 < group < 10
            group *= 100
        else:
            size = {"thousand": 1000, "million": 10**6, "billion": 10**9}[word]
            assert group and size < last
            total, group, last = total + group * size, 0, size
    assert group or total
    return total + group


BOUNDARIES = sorted(
    {
        min(max(factor * 10**power + step, 0), LARGEST)
        for power in range(13)
        for factor in (1, 2, 21, 31, 100, 101, 121, 500, 999)
        for step in (-1, 0, 1, 21)
    }
)


@pytest.mark.parametrize(("language", "value"), [("es-CO", spanish_value), ("en", english_value)])
def test_every_small_number_and_every_boundary_can_be_read_back(language: str, value: object) -> None:
    assert callable(value)
    for number in [*range(2100), *range(2100, 1_000_001, 487), *BOUNDARIES]:
        assert value(said("number", Decimal(number), language)) == number


@given(st.integers(0, LARGEST))
def test_any_number_can_be_read_back(number: int) -> None:
    assert spanish_value(said("number", Decimal(number), "es-CO")) == number
    assert english_value(said("number", Decimal(number), "en-US")) == number


@pytest.mark.parametrize(
    ("value", "spanish", "english"),
    [
        ("-3", "menos tres", "minus three"),
        ("2.50", "dos coma cinco", "two point five"),
        ("2.25", "dos coma veinticinco", "two point two five"),
        ("0.05", "cero coma cero cinco", "zero point zero five"),
        ("-1.125", "menos uno coma uno dos cinco", "minus one point one two five"),
        ("7.00", "siete", "seven"),
        ("-0", "cero", "zero"),
        ("1E+3", "mil", "one thousand"),
        (str(LARGEST + 1), "uno" + " cero" * 12, "one" + " zero" * 12),
    ],
)
def test_signs_decimals_and_what_is_too_long(value: str, spanish: str, english: str) -> None:
    assert said("number", Decimal(value), "es-CO") == spanish
    assert said("number", Decimal(value), "en") == english


@pytest.mark.parametrize(
    ("number", "noun", "spanish", "english"),
    [
        (0, "new message", "cero mensajes nuevos", "zero new messages"),
        (1, "new message", "un mensaje nuevo", "one new message"),
        (21, "message", "veintiún mensajes", "twenty one messages"),
        (31, "minute", "treinta y un minutos", "thirty one minutes"),
        (1, "hour", "una hora", "one hour"),
        (21, "hour", "veintiuna horas", "twenty one hours"),
        (241, "hour", "doscientas cuarenta y una horas", "two hundred forty one hours"),
        (200_001, "hour", "doscientas mil una horas", "two hundred thousand one hours"),
        (21_000, "hour", "veintiún mil horas", "twenty one thousand hours"),
        (1_000_000, "message", "un millón de mensajes", "one million messages"),
    ],
)
def test_what_is_counted_gives_the_number_its_form(number: int, noun: str, spanish: str, english: str) -> None:
    for language, text in (("es", spanish), ("en", english)):
        vocabulary = TONGUES[language].vocabulary
        assert " ".join(vocabulary[word] for word in counted(number, noun, language)) == text


@given(st.decimals(-(10**18), 10**18, places=3))
def test_every_number_can_be_said(value: Decimal) -> None:
    for language in ("es-CO", "en"):
        for kind in ("number", "money", "dollars"):
            assert set(words(kind, value, language)) <= TONGUES[language[:2]].vocabulary.keys()
