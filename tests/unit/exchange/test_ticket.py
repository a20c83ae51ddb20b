from datetime import UTC, datetime

import pytest

from acd.model import QueueId, VisitId
from ivr.exchange.ticket import Ticket


def test_a_ticket_survives_its_channel_variable() -> None:
    ticket = Ticket(VisitId("n1-1.2/1"), QueueId("cartera"), datetime(2026, 11, 23, 15, 0, 0, 123457, tzinfo=UTC), -1)
    assert str(ticket) == "n1-1.2/1|cartera|1795446000123457|-1"
    assert Ticket.parse(str(ticket)) == ticket


@pytest.mark.parametrize(
    "text", ["", "|||", "a|b|c|d", "a|b|1", "a|b|1|2|3", "|q|1|0", "a|b|9e99|0", "a|b|" + "9" * 40 + "|0", "a|b|1|x"]
)
def test_a_text_that_is_no_ticket_is_none(text: str) -> None:
    assert Ticket.parse(text) is None
