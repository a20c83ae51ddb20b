"""What an e-mail about a message says, and that nothing of a caller reaches its head."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.voicemail.letter import About, compose, message_id

ABOUT = About(
    message="bcdfghjkmn",
    label="Cartera",
    number="+573001234567",
    received=datetime(2026, 11, 23, 9, 5, tzinfo=ZoneInfo("America/Bogota")),
    seconds=83,
    by_telephone=False,
)


def _letter(language: str = "es-CO", **about: object) -> tuple[str, str, bytes]:
    made = compose(
        About(**{**{f: getattr(ABOUT, f) for f in ABOUT.__slots__}, **about}),  # type: ignore[arg-type]
        language=language,
        sender="buzon@example.com",
        recipient="ana@example.com",
        audio=b"RIFF",
    )
    body = made.get_body()
    assert body is not None
    return str(made["Subject"]), body.get_content(), made.as_bytes()


def test_spanish_and_english() -> None:
    subject, body, _ = _letter()
    assert subject == "Mensaje de voz: Cartera, de +573001234567 (1:23)"
    assert "lunes 23/11/2026 a las 09:05" in body and "*97" not in body
    subject, body, _ = _letter("en", by_telephone=True)
    assert subject == "Voice message: Cartera, from +573001234567 (1:23)"
    assert "Monday 2026-11-23 at 09:05" in body and "*97" in body


def test_the_head_says_that_no_person_wrote_it() -> None:
    _, _, content = _letter()
    head = content.split(b"\r\n\r\n", 1)[0]
    assert b"Auto-Submitted: auto-generated" in head
    assert b"Date: Mon, 23 Nov 2026 09:05:00 -0500" in head


@pytest.mark.parametrize("number", ["", "+57300\r\nBcc: x@example.com", "=?utf-8?q?x?=", "12", "9" * 30, "<b>"])
def test_what_is_no_number_is_withheld(number: str) -> None:
    subject, body, content = _letter(number=number)
    assert "número oculto" in subject and "número oculto" in body
    assert b"Bcc" not in content


@given(number=st.text(max_size=80), label=st.text(max_size=80))
def test_no_text_adds_a_header(number: str, label: str) -> None:
    _, _, content = _letter(number=number, label=label)
    head = content.split(b"\r\n\r\n", 1)[0].replace(b"\r\n ", b" ")
    names = [line.split(b":", 1)[0] for line in head.split(b"\r\n")]
    assert sorted(names) == sorted(
        [b"From", b"To", b"Subject", b"Date", b"Message-ID", b"Auto-Submitted", b"MIME-Version", b"Content-Type"]
    )


def test_one_id_for_each_message_and_recipient() -> None:
    ids = {message_id(m, r, "buzon@example.com") for m in ("a", "b") for r in ("x@example.com", "y@example.com")}
    assert len(ids) == 4 and all(i.endswith("@example.com>") for i in ids)
