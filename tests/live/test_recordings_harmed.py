"""Files of real recordings that were truncated, altered, replaced, lost, and keys that are missing or wrong: verify
tells each of them, and nobody hears what is not true."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from ivr.testing.installation import InstanceError
from ivr.testing.instance import Instance
from recordings.vault.keyfiles import make_identity
from tests.live.recorded import heard, kept, proved
from tests.live.retained import file_of
from tests.live.scenes import live, short, talking
from tests.live.transfer_scenes import talk_ends

CHANGES = short(site={"lines": "12"})
CHANGES["recordings.yaml"] = {"format": "opus"}


async def talk(line: Instance, number: str) -> dict[str, Any]:
    """A recorded talk, in the vault."""
    caller, agent = await talking(line, number)
    call = await line.call_id(caller)
    await talk_ends(caller, agent)
    (found,) = await kept(line, call)
    return found


@contextmanager
def put_back(file: Path) -> Iterator[None]:
    """Afterwards it is as it was."""
    kept_aside = file.read_bytes()
    try:
        yield
    finally:
        file.write_bytes(kept_aside)
        file.chmod(0o600)


def truncated(file: Path, other: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def altered(file: Path, other: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def replaced(file: Path, other: Path) -> None:
    shutil.copy(other, file)


def missing(file: Path, other: Path) -> None:
    file.unlink()


@live
async def test_what_was_done_to_a_file_is_found_and_nobody_hears_it(line: Instance, tmp_path: Path) -> None:
    one, other = await talk(line, "3000000891"), await talk(line, "3000000892")
    file, beside = file_of(line, one["recording"]), file_of(line, other["recording"])
    for harm in (truncated, altered, replaced, missing):
        with put_back(file):
            harm(file, beside)
            (finding,) = (await proved(line)).findings
            fault = "missing" if harm is missing else "altered"
            assert (finding.fault.value, finding.about) == (fault, one["recording"]), harm
            with pytest.raises(InstanceError, match="recordings verify"):
                await line.command("recordings", "verify")
            with pytest.raises(InstanceError, match=r"damaged|not in the vault"):
                await heard(line, one["recording"], tmp_path)
            assert not (tmp_path / f"{one['recording']}.wav").exists(), harm
            assert len(await heard(line, other["recording"], tmp_path)) > 0, "the others are heard"
            (tmp_path / f"{other['recording']}.wav").unlink()
    assert (await proved(line)).sound
    assert len(await heard(line, one["recording"], tmp_path)) > 0


@live
async def test_a_key_that_is_missing_or_another_ones_opens_nothing(line: Instance, tmp_path: Path) -> None:
    found = await talk(line, "3000000893")
    engine = create_engine(line.environment.records)
    where = {"recording": found["recording"]}
    with engine.begin() as connection:
        key = connection.execute(
            text("SELECT wrapped FROM recording_keys WHERE recording = :recording"), where
        ).scalar()
        connection.execute(text("DELETE FROM recording_keys WHERE recording = :recording"), where)
    (finding,) = (await proved(line)).findings
    assert (finding.fault.value, finding.about) == ("keyless", found["recording"])
    with pytest.raises(InstanceError, match="key"):
        await heard(line, found["recording"], tmp_path)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO recording_keys VALUES (:recording, :wrapped)"), where | {"wrapped": key})
    with put_back(line.paths.identity):
        line.paths.identity.unlink()
        make_identity(line.paths.identity)
        await line.stop_server()
        await line.start_server()
        with pytest.raises(InstanceError, match=r"identity|key"):
            await heard(line, found["recording"], tmp_path)
        assert "nobody can listen" in await line.command("recordings", "keys")
        line.paths.identity.unlink()
        await line.stop_server()
        await line.start_server()
        with pytest.raises(InstanceError):
            await heard(line, found["recording"], tmp_path)
        again = await talk(line, "3000000894")
        assert again["state"] == "kept", "writing needs the public key only"
    await line.stop_server()
    await line.start_server()
    for recording in (found, again):
        assert len(await heard(line, recording["recording"], tmp_path)) > 0
