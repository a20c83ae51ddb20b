"""A site whose copies go to a real SSH server and a real S3 storage, and a machine that has nothing but the words of a
command."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from ivr.backup import worker
from ivr.backup.worker import Job
from ivr.cli import main
from ivr.site.recordings import BackupTarget, HostPlace, S3Place
from tests.unit.backup.office import Office, heard, slow
from tests.unit.recordings.backup import servers

Far = tuple[BackupTarget, list[str]]


def by_ssh(office: Office) -> Far:
    """The key lies in the folder of secrets, as the site has it."""
    with_server = servers.sshd(office.base / "ssh")
    sshd = with_server.__enter__()
    office.ends.append(lambda: with_server.__exit__(None, None, None))
    for name in ("key", "known_hosts"):
        shutil.copy(sshd.folder / name, office.var / "secrets" / f"backup.{name}")
        (office.var / "secrets" / f"backup.{name}").chmod(0o600)
    place = HostPlace(user=sshd.user, host="127.0.0.1", path=str(sshd.storage / "backup"), key_file="backup.key",
                      known_hosts="backup.known_hosts", port=sshd.port)  # fmt: skip
    words = [f"{sshd.user}@127.0.0.1:{place.path}", "--port", str(sshd.port), "--key", str(sshd.folder / "key")]
    return BackupTarget(name="sede", place=place), [*words, "--known-hosts", str(sshd.folder / "known_hosts")]


def by_s3(office: Office) -> Far:
    """The same for a bucket."""
    with_server = servers.swift(office.base / "s3")
    swift = with_server.__enter__()
    office.ends.append(lambda: with_server.__exit__(None, None, None))
    shutil.copy(swift.folder / "keys", office.var / "secrets/nube.secret")
    (office.var / "secrets/nube.secret").chmod(0o600)
    endpoint = f"http://127.0.0.1:{swift.port}"
    place = S3Place(bucket="calls", endpoint=endpoint, region="", prefix="centralita/", credentials="nube.secret")
    words = ["s3://calls/centralita", "--endpoint", endpoint, "--credentials", str(swift.folder / "keys")]
    return BackupTarget(name="nube", place=place), words


@pytest.mark.parametrize("far", [by_ssh, by_s3], ids=["ssh", "s3"])
@slow
async def test_a_restore_from_afar_to_a_machine_without_a_site(tmp_path: Path, far: Callable[[Office], Far]) -> None:
    office = await Office(tmp_path).filled_and_closed()
    try:
        target, words = far(office)
        job = Job(target, office.instance)
        opened = job.open()
        opened.prepare()
        opened.close()
        assert worker.run(job).state.whole
        told = worker.run_apart(job)
        assert told.state.whole and told.state.sent == 0 and told.facts["snapshots"] == ["records", "journal", "keys"]
        proof = worker.proof(job, 5).state.proof
        assert proof is not None and proof.sound
        bare = {f"CENTRALITA_{name}": str(tmp_path / "nothing" / name) for name in ("CONFIG", "FLOWS", "VAR")}
        into = tmp_path / "new"
        asked = ["restore", *words[:1], str(into), *words[1:], "--identity", str(office.var / "identity")]
        done = CliRunner().invoke(main, asked, env=bare)
        assert done.exit_code == 0, done.output
        assert heard(into / "var", office.identities) == office.heard()
        row = office.catalogue.get("c0_o0")
        assert row is not None
        assert worker.forget(job, [row.file]) == [f"audio/{row.file}.{row.sha256}"]
    finally:
        for end in office.ends:
            end()
        office.store.close()
