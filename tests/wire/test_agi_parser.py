"""Literal lines of Asterisk's res_agi.c in, values out."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.asterisk.agi.parser import Parser
from ivr.asterisk.agi.reply import Environment, Hangup, Item, Malformed, Refusal, Reply

OPENING = b"agi_network: yes\nagi_network_script: call\nagi_callerid: 3000000001\n\n"
USAGE = (
    b"520-Invalid command syntax.  Proper usage follows:\n"
    b"Usage: WAIT FOR DIGIT <timeout>\n"
    b"\tWaits up to 'timeout' milliseconds for channel to receive a DTMF digit.\n"
    b"\n"
    b"520 End of proper usage.\n"
)
HANGUP = Hangup()


def begun(**bounds: int) -> Parser:
    parser = Parser(**bounds)
    assert len(parser.feed(OPENING)) == 1
    return parser


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        (b"200 result=1\n", Reply(200, "1")),
        (b"200 result=0\n", Reply(200, "0")),
        (b"200 result=-1\n", Reply(200, "-1")),
        (b"200 result=\n", Reply(200, "")),
        (b"200 result=0 endpos=12345\n", Reply(200, "0", None, "endpos=12345")),
        (b"200 result=49 endpos=0\n", Reply(200, "49", None, "endpos=0")),
        (b"200 result=1 (timeout)\n", Reply(200, "1", "timeout")),
        (b"200 result= (timeout)\n", Reply(200, "", "timeout")),
        (b"200 result=12*# (timeout)\n", Reply(200, "12*#", "timeout")),
        (b"200 result=12*#\n", Reply(200, "12*#")),
        (b"200 result=0 (timeout) endpos=48000\n", Reply(200, "0", "timeout", "endpos=48000")),
        (b"200 result=-1 (hangup) endpos=160\n", Reply(200, "-1", "hangup", "endpos=160")),
        (b"200 result=35 (dtmf) endpos=160\n", Reply(200, "35", "dtmf", "endpos=160")),
        (
            b'200 result=1 (speech) endpos=0 results=1 score0=9 text0="s\xc3\xad" grammar0=x\n',
            Reply(200, "1", "speech", 'endpos=0 results=1 score0=9 text0="sí" grammar0=x'),
        ),
        (b"200 result=1 ()\n", Reply(200, "1", "")),
        (b"200 result=1 (PJSIP/101 with blanks)\n", Reply(200, "1", "PJSIP/101 with blanks")),
        (b'200 result=1 ("Ana" <3000000001>)\n', Reply(200, "1", '"Ana" <3000000001>')),
        (b"200 result=1 (a (b) c))\n", Reply(200, "1", "a (b) c)")),
        (b"200 result=1 (HANGUP)\n", Reply(200, "1", "HANGUP")),
        (b"200 result=1 (hangup)\n", Reply(200, "1", "hangup")),
        (b"200 result=1 (x=1) y)\n", Reply(200, "1", "x=1) y")),
        (b"200 result=1 (Bogot\xc3\xa1)\n", Reply(200, "1", "Bogotá")),
        (b"200 result=1 (Bogot\xe1)\n", Reply(200, "1", "Bogot\ufffd")),
        (b"200 result=1 (first\nsecond)\n", Reply(200, "1", "first\nsecond")),
        (b"200 result=1 (first\n\nHANGUP\nthird)\n", Reply(200, "1", "first\n\nHANGUP\nthird")),
        (b"200 result=0 Gosub complete\n", Reply(200, "0", None, "Gosub complete")),
        (b"510 Invalid or unknown command\n", Reply(510, "", "Invalid or unknown command")),
        (
            b"511 Command Not Permitted on a dead channel or intercept routine\n",
            Reply(511, "", "Command Not Permitted on a dead channel or intercept routine"),
        ),
        (
            b"520 Invalid command syntax.  Proper usage not available.\n",
            Reply(520, "", "Invalid command syntax.  Proper usage not available."),
        ),
        (USAGE, Reply(520, "", USAGE[4:-1].decode())),
    ],
)
def test_every_reply_of_asterisk(line: bytes, reply: Reply) -> None:
    assert begun().feed(line) == [reply]
    parser = begun()
    dripped: list[Item] = []
    for byte in line:
        dripped += parser.feed(bytes([byte]))
    assert dripped == [reply]


def test_what_a_reply_tells() -> None:
    assert Reply(200, "0", "timeout", "endpos=48000").endpos == 48000
    assert Reply(200, "0", "timeout").timed_out
    assert not Reply(200, "1", "time").timed_out
    assert Reply(200, "12*#").number is None
    assert Reply(200, "-1").number == -1
    assert Reply(200, "0", None, "endpos=x").endpos is None
    assert Reply(200, "0").endpos is None


@pytest.mark.parametrize(
    ("data", "items"),
    [
        (b"HANGUP\n", [HANGUP]),
        (b"HANGUP\n200 result=-1\n", [HANGUP, Reply(200, "-1")]),
        (b"200 result=-1\nHANGUP\n", [Reply(200, "-1"), HANGUP]),
        (b"200 result=1\nHANGUP\n200 result=0\n", [Reply(200, "1"), HANGUP, Reply(200, "0")]),
        (b"200 result=1\n" + USAGE + b"HANGUP\n", [Reply(200, "1"), Reply(520, "", USAGE[4:-1].decode()), HANGUP]),
        (b"100 result=0 Trying...\n200 result=0 Gosub complete\n", [Reply(200, "0", None, "Gosub complete")]),
    ],
)
def test_hangup_is_never_a_reply_wherever_it_stands(data: bytes, items: list[Item]) -> None:
    assert begun().feed(data) == items


def test_a_hangup_in_the_same_bytes_as_the_environment() -> None:
    assert Parser().feed(OPENING + b"HANGUP\n")[1:] == [HANGUP]


def test_the_environment() -> None:
    (item,) = Parser().feed(
        b'agi_network: yes\nagi_calleridname: Ana: "la" Mar\xeda\nagi_accountcode: \nagi_arg_1: a b\n\n'
    )
    assert isinstance(item, Environment)
    assert dict(item) == (
        {
            "agi_network": "yes",
            "agi_calleridname": 'Ana: "la" Mar\ufffda',
            "agi_accountcode": "",
            "agi_arg_1": "a b",
        }
    )


def test_a_caller_cannot_overwrite_what_asterisk_said_before() -> None:
    (item,) = Parser().feed(b"agi_uniqueid: n1-1\nagi_calleridname: x\nagi_uniqueid: forged\n\n")
    assert isinstance(item, Environment)
    assert item["agi_uniqueid"] == "n1-1"
    assert list(item) == ["agi_uniqueid", "agi_calleridname"]
    assert item.get("agi_nothing") is None
    assert "calleridname" not in item


@pytest.mark.parametrize("line", [b"200 result=1", b"520-Invalid", b"HANGU", b"200 result=1 (a\nb"])
def test_an_unfinished_line_is_nothing(line: bytes) -> None:
    assert begun().feed(line) == []


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", Refusal.NOT_AGI),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", Refusal.BINARY),
        (b"\x16\x03\x01\x02", Refusal.NOT_AGI),
        (b"\n", Refusal.NOT_AGI),
        (b"\n\n", Refusal.NOT_AGI),
        (b"SSH-2.0-scanner\r\n", Refusal.NOT_AGI),
        (b"agi_network: yes\nno colon here\n\n", Refusal.MALFORMED),
        (b"agi_network: yes\nagi_x: \0\n\n", Refusal.BINARY),
        (b"agi_" + b"x" * 300, Refusal.OVERSIZED),
        (b"agi_x: " + b"y" * 300 + b"\n\n", Refusal.OVERSIZED),
    ],
)
def test_what_is_no_environment(data: bytes, reason: Refusal) -> None:
    assert Parser(environment_bytes=200).feed(data) == [Malformed(reason)]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\n", Refusal.MALFORMED),
        (b"hangup\n", Refusal.MALFORMED),
        (b"HANGUP\r\n", Refusal.MALFORMED),
        (b"200 ok\n", Refusal.MALFORMED),
        (b"200\n", Refusal.MALFORMED),
        (b"404 Not found\n", Refusal.MALFORMED),
        (b"520\n", Refusal.MALFORMED),
        (b"\xff\xfe\xfd\n", Refusal.MALFORMED),
        (b"200 result=\0\n", Refusal.BINARY),
        (b"2" * 300, Refusal.OVERSIZED),
        (b"200 result=1 (" + b"x" * 300 + b")\n", Refusal.OVERSIZED),
        (b"520-x\n" + b"usage\n" * 60, Refusal.OVERSIZED),
        (b"200 result=1 (" + b"\n" * 300, Refusal.OVERSIZED),
        (b"200 result=1 (a\n" + b"x" * 300, Refusal.OVERSIZED),
    ],
)
def test_what_is_no_reply_kills_the_parser(data: bytes, reason: Refusal) -> None:
    parser = begun(line_bytes=200)
    assert parser.feed(data)[-1] == Malformed(reason)
    assert parser.feed(b"200 result=1\n") == []


def test_replies_before_the_garbage_are_kept() -> None:
    assert begun().feed(b"200 result=1\nwhat\n200 result=2\n") == [Reply(200, "1"), Malformed(Refusal.MALFORMED)]


WHOLE = OPENING + b'200 result=1 (a "b"\nc)\nHANGUP\n' + USAGE + b"511 Command Not Permitted\n200 result=0 endpos=8\n"


@given(st.lists(st.integers(0, len(WHOLE)), max_size=12))
def test_how_the_bytes_are_cut_changes_nothing(cuts: list[int]) -> None:
    parser = Parser()
    places = [0, *sorted(cuts), len(WHOLE)]
    items = [item for start, end in itertools.pairwise(places) if start < end for item in parser.feed(WHOLE[start:end])]
    assert items == Parser().feed(WHOLE)
    assert len(items) == 6


@given(st.lists(st.binary(max_size=80), max_size=8))
def test_no_bytes_make_it_raise(pieces: list[bytes]) -> None:
    for parser in (Parser(), begun()):
        for piece in pieces:
            for item in parser.feed(piece):
                assert isinstance(item, Environment | Reply | Hangup | Malformed)
