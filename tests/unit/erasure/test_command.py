"""`ivr callers` against a server's API."""

import json
from pathlib import Path

from ivr.access.model import Role, Via
from ivr.testing.api import Api, principal
from tests.tools import run
from tests.unit.audit.terminal import terminal
from tests.unit.erasure.house import ANA, Instance


@run
async def test_a_caller_is_found_and_erased_at_a_terminal(tmp_path: Path) -> None:
    house = await Instance.begin(tmp_path)
    await house.call(1, ANA)
    await house.ledger.flush()
    api = Api([house.routes])
    api.door.who = principal(Role.ADMIN, via=Via.LOCAL)
    async with terminal(house.var, api) as at:
        found = await at.says("callers", "find", "300 123 4567")
        assert "Mensajes de voz: 1" in found and "ana" in found and ANA not in found
        asked = await at.asked("callers", "erase", ANA, given="n\n")
        assert asked.exit_code == 1 and "Aborted" in asked.output and house.holding(ANA)
        said = await at.says(
            "callers", "erase", ANA, "--yes", "--json"
        )  # and whatever else this process says meanwhile
        report = json.loads(next(row for row in said.splitlines() if row.startswith("{")))
        assert report["complete"] and report["who"] == "ana" and house.holding(ANA) == {}
        (house.paths.log / "messages.log.9.xz").write_bytes(b"packed")
        again = await at.asked("callers", "erase", ANA, "--yes", "--language", "en")
        assert again.exit_code == 1 and "NOT complete" in again.output and "messages.log.9.xz" in again.output
        tidied = await at.says("callers", "tidy", "--seconds", "30")
        assert "the records were written anew in" in tidied and "MB before" in tidied
        wrong = await at.asked("callers", "find", "101")
        assert wrong.exit_code == 1 and "write it with all its digits" in wrong.output
    without = await at.asked("callers", "find", ANA)
    assert without.exit_code == 1 and "no server is running here" in without.output
    await house.close()
