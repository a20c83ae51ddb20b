"""What users report about clients of Asterisk's manager (gap 16 of the list that tests/gaps names)."""

import asyncio

from acd.model import AgentId
from ivr.asterisk.ami import Event
from ivr.asterisk.snapshot import take
from tests.tools import run
from tests.wire.ami_peer import QUICK, linked


@run
async def test_the_link_recovers_from_every_loss() -> None:
    """16 (qpanel#6: a client that does not recover): cut, refused, silent and gone, one after the other."""
    async with linked(QUICK) as it:
        await it.up(1)
        it.asterisk.cut()
        await it.up(2)
        it.asterisk.refuse_logins = "Authentication failed"
        it.asterisk.cut()
        await it.asterisk.received("Login", 4)
        it.asterisk.refuse_logins = ""
        await it.up(3)
        it.asterisk.frozen = True
        await it.until(lambda: not it.link.connected)
        it.asterisk.frozen = False
        await it.up(4)
        await it.asterisk.stop_listening()
        it.asterisk.cut()
        await it.until(lambda: not it.link.connected)
        await it.asterisk.listen()
        await it.up(5)
        assert (await it.link.action("Status")).success


@run
async def test_nothing_but_the_login_is_said_before_the_login() -> None:
    """16 (AsterNET#214: a ping before the login ends the connection): pings are due, and the login is late."""
    async with linked(QUICK) as it:
        it.asterisk.silent.add("Login")
        await it.asterisk.received("Login")
        await asyncio.sleep(5 * QUICK.ping_every)
        told = [action["Action"] for action in it.asterisk.actions]
        it.asterisk.silent.clear()
        await it.up()
        await it.asterisk.received("Ping")
        assert told and all(action == ["Login"] for action in told)


@run
async def test_a_picture_of_many_queues_and_agents_is_two_questions() -> None:
    """16 (asterisk#1972: a reload floods O(queues x members)): what is asked does not grow with agents or queues."""
    async with linked() as it:
        agents = [AgentId(str(number)) for number in range(1000)]
        states = [("DeviceStateChange", {"Device": f"PJSIP/{name}", "State": "NOT_INUSE"}) for name in agents]
        it.asterisk.lists["DeviceStateList"] = states  # type: ignore[assignment]
        it.asterisk.lists["Status"] = []
        await it.up()
        before = len(it.asterisk.actions)
        picture = await take(it.link, agents)
        assert len(picture.devices) == 1000
        asked = [action["Action"][0] for action in it.asterisk.actions[before:]]
        assert sorted(asked) == ["DeviceStateList", "Status"]


@run
async def test_a_flood_of_events_holds_up_no_answer() -> None:
    """16 (asterisk#1972): a reload of somebody's app_queue on the same Asterisk, 50 queues of 400 members."""
    async with linked() as it:
        heard: list[Event] = []
        it.link.subscribe(heard.append, "DeviceStateChange")
        await it.up()
        it.asterisk.raw(b"Event: QueueMemberStatus\r\nQueue: q\r\nInterface: PJSIP/101\r\nStatus: 1\r\n\r\n" * 20_000)
        it.asterisk.emit("DeviceStateChange", {"Device": "PJSIP/101", "State": "INUSE"})
        assert (await it.link.action("Status", timeout=20)).success
        await it.until(lambda: bool(heard))
        assert it.link.connected and len(heard) == 1
