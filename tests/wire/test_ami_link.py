"""The link against a scripted Asterisk: every way in which it can be lost, refused, silent or late.

Each fault of panoramisk that was found has its test here or in test_ami_request.py.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from panoramisk.manager import Manager

from ivr.asterisk.ami import AmiLink, AmiLost, AmiRefused, AmiTimeout, Event, LinkTimes
from ivr.asterisk.ami.protocol import Connection
from ivr.asterisk.ami.request import Request
from ivr.clock import LoopClock
from ivr.testing.asterisk_ami import ScriptedAmi
from tests.tools import run

QUICK = LinkTimes(
    connect=0.5,
    login=0.2,
    booted=5,
    ping_every=0.02,
    pong=0.2,
    first_pause=0.01,
    longest_pause=0.05,
    refused_pause=0.02,
)
CALM = LinkTimes(ping_every=60, first_pause=0.01, longest_pause=0.05)


class Told:
    """Counts what the link tells."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.whys: list[str] = []

    def ami_up(self) -> None:
        self.counts["up"] += 1

    def ami_down(self, why: str) -> None:
        self.counts["down"] += 1
        self.whys.append(why)

    def ami_refused(self, message: str) -> None:
        self.counts["refused"] += 1

    def ami_action(self, name: str, seconds: float, result: str) -> None:
        self.counts[f"{name} {result}"] += 1
        assert seconds >= 0

    def ami_fault(self, kind: str) -> None:
        self.counts[f"fault {kind}"] += 1


class Linked:
    """A link and what a test wants to know of it."""

    def __init__(self, asterisk: ScriptedAmi, times: LinkTimes, secret: str | None = None) -> None:
        self.asterisk = asterisk
        self.told = Told()
        self.logins = 0
        self.story: list[str] = []
        self._changed = asyncio.Event()
        self.link = AmiLink(
            "127.0.0.1",
            asterisk.port,
            asterisk.user,
            asterisk.secret if secret is None else secret,
            clock=LoopClock(),
            observer=self.told,
            times=times,
        )
        self.link.on_login(self._login)
        self.link.on_loss(lambda: self.note("loss"))

    async def _login(self) -> None:
        self.logins += 1
        self.note("login")

    def note(self, word: str) -> None:
        self.story.append(word)
        self._changed.set()

    async def until(self, reached: Callable[[], bool]) -> None:
        while not reached():
            self._changed.clear()
            done = asyncio.ensure_future(self._changed.wait())
            await asyncio.wait({done}, timeout=0.01)  # also what nobody tells: counters
            done.cancel()

    async def up(self, times: int = 1) -> None:
        await self.until(lambda: self.link.connected and self.logins >= times)


@asynccontextmanager
async def linked(times: LinkTimes = CALM, **changes: object) -> AsyncIterator[Linked]:
    async with ScriptedAmi() as asterisk:
        for name, value in changes.items():
            setattr(asterisk, name, value)
        both = Linked(asterisk, times)
        both.link.start()
        try:
            yield both
        finally:
            await both.link.close()


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


@run
async def test_asterisk_goes_and_comes_back() -> None:
    async with linked() as it:
        await it.up()
        await it.asterisk.stop_listening()
        it.asterisk.cut()
        await it.until(lambda: "no AMI link" in it.link.trouble)
        assert not it.link.connected

        await it.asterisk.listen()
        await it.up(2)

        assert it.link.trouble == ""
        assert it.told.counts["up"] == 2
        assert it.told.counts["down"] == 1


@run
async def test_nobody_answers_the_ping() -> None:
    """panoramisk sends pings and does not notice that no Pong comes."""
    async with linked(QUICK) as it:
        await it.up()
        it.asterisk.frozen = True
        await it.until(lambda: "loss" in it.story)
        it.asterisk.frozen = False
        await it.up(2)

        assert it.told.whys[0].startswith("Ping: no answer")
        assert it.told.counts["Ping timeout"] == 1


@run
async def test_panoramisks_own_pings_are_off(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Nobody would notice that they are not answered."""
    monkeypatch.setitem(Manager.defaults, "ping_delay", 0)
    async with linked() as it:
        await it.up()
        await it.link.action("Status")

        assert [action["Action"] for action in it.asterisk.actions] == [["Login"], ["Status"]]
    assert "Exception" not in caplog.text


@run
async def test_a_login_that_is_refused_is_told_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    """panoramisk calls nobody back."""
    async with linked(QUICK, refuse_logins="Authentication failed") as it:
        await it.asterisk.received("Login", 3)
        assert "Authentication failed" in it.link.trouble
        assert "manager.conf" in it.link.trouble
        assert it.asterisk.secret not in caplog.text
        assert it.told.counts["refused"] >= 2
        told = [record for record in caplog.records if "refuses" in record.message]
        assert len(told) == 1

        it.asterisk.refuse_logins = ""
        await it.up()


@run
async def test_a_login_that_nobody_answers_has_a_deadline() -> None:
    async with linked(QUICK) as it:
        it.asterisk.silent.add("Login")
        await it.asterisk.received("Login", 2)
        it.asterisk.silent.clear()
        await it.up()


@run
async def test_a_peer_that_closes_at_once_is_tried_again() -> None:
    """panoramisk writes its login into the dead connection and waits for ever."""
    async with linked(QUICK, drop_at_connect=True) as it:
        await it.until(lambda: "no AMI link" in it.link.trouble)
        assert "no answer" not in it.link.trouble
        it.asterisk.drop_at_connect = False
        await it.up()

        assert it.told.counts["down"] == 0


@run
async def test_nothing_is_written_to_a_connection_that_is_gone() -> None:
    connection = Connection(lambda event: None, lambda why: None)

    with pytest.raises(AmiLost):
        connection.send(Request("Originate", {"Channel": "PJSIP/101"}, wants_list=False))
    assert connection.responses == {}


@run
async def test_somebody_else_listens_there() -> None:
    async with linked(QUICK, greeting=b"HTTP/1.1 400 Bad Request\r\n\r\n") as it:
        await it.until(lambda: "no Asterisk manager answers here" in it.link.trouble)

        assert it.told.counts["up"] == 0


@run
async def test_lists_wait_until_asterisk_has_booted() -> None:
    async with linked(booted=False) as it:
        await it.asterisk.received("Login")
        await asyncio.sleep(0.05)
        assert not it.link.connected
        assert it.logins == 0

        it.asterisk.boot()
        await it.up()


@run
async def test_a_resynchronisation_that_fails_makes_the_link_anew() -> None:
    async with ScriptedAmi() as asterisk:
        it = Linked(asterisk, CALM)
        failures = 2

        async def resynchronise() -> None:
            nonlocal failures
            await it.link.listing("Status")
            if failures:
                failures -= 1
                raise RuntimeError("half known")
            it.note("whole")

        asterisk.lists["Status"] = []
        it.link.on_login(resynchronise)
        it.link.start()
        await it.until(lambda: "whole" in it.story)
        await it.link.close()

        assert it.story == ["login", "loss", "login", "loss", "login", "whole", "loss"]
        assert it.told.counts["fault resynchronisation"] == 2


@run
async def test_a_resynchronisation_under_way_ends_with_its_link() -> None:
    async with ScriptedAmi() as asterisk:
        it = Linked(asterisk, CALM)
        asterisk.silent.add("Status")

        async def resynchronise() -> None:
            try:
                await it.link.listing("Status")
            except AmiLost:
                it.note("given up")
                with suppress(asyncio.CancelledError):
                    await asyncio.sleep(10)
                await asyncio.sleep(0.05)
                it.note("tidied up")
                raise
            it.note("whole")

        it.link.on_login(resynchronise)
        it.link.start()
        await asterisk.received("Status")
        asterisk.silent.clear()
        asterisk.lists["Status"] = []
        asterisk.cut()
        await it.until(lambda: "whole" in it.story)
        await it.link.close()

        assert it.story[:5] == ["login", "loss", "given up", "tidied up", "login"]
        assert it.told.counts["fault resynchronisation"] == 0


@run
async def test_every_event_before_the_loss_is_told_before_the_loss() -> None:
    async with linked() as it:
        it.link.subscribe(lambda event: it.note(event["Uniqueid"]), "Hangup")
        await it.up()
        it.asterisk.raw(b"".join(Event.of("Hangup", {"Uniqueid": f"{n}"}).block + b"\r\n\r\n" for n in range(3)))
        it.asterisk.raw(b"Event: Shutdown\r\nShutdown: Cleanly\r\n\r\nEvent: Hangup\r\nUniqueid: torn")
        await it.until(lambda: "2" in it.story)
        it.asterisk.cut()
        await it.up(2)

        assert it.story == ["login", "0", "1", "2", "loss", "login"]


@run
async def test_close_leaves_no_connection_and_no_further_attempt() -> None:
    """After panoramisk's `close()` a scheduled reconnect is still alive."""
    async with ScriptedAmi() as asterisk:
        it = Linked(asterisk, CALM)
        it.link.start()
        await it.up()
        await it.link.close()
        await asterisk.connected(0)
        assert not it.link.connected

        again = Linked(asterisk, CALM)
        await asterisk.stop_listening()
        again.link.start()
        await again.until(lambda: "no AMI link" in again.link.trouble)
        await again.link.close()
        before = asyncio.all_tasks()
        await asterisk.listen()
        await asyncio.sleep(0.1)

        assert asterisk.connections == 0
        assert not [task for task in before if task.get_name() == "ami link"]
        assert asterisk.count("Login") == 1


@pytest.mark.parametrize("when", ["Login", "connect", "booted"])
@run
async def test_close_at_any_moment(when: str) -> None:
    async with ScriptedAmi() as asterisk:
        asterisk.silent |= {when}
        asterisk.booted = when != "booted"
        it = Linked(asterisk, CALM)
        it.link.start()
        if when != "connect":
            await asterisk.received("Login")
        else:
            await asterisk.connected(1)
        await it.link.close()
        await asterisk.connected(0)

        assert it.story == []
        assert it.told.counts["down"] == 0


@run
async def test_the_secret_is_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with linked() as it:
            await it.up()
            it.asterisk.cut()
            await it.up(2)

    assert it.asterisk.secret not in caplog.text


@run
async def test_a_secret_that_cannot_be_sent_is_no_endless_crash() -> None:
    async with ScriptedAmi() as asterisk:
        it = Linked(asterisk, QUICK, secret="two\r\nlines")
        it.link.start()
        await it.until(lambda: it.told.counts["fault link"] >= 2)
        await it.link.close()

        assert asterisk.actions == []
