"""The e-mail about a message: what it says, and its form. Pure.

Nothing of a caller reaches a header as he sent it: the number is one of digits, the rest is the site's own.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

_NUMBER = re.compile(r"\+?[0-9]{3,20}")

WEEKDAYS = {
    "es": ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_SUBJECT = {
    "es": "Mensaje de voz: {label}, de {number} ({length})",
    "en": "Voice message: {label}, from {number} ({length})",
}
_WITHHELD = {"es": "número oculto", "en": "withheld number"}
_TEXT = {
    "es": (
        "{label} tiene un mensaje de voz nuevo.\n\n"
        "De:        {number}\nRecibido:  {day} {date} a las {time}\nDuración:  {length}\nMensaje:   {message}\n\n"
        "El audio está adjunto. {listen}\n"
    ),
    "en": (
        "{label} has a new voice message.\n\n"
        "From:      {number}\nReceived:  {day} {date} at {time}\nLength:    {length}\nMessage:   {message}\n\n"
        "The audio is attached. {listen}\n"
    ),
}
_LISTEN = {
    "es": "También se escucha desde el teléfono, marcando *97.",
    "en": "It can also be heard by telephone: dial *97.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a letter tells of. `received` is the site's local time; `number` is empty when withheld or erased."""

    message: str
    label: str
    number: str
    received: datetime
    seconds: int
    by_telephone: bool


def compose(about: About, *, language: str, sender: str, recipient: str, audio: bytes) -> EmailMessage:
    """The letter, with the audio attached. `sender` and `recipient` are addresses that the configuration allowed."""
    tongue = "es" if language.startswith("es") else "en"
    number = about.number if _NUMBER.fullmatch(about.number) else _WITHHELD[tongue]
    values = {
        "label": _line(about.label),
        "number": number,
        "length": f"{about.seconds // 60}:{about.seconds % 60:02d}",
        "day": WEEKDAYS[tongue][about.received.weekday()],
        "date": about.received.strftime("%d/%m/%Y" if tongue == "es" else "%Y-%m-%d"),
        "time": about.received.strftime("%H:%M"),
        "message": about.message,
        "listen": _LISTEN[tongue] if about.by_telephone else "",
    }
    letter = EmailMessage(policy=SMTP)
    letter["From"] = sender
    letter["To"] = recipient
    letter["Subject"] = _SUBJECT[tongue].format(**values)
    letter["Date"] = format_datetime(about.received)
    letter["Message-ID"] = message_id(about.message, recipient, sender)
    letter["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notice answers it
    letter.set_content("\n".join(line.rstrip() for line in _TEXT[tongue].format(**values).splitlines()) + "\n")
    letter.add_attachment(audio, maintype="audio", subtype="wav", filename=f"{about.message}.wav")
    return letter


def message_id(message: str, recipient: str, sender: str) -> str:
    """The same for each attempt: a letter that was taken although we never heard so is one letter."""
    told = hashlib.sha256(f"{message}\0{recipient}".encode()).hexdigest()[:24]
    return f"<{message}.{told}@{sender.rpartition('@')[2]}>"


def _line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)
