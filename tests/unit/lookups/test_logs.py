"""What the log says of look-ups: enough to find the cause, nothing of a caller or a secret."""

import io
import logging
from pathlib import Path

from ivr import log as logs
from tests.tools import run
from tests.unit.lookups.scene import scene
from tests.unit.lookups.services import WEBHOOK, service
from tests.unit.lookups.test_http import CONTACTS, fault
from tests.unit.lookups.test_sql import fill, text

ENTERED = "Ximena Quispe"


@run
async def test_neither_values_nor_secrets_nor_addresses_are_logged(tmp_path: Path) -> None:
    stream = io.StringIO()
    before, level = logging.getLogger().handlers[:], logging.getLogger().level
    logs.configure(level="DEBUG", stream=stream)
    try:
        async with service() as there, scene(tmp_path, CONTACTS.replace("URL", there.url)) as look:
            look.secret("crm", WEBHOOK)
            await look.ask("contacto", telefono=ENTERED)
            await look.ask("contacto", telefono="573000000001")
        for kind in ("500", "html", "huge"):
            async with service() as there, scene(tmp_path, fault(kind).replace("URL", there.url)) as look:
                await look.ask("roto", id=ENTERED)
        fill(tmp_path)
        async with scene(tmp_path, text("SELECT :documento AS saldo, 'Ana' AS fecha")) as look:
            await look.ask("facturas", documento=ENTERED)
        async with scene(tmp_path, text("SELECT nada FROM facturas WHERE cliente = :documento")) as look:
            await look.ask("facturas", documento=ENTERED)
    finally:
        logging.getLogger().handlers[:] = before
        logging.getLogger().setLevel(level)
    said = stream.getvalue()
    assert said.count("a look-up failed") == 5
    for word in ("Ximena", "Quispe", WEBHOOK, "9x8y", "573000000001", "Ana"):
        assert word not in said, said
