"""What became of a real talk, and what somebody remarks of it: by each it is found, and another one is not."""

import json

from ivr.testing.instance import Instance
from tests.live.recorded import kept
from tests.live.scenes import live, short, talking
from tests.live.transfer_scenes import talk_ends

CHANGES = short(queues={"cartera": {"record": "yes"}, "servicio": {"record": "yes"}})
CHANGES["recordings.yaml"] = {"format": "wav", "dispositions": ["venta", "reclamo"]}


async def found(line: Instance, *wanted: str) -> list[str]:
    """Names of the recordings that `ivr recordings list` finds."""
    listed = await line.command("recordings", "list", *wanted, "--json")
    return [json.loads(one)["recording"] for one in listed.splitlines()]


@live
async def test_a_talk_is_found_by_what_became_of_it_and_by_its_note(line: Instance) -> None:
    recordings = []
    for number, key in (("3000000886", "1"), ("3000000887", "3")):
        caller, agent = await talking(line, number, key)
        call = await line.call_id(caller)
        await talk_ends(caller, agent)
        [one] = await kept(line, call)
        assert (one["disposition"], one["note"]) == ("", "")
        recordings.append(one["recording"])
    bought, complains = recordings
    words = "Pide DEVOLUCIÓN del 100% de la cuota"
    told = await line.command("recordings", "remark", complains, "--disposition", "reclamo", "--note", words)
    assert told == f"disposition: reclamo\nnote: {words}\n"
    await line.command("recordings", "remark", bought, "--disposition", "venta", "--note", "compró dos, sin devolución")
    assert (
        await found(line, "--disposition", "reclamo")
        == await found(line, "--note", "devolución del 100%")
        == [complains]
    )
    assert await found(line, "--disposition", "venta") == await found(line, "--note", "COMPRÓ") == [bought]
    assert await found(line, "--note", "devolución") == [complains, bought]
    assert await found(line, "--disposition", "venta", "--note", "100%") == []
    ledger = await line.command("audit", "--action", "recordings.remarked")
    assert complains in ledger and "reclamo" in ledger and "DEVOLUCIÓN" not in ledger
    assert "everything agrees" in await line.command("recordings", "verify")
