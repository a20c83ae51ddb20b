"""What was found or erased, for the person who asked and for who has to prove it. Pure.

A report never holds the number itself: it is kept longer than what it tells of.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ivr.erasure.stores import Erased, Held, Left, Place
from ivr.erasure.sweep import Swept


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A place: what was there, what was done, what stays and why."""

    place: Place
    held: int
    erased: int = 0
    left: int = 0
    why: Left = Left.NOTHING
    things: tuple[Mapping[str, Any], ...] = ()
    trouble: str = ""
    """Why the place could not do it; then try again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Of one search (`erased` is False) or one erasure. `number` is masked."""

    number: str
    callers: tuple[str, ...]
    at: datetime
    who: str
    erased: bool
    lines: tuple[Line, ...]
    swept: Swept | None = None
    """What a look through every file found afterwards; None: nobody looked."""
    remarks: tuple[str, ...] = field(default=())
    untidy: bool = False
    """Free parts of the records' database hold the number: `ivr callers tidy`."""

    @property
    def known(self) -> bool:
        """Whether anything is known of the caller (answers that are kept of all callers aside)."""
        return any(line.held for line in self.lines if line.place is not Place.LOOK_UPS)

    @property
    def complete(self) -> bool:
        """Nothing is left but what has a reason, and no file holds the number but the customer's own. An erasure after
        which nobody looked is not."""
        troubled = any(line.trouble or line.why is Left.UNREADABLE for line in self.lines)
        if self.swept is None:
            return not troubled and not self.erased
        return not troubled and not self.swept.found and not self.swept.unread

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "number": self.number,
            "callers": list(self.callers),
            "at": self.at.isoformat(),
            "who": self.who,
            "erased": self.erased,
            "known": self.known,
            "complete": self.complete,
            "places": [
                {
                    "place": line.place.value,
                    "held": line.held,
                    "erased": line.erased,
                    "left": line.left,
                    "why": line.why.value,
                    "things": [dict(thing) for thing in line.things],
                    "trouble": line.trouble,
                }
                for line in self.lines
            ],
            "swept": None
            if self.swept is None
            else {
                "files": self.swept.files,
                "bytes": self.swept.bytes,
                "found": dict(self.swept.found),
                "unread": list(self.swept.unread),
            },
            "remarks": list(self.remarks),
            "untidy": self.untidy,
        }


def found_line(held: Held) -> Line:
    """A place of a search."""
    return Line(place=held.place, held=held.count, left=held.count, why=held.stays, things=held.things)


def erased_line(place: Place, held: int, done: Erased) -> Line:
    """A place of an erasure."""
    return Line(place=place, held=held, erased=done.erased, left=done.left, why=done.why, things=done.things)


def told(report: Report, language: str) -> str:
    """The report in words, `es` or `en`."""
    tongue = 0 if language.startswith("es") else 1
    say = _Say(tongue)
    head = say("erased" if report.erased else "found", number=report.number, who=report.who or say("somebody"))
    lines = [head, say("at", at=report.at.isoformat(timespec="seconds")), ""]
    if not report.known:
        lines.append(say("unknown"))
    for line in report.lines:
        if line.held or line.erased or line.left or line.trouble:
            lines.append("- " + _line(say, line, report.erased))
            lines += [f"    {_thing(thing)}" for thing in line.things[:20]]
            if len(line.things) > 20:
                lines.append("    " + say("more", n=len(line.things) - 20))
    if report.swept is not None:
        lines += ["", *_swept(say, report.swept)]
    lines += [say("untidy")] if report.untidy else []
    lines += [*report.remarks, "", say("complete" if report.complete else "incomplete")] if report.erased else []
    if report.erased:
        lines.append(say("beyond"))
    return "\n".join(lines) + "\n"


class _Say:
    def __init__(self, tongue: int) -> None:
        self._tongue = tongue

    def __call__(self, text: str, **values: object) -> str:
        return _TEXTS[text][self._tongue].format(**values)

    def place(self, place: Place) -> str:
        return _PLACES[place][self._tongue]

    def why(self, why: Left) -> str:
        return _WHY[why][self._tongue]


def _line(say: _Say, line: Line, erased: bool) -> str:
    name = say.place(line.place)
    if line.trouble:
        return say("trouble", place=name, why=line.trouble)
    if not erased:
        stays = f" ({say.why(line.why)})" if line.why is not Left.NOTHING else ""
        return say("held", place=name, n=line.held) + stays
    parts = [say("gone", n=line.erased)] if line.erased or not line.left else []
    parts += [say("left", n=line.left, why=say.why(line.why))] if line.left else []
    return f"{name}: {'; '.join(parts)}"


def _thing(thing: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in thing.items() if value not in ("", None, False))


def _swept(say: _Say, swept: Swept) -> list[str]:
    lines = [say("swept", files=swept.files, megabytes=f"{swept.bytes / 1e6:.1f}")]
    lines += [say("still", file=file, n=times) for file, times in sorted(swept.found.items())]
    lines += [say("unread", file=file) for file in swept.unread]
    return lines if len(lines) > 1 else [lines[0] + " " + say("nowhere")]


_TEXTS = {
    "found": ("Lo que se guarda de {number} (consultado por {who})", "What is kept of {number} (asked by {who})"),
    "erased": ("Supresión de los datos de {number} (por {who})", "Erasure of the data of {number} (by {who})"),
    "somebody": ("alguien", "somebody"),
    "at": ("Fecha: {at}", "Date: {at}"),
    "unknown": ("No se guarda nada de este número.", "Nothing is kept of this number."),
    "held": ("{place}: {n}", "{place}: {n}"),
    "gone": ("suprimidos: {n}", "erased: {n}"),
    "left": ("quedan: {n}, {why}", "left: {n}, {why}"),
    "trouble": ("{place}: no fue posible: {why}", "{place}: it was not possible: {why}"),
    "more": ("y {n} más", "and {n} more"),
    "swept": (
        "Se revisaron los {files} archivos de la instalación ({megabytes} MB).",
        "All {files} files of the installation were looked through ({megabytes} MB).",
    ),
    "nowhere": ("El número no está en ninguno.", "The number stands in none."),
    "still": ("El número sigue en {file} ({n} veces).", "The number still stands in {file} ({n} times)."),
    "untidy": (
        "Está en partes libres de la base de datos, de una versión anterior: a una hora tranquila ejecute "
        "`ivr callers tidy`, y repita la supresión.",
        "It stands in free parts of the database, from an older version: at a quiet hour do `ivr callers tidy`, and "
        "erase again.",
    ),
    "unread": ("No se pudo leer {file}.", "{file} could not be read."),
    "complete": (
        "La supresión está completa. Las llamadas se conservan sin número, solo para las estadísticas.",
        "The erasure is complete. The calls are kept without the number, for the figures only.",
    ),
    "incomplete": (
        "La supresión NO está completa: corrija lo anterior y repítala.",
        "The erasure is NOT complete: put right what is told above, and do it again.",
    ),
    "beyond": (
        "Las copias de seguridad anteriores conservan los datos hasta que venzan.",
        "Backups made before hold the data until they expire.",
    ),
}

_PLACES = {
    Place.NUMBER: ("Número y nombre", "Number and name"),
    Place.CALLS: ("Llamadas", "Calls"),
    Place.MESSAGES: ("Mensajes de voz", "Voice messages"),
    Place.RECORDINGS: ("Grabaciones", "Recordings"),
    Place.EVENTS: ("Eventos de canal de Asterisk", "Asterisk's channel events"),
    Place.LOGS: ("Registros (logs)", "Logs"),
    Place.LOOK_UPS: ("Respuestas de otros sistemas en memoria", "Answers of other systems in memory"),
    Place.LISTS: ("Listas y tablas del cliente", "The customer's lists and tables"),
    Place.VERSIONS: ("Versiones anteriores de la configuración", "Earlier versions of the configuration"),
    Place.OTHERS: ("Entregado a terceros", "Handed on to others"),
}

_WHY = {
    Left.NOTHING: ("", ""),
    Left.FIGURES: ("sin número, para las estadísticas", "without the number, for the figures"),
    Left.CUSTOMER: ("en sus propios archivos: quite usted esas líneas", "in your own files: take these lines out"),
    Left.IN_FORCE: (
        "en la versión vigente o en uso: quite la línea, ponga en vigor la nueva versión y repita",
        "in a version that is in force or in use: take the line out, bring that into force, and do it again",
    ),
    Left.ELSEWHERE: ("pida a cada uno que los suprima", "ask each of them to erase it"),
    Left.HELD: (
        "bajo retención legal: repita la supresión cuando se levante",
        "under a legal hold: erase again when it is lifted",
    ),
    Left.UNREADABLE: ("en archivos comprimidos que no se pueden leer", "in packed files that cannot be looked into"),
}
