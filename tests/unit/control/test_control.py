"""The API on a real socket file, and at an address: a client in a thread, the server on the running loop."""

import asyncio
import datetime
import os
import socket
import ssl
import stat
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from ivr.access.model import Principal, Reach
from ivr.access.rights import reads, writes
from ivr.control.client import ControlError, NoServer, ask, fetch, socket_file, token_file
from ivr.control.server import ControlServer, ControlSocketTaken
from ivr.settings.environment import Environment
from ivr.testing.api import ADMIN, OpenDoor
from ivr.web.api.application import application
from ivr.web.api.routing import Allowed, Granted, Refusal, api_router
from ivr.web.server import Doorway, WebServer
from ivr.web.shell import local
from ivr.web.tls import Certificate, TlsError
from tests.tools import run

TOKEN = "the-token-of-this-start"
Looks = Annotated[Granted, Allowed(reads("greetings", admin=Reach.EVERYTHING))]
Tells = Annotated[Granted, Allowed(writes("greetings", admin=Reach.EVERYTHING))]


class Wanted(BaseModel):
    text: str = ""


class Greetings:
    """A part."""

    def routes(self) -> APIRouter:
        router = api_router("greetings")
        router.get("/greeting/{name}")(self.show)
        router.post("/greeting")(self.change)
        router.delete("/greeting")(self.fail)
        router.get("/audio")(self.audio)
        return router

    async def show(self, name: str, granted: Looks) -> dict[str, str]:
        return {"name": name}

    async def change(self, wanted: Wanted, granted: Tells) -> dict[str, str]:
        if not wanted.text:
            raise Refusal("say which greeting", lines=["one", "two"])
        return {"text": wanted.text, "who": granted.principal.who}

    async def fail(self, granted: Tells) -> None:
        raise ZeroDivisionError("a secret of ours")

    async def audio(self, granted: Looks) -> Response:
        return Response(b"RIFF\0", media_type="audio/wav")


class TokenDoor(OpenDoor):
    """Lets in whoever has the token."""

    async def identify(self, request: Request) -> Principal | None:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            raise Refusal("the token is not valid", status=401)
        return await super().identify(request)


def api() -> Any:
    return application([Greetings()], TokenDoor(ADMIN))


def environment(folder: Path, **more: Any) -> Environment:
    return replace(Environment.from_environ({}), var=folder, **more)


def serving(folder: Path, token: str = TOKEN) -> ControlServer:
    token_file(folder).parent.mkdir(exist_ok=True)
    token_file(folder).write_text(token + "\n")
    server = ControlServer(local(api(), api()), socket_file(folder))
    server.start()
    return server


async def asked(where: Environment, method: str, path: str, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return await asyncio.to_thread(ask, where, method, path, values)


@run
async def test_an_answer_is_json_and_the_server_knows_who_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUDO_USER", "ana maría")
    server, here = serving(tmp_path), environment(tmp_path)
    assert await asked(here, "GET", "/greeting/hola%20t%C3%BA") == {"name": "hola tú"}
    told = await asked(here, "POST", "/greeting", {"text": "hola"})
    assert told["text"] == "hola" and "ana" in told["who"]
    assert await asyncio.to_thread(fetch, here, "GET", "/audio") == b"RIFF\0"
    await server.close()


@run
async def test_a_refusal_is_told_with_its_details(tmp_path: Path) -> None:
    server, here = serving(tmp_path), environment(tmp_path)
    with pytest.raises(ControlError, match=r"^say which greeting$") as refused:
        await asked(here, "POST", "/greeting", {})
    assert (refused.value.status, refused.value.details) == (409, {"lines": ["one", "two"]})
    with pytest.raises(ControlError, match=r"body\.text"):
        await asked(here, "POST", "/greeting", {"text": 7})
    with pytest.raises(ControlError, match="no such address"):
        await asked(here, "GET", "/nothing")
    with pytest.raises(ControlError, match="more than"):
        await asked(here, "POST", "/greeting", {"text": "x" * 1_000_000})
    with pytest.raises(ControlError, match="its log says why") as failed:
        await asked(here, "DELETE", "/greeting")
    assert "secret" not in str(failed.value) and failed.value.status == 500
    await server.close()


@run
async def test_a_wrong_token_or_none_says_where_the_right_one_lies(tmp_path: Path) -> None:
    server, here = serving(tmp_path, "of another start"), environment(tmp_path)
    with pytest.raises(ControlError, match=r"does not take the token in .*secrets/cli\.token.*restart the server"):
        await asked(here, "GET", "/greeting/x")
    token_file(tmp_path).unlink()
    with pytest.raises(ControlError, match="does not take the token"):
        await asked(here, "GET", "/greeting/x")
    await server.close()


@run
async def test_only_the_servers_user_may_open_it_and_nothing_is_left(tmp_path: Path) -> None:
    server = serving(tmp_path)
    file = socket_file(tmp_path)
    assert stat.S_IMODE(os.lstat(file).st_mode) == 0o600
    assert stat.S_IMODE(os.lstat(file.parent).st_mode) == 0o700
    await server.close()
    assert not file.exists()
    with pytest.raises(NoServer, match=r"no server is running here \(CENTRALITA_VAR=.*start it with: ivr run"):
        await asked(environment(tmp_path), "GET", "/greeting/x")


@run
async def test_what_a_killed_server_left_is_taken_over_but_not_from_a_living_one(tmp_path: Path) -> None:
    file = socket_file(tmp_path)
    file.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(file))
    server = serving(tmp_path)
    assert (await asked(environment(tmp_path), "GET", "/greeting/x"))["name"] == "x"
    with pytest.raises(ControlSocketTaken, match="another server answers there"):
        ControlServer(api(), file)
    await server.close()


@run
async def test_half_an_answer_is_none(tmp_path: Path) -> None:
    file = socket_file(tmp_path)
    file.parent.mkdir()

    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nRIFF")
        await writer.drain()
        writer.close()

    server = await asyncio.start_unix_server(half, str(file))
    with pytest.raises(ControlError, match="the server ended in the middle of it"):
        await asyncio.to_thread(fetch, environment(tmp_path), "GET", "/audio")
    server.close()
    await server.wait_closed()


@run
async def test_a_server_that_ends_in_the_middle_is_told(tmp_path: Path) -> None:
    file = socket_file(tmp_path)
    file.parent.mkdir()

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_unix_server(hang_up, str(file))
    with pytest.raises(ControlError, match="the server ended in the middle of it"):
        await asked(environment(tmp_path), "GET", "/greeting/x")
    server.close()
    await server.wait_closed()


# ---------------------------------------------------------------------- at an address


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A self-signed one for localhost."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = folder / "cert.pem", folder / "key.pem"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files


@run
async def test_another_server_is_asked_over_https_with_a_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    used = Certificate(*certificate(tmp_path, "first"))
    server = WebServer(api(), "127.0.0.1", 0, Doorway(tls=used.context))
    server.start()
    there = environment(tmp_path, server=f"https://localhost:{server.port}", token=TOKEN)
    with pytest.raises(NoServer, match=r"is not trusted.*SSL_CERT_FILE"):
        await asked(there, "GET", "/greeting/x")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    assert await asked(there, "GET", "/greeting/x") == {"name": "x"}
    with pytest.raises(ControlError, match="does not take the token in CENTRALITA_TOKEN"):
        await asked(replace(there, token="cnt_1_wrong"), "GET", "/greeting/x")
    with pytest.raises(ControlError, match="set CENTRALITA_TOKEN"):
        await asked(replace(there, token=""), "GET", "/greeting/x")
    await server.close()
    with pytest.raises(NoServer, match="nobody answers at CENTRALITA_SERVER"):
        await asked(there, "GET", "/greeting/x")


@run
async def test_a_renewed_certificate_is_used_and_a_broken_one_is_not(tmp_path: Path) -> None:
    used = Certificate(*certificate(tmp_path, "first"))
    server = WebServer(api(), "127.0.0.1", 0, Doorway(tls=used.context))
    server.start()

    async def shown() -> str:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        _, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=context)
        found = x509.load_der_x509_certificate(writer.get_extra_info("ssl_object").getpeercert(binary_form=True))
        writer.close()
        return found.subject.rfc4514_string()

    assert await shown() == "CN=first" and not used.look()
    certificate(tmp_path, "second")
    assert used.look() and await shown() == "CN=second"
    (tmp_path / "key.pem").write_text("half a key")
    assert not used.look() and await shown() == "CN=second"
    with pytest.raises(TlsError, match=r"CENTRALITA_TLS_CERT=.*both as PEM"):
        Certificate(tmp_path / "cert.pem", tmp_path / "key.pem")
    with pytest.raises(TlsError, match="No such file"):
        Certificate(tmp_path / "cert.pem", tmp_path / "none.pem")
    await server.close()
