"""Logging in and out, pausing, being ready; what the lamps tell, and what a restart leaves."""

from datetime import datetime
from types import SimpleNamespace

import pytest

from acd.decisions import EndPause, PauseAgent
from acd.dispatcher import Recorded
from acd.facts import AgentLoggedOut, AgentPaused, Reconfigured, Tick
from acd.model import AgentId
from ivr.agents import AgentRefused
from ivr.agents.last_known import last_known
from tests.tools import run
from tests.unit.agents.staff import engine_config, staff


@run
async def test_an_agent_goes_through_a_day() -> None:
    async with staff() as s:
        assert s.state() == "available"
        s.agents.pause("301", "1", "telephone")
        assert s.state() == "paused" and s.agents.rows()[0].reason == "Almuerzo"
        s.agents.ready("301", "telephone")
        assert s.state() == "available"
        s.agents.log_out("301", "command")
        assert s.state() == "logged out"
        s.agents.log_in("301", "command")
        assert s.state() == "available"
        assert s.lamps == [
            ("301", "ready"),
            ("302", "ready"),
            *[("301", shown) for shown in ("paused", "ready", "logged out", "ready")],
        ]


@run
async def test_what_is_told_stands_in_the_journal_with_who_told_it() -> None:
    async with staff() as s:
        s.agents.pause("301", "Baño", "telephone")
        s.agents.log_out("301", "command")
        await s.dispatcher.settled()
        told = [entry.event for entry in [entry async for entry in s.journal.read()][-2:]]
        assert [(e["e"], e["by"]) for e in told] == [("agent paused", "telephone"), ("agent logged out", "command")]
        assert told[0]["reason"] == "Baño"


@run
async def test_reasons_by_number_or_by_words_and_no_others() -> None:
    async with staff() as s:
        for word, reason in (("2", "Baño"), ("almuerzo", "Almuerzo"), ("BAÑO", "Baño")):
            s.agents.pause("301", word, "command")
            assert s.agents.rows()[0].reason == reason
        for word in ("", "3", "Reunión"):
            with pytest.raises(AgentRefused, match=r"1 \(Almuerzo\), 2 \(Baño\)"):
                s.agents.pause("302", word, "command")
        assert s.state("302") == "available"


@run
async def test_a_site_without_reasons_takes_any_or_none() -> None:
    async with staff(reasons={}) as s:
        s.agents.pause("301", "", "telephone")
        s.agents.pause("302", "x" * 500, "command")
        assert [row.reason for row in s.agents.rows()] == ["pause", "x" * 40]


@run
async def test_who_is_no_agent_or_logged_out_is_refused() -> None:
    async with staff() as s:
        for deed in (s.agents.log_in, s.agents.log_out, s.agents.ready):
            with pytest.raises(AgentRefused, match="there are: 301, 302"):
                deed("999", "command")
        s.agents.log_out("301", "command")
        with pytest.raises(AgentRefused, match="logged out"):
            s.agents.pause("301", "1", "command")
        with pytest.raises(AgentRefused, match="log in first"):
            s.agents.ready("301", "command")
        assert s.state() == "logged out"


@run
async def test_ready_ends_the_wrap_up_and_the_next_caller_rings() -> None:
    async with staff() as s:
        s.agents.log_out("302", "command")
        s.hangs_up(await s.talk("n1-1.0"))
        assert s.state() == "wrap-up"
        s.agents.ready("301", "telephone")
        assert s.state() == "available"
        await s.talk("n1-1.1")
        assert s.state() == "talking"


@run
async def test_a_pause_during_a_talk_begins_after_it_and_the_lamp_tells_it_at_once() -> None:
    async with staff() as s:
        s.agents.log_out("302", "command")
        offer = await s.talk("n1-1.0")
        s.agents.pause("301", "1", "telephone")
        row = s.agents.rows()[0]
        assert (row.state, row.reason, row.queue, row.call) == ("talking", "Almuerzo", "cartera", "n1-1.0")
        assert s.lamps[-1] == ("301", "paused")
        s.hangs_up(offer)
        assert s.state() == "wrap-up"
        s.clock.advance(21)
        assert s.state() == "paused"


@run
async def test_a_pause_by_rule_and_its_end_reach_the_lamp() -> None:
    async with staff() as s:
        # As if decided elsewhere: the lamp asks the engine how the agent is.
        s.desk.submit(AgentPaused(at=s.clock.now(), t=0, agent=AgentId("301"), reason="no answer"))
        tick = Tick(at=s.clock.now(), t=0)
        s.lamps.clear()
        by_rule = PauseAgent(agent=AgentId("301"), reason="no answer", until=None)
        s.agents.heard(Recorded(99, s.clock.now(), tick, (by_rule,), live=True))
        assert s.lamps == [("301", "paused")]
        s.agents.heard(Recorded(99, s.clock.now(), tick, (EndPause(agent=AgentId("301")),), live=True))
        assert s.lamps == [("301", "paused")], "nothing has changed"


@run
async def test_the_lamp_of_an_agent_who_is_gone_goes_out() -> None:
    async with staff() as s:
        s.lamps.clear()
        del s.site.agents["302"]
        s.site.agents["303"] = SimpleNamespace(label="new")
        s.dispatcher.tell(Reconfigured, config=engine_config("301", "303").text)
        await s.dispatcher.settled()
        assert s.lamps == [("303", "ready"), ("302", "logged out")]


@run
async def test_states_and_reasons_survive_a_restart() -> None:
    async with staff() as before:
        before.agents.pause("301", "1", "telephone")
        before.agents.log_out("302", "telephone")
        await before.dispatcher.settled()
        before.clock.advance(100)
        told = before.agents.rows()
        async with staff(before.journal, before.clock) as s:  # the one before was not closed: it was killed
            assert s.agents.rows() == told
            assert s.lamps == [("301", "paused"), ("302", "logged out")]


@run
async def test_what_the_journal_tells_without_a_server_is_what_the_server_knew() -> None:
    for close in (False, True):  # killed, or ended with a checkpoint
        async with staff() as s:
            s.agents.pause("301", "1", "telephone")
            s.clock.advance(60)
            s.desk.submit(AgentLoggedOut(at=s.clock.now(), t=0, agent=AgentId("302")))
            await s.dispatcher.settled()
            told = s.agents.rows()
            if close:
                await s.dispatcher.close()
            found = await last_known(s.journal)
            assert not any(row.fresh for row in found)
            for known, row in zip(told, found, strict=True):
                assert (known.agent, known.state, known.reason) == (row.agent, row.state, row.reason)
                assert abs(datetime.fromisoformat(known.since) - datetime.fromisoformat(row.since)).total_seconds() < 2


@run
async def test_since_when_on_the_clock_on_the_wall() -> None:
    async with staff() as s:
        s.clock.advance(600)
        s.agents.pause("301", "1", "telephone")
        began = s.clock.now()
        s.clock.advance(300)
        row = s.agents.rows()[0]
        assert datetime.fromisoformat(row.since) == began.replace(microsecond=0)
        assert row.fresh and row.until == "" and row.label == "Agent 301"
