"""The same invariants while queues, agents, skills and times change in the middle of the day."""

from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from acd.config import SECOND, AgentConfig, EngineConfig
from acd.facts import DeviceSeen, Reconfigured
from acd.model import AgentId, DeviceState
from tests.property.test_engine import CONFIG, A, World, days

ONE, TWO, THREE = CONFIG.queues
FEWER = replace(CONFIG, agents=CONFIG.agents[:2], queues=(ONE, TWO))
SWIFTER = replace(CONFIG, queues=(replace(ONE, longest_wait_us=5 * SECOND, wrap_up_us=1 * SECOND), THREE), misses=1)
OTHERS = replace(
    CONFIG,
    agents=(*(replace(a, skills={A: 5}) for a in reversed(CONFIG.agents)), AgentConfig(id=AgentId("5"), skills={A: 5})),
    queues=(THREE, replace(TWO, needs=ONE.needs), replace(ONE, agents=(AgentId("1"),), needs=())),
)
EMPTY = EngineConfig(queues=(), agents=())


class ChangedWorld(World):
    """A day on which the site is changed now and then."""

    @rule(config=st.sampled_from([CONFIG, FEWER, SWIFTER, OTHERS, EMPTY]), told=st.booleans())
    def reconfigure(self, config: EngineConfig, told: bool) -> None:
        self.devices.setdefault(AgentId("5"), DeviceState.FREE)
        seen = tuple(DeviceSeen(agent=a, state=s) for a, s in self.devices.items()) if told else ()
        self.tell(self.fact(Reconfigured, config=config.text, devices=seen))
        assert self.engine.config == config


def test_the_invariants_hold_on_a_day_of_changes() -> None:
    run_state_machine_as_test(ChangedWorld, settings=days(150, derandomize=True))


def test_a_configuration_comes_back_from_its_text() -> None:
    for config in (CONFIG, FEWER, SWIFTER, OTHERS, EMPTY):
        assert EngineConfig.parse(config.text) == config
        assert EngineConfig.parse(config.text).hash == config.hash
