"""Hold and transfers of the test phone: what it asks, and what it makes of the answers."""

import asyncio

import pytest

from ivr.testing.phone import Call, CallFailed, Phone
from ivr.testing.phone.messages import Message
from ivr.testing.phone.transfer import Transfer, refer_to
from tests.tools import run


class Witness(Phone):
    """Keeps the requests that came, and answers some of them in its own way."""

    def __init__(self, *given) -> None:  # type: ignore[no-untyped-def]
        super().__init__(*given)
        self.requests: list[Message] = []
        self.refuses: dict[str, int] = {}

    def _serve(self, request: Message, peer: tuple[str, int]) -> None:
        self.requests.append(request)
        if code := self.refuses.get(request.method):
            self.respond(request, code, peer)
        else:
            super()._serve(request, peer)


async def talk() -> tuple[Phone, Witness, Call, Call]:
    callee = await Witness.open("200", server=("127.0.0.1", 1))
    caller = await Phone.open("100", server=("127.0.0.1", callee.port), address="127.0.0.10")
    ours = await caller.call("200")
    theirs = await callee.incoming()
    await theirs.answer()
    await ours.answered()
    assert isinstance(callee, Witness)
    return caller, callee, ours, theirs


@run
async def test_hold_is_a_new_offer_and_silence() -> None:
    caller, callee, ours, theirs = await talk()
    await ours.hold()
    assert "a=sendonly" in callee.requests[-1].body
    heard = theirs.media.heard.packets
    ours.media.tone(440, 0.1)
    await asyncio.sleep(0.2)
    assert theirs.media.heard.packets == heard
    await ours.unhold()
    assert "a=sendrecv" in callee.requests[-1].body
    await asyncio.sleep(0.2)
    assert theirs.media.heard.packets > heard
    await ours.hang_up()
    await theirs.ended()
    await caller.close()
    await callee.close()


@run
async def test_a_refused_hold_is_told() -> None:
    caller, callee, ours, _ = await talk()
    callee.refuses["INVITE"] = 491
    with pytest.raises(CallFailed) as failed:
        await ours.hold()
    assert failed.value.code == 491
    await caller.close()
    await callee.close()


@run
async def test_a_transfer_ends_with_the_status_that_a_notice_tells() -> None:
    caller, callee, ours, theirs = await talk()
    transfer = await ours.transfer("102")
    asked = callee.requests[-1]
    assert asked.method == "REFER" and asked["refer-to"] == f"<sip:102@127.0.0.1:{callee.port}>"
    for line in ("SIP/2.0 100 Trying", "SIP/2.0 404 Not Found"):
        note = theirs.request("NOTIFY")
        note = Message(note.start, (*note.headers, ("Event", "refer"), ("Content-Type", "message/sipfrag")), line)
        await callee.transact(note, ("127.0.0.10", caller.port)).final()
    assert await transfer.final(1) == 404
    assert transfer.codes == [100, 404]
    await caller.close()
    await callee.close()


@run
async def test_a_transfer_that_is_refused_at_once_is_over() -> None:
    caller, callee, ours, _ = await talk()
    callee.refuses["REFER"] = 603
    assert await (await ours.transfer("102")).final(1) == 603
    await caller.close()
    await callee.close()


@run
async def test_an_attended_transfer_names_the_dialog_that_is_to_be_replaced() -> None:
    caller, callee, ours, theirs = await talk()
    consult = await caller.call("200")
    rings = await callee.incoming()
    await rings.ring()
    await consult.ringing()
    assert consult.remote.tag == rings.local.tag, "also while it rings"
    await ours.transfer_to(consult)
    tags = f"%3Bto-tag%3D{rings.local.tag}%3Bfrom-tag%3D{consult.local.tag}"
    assert f"?Replaces={consult.call_id}{tags}>" in callee.requests[-1]["refer-to"]
    assert theirs.state is not None
    await caller.close()
    await callee.close()


def test_what_is_no_status_changes_nothing() -> None:
    transfer = Transfer()
    transfer.notified(Message("NOTIFY sip:a SIP/2.0", (), "hello"))
    assert transfer.codes == []
    assert refer_to("sip:1@a") == "<sip:1@a>"
