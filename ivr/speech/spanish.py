"""Spanish as it is spoken in Colombia: which recorded words say a value.

`treinta_y` and `de_enero_de` are one prompt each, because they sound better so. A number's form: empty = by itself
(uno, veintiuno), `un` = before a masculine noun (un peso, veintiún pesos), `una` = before a feminine one (una hora,
doscientas horas).
"""

from collections.abc import Mapping
from datetime import date, time
from typing import ClassVar

from ivr.speech.tongue import Noun, Tongue, Words, listed

_SMALL = listed(
    "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete "
    "dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis veintisiete "
    "veintiocho veintinueve"
)
_TENS = listed("treinta cuarenta cincuenta sesenta setenta ochenta noventa")
_HUNDREDS = listed(
    "ciento doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos"
)
_ORDINALS = listed("primero segundo tercero cuarto quinto sexto séptimo octavo noveno décimo")
_MONTHS = listed("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre")
_HOURS = ("la una", *(f"las {word}" for word in _SMALL[2:13]))
_FORMS: Mapping[int, Mapping[str, str]] = {
    1: {"": "uno", "un": "un", "una": "una"},
    21: {"": "veintiuno", "un": "veintiún", "una": "veintiuna"},
}
_PLAIN = str.maketrans("áéíóúñ ", "aeioun_")


def _prompt(text: str) -> str:
    return f"palabra_{text.translate(_PLAIN)}"


_OTHERS = (
    "un",
    "una",
    "veintiún",
    "veintiuna",
    "cien",
    "mil",
    "un millón",
    "millones",
    "menos",
    "coma",
    "asterisco",
    "numeral",
    "y",
    "y media",
    "y cuarto",
    "de la mañana",
    "del día",
    "de la tarde",
    "de la noche",
    "de",
    "con",
    "peso",
    "pesos",
    "centavo",
    "centavos",
    "dólar",
    "dólares",
    "mensaje",
    "mensajes",
    "mensaje nuevo",
    "mensajes nuevos",
    "mensaje guardado",
    "mensajes guardados",
    "segundos",
    "minuto",
    "minutos",
    "hora",
    "horas",
)
_SENTENCES = {
    "palabra_usted_es_el": "Usted es el",
    "palabra_usted_es_el_numero": "Usted es el número",
    "palabra_en_la_fila": "en la fila.",
}
_WORDS = (
    *_SMALL,
    *_TENS,
    *(f"{ten} y" for ten in _TENS),
    *_HUNDREDS,
    *(f"{hundred[:-2]}as" for hundred in _HUNDREDS[1:]),
    *_ORDINALS,
    *(f"de {month} de" for month in _MONTHS),
    *_HOURS,
    *_OTHERS,
)


class Spanish(Tongue):
    """Numbers, dates, times and money in Spanish."""

    vocabulary: ClassVar[Mapping[str, str]] = {_prompt(word): word for word in _WORDS} | _SENTENCES
    digit_words: ClassVar[Mapping[str, str]] = {str(digit): _prompt(_SMALL[digit]) for digit in range(10)} | {
        "*": "palabra_asterisco",
        "#": "palabra_numeral",
    }
    units: ClassVar[Mapping[str, tuple[Noun, Noun]]] = {
        "pesos": (
            Noun("palabra_peso", "palabra_pesos", "un"),
            Noun("palabra_centavo", "palabra_centavos", "un"),
        ),
        "dollars": (
            Noun("palabra_dolar", "palabra_dolares", "un"),
            Noun("palabra_centavo", "palabra_centavos", "un"),
        ),
    }
    nouns: ClassVar[Mapping[str, Noun]] = {
        "message": Noun("palabra_mensaje", "palabra_mensajes", "un"),
        "new message": Noun("palabra_mensaje_nuevo", "palabra_mensajes_nuevos", "un"),
        "saved message": Noun("palabra_mensaje_guardado", "palabra_mensajes_guardados", "un"),
        "second": Noun("palabra_segundo", "palabra_segundos", "un"),
        "minute": Noun("palabra_minuto", "palabra_minutos", "un"),
        "hour": Noun("palabra_hora", "palabra_horas", "una"),
    }
    minus: ClassVar[str] = "palabra_menos"
    point: ClassVar[str] = "palabra_coma"
    with_cents: ClassVar[str] = "palabra_con"

    def whole(self, number: int, form: str = "") -> Words:
        """mil, not un mil; veintiún mil, not veintiuno mil; mil millones."""
        millions, rest = divmod(number, 1_000_000)
        if not millions:
            return self._below_million(rest, form)
        many = ("palabra_un_millon",) if millions == 1 else (*self._below_million(millions, "un"), "palabra_millones")
        return (*many, *self._below_million(rest, form)) if rest else many

    def _below_million(self, number: int, form: str) -> Words:
        thousands, rest = divmod(number, 1000)
        if not thousands:
            return self._below_thousand(rest, form)
        # doscientas mil horas, but veintiún mil horas
        many = self._below_thousand(thousands, "un", feminine=form == "una") if thousands > 1 else ()
        return (*many, "palabra_mil", *(self._below_thousand(rest, form) if rest else ()))

    def _below_thousand(self, number: int, form: str, feminine: bool | None = None) -> Words:
        hundreds, rest = divmod(number, 100)
        if not hundreds:
            return self._below_hundred(rest, form)
        if number == 100:
            return ("palabra_cien",)
        word = _HUNDREDS[hundreds - 1]
        if hundreds > 1 and (form == "una" if feminine is None else feminine):
            word = f"{word[:-2]}as"
        return (_prompt(word), *(self._below_hundred(rest, form) if rest else ()))

    def _below_hundred(self, number: int, form: str) -> Words:
        tens, ones = divmod(number, 10)
        if number < 30:
            return (_prompt(_FORMS[number][form] if number in _FORMS else _SMALL[number]),)
        ten = _TENS[tens - 3]
        if not ones:
            return (_prompt(ten),)
        return (_prompt(f"{ten} y"), *self._below_hundred(ones, form))

    def decimals(self, digits: str) -> Words:
        """coma veinticinco, coma cero cinco; three and more one by one."""
        if len(digits) <= 2 and digits[0] != "0":
            return (self.point, *self.whole(int(digits)))
        return (self.point, *self.digits(digits))

    def of_amount(self, number: int) -> Words:
        """un millón de pesos, but un millón mil pesos."""
        return ("palabra_de",) if number and number % 1_000_000 == 0 else ()

    def date(self, day: date) -> Words:
        """veinticuatro de diciembre de dos mil veintiséis; primero de enero."""
        first = ("palabra_primero",) if day.day == 1 else self.whole(day.day)
        return (*first, _prompt(f"de {_MONTHS[day.month - 1]} de"), *self.whole(day.year))

    def time(self, moment: time) -> Words:
        """las ocho y media de la mañana, la una y cinco de la tarde, las doce del día."""
        hour, minute = moment.hour, moment.minute
        part = (
            "de la mañana"
            if 0 < hour < 12
            else "del día"
            if hour == 12
            else "de la tarde"
            if 0 < hour < 19
            else "de la noche"
        )
        words: Words = ()
        if minute in (15, 30):
            words = (_prompt("y cuarto" if minute == 15 else "y media"),)
        elif minute:
            words = ("palabra_y", *self.whole(minute))
        return (_prompt(_HOURS[(hour - 1) % 12]), *words, _prompt(part))

    def position(self, place: int) -> Words:
        """Usted es el tercero en la fila; from eleven on: usted es el número once en la fila."""
        if place <= len(_ORDINALS):
            return ("palabra_usted_es_el", _prompt(_ORDINALS[place - 1]), "palabra_en_la_fila")
        return ("palabra_usted_es_el_numero", *self._count(place), "palabra_en_la_fila")
