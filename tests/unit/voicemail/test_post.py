"""The e-mail about messages, through a real SMTP server."""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ivr.site.mailboxes import Encryption, Mail
from ivr.testing.ports import free_port
from ivr.voicemail import post as post_module
from ivr.voicemail.post import MOST_ATTEMPTS, Post
from tests.tools import run
from tests.unit.voicemail.house import BOX, House, site_with, wav
from tests.unit.voicemail.smtp_server import server

ANA, LUIS = "ana@example.com", "luis@example.com"


@pytest.fixture
def port() -> int:
    return free_port()


def mail_at(port: int, **settings: object) -> Mail:
    """The server, without encryption unless asked."""
    plain = Mail(
        host="127.0.0.1", port=port, encryption=Encryption.NONE, user="", password="", sender="buzon@example.com"
    )
    return replace(plain, **settings)  # type: ignore[arg-type]


class Office:
    """A house whose mailbox has e-mail, and its post."""

    def __init__(self, folder: Path, mail: Mail, **box: object) -> None:
        settings = {"email": (ANA,), **box}
        self.house = House(folder, site_with(replace(BOX, **settings), mail=mail))  # type: ignore[arg-type]
        self.passwords = {"smtp": "right"}

    async def open(self) -> Post:
        """A new process."""
        inbox = await self.house.open()
        house = self.house
        self.post = Post(
            site=lambda: house.site, store=house.store, inbox=inbox, clock=house.clock, secret=self._secret
        )
        return self.post

    def _secret(self, name: str) -> str:
        if name not in self.passwords:
            raise OSError(2, f"no secret {name}")
        return self.passwords[name]


@run
async def test_a_message_arrives_with_its_audio_and_what_it_is(tmp_path: Path, port: int) -> None:
    office = Office(tmp_path, mail_at(port), email=(ANA, LUIS))
    post = await office.open()
    office.house.records.keep_callers(
        [{"caller": "key", "number": "+573001234567", "name": "", "seen": office.house.clock.now()}]
    )
    file = await office.house.leave(23)
    with server(port) as letters:
        assert await post.once() == 2
        assert await post.once() == 0
    assert sorted(letters.recipients) == [[ANA], [LUIS]]
    letter = letters.taken[0]
    assert letter["Subject"] == "Mensaje de voz: Servicio al Cliente, de +573001234567 (0:23)"
    assert letter["From"] == "buzon@example.com"
    (audio,) = letter.iter_attachments()
    assert audio.get_filename() == f"{file}.wav" and audio.get_content() == wav(23)
    body = letter.get_body()
    assert body is not None
    text = body.get_content()
    assert "lunes 23/11/2026 a las 10:00" in text and "*97" in text and file in text
    assert len({letter["Message-ID"] for letter in letters.taken}) == 2
    assert post.attempts == {"sent": 2} and post.outbox.waiting == 0
    await office.house.close()


@run
async def test_what_a_server_puts_off_is_tried_again_later_and_later_with_the_same_id(
    tmp_path: Path, port: int
) -> None:
    office = Office(tmp_path, mail_at(port))
    post, clock = await office.open(), office.house.clock
    await office.house.leave()
    with server(port) as letters:
        letters.answers = ["451 try later", "421 not now"]
        assert await post.once() == 0
        clock.wall += timedelta(seconds=59)
        assert await post.once() == 0 and len(letters.answers) == 1
        clock.wall += timedelta(seconds=1)
        assert await post.once() == 0 and letters.answers == []
        post = await office.open()  # the server was restarted meanwhile
        clock.wall += timedelta(minutes=4, seconds=59)
        assert await post.once() == 0 and post.outbox.waiting == 1
        clock.wall += timedelta(seconds=1)
        assert await post.once() == 1 and len(letters.taken) == 1
    assert await post.once() == 0 and post.outbox.waiting == 0
    await office.house.close()


@run
async def test_a_server_that_is_away_or_silent_delays_and_nothing_else(
    tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(tmp_path, mail_at(port))
    post, clock = await office.open(), office.house.clock
    await office.house.leave()
    assert await post.once() == 0 and post.attempts["delayed"] == 1  # nobody listens
    monkeypatch.setattr(post_module, "ANSWER_SECONDS", 0.3)
    clock.wall += timedelta(hours=1)
    with socket.create_server(("127.0.0.1", port)):  # it takes the connection and says nothing
        assert await post.once() == 0
    assert post.attempts["delayed"] == 2 and post.outbox.waiting == 1
    clock.wall += timedelta(hours=1)
    with server(port) as letters:
        assert await post.once() == 1 and len(letters.taken) == 1
    await office.house.close()


@run
async def test_a_silent_server_does_not_hold_up_the_loop_or_the_end(tmp_path: Path, port: int) -> None:
    office = Office(tmp_path, mail_at(port))
    post = await office.open()
    await office.house.leave()
    with socket.create_server(("127.0.0.1", port)) as silent:
        silent.setblocking(False)
        post.start()
        connection, _ = await asyncio.get_running_loop().sock_accept(silent)
        other = await office.house.leave(call="n1-2.1")  # calls go on
        assert office.house.inbox.get(other) is not None
        await post.close()
        connection.close()
    await office.house.close()


@run
async def test_a_refused_recipient_is_given_up_and_the_others_get_theirs(tmp_path: Path, port: int) -> None:
    office = Office(tmp_path, mail_at(port), email=(ANA, LUIS), delete_after_email=True)
    post = await office.open()
    file = await office.house.leave()
    with server(port) as letters:
        letters.refused_recipients = {ANA: "550 no such user"}
        assert await post.once() == 1
        office.house.clock.wall += timedelta(days=1)
        assert await post.once() == 0
    assert letters.recipients == [[LUIS]] and post.outbox.given_up == 1
    message = office.house.inbox.get(file)
    assert message is not None and message.state == "new"  # one has it not: it stays
    await office.house.close()


@run
async def test_a_letter_is_not_tried_for_ever(tmp_path: Path, port: int) -> None:
    office = Office(tmp_path, mail_at(port))
    post = await office.open()
    await office.house.leave()
    for _ in range(MOST_ATTEMPTS + 5):
        await post.once()
        office.house.clock.wall += timedelta(hours=4)
    assert post.attempts["delayed"] == MOST_ATTEMPTS and post.outbox.given_up == 1
    await office.house.close()


@run
async def test_a_message_that_everybody_has_is_deleted_where_the_box_says_so(tmp_path: Path, port: int) -> None:
    office = Office(tmp_path, mail_at(port), email=(ANA, LUIS), delete_after_email=True)
    post = await office.open()
    file = await office.house.leave()
    with server(port):
        assert await post.once() == 2
    message = office.house.inbox.get(file)
    assert message is not None and message.state == "deleted"
    await office.house.close()


@run
async def test_a_message_that_was_deleted_is_sent_to_nobody(tmp_path: Path, port: int) -> None:
    office = Office(tmp_path, mail_at(port))
    post = await office.open()
    file = await office.house.leave()
    await office.house.inbox.delete(file, "telephone 101")
    with server(port) as letters:
        assert await post.once() == 0 and letters.taken == []
    assert post.outbox.waiting == post.outbox.given_up == 0
    await office.house.close()


@run
async def test_letters_go_out_by_themselves(tmp_path: Path, port: int) -> None:
    office = Office(tmp_path, mail_at(port))
    post = await office.open()
    with server(port) as letters:
        post.start()
        await office.house.leave()
        while post.outbox.waiting or not letters.taken:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await post.close()
    assert office.house.clock.pending == 0
    await office.house.close()


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
@run
async def test_a_password_is_needed_and_a_wrong_one_waits_to_be_put_right(tmp_path: Path, port: int) -> None:
    office = Office(tmp_path, mail_at(port, user="centralita", password="smtp"))
    post = await office.open()
    await office.house.leave()

    def authenticate(*args: object) -> object:
        return letters.authenticate(*args)  # type: ignore[arg-type]

    with server(port, authenticator=authenticate, auth_require_tls=False, auth_required=True) as letters:
        office.passwords = {"smtp": "wrong"}
        assert await post.once() == 0
        office.passwords = {}
        office.house.clock.wall += timedelta(hours=1)
        assert await post.once() == 0
        office.passwords = {"smtp": "right"}
        office.house.clock.wall += timedelta(hours=1)
        assert await post.once() == 1
    assert letters.logins[-1] == (b"centralita", b"right")
    await office.house.close()


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ssl.SSLContext]:
    """A server's certificate for localhost that this process trusts, and none other."""
    from datetime import UTC, datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "server.pem"
    private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, *private) + made.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    yield context


@run
async def test_starttls_is_used_and_an_unknown_certificate_gets_no_letter(
    tmp_path: Path, port: int, certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(tmp_path, mail_at(port, host="localhost", encryption=Encryption.STARTTLS))
    post = await office.open()
    await office.house.leave()
    with server(port, tls_context=certificate, require_starttls=True) as letters:
        assert await post.once() == 1
        assert letters.encrypted == [True]
        await office.house.leave()
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nothing.pem"))
        assert await post.once() == 0 and len(letters.taken) == 1
    assert post.attempts == {"sent": 1, "delayed": 1}
    await office.house.close()


@run
async def test_a_server_without_starttls_gets_nothing_when_it_was_asked_for(tmp_path: Path, port: int) -> None:
    office = Office(tmp_path, mail_at(port, encryption=Encryption.STARTTLS))
    post = await office.open()
    await office.house.leave()
    with server(port) as letters:
        assert await post.once() == 0 and letters.taken == []
    await office.house.close()


@run
async def test_tls_from_the_first_byte(tmp_path: Path, port: int, certificate: ssl.SSLContext) -> None:
    office = Office(tmp_path, mail_at(port, host="localhost", encryption=Encryption.TLS))
    post = await office.open()
    await office.house.leave()
    with server(port, ssl_context=certificate) as letters:
        assert await post.once() == 1 and len(letters.taken) == 1
    await office.house.close()


@run
async def test_a_password_that_is_no_text_delays_the_letter_and_no_other(tmp_path: Path, port: int) -> None:
    office = Office(tmp_path, mail_at(port, user="buzon", password="smtp"))
    post = await office.open()
    for call in ("n1-1.1", "n1-2.1"):
        await office.house.leave(call=call)
    (tmp_path / "smtp.secret").write_bytes(b"\xff")
    post = Post(
        site=lambda: office.house.site,
        store=office.house.store,
        inbox=office.house.inbox,
        clock=office.house.clock,
        secret=lambda name: (tmp_path / f"{name}.secret").read_text(encoding="utf-8"),
    )
    assert await post.once() == 0
    assert post.attempts["delayed"] == 2 and post.outbox.waiting == 2
    await office.house.close()
