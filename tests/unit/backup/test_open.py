"""Copies in the running server: they begin by themselves, and stand in the audit and the figures."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from ivr.apart import end_all
from ivr.app.backup import open_archive, open_backup
from ivr.app.closing import Closing
from ivr.audit.store import Wanted
from ivr.clock import LoopClock
from ivr.figures.metrics import Metrics
from ivr.language import load_site
from ivr.settings.environment import Environment
from tests.unit.backup.office import Office, slow


@slow
async def test_the_server_makes_copies_and_writes_them_down(tmp_path: Path) -> None:
    office = await Office(tmp_path).filled()
    with (tmp_path / "config/recordings.yaml").open("a") as file:
        file.write(f"\nbackup:\n  targets:\n    disco:\n      folder: {office.disk}\n")
    site = load_site(tmp_path / "config", tmp_path / "flows").site
    assert site is not None
    environment = Environment.from_environ(
        {"CENTRALITA_CONFIG": f"{tmp_path}/config", "CENTRALITA_FLOWS": f"{tmp_path}/flows",
         "CENTRALITA_VAR": str(office.var)}
    )  # fmt: skip
    closing, metrics = Closing(), Metrics()
    backups = open_backup(
        environment=environment,
        site=lambda: site,
        audit=office.audit,
        metrics=metrics,
        clock=LoopClock(),
        closing=closing,
    )
    closing.add_now(end_all)
    while not backups.states()[0].proof:  # noqa: ASYNC110 (it is done in another process)
        await asyncio.sleep(0.05)
    await backups.rest()
    found = [(entry["action"], entry["result"], entry["who"]) for entry in
             office.audit.store.find(Wanted(action="backup.*"), 9)]  # fmt: skip
    assert found == [("backup.proved", "done", "server"), ("backup.done", "done", "server")]
    assert b'centralita_backup_items{target="disco"} 3.0' in metrics.text()
    row = office.catalogue.get("c0_o0")
    assert row is not None
    office.destroy_key("c0_o0")
    [place] = await backups.forget([row.file])
    assert place.gone and place.name == "backup disco"
    away: type[Exception] = LookupError
    archive = open_archive(backups, environment=environment, site=lambda: site, away=away, closing=closing)
    assert archive.name == ""
    with pytest.raises(away, match="names no archive"):
        await archive.put(row.file, office.vault / row.file, row.sha256)
    settings = site.recordings.backup
    assert settings is not None
    elsewhere = replace(site, recordings=replace(site.recordings, backup=replace(settings, archive="disco")))
    archive = open_archive(backups, environment=environment, site=lambda: elsewhere, away=away, closing=closing)
    assert archive.name == "disco"
    await archive.put(row.file, office.vault / row.file, row.sha256)
    await closing.all()
    await office.audit.close()
    office.store.close()
