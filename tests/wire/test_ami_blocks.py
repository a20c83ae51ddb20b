"""The manager's bytes, literally as Asterisk 22 wrote them: lines in, fields out."""

import pytest

from ivr.asterisk.ami.blocks import LONGEST_BLOCK, Blocks
from ivr.asterisk.ami.errors import AmiGarbage
from ivr.asterisk.ami.messages import Event, Message, Response

GREETING = b"Asterisk Call Manager/11.0.0\r\n"
LOGIN = b"Response: Success\r\nActionID: a/1\r\nMessage: Authentication accepted\r\n\r\n"
NEW_CALLER_ID = (
    "Event: NewCallerid\r\nPrivilege: call,all\r\nSystemName: n1\r\nChannel: PJSIP/trunk-00000000\r\n"
    "ChannelState: 4\r\nChannelStateDesc: Ring\r\nCallerIDNum: 3000000001\r\nCallerIDName: José Ñuñez\r\n"
    "AccountCode: \r\nContext: call\r\nUniqueid: n1-1795290001.1\r\nLinkedid: n1-1795290001.1\r\n"
    "CID-CallingPres: 0 (Presentation Allowed, Not Screened)\r\n\r\n"
).encode()
STREAM = GREETING + LOGIN + NEW_CALLER_ID


def summary(messages: list[Event | Response]) -> list[tuple[str, str]]:
    return [
        (message.name, message["CallerIDName"]) if isinstance(message, Event) else ("", message.message)
        for message in messages
    ]


EXPECTED = [("", "Authentication accepted"), ("NewCallerid", "José Ñuñez")]


def test_a_whole_stream_at_once() -> None:
    blocks = Blocks()

    assert summary(blocks.feed(STREAM)) == EXPECTED
    assert blocks.version == "11.0.0"


@pytest.mark.parametrize("at", range(1, len(STREAM)))
def test_a_stream_cut_anywhere_also_within_a_letter(at: int) -> None:
    blocks = Blocks()

    assert summary(blocks.feed(STREAM[:at]) + blocks.feed(STREAM[at:])) == EXPECTED


def test_a_stream_byte_by_byte() -> None:
    blocks = Blocks()

    messages = [message for byte in STREAM for message in blocks.feed(bytes([byte]))]

    assert summary(messages) == EXPECTED


def test_a_field_is_found_whatever_the_case_of_its_name() -> None:
    event = Event(NEW_CALLER_ID.removesuffix(b"\r\n\r\n"))

    assert event["uniqueid"] == event["UniqueID"] == event["Uniqueid"] == "n1-1795290001.1"


def test_an_empty_field_is_there_and_a_missing_one_is_not() -> None:
    event = Event(NEW_CALLER_ID.removesuffix(b"\r\n\r\n"))

    assert "AccountCode" in event
    assert event.get("AccountCode", "default") == ""
    assert "Cause" not in event
    assert event.get("Cause", "default") == "default"
    with pytest.raises(KeyError):
        event["Cause"]


def test_only_the_first_colon_and_one_blank_part_name_and_value() -> None:
    event = Event(b"Event: X\r\nContact: sip:101@127.0.0.1:5061\r\nText:   three blanks \r\nBare:no blank")

    assert event["Contact"] == "sip:101@127.0.0.1:5061"
    assert event["Text"] == "  three blanks "
    assert event["Bare"] == "no blank"


def test_a_field_that_stands_several_times() -> None:
    response = Response(b"Response: Success\r\nOutput: one\r\nOutput: \r\nOutput: three")

    assert response["Output"] == "one"
    assert response.all("Output") == ("one", "", "three")
    assert response.all("Nothing") == ()


def test_variables_in_every_form_of_asterisk() -> None:
    event = Event(
        b"Event: Status\r\nVariable: CALL_ID=n1-1.1\r\nVariable: TICKET=n1-1.1/1|cartera|17|0\r\n"
        b"Variable: DID=(null)\r\nChanVariable: PLACE=a=b\r\nChanVariable(PJSIP/101-1): OFFER=\r\nVariables: 3"
    )

    assert event.variables == {"CALL_ID": "n1-1.1", "TICKET": "n1-1.1/1|cartera|17|0", "PLACE": "a=b", "OFFER": ""}


def test_bytes_that_are_no_utf8_neither_fail_nor_vanish() -> None:
    assert Event(b"Event: X\r\nCallerIDName: Jos\xe9 N")["CallerIDName"] == "Jos\N{REPLACEMENT CHARACTER} N"


def test_one_line_end_too_many_between_messages() -> None:
    blocks = Blocks()

    messages = blocks.feed(GREETING + b"Event: A\r\n\r\n\r\nEvent: B\r\n\r\n\r\n\r\nResponse: Error\r\n\r\n")

    assert [message.block for message in messages] == [b"Event: A", b"Event: B", b"Response: Error"]
    assert blocks.strays == 0


def test_a_block_that_is_neither_event_nor_response_is_skipped_and_counted() -> None:
    blocks = Blocks()

    messages = blocks.feed(GREETING + b"Hello: world\r\n\r\n\x00\xff\r\n\r\nEvent: A\r\n\r\n")

    assert [message.block for message in messages] == [b"Event: A"]
    assert blocks.strays == 2


@pytest.mark.parametrize(
    "data", [b"HTTP/1.1 400 Bad Request\r\n", b"SSH-2.0-x\r\n", b"\x16\x03\x01", b"Asterisk Call Manager/" + b"9" * 300]
)
def test_somebody_else_answers(data: bytes) -> None:
    with pytest.raises(AmiGarbage):
        Blocks().feed(data)


def test_a_message_without_end_is_bounded() -> None:
    blocks = Blocks()
    blocks.feed(GREETING)

    with pytest.raises(AmiGarbage):
        for _ in range(LONGEST_BLOCK // 65536 + 1):
            blocks.feed(b"x" * 65536)


def test_what_is_made_by_hand_reads_like_what_came() -> None:
    made = Event.of("UserEvent", {"UserEvent": "AcdClaim", "Variable": ["A=1", "B=2"]})

    assert made.block == b"Event: UserEvent\r\nUserEvent: AcdClaim\r\nVariable: A=1\r\nVariable: B=2"
    assert made.name == "UserEvent"
    assert made.variables == {"A": "1", "B": "2"}


def test_names_of_the_fields() -> None:
    assert list(Message(b"Event: X\r\nA: 1\r\nB: 2\r\nno field")) == ["event", "a", "b"]
