"""Every value of every file replaced by one of another shape: problems in their one form, never an exception.

A sample gives each value some of the shapes, the next one the next of them, round and round; `make soak` all of all.
"""

import copy
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.language.fixtures import GOOD, good_site, load
from tests.unit.language.remedies import has_remedy

FILES = {
    "config/site.yaml": "config/site.yaml",
    "queues/everything.yaml": "config/queues.yaml",
    "config/hours.yaml": "config/hours.yaml",
    "config/prompts.yaml": "config/prompts.yaml",
    "recordings/everything.yaml": "config/recordings.yaml",
    "flows/principal.yaml": "flows/principal.yaml",
}
"""A good file -> its place in the site."""

SHAPES: tuple[Any, ...] = (None, "", "x", "-1", [], ["x"], {}, {"x": "y"}, [[]], {"same as": "menu"})


SOME = 3
"""Shapes for each value in a sample: no divisor of their number, so that each comes at each turn."""


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from _paths(value[key], (*path, key))


def _replaced(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    changed = copy.deepcopy(data)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return changed


@pytest.mark.parametrize("some", [SOME, pytest.param(len(SHAPES), marks=pytest.mark.soak)])
@pytest.mark.parametrize("file", FILES)
def test_any_value_of_any_shape_gives_problems_of_one_form(file: str, some: int, tmp_path: Path) -> None:
    site, target = good_site(tmp_path), FILES[file]
    data = yaml.load((GOOD / file).read_text(), yaml.BaseLoader)
    turns = itertools.cycle(SHAPES)
    for path in _paths(data):
        for shape in itertools.islice(turns, some):
            (site / target).write_text(
                yaml.safe_dump(_replaced(data, path, shape), allow_unicode=True, sort_keys=False)
            )
            checked = load(site)
            assert (checked.site is None) == bool(checked.errors)
            for problem in checked.problems:
                assert has_remedy(problem.message), problem.message
                assert problem.line >= 1 and problem.column >= 1 and str(problem).isprintable()
