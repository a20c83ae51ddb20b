"""Each rule of the engine is taken out or bent; the second model and the day's invariants must notice every time."""

import contextlib
import importlib
import io

import pytest
from hypothesis import Phase
from hypothesis.stateful import run_state_machine_as_test

from tests.property.mutants import MUTANTS
from tests.property.world import ChangedWorld, World, days

for _module in ("agents", "callers", "choices", "machinery"):
    importlib.import_module(f"tests.property.mutants.{_module}")

CHANGED = ("a step is taken back",)
"""What only shows when the configuration changes."""

AT_LEAST = 60
DAYS = 600
"""So many at most until somebody notices; most are noticed within ten."""


def is_noticed(name: str, patcher: pytest.MonkeyPatch) -> bool:
    """Whether the check complains about a day with this mutant."""
    MUTANTS[name](patcher)
    world = ChangedWorld if name in CHANGED else World
    quietly = days(DAYS, derandomize=True, phases=[Phase.generate], report_multiple_bugs=False)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            run_state_machine_as_test(world, settings=quietly)
    except AssertionError:
        return True
    return False


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_noticed(name, monkeypatch)


def test_there_are_enough_of_them() -> None:
    assert len(MUTANTS) >= AT_LEAST
