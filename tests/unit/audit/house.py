"""An audit on a real database and real files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ivr.audit.anchors import AnchorFiles
from ivr.audit.audit import Audit
from ivr.audit.store import AuditStore
from ivr.clock import Clock
from ivr.records.store import RecordStore
from tests.records import fresh


async def opened(folder: Path, clock: Clock, record: Callable[[Any, str], object] = lambda event, key: None) -> Audit:
    """As the server opens it; several after one another see the same audit."""
    audit = Audit(store(folder), AnchorFiles(folder / "audit"), clock, record)
    await audit.open()
    return audit


def store(folder: Path) -> AuditStore:
    """Only the rows."""
    url = fresh(folder / "records.sqlite")
    return AuditStore.open(url, RecordStore.open(url).engine)
