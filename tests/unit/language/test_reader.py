"""The reader: text stays text, places are right, and nothing that a file contains makes it fail otherwise than told."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ivr.language.load import load_flow
from ivr.language.reader import MAX_BYTES, read_file, read_text
from tests.unit.language.fixtures import GOOD


def test_no_value_changes_its_meaning() -> None:
    document, problems = read_text(b"a: 9:30\nb: 0312345\nc: no\nd: 2026-12-24\ne: 1e3\n1: 0x10\nf:\ng: ''\n", "f")
    assert problems == []
    assert document is not None
    assert document.data == {
        "a": "9:30",
        "b": "0312345",
        "c": "no",
        "d": "2026-12-24",
        "e": "1e3",
        "1": "0x10",
        "f": None,
        "g": "",
    }


def test_places_count_characters_from_one() -> None:
    document, _ = read_text("ñandú: [á, é]\nb:\n  - x: y\n".encode(), "f")
    assert document is not None
    assert document.place(("ñandú", 1)).column == 12
    place = document.key_place(("b", 0, "x"))
    assert (place.line, place.column) == (3, 5)
    assert document.place(("b", 0, "missing")).line == 3  # the nearest thing around it


def test_a_byte_order_mark_is_no_fault() -> None:
    document, problems = read_text(b"\xef\xbb\xbfa: b\n", "f")
    assert problems == [] and document is not None and document.data == {"a": "b"}


def test_what_an_alias_repeats_is_there() -> None:
    document, problems = read_text(b"a: &x [1, 2]\nb: *x\n", "f")
    assert problems == [] and document is not None and document.data["b"] == ["1", "2"]


def test_large_and_absent_files_are_told(tmp_path: Path) -> None:
    large = tmp_path / "large.yaml"
    large.write_bytes(b"#" * (MAX_BYTES + 1))
    assert read_file(large, "large.yaml")[2][0].code == "YAML003"
    assert read_file(tmp_path / "none.yaml", "none.yaml")[2][0].code == "YAML001"
    assert read_file(tmp_path, "folder")[2][0].code == "YAML001"


def test_a_nest_of_brackets_ends_at_once() -> None:
    assert read_text(b"a: " + b"[" * 300_000, "f")[1][0].code == "YAML009"
    assert read_text(b"a: " + b"{a: " * 100_000, "f")[1][0].code == "YAML009"
    assert read_text(b"- " * 300_000, "f")[1][0].code == "YAML009"


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=200))
def test_any_bytes_give_a_document_or_a_problem(content: bytes) -> None:
    document, problems = read_text(content, "f")
    assert (document is None) <= bool(problems)


_GOOD = (GOOD / "flows" / "principal.yaml").read_text()


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, len(_GOOD)), st.integers(0, 12), st.text(max_size=8))
def test_a_flow_with_anything_replaced_gives_problems_in_their_one_shape(
    tmp_path_factory, start: int, length: int, text: str
) -> None:
    folder = tmp_path_factory.getbasetemp()
    path = folder / "principal.yaml"
    path.write_bytes((_GOOD[:start] + text + _GOOD[start + length :]).encode("utf-8", "surrogatepass"))
    for problem in load_flow(GOOD / "config", path).problems:
        assert problem.line >= 1 and problem.column >= 1
        assert "\n" not in str(problem) and str(problem).isprintable()


@pytest.mark.parametrize(
    ("content", "line", "column"),
    [
        (b"\xef\xe3", 1, 1),  # half of the mark that Windows puts before UTF-8
        (b"\xef\xbb\xbfa: b\nc: \xe3", 2, 4),
        (b"a: b\nc: \xe3", 2, 4),
    ],
)
def test_the_place_of_a_wrong_byte(content: bytes, line: int, column: int) -> None:
    [problem] = read_text(content, "f")[1]
    assert (problem.code, problem.line, problem.column) == ("YAML002", line, column)
