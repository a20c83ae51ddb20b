"""The same invariants while queues, agents, skills, steps and times change in the middle of the day."""

from hypothesis.stateful import run_state_machine_as_test

from acd.config import STRATEGIES, EngineConfig
from tests.property.configs import CHANGED, CONFIG, with_strategies
from tests.property.world import ChangedWorld, days


def test_the_invariants_hold_on_a_day_of_changes() -> None:
    run_state_machine_as_test(ChangedWorld, settings=days(50, derandomize=True))


def test_a_configuration_comes_back_from_its_text() -> None:
    for config in (*CHANGED, *(with_strategies(CONFIG, (name,)) for name in STRATEGIES)):
        assert EngineConfig.parse(config.text) == config
        assert EngineConfig.parse(config.text).hash == config.hash
