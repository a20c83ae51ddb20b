"""A run clears away what broken uploads left; what somebody else sends meanwhile is none of these."""

import threading
from pathlib import Path

from recordings.backup.folder import FolderTarget
from recordings.backup.gate import Gate
from recordings.backup.targets import sealed
from tests.unit.recordings.backup.stock import Stock, backup, sha256


def test_a_run_waits_for_what_is_being_archived(tmp_path: Path, stock: Stock) -> None:
    target = FolderTarget(tmp_path / "disk")
    target.prepare()
    made = backup(target, stock.fill(1), tmp_path / "state")
    running = threading.Thread(target=made.run, daemon=True)

    def meanwhile(count: int) -> None:
        running.start()
        running.join(1)

    archived = b"archived while the backup began"
    object_ = sealed("audio/2026/11/23/archived.cva", sha256(archived))
    with Gate(tmp_path / "state").together():
        target.put(object_, archived, sha256(archived), meanwhile)
    running.join(30)
    assert not running.is_alive() and target.stat(object_) == len(archived)
    assert target.stat(stock.object("2026/11/23/0000.opus")) is not None
    made.close()
