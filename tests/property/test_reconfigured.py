"""The same invariants while queues, agents, skills, steps and times change in the middle of the day."""

import pytest
from hypothesis.stateful import run_state_machine_as_test

from acd.config import STRATEGIES, EngineConfig
from tests.property.configs import CHANGED, CONFIG, with_strategies
from tests.property.world import ChangedWorld, days


@pytest.mark.parametrize("number", [20, pytest.param(50, marks=pytest.mark.soak)])
def test_the_invariants_hold_on_a_day_of_changes(number: int) -> None:
    run_state_machine_as_test(ChangedWorld, settings=days(number, derandomize=True))


def test_a_configuration_comes_back_from_its_text() -> None:
    for config in (*CHANGED, *(with_strategies(CONFIG, (name,)) for name in STRATEGIES)):
        assert EngineConfig.parse(config.text) == config
        assert EngineConfig.parse(config.text).hash == config.hash
