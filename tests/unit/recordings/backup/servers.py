"""The servers that the backup's tests talk to: a real SSH server, OpenStack Swift, and a line that can be spoiled."""

import hashlib
import hmac
import os
import pwd
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from recordings.backup.s3 import S3Target
from recordings.backup.ssh import SshTarget
from tests.programs import SERVERS, absent

ACCESS, SECRET = "test:backup", "only-for-tests"


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@dataclass
class Sshd:
    """An SSH server that knows one key. `storage` is a folder that its user may write to."""

    folder: Path
    port: int
    user: str

    @property
    def storage(self) -> Path:
        return self.folder / "storage"

    def target(self, at: str = "backup", **other: object) -> SshTarget:
        given = {
            "port": self.port,
            "key": self.folder / "key",
            "known_hosts": self.folder / "known_hosts",
            "seconds": 5.0,
        }
        return SshTarget("127.0.0.1", self.user, str(self.storage / at), **{**given, **other})  # type: ignore[arg-type]


@contextmanager
def sshd(folder: Path) -> Iterator[Sshd]:
    """OpenSSH's server, never as root: then it serves the user nobody."""
    tree = SERVERS.absolute() / "sshd"
    program = Path(shutil.which("sshd", path="/usr/sbin:/usr/local/sbin") or tree / "usr/sbin/sshd")
    if not program.exists():
        absent("sshd")
    root = os.geteuid() == 0
    user = pwd.getpwnam("nobody") if root else pwd.getpwuid(os.geteuid())
    folder.mkdir()
    port = free_port()
    for name in ("host", "key", "stranger"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    (folder / "storage").mkdir()
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {(folder / 'host.pub').read_text()}")
    helpers = tree / "usr/lib/openssh"
    split = (helpers / "sshd-session").exists() and program.is_relative_to(tree)
    (folder / "conf").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nPidFile none\n"
        f"AuthorizedKeysFile {folder}/key.pub\n"
        "StrictModes no\nUsePAM yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        "Subsystem sftp internal-sftp\n"
        + (f"SshdSessionPath {helpers}/sshd-session\n" if split else "")
        + (f"SshdAuthPath {helpers}/sshd-auth\n" if split and (helpers / "sshd-auth").exists() else "")
    )
    as_user: list[str] = []
    if root:
        for path in (folder / "storage", folder / "host"):
            os.chown(path, user.pw_uid, user.pw_gid)
        for above in (folder, *folder.parents):
            if above.stat().st_uid == 0 and above != Path("/") and not above.stat().st_mode & 0o001:
                above.chmod(above.stat().st_mode | 0o011)
        as_user = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    libraries = ":".join(str(path) for above in ("lib", "usr/lib") for path in (tree / above).glob("*-linux-gnu*"))
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [*as_user, program, "-D", "-e", "-f", folder / "conf"],
            stderr=log,
            env={**os.environ, "LD_LIBRARY_PATH": libraries},
        )
        try:
            answers(port, server, folder / "log")
            yield Sshd(folder, port, user.pw_name)
        finally:
            server.terminate()
            server.wait()


@dataclass
class Swift:
    """OpenStack Swift with one bucket, "calls"."""

    folder: Path
    port: int

    def target(self, port: int | None = None, **other: object) -> S3Target:
        given = {
            "endpoint": f"http://127.0.0.1:{port or self.port}",
            "credentials": self.folder / "keys",
            "seconds": 5.0,
        }
        return S3Target(str(other.pop("bucket", "calls")), **{**given, **other})  # type: ignore[arg-type]

    def ask(self, method: str, path: str, body: bytes = b"", query: str = "") -> None:
        """A request that S3Target has no need of, signed as AWS says (Signature Version 4)."""
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        digest = hashlib.sha256(body).hexdigest()
        headers = {"host": f"127.0.0.1:{self.port}", "x-amz-content-sha256": digest, "x-amz-date": moment}
        names = ";".join(headers)
        canonical = [method, path, query and query + "=", *(f"{name}:{headers[name]}" for name in headers), "", names]
        request = hashlib.sha256("\n".join([*canonical, digest]).encode()).hexdigest()
        scope = f"{moment[:8]}/us-east-1/s3/aws4_request"
        key = ("AWS4" + SECRET).encode()
        for part in scope.split("/"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        text = "\n".join(["AWS4-HMAC-SHA256", moment, scope, request])
        signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={ACCESS}/{scope}, SignedHeaders={names}, Signature={signature}"
        )
        url = f"http://127.0.0.1:{self.port}{path}" + (f"?{query}" if query else "")
        httpx.request(method, url, headers=headers, content=body, timeout=10).raise_for_status()


@contextmanager
def swift(folder: Path) -> Iterator[Swift]:
    """The object storage of OpenStack, in one process."""
    python = SERVERS.absolute() / "swift/bin/python"
    if not python.exists():
        absent("OpenStack Swift")
    folder.mkdir()
    try:
        os.setxattr(folder, "user.test", b"1")
    except OSError:
        pytest.skip(f"Swift needs a file system with extended attributes: {folder} has none")
    (folder / "keys").write_text(f"[default]\naws_access_key_id = {ACCESS}\naws_secret_access_key = {SECRET}\n")
    (folder / "keys").chmod(0o600)
    port = free_port()
    with (folder / "said").open("w") as said:
        script = Path(__file__).with_name("swift_one.py")
        server = subprocess.Popen(
            [python, "-W", "ignore", script, folder, str(port), ACCESS, SECRET], stdout=said, stderr=said
        )
        try:
            answers(port, server, folder / "said")
            here = Swift(folder, port)
            here.ask("PUT", "/calls")
            yield here
        finally:
            server.terminate()
            server.wait()


def answers(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until somebody listens."""
    until = time.monotonic() + 15
    while time.monotonic() < until:
        assert server.poll() is None, log.read_text()
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise AssertionError(f"nobody listens: {log.read_text()}")


@dataclass
class Line:
    """A line to a server that can be spoiled. `cut_after`: bytes to the server, then it breaks; `refuse`: an answer in
    place of the server's; `alter`: bytes of answers, exchanged for others as long; `silent`: nothing comes back."""

    to: int
    cut_after: int | None = None
    refuse: bytes = b""
    alter: tuple[bytes, bytes] | None = None
    silent: bool = False
    port: int = 0
    connections: int = 0
    _ends: list[socket.socket] = field(default_factory=list)

    def serve(self, listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listening.accept()
                self.connections += 1
                threading.Thread(target=self._pass, args=(near,), daemon=True).start()

    def _pass(self, near: socket.socket) -> None:
        self._ends.append(near)
        near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with near, suppress(OSError):
            if self.refuse:
                near.recv(65536)
                near.sendall(self.refuse)
                near.shutdown(socket.SHUT_WR)
                while near.recv(65536):
                    pass
                return
            with socket.create_connection(("127.0.0.1", self.to)) as far:
                self._ends.append(far)
                far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._back, args=(far, near), daemon=True).start()
                passed = 0
                while data := near.recv(65536):
                    passed += len(data)
                    far.sendall(data)
                    if self.cut_after is not None and passed > self.cut_after:
                        near.shutdown(socket.SHUT_RDWR)
                        break
                far.shutdown(socket.SHUT_RDWR)

    def _back(self, far: socket.socket, near: socket.socket) -> None:
        with suppress(OSError):
            while data := far.recv(65536):
                if self.alter:
                    data = data.replace(*self.alter)
                while self.silent:
                    time.sleep(0.05)
                near.sendall(data)
            near.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self.silent = False
        for end in self._ends:
            end.close()


@contextmanager
def line(to: int) -> Iterator[Line]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        made = Line(to, port=listening.getsockname()[1])
        threading.Thread(target=made.serve, args=(listening,), daemon=True).start()
        try:
            yield made
        finally:
            with suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            made.close()
