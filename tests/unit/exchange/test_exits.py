"""A queue's exits: the engine, the flow's verb and the dialplan know the same ones."""

import re
from pathlib import Path

from acd import reasons
from ivr.exchange.exits import OVERFLOW
from ivr.verbs.queue import EXITS

DIALPLAN = Path(__file__).parents[3] / "asterisk-conf" / "dialplan" / "waiting.j2"


def test_every_exit_of_the_engine_is_one_of_the_verb_and_has_an_extension() -> None:
    assert set(EXITS) == set(reasons.EXITS) - {reasons.TRANSFER_FAILED}
    assert set(OVERFLOW) == set(reasons.EXITS)


def test_the_dialplan_sends_each_extension_back_with_its_exit() -> None:
    written = re.findall(r"^exten => ([a-z]+),1,Set\(RETURNED=queue ([a-z ]+)\)$", DIALPLAN.read_text(), re.M)
    assert {exit: extension for extension, exit in written} == OVERFLOW
