"""Actions and events over a link to a scripted Asterisk.

Each fault of panoramisk that was found has its test here, in test_ami_loss.py or in test_ami_request.py.
"""

import asyncio

import pytest

from ivr.asterisk.ami import AmiLink, AmiLost, AmiRefused, AmiTimeout, Event
from ivr.clock import LoopClock
from ivr.testing.asterisk_ami import ScriptedAmi
from tests.tools import run
from tests.wire.ami_peer import linked


@run
async def test_login_and_an_action() -> None:
    async with linked() as it:
        await it.up()
        response = await it.link.action("Hangup", {"Channel": "acd-1", "Cause": "16"})

        assert response.success
        assert it.asterisk.actions[-1]["Channel"] == ["acd-1"]
        assert it.asterisk.actions[0]["Secret"] == [it.asterisk.secret]
        assert it.told.counts["Hangup done"] == 1


@run
async def test_asterisk_says_no() -> None:
    async with linked() as it:
        it.asterisk.answers["Redirect"] = it.asterisk.refuse("Channel does not exist: n1-1.1")
        await it.up()

        with pytest.raises(AmiRefused, match=r"Channel does not exist: n1-1\.1"):
            await it.link.action("Redirect", {"Channel": "n1-1.1"})
        assert it.told.counts["Redirect refused"] == 1


@run
async def test_a_list_an_empty_list_and_a_list_that_is_an_error() -> None:
    async with linked() as it:
        it.asterisk.lists["Status"] = [("Status", {"Uniqueid": "a"}), ("Status", {"Uniqueid": "b"})]
        it.asterisk.lists["BridgeList"] = []
        it.asterisk.answers["PJSIPShowContacts"] = it.asterisk.refuse("No Contacts found")
        it.asterisk.answers["DeviceStateList"] = it.asterisk.refuse("Permission denied")
        await it.up()

        assert [item["Uniqueid"] for item in await it.link.listing("Status")] == ["a", "b"]
        assert await it.link.listing("BridgeList") == []
        assert await it.link.listing("PJSIPShowContacts") == []
        with pytest.raises(AmiRefused, match="Permission denied"):
            await it.link.listing("DeviceStateList")


@run
async def test_many_actions_at_once_get_their_own_answers() -> None:
    async with linked() as it:
        it.asterisk.answers["Getvar"] = lambda asked: it.asterisk.accept({"Value": asked["Variable"] * 2})(asked)
        await it.up()

        answers = await asyncio.gather(*(it.link.action("Getvar", {"Variable": f"v{n}"}) for n in range(200)))

        assert [answer["Value"] for answer in answers] == [f"v{n}v{n}" for n in range(200)]


@run
async def test_an_event_that_carries_a_pending_actionid_reaches_the_bus() -> None:
    """panoramisk swallows OriginateResponse."""
    async with linked() as it:
        it.asterisk.answers["Originate"] = it.asterisk.accept(
            {"Message": "Originate successfully queued"},
            ("OriginateResponse", {"Response": "Failure", "Reason": "3", "Uniqueid": "acd-1"}),
        )
        it.asterisk.lists["DeviceStateList"] = [("DeviceStateChange", {"Device": "PJSIP/101", "State": "INUSE"})]
        seen: list[str] = []
        it.link.subscribe(lambda event: seen.append(f"{event.name} {event.get('Reason')}"))
        await it.up()
        seen.clear()

        await it.link.action("Originate", {"Channel": "PJSIP/101", "ChannelId": "acd-1"})
        await it.link.listing("DeviceStateList")

        assert seen == ["OriginateResponse 3", "DeviceStateChange ", "DeviceStateListComplete "]
        assert it.asterisk.actions[-2]["Async"] == ["true"]


@run
async def test_handlers_by_name_their_end_and_one_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    async with linked() as it:
        await it.up()
        seen: list[str] = []
        ended: list[str] = []

        def fails(event: Event) -> None:
            raise RuntimeError("broken handler")

        it.link.subscribe(fails, "Hold")
        it.link.subscribe(lambda event: seen.append(event["Uniqueid"]), "Hold", "Unhold")
        unsubscribe = it.link.subscribe(lambda event: ended.append(event.name))
        it.asterisk.emit("Hold", {"Uniqueid": "1"})
        it.asterisk.emit("Hangup", {"Uniqueid": "2"})
        await it.link.action("Ping")
        unsubscribe()
        it.asterisk.emit("Unhold", {"Uniqueid": "3"})
        await it.link.action("Ping")

        assert seen == ["1", "3"]
        assert ended == ["Hold", "Hangup"]
        assert it.told.counts["fault handler"] == 1
        assert "broken handler" in caplog.text


@run
async def test_an_action_has_a_deadline_and_the_late_answer_disturbs_nobody() -> None:
    """panoramisk waits for ever."""
    async with linked() as it:
        it.asterisk.hold("Redirect")
        await it.up()

        with pytest.raises(AmiTimeout, match="Redirect"):
            await it.link.action("Redirect", timeout=0.02)
        it.asterisk.release("Redirect")

        assert (await it.link.action("Ping"))["Ping"] == "Pong"
        assert it.told.counts["Redirect timeout"] == 1
        assert it.link.connected


@run
async def test_a_list_that_never_ends_has_a_deadline() -> None:
    async with linked() as it:
        it.asterisk.answers["Status"] = it.asterisk.accept({"EventList": "start"}, ("Status", {"Uniqueid": "a"}))
        await it.up()

        with pytest.raises(AmiTimeout):
            await it.link.listing("Status", timeout=0.02)


@run
async def test_pending_actions_fail_at_the_loss_and_are_never_sent_again() -> None:
    """panoramisk sends unanswered actions again after the reconnect: a second Originate."""
    async with linked() as it:
        it.asterisk.silent |= {"Originate", "Status"}
        await it.up()
        pending = [
            asyncio.ensure_future(it.link.action("Originate", {"ChannelId": f"acd-{number}"})) for number in range(20)
        ]
        pending.append(asyncio.ensure_future(it.link.listing("Status")))
        await it.asterisk.received("Originate", 20)
        await it.asterisk.received("Status")

        it.asterisk.cut()
        outcomes = await asyncio.gather(*pending, return_exceptions=True)
        it.asterisk.silent.clear()
        await it.up(2)
        await it.link.action("Ping")

        assert {type(outcome) for outcome in outcomes} == {AmiLost}
        assert it.asterisk.count("Originate") == 20
        assert it.asterisk.count("Login") == 2
        assert it.story == ["login", "loss", "login"]


@run
async def test_without_a_link_an_action_fails_at_once() -> None:
    async with ScriptedAmi() as asterisk:
        link = AmiLink("127.0.0.1", asterisk.port, "ivr", asterisk.secret, clock=LoopClock())

        with pytest.raises(AmiLost, match="not connected yet"):
            await link.action("Ping")
