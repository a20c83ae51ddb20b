"""Recordings are found by disposition and by what a note holds, page by page, however many there are."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ivr.access.limits import Limits
from ivr.figures.call_record import CallOutcome
from ivr.recordings import search as searching
from ivr.recordings.search import Wanted, search
from ivr.web.api.paging import After
from recordings.catalogue import State
from tests.unit.recordings.test_search import ALL, COUNT, LAST, QUEUES, Effort, Shelf

NOTES = (
    "", "", "", "Devolución del 100% de la cuota", "devolución de 100 pesos", "Pidió RECLAMACIÓN por escrito",
    "reclamación_2026", "reclamaciónX2026", 'dijo "\'); DROP TABLE recordings; --', "STRASSE y straße",
    "una\nlínea más",
)  # fmt: skip
SAID = ("", "venta", "reclamo", "otro")


class Remarked(Shelf):
    """Each talk may have a disposition and a note; the note of every 50th is like no other."""

    def _row(self, number: int, chance: random.Random) -> dict[str, Any]:
        made = super()._row(number, chance)
        rare, other = number % 50 == 7, random.Random(number)
        note = f"El caso {number}" if rare else other.choice(NOTES)
        return {**made, "disposition": "fraude" if rare else other.choice(SAID), "note": note}

    def _fits(self, row: dict[str, Any], w: Wanted) -> bool:
        alike = w.note.casefold() in row["note"].casefold() and (row["note"] != "" or not w.note)
        return super()._fits(row, w) and alike and w.disposition in ("", row["disposition"])


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Remarked]:
    made = Remarked(tmp_path)
    yield made
    made.store.close()


def found(shelf: Shelf, **wanted: Any) -> list[str]:
    """Each note once, of what is found."""
    page = search(shelf.store.engine, Wanted(**wanted), ALL, None, COUNT)
    assert page.next is None
    return sorted({one.note for one in page.recordings})


def some(chance: random.Random) -> Wanted:
    """A question of a few conditions, one of them about what was remarked."""
    words = ("reclamación", "CASO", "100%", "el caso 57", "zzz", "a", "línea", "ó")
    ways: dict[str, Any] = {
        "begin": LAST - timedelta(seconds=chance.randrange(COUNT // 2)), "queue": chance.choice(QUEUES),
        "end": LAST - timedelta(seconds=chance.randrange(40)), "agent": chance.choice(("101", "9")),
        "callers": frozenset(chance.choice((("often",), ("k1", "k2")))), "did": chance.choice(("601", "699")),
        "outcome": chance.choice((CallOutcome.ANSWERED, CallOutcome.VOICEMAIL)), "shortest": 400_000_000,
        "call": f"c{chance.randrange(COUNT)}", "state": chance.choice((State.KEPT, State.SPOILT)),
    }  # fmt: skip
    wanted = Wanted(**{name: ways[name] for name in chance.sample(sorted(ways), chance.choice((0, 0, 1, 1, 2)))})
    if chance.random() < 0.5:
        wanted = replace(wanted, disposition=chance.choice(("venta", "fraude", "nada")))
    return wanted if wanted.disposition and chance.random() < 0.4 else replace(wanted, note=chance.choice(words))


@pytest.mark.parametrize(
    ("count", "questions", "least"), [(120, 20, 10), pytest.param(COUNT, 60, 300, marks=pytest.mark.soak)]
)
@pytest.mark.parametrize("few", [0, 20, 5_000])
@pytest.mark.parametrize("looked", [1, 30, 10_000])
def test_every_question_finds_what_is_wanted_page_by_page(
    tmp_path: Path, few: int, looked: int, count: int, questions: int, least: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a page ends before it is full."""
    monkeypatch.setattr(searching, "FEW", few)
    monkeypatch.setattr(searching, "LOOKED", looked)
    shelf, chance = Remarked(tmp_path, count), random.Random(f"{few} {looked}")
    reaches = (ALL, ALL, Limits(queues=frozenset(("servicio", "cartera"))), Limits())
    seen = 0
    for _ in range(questions):
        wanted, within, limit = some(chance), chance.choice(reaches), chance.choice((1, 7, 500))
        right = shelf.right(wanted, within)
        assert shelf.all_pages(wanted, within, limit) == right, wanted
        seen += len(right)
    assert seen > least
    shelf.store.close()


def test_words_are_taken_as_they_are_written_but_for_capitals_and_accents_put_together(shelf: Remarked) -> None:
    assert found(shelf, note="100%") == ["Devolución del 100% de la cuota"]
    assert found(shelf, note="reclamación_") == ["reclamación_2026"]
    assert found(shelf, note="RECLAMACIÓN por") == found(shelf, note="reclamacio\N{COMBINING ACUTE ACCENT}n por") != []
    assert len(found(shelf, note="rEcLaMaCiÓn")) == 3 and found(shelf, note="Straße") == ["STRASSE y straße"]
    assert found(shelf, note="'); drop table") == ["dijo \"'); DROP TABLE recordings; --"]
    assert found(shelf, note="\\") == found(shelf, note="_ _") == []


def test_a_disposition_is_found_as_a_whole(shelf: Remarked) -> None:
    page = search(shelf.store.engine, Wanted(disposition="venta"), ALL, None, 500)
    assert {one.disposition for one in page.recordings} == {"venta"}
    for other in ("vent", "VENTA", "%", "venta "):
        assert search(shelf.store.engine, Wanted(disposition=other), ALL, None, 500).recordings == ()


def test_no_question_looks_at_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """10,000 rows, of which 8,000 have notes; 300 are few, and 500 are read for a page."""
    monkeypatch.setattr(searching, "FEW", 300)
    monkeypatch.setattr(searching, "LOOKED", 500)
    shelf = Remarked(tmp_path, 10_000)
    own = Limits(queues=frozenset(("servicio", "cartera", "tesoreria")))
    deep = After(LAST - timedelta(hours=1), "c7200_1")
    effort = Effort(shelf.store)
    most = {
        "rare disposition": effort.of(Wanted(disposition="fraude")),
        "disposition": effort.of(Wanted(disposition="venta")),
        "disposition, deep": effort.of(Wanted(disposition="venta"), after=deep),
        "disposition that nobody has": effort.of(Wanted(disposition="nada", queue="servicio")),
        "disposition, several queues": effort.of(Wanted(disposition="venta"), own),
        "usual word": effort.of(Wanted(note="reclamación")),
        "usual word, deep": effort.of(Wanted(note="reclamación"), after=deep),
        "rare word": effort.of(Wanted(note="el caso")),
        "a word that is nowhere": effort.of(Wanted(note="zzz")),
        "a word that is nowhere, deep": effort.of(Wanted(note="zzz"), after=deep),
        "a word that is nowhere, several queues": effort.of(Wanted(note="zzz"), own),
        "a word that is nowhere, of one who talks much": effort.of(Wanted(note="zzz", agent="101")),
        "a word that is nowhere, of one who talks little": effort.of(Wanted(note="zzz", agent="9")),
        "a word that is nowhere, of a caller": effort.of(Wanted(note="zzz", callers=frozenset({"k1"})), own),
        "word and disposition": effort.of(Wanted(note="el caso", disposition="fraude")),
    }
    shelf.store.close()
    assert {name: steps for name, steps in most.items() if steps > 30} == {}
