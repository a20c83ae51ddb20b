"""Two phones of ours talk to each other over the loopback: each is the other's proof."""

import asyncio

import pytest

from ivr.testing.phone import Call, CallFailed, CallState, Phone
from ivr.testing.phone.messages import Message, parse
from ivr.testing.phone.watch import shown
from tests.tools import run


class Lossy(Phone):
    """A phone whose first `lose` datagrams vanish on the way out."""

    lose = 0

    def _send(self, message, peer):  # type: ignore[no-untyped-def]
        if self.lose > 0:
            self.lose -= 1
            return
        super()._send(message, peer)


async def pair(kind: type[Phone] = Phone) -> tuple[Phone, Phone]:
    callee = await kind.open("200", server=("127.0.0.1", 1))
    caller = await kind.open("100", server=("127.0.0.1", callee.port), address="127.0.0.10")
    return caller, callee


@run
async def test_a_call_is_answered_heard_on_both_sides_and_ended() -> None:
    caller, callee = await pair()
    ours = await caller.call("200", shown_number="3000000001", shown_name='Ana "la jefa"')
    theirs = await callee.incoming()
    assert (theirs.shown_number, theirs.shown_name) == ("3000000001", 'Ana "la jefa"')
    await theirs.ring()
    await ours.ringing()
    assert ours.state is CallState.RINGING
    await theirs.answer()
    await ours.answered()
    ours.media.tone(440, 0.5)
    theirs.media.tone(880, 0.5)
    await ours.press("12#")
    await asyncio.sleep(0.4)
    assert theirs.media.keys_heard == "12#"
    for call in (ours, theirs):
        assert call.media.heard.seconds > 0.5
        assert abs(call.media.heard.samples()).max() > 7000
    await ours.hang_up()
    await theirs.ended()
    assert (ours.ended_by, theirs.ended_by) == ("us", "them")
    await caller.close()
    await callee.close()


@run
async def test_a_refusal_tells_its_code() -> None:
    caller, callee = await pair()
    for code in (486, 603, 480):
        ours = await caller.call("200")
        await (await callee.incoming()).reject(code)
        with pytest.raises(CallFailed) as failed:
            await ours.answered()
        assert failed.value.code == code
    await caller.close()
    await callee.close()


@run
async def test_a_call_that_is_withdrawn_stops_ringing() -> None:
    caller, callee = await pair()
    ours = await caller.call("200")
    theirs = await callee.incoming()
    await theirs.ring()
    await ours.ringing()
    await ours.hang_up()
    await theirs.ended()
    assert theirs.cancelled and ours.code == 487
    with pytest.raises(CallFailed):
        await theirs.answer()
    await caller.close()
    await callee.close()


@run
async def test_lost_datagrams_are_sent_again_and_nothing_happens_twice() -> None:
    caller, callee = await pair(Lossy)
    assert isinstance(caller, Lossy) and isinstance(callee, Lossy)
    caller.lose = 1  # the INVITE
    ours = await caller.call("200")
    theirs = await callee.incoming()
    callee.lose = 1  # the 200
    await theirs.answer()
    caller.lose = 0
    await ours.answered()
    callee_lost, caller.lose = callee.lose, 1  # the BYE
    assert callee_lost == 0
    await ours.hang_up()
    await theirs.ended()
    with pytest.raises(TimeoutError):
        await callee.incoming(0.2)
    await caller.close()
    await callee.close()


@run
async def test_a_lost_acknowledgement_repeats_the_answer_until_it_comes() -> None:
    caller, callee = await pair(Lossy)
    assert isinstance(caller, Lossy)
    ours = await caller.call("200")
    theirs = await callee.incoming()
    caller.lose = 1  # the ACK
    await theirs.answer()
    await ours.answered()
    await asyncio.sleep(0.7)  # T1 and some more: the 200 came again and was acknowledged
    assert not callee._servers._waiting
    await ours.hang_up()
    await caller.close()
    await callee.close()


@run
async def test_a_silent_server_is_a_timeout_and_leaves_nothing() -> None:
    caller = await Phone.open("100", server=("127.0.0.1", 9))
    ours = await caller.call("200")
    with pytest.raises(TimeoutError):
        await ours.answered(0.2)
    await caller.close()
    assert ours.state is CallState.ENDED


@run
async def test_garbage_on_the_port_harms_nobody() -> None:
    caller, callee = await pair()
    loop = asyncio.get_running_loop()
    stranger, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=("127.0.0.1", callee.port))
    for garbage in (b"", b"\0" * 400, b"INVITE sip:x SIP/2.0\r\n\r\n", b"\xff\xfe\r\n\r\n", b"SIP/2.0 200 OK\r\nVia"):
        stranger.sendto(garbage)
    ours = await caller.call("200")
    theirs = await callee.incoming()
    await theirs.answer()
    await ours.answered()
    stranger.close()
    await callee.close()
    await ours.ended()
    await caller.close()


@run
async def test_a_phone_that_acts_by_itself_answers_every_call() -> None:
    caller, callee = await pair()

    async def answer(call: Call) -> None:
        await call.ring()
        await call.answer()

    callee.on_call = answer
    calls = [await caller.call("200") for _ in range(3)]
    for call in calls:
        await call.answered()
    await callee.close()
    for call in calls:
        await call.ended()
    await caller.close()


def test_a_header_cannot_smuggle_another_one_in() -> None:
    wire = b"OPTIONS sip:a@b SIP/2.0\r\nv: SIP/2.0/UDP x;branch=z9hG4bK1\r\nf: <sip:a@b>\r\nt: <sip:c@d>\r\ni: 1\r\n"
    message = parse(wire + b"CSeq: 1 OPTIONS\r\n\r\n")
    assert message["via"].endswith("z9hG4bK1") and message.branch == "z9hG4bK1"
    hostile = type(message)(message.start, (("From", "x\r\nX-Evil: 1"),))
    with pytest.raises(ValueError, match="line end"):
        hostile.encode()


@pytest.mark.parametrize(
    ("event", "body", "what"),
    [
        ("message-summary", "Messages-Waiting: yes\r\nVoice-Message: 3/1 (0/0)\r\n", "3/1"),
        ("dialog", "<dialog-info>\n <dialog id='x'>\n  <state>early</state>\n </dialog>\n</dialog-info>", "early"),
        ("dialog;id=1", "<state>confirmed</state>", "confirmed"),
        ("presence", "<basic>open</basic>", ""),
        ("message-summary", "", ""),
    ],
)
def test_what_a_lamp_shows(event: str, body: str, what: str) -> None:
    assert shown(Message("NOTIFY sip:101@127.0.0.1 SIP/2.0", (("Event", event),), body)) == what
