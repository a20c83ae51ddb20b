"""The monthly report about the disk as a page and as a table, in Spanish and in English.

The page needs nothing but itself: no link, no script, no picture from elsewhere, so it can be sent and kept.
"""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from recordings.capacity import HORIZON, Alarm, MonthFreed
from recordings.monthly import Report
from recordings.rule_words import rule_words

_TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    "title": ("Capacidad de las grabaciones", "Capacity for recordings"),
    "calm": ("Ninguna alarma.", "No alarm."),
    "disk": ("El disco", "The disk"),
    "until_full": ("Se llena en", "Full in"),
    "free": ("Libre", "Free"),
    "size": ("Tamaño", "Size"),
    "stored": ("Grabaciones guardadas", "Recordings stored"),
    "by_queue": ("Lo que graba cada cola", "What each queue records"),
    "queue": ("Cola", "Queue"),
    "a_day": ("Por día", "A day"),
    "freed": ("Lo que liberará cada regla", "What each rule will free"),
    "month": ("Mes", "Month"),
    "of_which_expected": ("de lo que aún se grabará:", "of what is still to be recorded:"),
    "nothing": ("Todavía nada.", "Nothing yet."),
    "no queue": ("sin cola", "without a queue"),
    "method": (
        "Por día: promedio de las últimas cuatro semanas completas. Los días hasta llenarse se calculan viviendo "
        "muchas veces los días que vienen, con semanas del último medio año sacadas al azar; el intervalo contiene "
        "90 de cada 100. No se prevé crecimiento.",
        "A day: mean of the last four whole weeks. The days until the disk is full come from living the days ahead "
        "many times, with weeks of the last half year drawn by lot; the interval holds 90 of 100. Growth is not "
        "foreseen.",
    ),
    "unknown": ("no se sabe: todavía no hay historia", "not known: there is no history yet"),
    "never": ("más de {most} días", "more than {most} days"),
    "days": ("{days} días (entre {earliest} y {latest})", "{days} days (between {earliest} and {latest})"),
    "more than": ("más de {most}", "more than {most}"),
    Alarm.FULL_SOON.value: (
        "El disco puede llenarse en menos de {days} días: haga espacio, o ponga un disco más grande.",
        "The disk may be full in less than {days} days: make room, or put in a larger disk.",
    ),
    Alarm.DISK_LOW.value: (
        "Queda libre menos del {free} del disco.",
        "Less than {free} of the disk is free.",
    ),
    Alarm.STOP.value: (
        "Queda libre menos del {stop} del disco: no se graba nada más hasta que haya espacio.",
        "Less than {stop} of the disk is free: nothing more is recorded until there is room.",
    ),
    # --- the table's columns and rows
    "kind": ("clase", "kind"),
    "what": ("de qué", "of what"),
    "month column": ("mes", "month"),
    "value": ("valor", "value"),
    "unit": ("unidad", "unit"),
    "bytes": ("bytes", "bytes"),
    "unit days": ("días", "days"),
    "recordings": ("grabaciones", "recordings"),
    "row size": ("disco", "disk"),
    "row free": ("libre", "free"),
    "row stored": ("guardado", "stored"),
    "row until": ("hasta llenarse", "until full"),
    "row earliest": ("hasta llenarse, lo más pronto", "until full, at the earliest"),
    "row latest": ("hasta llenarse, lo más tarde", "until full, at the latest"),
    "row queue": ("por día", "a day"),
    "row known": ("se libera", "freed"),
    "row expected": ("se liberará de lo aún no grabado", "freed of what is still to be recorded"),
    "row alarm": ("alarma", "alarm"),
}

_MONTHS = {
    "es": [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ],
    "en": [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
}
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


@dataclass(frozen=True, slots=True)
class _Tongue:
    """Words and numbers of one language."""

    lang: str

    def say(self, name: str, **values: object) -> str:
        return _TEXTS[name][0 if self.lang == "es" else 1].format(**values)

    def number(self, text: str) -> str:
        """`1,234.5` as the language writes it."""
        return text.translate(str.maketrans(",.", ".,")) if self.lang == "es" else text

    def whole(self, number: int) -> str:
        return self.number(f"{number:,}")

    def percent(self, number: float) -> str:
        return self.number(f"{number:,.1f}").removesuffix(",0").removesuffix(".0") + " %"

    def size(self, stored: float) -> str:
        """Bytes in the unit that suits them: 1.5 GB is 1,500,000,000."""
        unit = 0
        while abs(stored) >= 999.5 and unit < len(_UNITS) - 1:
            stored, unit = stored / 1000, unit + 1
        digits = 1 if unit > 1 and abs(stored) < 100 else 0
        return self.number(f"{stored:,.{digits}f}") + f" {_UNITS[unit]}"

    def month(self, year: int, month: int) -> str:
        return f"{_MONTHS[self.lang][month - 1]}{' de' if self.lang == 'es' else ''} {year}"

    def day(self, day: date) -> str:
        de = " de" if self.lang == "es" else ""
        return f"{day.day}{de} {self.month(day.year, day.month)}"

    def until_full(self, report: Report) -> str:
        foreseen = report.foreseen
        if not foreseen.days_known:
            return self.say("unknown")
        most = self.whole(HORIZON)
        if foreseen.earliest is None:
            return self.say("never", most=most)
        words = [
            self.whole(value) if value is not None else self.say("more than", most=most)
            for value in (foreseen.days, foreseen.earliest, foreseen.latest)
        ]
        return self.say("days", days=words[0], earliest=words[1], latest=words[2])

    def alarm(self, alarm: Alarm, report: Report) -> str:
        limits = report.limits
        return self.say(
            alarm.value,
            days=limits.days_until_full,
            free=self.percent(limits.free_below),
            stop=self.percent(limits.stop_below),
        )

    def rules(self, report: Report) -> dict[str, str]:
        """Each rule of the report -> its words."""
        words = {str(rule): rule_words(rule, self.lang) for rule in report.rules}
        return {one.rule: words.get(one.rule, one.rule) for one in report.freed}

    def queue(self, queue: str, report: Report) -> str:
        return report.labels.get(queue) or queue or self.say("no queue")


def _tongue(language: str) -> _Tongue:
    return _Tongue("es" if language.startswith("es") else "en")


def html(report: Report, language: str) -> str:
    """The page: Spanish for `es...`, else English."""
    tongue = _tongue(language)
    rules = tongue.rules(report)
    cells: dict[str, dict[str, MonthFreed]] = {}
    for one in report.freed:
        cells.setdefault(one.month, {})[one.rule] = one
    largest = max(report.by_queue.values(), default=0.0) or 1.0
    return _template().render(
        lang="es-CO" if tongue.lang == "es" else "en",
        say=SimpleNamespace(**{name: tongue.say(name) for name in _PLAIN}),
        report=report,
        alarms=[tongue.alarm(alarm, report) for alarm in Alarm if alarm in report.alarms],
        until_full=tongue.until_full(report),
        queues=[
            {"name": tongue.queue(queue, report), "mean": mean, "share": round(100 * mean / largest)}
            for queue, mean in report.by_queue.items()
        ],
        rules=list(rules.values()),
        months=[
            {"month": tongue.month(*map(int, month.split("-"))), "cells": [row[rule] for rule in rules]}
            for month, row in cells.items()
        ],
        month=lambda day: tongue.month(day.year, day.month),
        day=tongue.day,
        size=tongue.size,
        percent=tongue.percent,
        whole=tongue.whole,
    )


_PLAIN = (
    "title", "calm", "disk", "until_full", "free", "size", "stored", "by_queue", "queue", "a_day", "freed", "month",
    "of_which_expected", "nothing", "method",
)  # fmt: skip


@cache
def _template() -> Template:
    folder = FileSystemLoader(Path(__file__).parent / "templates")
    engine = Environment(
        loader=folder, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=True
    )
    return engine.get_template("capacity.html.j2")


def table(report: Report, language: str) -> str:
    """The same figures as CSV, one value a line, for a spreadsheet: with `;` in Spanish and `,` in English, as
    spreadsheets there expect it. Numbers are whole, without separators; nothing in it can become a formula."""
    tongue = _tongue(language)
    say, out = tongue.say, io.StringIO()
    written = csv.writer(out, delimiter=";" if tongue.lang == "es" else ",", lineterminator="\r\n")

    def line(kind: str, what: str, month: str, value: Any, unit: str) -> None:
        written.writerow([_harmless(say(kind)), _harmless(what), month, value, say(unit)])

    written.writerow([say(name) for name in ("kind", "what", "month column", "value", "unit")])
    today, foreseen = f"{report.today:%Y-%m}", report.foreseen
    line("row size", report.site, today, report.disk.size, "bytes")
    line("row free", report.site, today, report.disk.free, "bytes")
    line("row stored", report.site, today, report.stored, "bytes")
    line("row stored", report.site, today, report.count, "recordings")
    for kind, days in (("until", foreseen.days), ("earliest", foreseen.earliest), ("latest", foreseen.latest)):
        line(f"row {kind}", report.site, today, "" if days is None else days, "unit days")
    for alarm in Alarm:
        if alarm in report.alarms:
            line("row alarm", tongue.alarm(alarm, report), today, 1, "row alarm")
    for queue, mean in report.by_queue.items():
        line("row queue", tongue.queue(queue, report), today, round(mean), "bytes")
    rules = tongue.rules(report)
    for one in report.freed:
        line("row known", rules[one.rule], one.month, one.known, "bytes")
        line("row expected", rules[one.rule], one.month, one.expected, "bytes")
    return "\ufeff" + out.getvalue()  # without the mark, spreadsheets take the accents for something else


def _harmless(text: str) -> str:
    """Text that a spreadsheet does not take for a formula."""
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
