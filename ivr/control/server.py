"""Answers on the socket file. The file's permissions are the access rule: its user, and nobody else."""

import os
import socket
import stat
from pathlib import Path

from ivr.web.asgi import App
from ivr.web.server import BACKLOG, WebServer


class ControlSocketTaken(OSError):
    """Another server answers at this socket file."""


class ControlServer:
    """One listening socket file, gone after `close`."""

    def __init__(self, app: App, file: Path) -> None:
        """Listen at `file`, in a folder for this user only. Raises OSError; a dead server's file is taken over."""
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.parent.chmod(0o700)
        self.file = file
        _clear(file)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listener.bind(str(file))  # nobody else can reach it before the chmod: the folder is ours alone
            file.chmod(0o600)
            listener.listen(BACKLOG)
        except BaseException:
            listener.close()
            raise
        self._identity = file.stat().st_ino
        self._web = WebServer.on(app, listener)

    def start(self) -> None:
        """Begin to answer; call it on the running loop."""
        self._web.start()

    async def close(self) -> None:
        """End the open requests and remove the file, unless another server has made it anew."""
        await self._web.close()
        try:
            if self.file.stat().st_ino == self._identity:
                self.file.unlink()
        except FileNotFoundError:
            return


def _clear(file: Path) -> None:
    """Remove what a killed server left behind. Raises ControlSocketTaken when one answers."""
    try:
        if not stat.S_ISSOCK(os.lstat(file).st_mode):
            raise ControlSocketTaken(f"{file} is not a socket; remove it")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(file))
        except (ConnectionRefusedError, FileNotFoundError):
            file.unlink(missing_ok=True)
            return
    raise ControlSocketTaken(f"{file}: another server answers there; stop it, or set CENTRALITA_VAR to another folder")
