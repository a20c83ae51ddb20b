from datetime import UTC, datetime

import pytest

from acd.model import AgentId, QueueId, VisitId
from ivr.exchange.ticket import Ticket

JOINED = datetime(2026, 11, 23, 15, 0, 0, 123457, tzinfo=UTC)
PLAIN = Ticket(VisitId("n1-1.2/1"), QueueId("cartera"), JOINED, -1)
FULL = Ticket(VisitId("n1-1.2/1"), QueueId("cartera"), JOINED, 4, "0f3a", AgentId("301"), keeps=False)
SENT = Ticket(VisitId("n1-1.2/2"), QueueId("cartera"), JOINED, 0, only=AgentId("301"), transfer="to")
TO_QUEUE = Ticket(VisitId("n1-1.2/2"), QueueId("cartera"), JOINED, 0, "0f3a", transfer="by")


@pytest.mark.parametrize(
    ("ticket", "text"),
    [
        (SENT, "n1-1.2/2|cartera|1795446000123457|0|||1|301|to"),
        (TO_QUEUE, "n1-1.2/2|cartera|1795446000123457|0|0f3a||1||by"),
        (PLAIN, "n1-1.2/1|cartera|1795446000123457|-1|||1"),
        (FULL, "n1-1.2/1|cartera|1795446000123457|4|0f3a|301|0"),
    ],
)
def test_a_ticket_survives_its_channel_variable(ticket: Ticket, text: str) -> None:
    assert str(ticket) == text
    assert Ticket.parse(text) == ticket


def test_a_ticket_of_the_version_before_counts() -> None:
    assert Ticket.parse("n1-1.2/1|cartera|1795446000123457|-1") == PLAIN


@pytest.mark.parametrize(
    "text",
    [
        *("", "|||", "a|b|c|d", "a|b|1", "a|b|1|2|3", "|q|1|0", "a|b|9e99|0", "a|b|" + "9" * 40 + "|0", "a|b|1|x"),
        *("a|b|1|2|3|4|5|6", "||||||", "a|b|x|0|k|1|1"),
    ],
)
def test_a_text_that_is_no_ticket_is_none(text: str) -> None:
    assert Ticket.parse(text) is None
