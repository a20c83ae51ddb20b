"""Each rule of the engine is taken out or bent; the second model and the day's invariants must notice every time.

Every sixth one here, but none that takes many days to be noticed; all of them in `tests/soak/test_4_engine.py`.
"""

import importlib

import pytest

import acd.engine
from tests.property.lot import day_of
from tests.property.mutants import MUTANTS, bounded

for _module in ("agents", "callers", "preferences", "choices", "machinery"):
    importlib.import_module(f"tests.property.mutants.{_module}")

CHANGED = ("a step is taken back",)
"""What only shows when the configuration changes."""

LATE = ("fewest calls is longest idle",)
"""What shows after many days only."""

AT_LEAST = 60
DAYS, FACTS = 200, 200
"""So many at most until somebody notices; most are noticed on the first day."""


def is_noticed(name: str, patcher: pytest.MonkeyPatch) -> bool:
    """Whether the check complains about a day with this mutant."""
    MUTANTS[name](patcher)
    decide = acd.engine.decide
    patcher.setattr(acd.engine, "decide", lambda state: bounded(decide(state)))
    try:
        for number in range(DAYS):
            day_of(number, FACTS, changes=name in CHANGED)
    except AssertionError:
        return True
    return False


@pytest.mark.parametrize("name", [name for name in list(MUTANTS)[::6] if name not in LATE])
def test_a_mutant_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_noticed(name, monkeypatch)


def test_there_are_enough_of_them() -> None:
    assert len(MUTANTS) >= AT_LEAST
