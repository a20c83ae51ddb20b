"""The test phone against the real Asterisk, without our server: what it proves later rests on this."""

import asyncio

import pytest

from ivr.testing.instance import Instance
from ivr.testing.person import Person
from ivr.testing.phone import CallFailed, Phone, RegistrationFailed
from ivr.testing.trial import Plan, TrialCall
from tests.live.scenes import live

CHANGES = {"site.yaml": {"fallback after": "5 s"}}
START = {"server": False}


@live
async def test_a_wrong_password_is_refused(line: Instance) -> None:
    phone = await Phone.open("101", server=line.sip, password="wrong")
    with pytest.raises(RegistrationFailed) as failed:
        await phone.register()
    assert failed.value.code in (401, 403)
    await phone.close()


@live
async def test_two_extensions_talk_and_press_keys(line: Instance) -> None:
    caller, _ = await line.phone("101"), await line.phone("102")
    call = await caller.call("102")
    them = await line.agent("102")
    await call.answered()
    us = Person("101", call, line.ears)
    assert (them.call.shown_number, them.call.shown_name) == ("101", "SAC 1")
    us.say(700, 1)
    them.say(900, 1)
    await us.hears_tone(900)
    await them.hears_tone(700)
    await us.press("42#")
    await asyncio.sleep(0.3)
    assert them.call.media.keys_heard == "42#"
    await us.hang_up()
    await them.call.ended()
    await line.until_idle()


@live
async def test_refusals_reach_the_caller_as_they_are(line: Instance) -> None:
    caller, callee = await line.phone("101"), await line.phone("102")
    call = await caller.call("102")
    await (await callee.incoming()).reject(486)
    with pytest.raises(CallFailed) as failed:
        await call.answered()
    assert failed.value.code == 486


@live
async def test_a_stranger_s_call_gets_nowhere(line: Instance) -> None:
    stranger = await Phone.open("101", server=line.sip, address="127.0.0.99")
    for number in ("100", "6017436967", "93000000000"):
        call = await stranger.call(number)
        with pytest.raises(CallFailed) as failed:
            await call.answered()
        assert failed.value.code in (401, 403, 404)
    await stranger.close()


@live
async def test_a_trunk_reaches_the_numbers_of_the_site_and_nothing_else(line: Instance) -> None:
    for number in ("100", "101", "93000000000", "s", "acd-wait"):
        person = await line.dial("3000000001", did=number)
        with pytest.raises(CallFailed):
            await person.call.answered()


@live
async def test_a_trial_call_tells_what_is_heard(line: Instance) -> None:
    """Without the server music plays, and after `fallback after` reception rings."""
    passwords = dict(row.split(",") for row in (line.paths.secrets / "phones.csv").read_text().splitlines()[1:])
    told: list[str] = []
    trial = TrialCall(
        site=line.site,
        ears=line.ears,
        server=line.sip,
        address="127.0.0.10",
        passwords={"100": passwords["100"]},
        say=told.append,
    )
    result = await trial.make(Plan(number="6017436967", talk=1))
    assert result.good and result.answered_by == "100"
    assert result.heard == ["music"]
    text = "\n".join(told)
    for part in ("calls 6017436967", "caller  hears music", "100     picks up", "hears the caller", "hangs up"):
        assert part in text
