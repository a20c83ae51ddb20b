"""A backup of an instance with real calls, and the way back: every recording plays on a machine that has nothing else.

It is opened as the key service of that machine does, with the identity that was kept elsewhere.
"""

import asyncio
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
import soundfile

from ivr.records.store import RecordStore
from ivr.testing.instance import Instance
from recordings.catalogue import Recording, SqlCatalogue, State
from recordings.vault.folder import Vault
from recordings.vault.keyfiles import read_identities
from recordings.vault.keys import unwrap
from recordings.vault.sealed import Reader
from tests.live.recorded import heard, kept, loudness, proved
from tests.live.scenes import AGENT, CALLER, live, short, talking

_DISK = Path(tempfile.gettempdir(), f"cl-backup-{uuid4().hex}")
CHANGES = short(site={"lines": "12"})
CHANGES["recordings.yaml"] = {"backup": {"targets": {"disco": {"folder": str(_DISK)}}, "every": "24 h"}}
SECONDS = (2, 3, 4)


@pytest.fixture(scope="module", autouse=True)
def disk() -> Iterator[Path]:
    _DISK.mkdir(mode=0o700)
    yield _DISK
    shutil.rmtree(_DISK)


def restored(var: Path) -> dict[str, tuple[Recording, Any, int]]:
    """Every recording of an instance that nobody serves, with its samples and their rate: opened by the identity, as
    a listener's key service does."""
    identities = read_identities(var / "secrets/recordings.identity")
    store = RecordStore.read_only(f"sqlite:///{var}/records.sqlite")
    found = {}
    try:
        catalogue = SqlCatalogue(store.engine)
        for row in catalogue.in_state(State.KEPT, 1000):
            wrapped = catalogue.key_of(row.recording)
            assert wrapped is not None, row.recording
            with Vault(var / "vault").open(row.file) as file, tempfile.TemporaryFile() as plain:
                plain.write(Reader(file, unwrap(wrapped, row.recording, identities)).read())
                plain.seek(0)
                found[row.recording] = (row, *soundfile.read(plain, dtype="int16"))
    finally:
        store.close()
    return found


@live
async def test_every_recording_of_a_restored_instance_plays(line: Instance, disk: Path, tmp_path: Path) -> None:
    calls = {}
    for number, seconds in enumerate(SECONDS):
        caller, agent = await talking(line, f"300000087{number}")
        call = await line.call_id(caller)
        caller.say(CALLER + 40 * number, seconds)
        agent.say(AGENT + 40 * number, seconds)
        await asyncio.sleep(seconds)
        await caller.hang_up()
        await agent.call.ended(5)
        (found,) = await kept(line, call)
        calls[found["recording"]] = (found, number, seconds, await heard(line, found["recording"], tmp_path))
    await line.until_metric("centralita_records_behind", 0, seconds=20)
    await line.command("backup", "prepare", "disco")
    told = json.loads(await line.command("backup", "run", "disco", "--json"))
    assert told["items"] == len(SECONDS) and told["problems"] == [], told
    drawn = len(SECONDS) + len(told["snapshots"])
    assert f"{drawn} of {drawn} came back right" in await line.command("backup", "prove", "disco")

    identity = tmp_path / "identity"
    shutil.copy(line.paths.identity, identity)
    identity.chmod(0o600)
    into = tmp_path / "empty"
    done = json.loads(await line.command("restore", str(disk), str(into), "--identity", str(identity), "--json"))
    assert done["whole"] and done["keys"] == len(SECONDS), done
    shutil.copy(identity, into / "var/secrets/recordings.identity")
    (into / "var/secrets/recordings.identity").chmod(0o600)

    found = restored(into / "var")
    assert set(found) == set(calls)
    for recording, (row, audio, rate) in found.items():
        before, number, seconds, whole = calls[recording]
        assert len(audio) / rate == pytest.approx(before["seconds"], abs=0.05) and len(audio) / rate > seconds - 0.5
        assert (row.call, row.queue, row.agent) == (before["call"], "servicio", "101")
        assert np.array_equal(audio[: len(whole)], whole[: len(audio)]), "sample for sample what a listener had before"
        left, right = audio[:, 0], audio[:, 1]
        assert loudness(left, CALLER + 40 * number) > 0.02 and loudness(right, AGENT + 40 * number) > 0.02
        assert loudness(left, CALLER + 40 * number) > 2 * loudness(left, AGENT + 40 * number), "each on its side"
    verified = await proved(line, records=f"sqlite:///{into}/var/records.sqlite", var=into / "var")
    assert verified.sound and verified.recordings == verified.files == len(SECONDS), verified.findings
