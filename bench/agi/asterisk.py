"""A real Asterisk that calls FastAGI servers: an instance of its own, with as few modules as AGI() needs."""

import contextlib
import os
import secrets
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

HOST = "127.0.0.1"
MODULES = ("res_timing_timerfd", "pbx_config", "res_speech", "res_agi", "bridge_simple")


def tree() -> Path | None:
    """The provisioned tree that `make provision` made, or that CENTRALITA_ASTERISK_ROOT names; None without one."""
    place = Path(os.environ.get("CENTRALITA_ASTERISK_ROOT") or "var/asterisk/root").absolute()
    return place if (place / "usr/sbin/asterisk").exists() else None


def _write_configuration(root: Path, folder: Path, port: int, secret: str) -> None:
    modules = next(root.glob("usr/lib/*/asterisk/modules"))
    for name in ("etc", "lib", "spool", "run", "log"):
        (folder / name).mkdir()
    files = {
        "asterisk.conf": f"""
[directories]
astetcdir = {folder}/etc
astmoddir = {modules}
astvarlibdir = {folder}/lib
astdbdir = {folder}/lib
astkeydir = {folder}/lib
astdatadir = {root}/usr/share/asterisk
astagidir = {folder}/lib
astspooldir = {folder}/spool
astrundir = {folder}/run
astlogdir = {folder}/log
""",
        "modules.conf": "[modules]\nautoload=no\n" + "".join(f"load={name}.so\n" for name in MODULES),
        "logger.conf": "[logfiles]\nmessages => error\n",
        "manager.conf": f"""
[general]
enabled=yes
bindaddr={HOST}
port={port}
[bench]
secret={secret}
read=call
write=originate,call
eventfilter(action(include),name(OriginateResponse))=
""",
        "extensions.conf": f"""
[bench]
exten => _X.,1,AGI(agi://{HOST}:${{EXTEN}}/call)
 same => n,Hangup()
""",
    }
    for name, text in files.items():
        (folder / "etc" / name).write_text(text.lstrip())


class Switchboard:
    """An AMI connection that makes Asterisk call servers."""

    def __init__(self, port: int, secret: str) -> None:
        self._socket = socket.create_connection((HOST, port))
        self._file = self._socket.makefile("rb")
        self._file.readline()
        self._send(f"Action: Login\r\nUsername: bench\r\nSecret: {secret}\r\n")
        if b"Success" not in self._block():
            raise RuntimeError("Asterisk refused the login of the bench")

    def _send(self, action: str) -> None:
        self._socket.sendall(f"{action}\r\n".encode())

    def _block(self) -> bytes:
        lines = []
        while (line := self._file.readline()).strip():
            lines.append(line)
        if not lines:
            raise RuntimeError("Asterisk closed the bench's AMI connection")
        return b"".join(lines)

    def calls(self, port: int, count: int, rate: float) -> None:
        """`count` calls to the FastAGI server on `port`, `rate` a second; returns when the last one is over."""
        begin = time.monotonic()
        for number in range(count):
            time.sleep(max(0.0, begin + number / rate - time.monotonic()))
            self._send(
                f"Action: Originate\r\nActionID: {number}\r\nChannel: Local/{port}@bench/n\r\n"
                "Application: NoOp\r\nAsync: true\r\nTimeout: 10000\r\n"
            )
        over = 0
        while over < count:
            over += b"Event: OriginateResponse" in self._block()


@contextlib.contextmanager
def running(root: Path) -> Iterator[Switchboard]:
    """Start Asterisk in a temporary folder and end it. Raises RuntimeError when it does not come up."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="centralita-bench-")))
        with socket.socket() as free:
            free.bind((HOST, 0))
            port = int(free.getsockname()[1])
        secret = secrets.token_urlsafe()
        _write_configuration(root, folder, port, secret)
        library = next(root.glob("usr/lib/*/asterisk")).parent
        loader = next(root.glob("usr/lib*/ld-linux*.so.*"))
        tied = ("setpriv", "--pdeathsig", "TERM", "--")  # it ends with the bench, however that ends
        program = (loader, "--library-path", library, "--argv0", "asterisk", root / "usr/sbin/asterisk")
        process = subprocess.Popen(
            [*tied, *program, "-C", folder / "etc/asterisk.conf", "-f"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        stack.callback(process.wait)
        stack.callback(process.terminate)
        for _ in range(200):
            with contextlib.suppress(OSError):
                switchboard = Switchboard(port, secret)
                break
            if process.poll() is not None:
                raise RuntimeError("Asterisk ended at once")
            time.sleep(0.05)
        else:
            raise RuntimeError("Asterisk did not open its AMI port")
        yield switchboard
