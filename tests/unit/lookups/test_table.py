"""CSV sources: real files that another system writes while they are asked."""

from decimal import Decimal
from pathlib import Path

import pytest

from ivr.call.effects import LookedUp
from ivr.site.csv_table import TableFault, read_table
from ivr.testing.clock import ManualClock
from tests.tools import run
from tests.unit.lookups.scene import scene

TABLE = """
look-ups:
  pedidos:
    label: Orders
    parameters: {pedido: text, cliente: number}
    file: pedidos.csv
    where: {Pedido: pedido, Cliente: cliente}
    answers:
      estado: text from Estado
      valor: number from Valor else 0
"""
FIRST = 'Pedido;Cliente;Estado;Valor\nA-1;900;en camino;12.50\nA-1;800;entregado;\nB-2;900;"a;b";x\n'


@run
async def test_the_first_line_that_fits_answers(tmp_path: Path) -> None:
    async with scene(tmp_path, TABLE) as look:
        (tmp_path / "config" / "pedidos.csv").write_text(FIRST + "A-1;900;again;1\n", encoding="utf-8-sig")
        answer = await look.ask("pedidos", pedido=" a-1", cliente=900)
        assert answer == LookedUp("found", {"estado": "en camino", "valor": Decimal("12.50")})
        assert (await look.ask("pedidos", pedido="A-1", cliente=800)).values["valor"] == 0
        assert (await look.ask("pedidos", pedido="A-1", cliente=1)).outcome == "not found"
        assert (await look.ask("pedidos", pedido="B-2", cliente=900)).outcome == "failed"  # x is no number
        assert look.figure("look_up_table_rows", source="pedidos") == 3


@run
async def test_a_changed_file_is_read_when_nobody_writes_it_any_more_and_a_broken_one_changes_nothing(
    tmp_path: Path,
) -> None:
    clock = ManualClock()
    async with scene(tmp_path, TABLE, clock) as look:
        file = tmp_path / "config" / "pedidos.csv"

        async def state() -> object:
            clock.advance(2)
            return (await look.ask("pedidos", pedido="A-1", cliente=900)).values.get("estado")

        file.write_text(FIRST)
        assert await state() == "en camino"
        file.write_text(FIRST.replace("en camino", "en bodega"))
        assert await state() == "en camino"  # seen once: somebody may still be writing
        assert await state() == "en bodega"
        file.write_text(FIRST.replace("Estado", "Situación"))
        for _ in range(3):
            assert await state() == "en bodega"
        assert look.figure("look_up_table_unusable", source="pedidos") == 1
        file.unlink()
        assert await state() == "en bodega"
        fresh = tmp_path / "config" / "new.csv"
        fresh.write_text(FIRST)
        fresh.replace(file)
        await state()
        assert await state() == "en camino"
        assert look.figure("look_up_table_unusable", source="pedidos") == 0


@run
async def test_a_file_that_is_not_there_fails_until_it_is(tmp_path: Path) -> None:
    clock = ManualClock()
    async with scene(tmp_path, TABLE, clock) as look:
        for _ in range(8):  # more often than a service may fail before it rests
            assert (await look.ask("pedidos", pedido="A-1", cliente=900)).outcome == "failed"
        (tmp_path / "config" / "pedidos.csv").write_text(FIRST)
        clock.advance(2)
        assert (await look.ask("pedidos", pedido="A-1", cliente=900)).outcome == "found"


@pytest.mark.parametrize(
    ("content", "encoding", "says"),
    [
        (b"", "UTF-8", "empty"),
        (b"a,b\n1\n", "UTF-8", "line 2 has 1 values"),
        (b"a;c\n", "UTF-8", "no column 'b'"),
        ("a,b\nx,ñ\n".encode("cp1252"), "UTF-8", "line 2 is not UTF-8"),
        (b'a,b\n"' + b"x" * 200_000 + b'",1\n', "UTF-8", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(content: bytes, encoding: str, says: str) -> None:
    with pytest.raises(TableFault, match=says):
        read_table(content, encoding, ["a"], ["b"])


def test_encodings_and_separators_of_spreadsheets() -> None:
    for content, encoding in (
        ("a;b\n1;ñ\n".encode("cp1252"), "Windows-1252"),
        ("\ufeffa,b\r\n1,ñ\r\n".encode(), "UTF-8"),
        ("a\tb\n1\tñ\n\n".encode(), "UTF-8"),
    ):
        assert read_table(content, encoding, ["a"], ["b"]).find(["1"]) == ("ñ",)
