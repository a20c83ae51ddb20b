"""A real SMTP server on the loopback, that takes letters or refuses them as a test wants."""

from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


class Letters:
    """The server's hands. `answers`: what is said to the next letters instead of taking them."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.answers: list[str] = []
        self.refused_recipients: dict[str, str] = {}
        self.logins: list[tuple[bytes, bytes]] = []
        self.encrypted: list[bool] = []

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused_recipients:
            return self.refused_recipients[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.answers:
            return self.answers.pop(0)
        content = envelope.content
        assert isinstance(content, bytes)
        letter = message_from_bytes(content, policy=SMTP_POLICY)
        assert isinstance(letter, EmailMessage)
        self.taken.append(letter)
        self.recipients.append(list(envelope.rcpt_tos))
        self.encrypted.append(session.ssl is not None)
        return "250 taken"

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: Any, data: Any) -> AuthResult:
        """Only one user and password."""
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login, data.password))
        return AuthResult(success=(data.login, data.password) == (b"centralita", b"right"), handled=False)


@contextmanager
def server(port: int, **settings: Any) -> Iterator[Letters]:
    """The server while the block runs."""
    letters = Letters()
    controller = Controller(letters, hostname="127.0.0.1", port=port, **settings)
    controller.start()
    try:
        yield letters
    finally:
        controller.stop()
