"""Every way in which the link can be lost, refused, silent or late."""

import asyncio
import logging
from contextlib import suppress

import pytest
from panoramisk.manager import Manager

from ivr.asterisk.ami import AmiLost, Event
from ivr.asterisk.ami.protocol import Connection
from ivr.asterisk.ami.request import Request
from ivr.testing.asterisk_ami import ScriptedAmi
from tests.tools import run
from tests.wire.ami_peer import CALM, QUICK, Linked, linked


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
