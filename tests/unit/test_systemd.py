import socket
from pathlib import Path

from ivr.systemd import Notifier


def test_systemd_is_told_what_happens(tmp_path: Path) -> None:
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(path)
        notifier = Notifier({"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "30000000"})
        notifier.ready("8 numbers")
        notifier.alive()
        notifier.stopping()
        said = [listener.recv(200) for _ in range(3)]
    assert said == [b"READY=1\nSTATUS=8 numbers", b"WATCHDOG=1", b"STOPPING=1"]
    assert notifier.watchdog_seconds == 10


def test_without_systemd_nothing_happens(tmp_path: Path) -> None:
    assert Notifier({}).watchdog_seconds is None
    Notifier({}).ready("")
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "nobody")}).alive()
