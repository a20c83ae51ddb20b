"""The borders of a time that a request gives, for calls and for recordings."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from ivr.access.refusal import Refusal
from ivr.web.api.paging import moment_of

BOGOTA = ZoneInfo("America/Bogota")


def test_without_a_zone_it_is_the_sites_time() -> None:
    assert moment_of(None, BOGOTA, "from") is None
    assert moment_of(datetime.fromisoformat("2026-12-24T17:00"), BOGOTA, "from") == datetime(
        2026, 12, 24, 22, tzinfo=UTC
    )
    assert moment_of(datetime(2026, 12, 24, 17, tzinfo=UTC), BOGOTA, "to") == datetime(2026, 12, 24, 17, tzinfo=UTC)


def test_what_lies_beyond_the_calendar_is_refused_by_name() -> None:
    with pytest.raises(Refusal, match="to: this is not a possible moment"):
        moment_of(datetime.max.replace(tzinfo=BOGOTA), BOGOTA, "to")
