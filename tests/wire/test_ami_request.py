"""What is written to the manager: nothing that says more than was meant."""

from typing import Any

import pytest

from ivr.asterisk.ami import AmiRefused, Event, Response, variables
from ivr.asterisk.ami.request import MOST_BYTES, MOST_LINES, Request, nothing_found
from tests.tools import run


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("Ping\r\nAction: Command", {}),
        ("Ping", {"Channel": "PJSIP/101\r\nAction: Command"}),
        ("Ping", {"Channel": "PJSIP/101\nX: 1"}),
        ("Ping", {"Channel": "PJSIP/101\r"}),
        ("Ping", {"Channel": "a\0b"}),
        ("Ping", {"Variable": ["A=1", "B=2\r\nC: 3"]}),
        ("Ping", {"Chan\r\nnel": "x"}),
        ("Ping", {"Chan: nel": "x"}),
        ("Ping", {"": "x"}),
        ("Ping", {"ActionID": "mine"}),
        ("Ping", {"action": "Command"}),
        ("Ping", {"CallerID": "x" * MOST_BYTES}),
        ("Ping", {"CallerID": "ñ" * (MOST_BYTES // 2)}),
        ("Ping", {"Variable": [f"A{number}=1" for number in range(MOST_LINES)]}),
    ],
)
@run
async def test_a_request_that_would_say_something_else_is_refused(name: str, fields: Any) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Request(name, fields, wants_list=False)


@run
async def test_the_value_is_not_shown_in_the_error() -> None:
    with pytest.raises(ValueError, match="Secret") as error:
        Request("Login", {"Secret": "sesame\r\n"}, wants_list=False)

    assert "sesame" not in str(error.value)


@run
async def test_originate_is_always_asynchronous() -> None:
    request = Request("Originate", {"Channel": "PJSIP/101", "Variable": ["A=1", "B=2"]}, wants_list=False)

    assert str(request).encode() == (
        b"Action: Originate\r\nActionID: " + request.id.encode() + b"\r\nAsync: true\r\nChannel: PJSIP/101\r\n"
        b"Variable: A=1\r\nVariable: B=2\r\n\r\n"
    )


@run
async def test_two_requests_never_share_an_identifier() -> None:
    assert Request("Ping", {}, wants_list=False).id != Request("Ping", {}, wants_list=False).id


@run
async def test_a_reply_that_ends_in_successfully_queued_without_async() -> None:
    """panoramisk raises KeyError at it and drops the link."""
    request = Request("PlayDTMF", {"Channel": "x", "Digit": "1"}, wants_list=False)

    assert request.add_message(Response.of("Success", {"Message": "DTMF successfully queued"}))
    assert (await request.future).message == "DTMF successfully queued"


@run
async def test_a_success_that_speaks_of_a_list_ends_an_action_that_wants_none() -> None:
    request = Request("Hangup", {"Channel": "/^acd-/"}, wants_list=False)

    assert request.add_message(
        Response.of("Success", {"EventList": "start", "Message": "Channels hung up will follow"})
    )
    assert (await request.future).success


@run
async def test_a_list_is_its_items_in_order_without_the_end() -> None:
    request = Request("Status", {}, wants_list=True)

    assert not request.add_message(Response.of("Success", {"EventList": "start"}))
    assert not request.add_message(Event.of("Status", {"Uniqueid": "1"}))
    assert not request.add_message(Event.of("Status", {"Uniqueid": "2"}))
    assert request.add_message(Event.of("StatusComplete", {"EventList": "Complete", "ListItems": "2"}))
    assert [item["Uniqueid"] for item in await request.future] == ["1", "2"]


@run
async def test_an_answer_without_a_list_is_told() -> None:
    request = Request("Ping", {}, wants_list=True)
    request.add_message(Response.of("Success", {"Ping": "Pong"}))

    with pytest.raises(AmiRefused, match="Ping answers no list"):
        await request.future


@pytest.mark.parametrize(
    ("message", "empty"),
    [
        ("No Contacts found", True),
        ("No active conferences.", True),
        ("No such channel", False),
        ("Permission denied", False),
        ("", False),
    ],
)
def test_which_errors_mean_an_empty_list(message: str, empty: bool) -> None:
    assert nothing_found(message) is empty


def test_a_variable_arrives_as_it_was_meant() -> None:
    """Asterisk 22 gave exactly these values back (Status, Variables) for what is written here."""
    values = {"A": "a,b", "B": 'x"y', "C": "b\\c", "D": "p(q", "E": "p(q,r)s", "F": " lead=;${X}"}

    assert variables(values) == ["A=a\\,b", 'B=x\\"y', "C=b\\\\c", "D=p\\(q", "E=p\\(q\\,r\\)s", "F= lead=;${X}"]
