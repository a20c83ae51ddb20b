"""Tells systemd that the server is ready, alive or stopping (sd_notify(3)); does nothing where there is no systemd."""

import os
import socket
from collections.abc import Mapping


class Notifier:
    """Speaks to `$NOTIFY_SOCKET`. Failures are ignored: the server must not depend on who started it."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        watchdog = environ.get("WATCHDOG_USEC", "")
        self.watchdog_seconds = int(watchdog) / 1e6 / 3 if watchdog.isdecimal() and int(watchdog) else None
        """How often to say that we live: a third of what systemd allows; None without a watchdog."""

    def ready(self, status: str) -> None:
        """The server takes calls."""
        self._send(f"READY=1\nSTATUS={status}")

    def alive(self) -> None:
        """The reactor turns."""
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """The server ends because it was told to."""
        self._send("STOPPING=1")

    def _send(self, text: str) -> None:
        if not self._address:
            return
        name = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK) as wire:
                wire.sendto(text.encode(), name)
        except OSError:
            pass
