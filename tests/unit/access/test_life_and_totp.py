"""How long sessions and tokens live; second factors."""

from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from ivr.access import totp
from ivr.access.life import SessionLife, token_ends

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


def test_a_session_ends_when_idle_and_at_last() -> None:
    life = SessionLife()
    assert not life.over(NOW, NOW, NOW + timedelta(minutes=29))
    assert life.over(NOW, NOW, NOW + timedelta(minutes=30))
    busy = NOW + timedelta(hours=11, minutes=59)
    assert not life.over(NOW, busy, busy + timedelta(seconds=59))
    assert life.over(NOW, busy, NOW + timedelta(hours=12))
    assert life.over(NOW, NOW, NOW - timedelta(hours=1))


@pytest.mark.parametrize("days", [0, -1, 367])
def test_a_token_expires(days: int) -> None:
    assert token_ends(NOW, 90) == NOW + timedelta(days=90)
    with pytest.raises(ValueError, match="between 1 and 366"):
        token_ends(NOW, days)


def test_a_code_counts_once_and_a_slow_clock_is_accepted() -> None:
    secret = totp.new_secret(bytes(range(20)))
    code = pyotp.TOTP(secret).at(NOW)
    step = totp.accepted_step(secret, code, NOW, 0)
    assert step == int(NOW.timestamp()) // 30
    assert totp.accepted_step(secret, code, NOW, step) is None
    assert totp.accepted_step(secret, code[:3] + " " + code[3:], NOW + timedelta(seconds=30), 0) == step
    assert totp.accepted_step(secret, code, NOW + timedelta(seconds=90), 0) is None
    assert totp.address(secret, "ana").startswith("otpauth://totp/Centralita:ana?secret=")


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦"])
def test_what_is_no_code_is_refused(code: str) -> None:
    assert totp.accepted_step(totp.new_secret(bytes(20)), code, NOW, 0) is None
