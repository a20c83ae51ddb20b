"""`look up`, by each of its exits: a service, a table and a database that are asked while the caller waits."""

import asyncio
import sqlite3
from collections.abc import Iterator
from decimal import Decimal

import pytest

from ivr.speech import words
from ivr.testing.instance import Instance
from tests.live import verbs_scenes
from tests.live.evidence import takes
from tests.live.verbs_scenes import (
    BROKEN,
    FOUND,
    LOOK_UPS,
    NOT_THERE,
    SLOW,
    Service,
    at_once,
    chooses,
    running_service,
    to_the_end,
    types,
    until_noted,
)

START, CHANGES = verbs_scenes.START, verbs_scenes.CHANGES
SERVICE, TABLE, DATABASE, GONE = "1", "2", "3", "4"


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """What flows look up."""
    with running_service() as running:
        yield running


@pytest.fixture
def database(company: Instance) -> None:
    """A database beside the site."""
    with sqlite3.connect(company.environment.config / "clientes.sqlite") as connection:
        connection.execute("CREATE TABLE clientes (documento TEXT, saldo NUMERIC)")
        connection.execute("INSERT INTO clientes VALUES ('1001', 150)")


def balance(amount: int) -> tuple[str, ...]:
    """What is said of it."""
    return words("number", Decimal(amount), "es-CO")


@takes("look up: found", "look up: not found", "look up: too slow", "look up: failed", heard=("look up: meanwhile",))
async def test_every_outcome_of_every_kind_of_source(line: Instance, service: Service, database: None) -> None:
    async def asks(number: str, source: str, document: str, *hears: str) -> None:
        caller = await chooses(line, number, LOOK_UPS, source)
        await caller.hears("pida_documento")
        await types(caller, document)
        await to_the_end(caller, "pida_documento", "un_momento", *hears)

    async def is_too_slow_where_that_has_no_step() -> None:
        caller = await chooses(line, "3000000610", LOOK_UPS, "6")
        await to_the_end(caller, "fallo")

    await at_once(
        asks("3000000601", SERVICE, FOUND, *balance(350)),
        asks("3000000602", SERVICE, NOT_THERE, "desconocido"),
        asks("3000000603", SERVICE, SLOW, "muy_lento"),
        asks("3000000604", SERVICE, BROKEN, "fallo"),
        asks("3000000605", TABLE, FOUND, *balance(250)),
        asks("3000000606", TABLE, NOT_THERE, "desconocido"),
        asks("3000000607", DATABASE, FOUND, *balance(150)),
        asks("3000000608", DATABASE, NOT_THERE, "desconocido"),
        asks("3000000609", GONE, FOUND, "fallo"),
        is_too_slow_where_that_has_no_step(),
    )


@takes("look up: when hung up")
async def test_what_is_undone_when_the_caller_hangs_up_while_the_service_is_asked(
    line: Instance, service: Service
) -> None:
    before = len(service.notes)
    caller = await chooses(line, "3000000611", LOOK_UPS, "5")
    await asyncio.sleep(0.7)
    await caller.hang_up()
    await until_noted(service, before, "look up")
