"""`ivr backup` and `ivr restore` at a terminal."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ivr.audit.store import AuditStore, Wanted
from ivr.cli import main
from recordings.backup.targets import MARKER
from tests.unit.backup.office import Office, heard, slow


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    (made.disk / MARKER).unlink()
    with (tmp_path / "config/recordings.yaml").open("a") as file:
        file.write(f"\nbackup:\n  targets:\n    disco:\n      folder: {made.disk}\n")
    yield made
    made.store.close()


def ivr(office: Office, *words: str, **more: str) -> Result:
    environ = {
        **more,
        "CENTRALITA_CONFIG": f"{office.base}/config",
        "CENTRALITA_FLOWS": f"{office.base}/flows",
        "CENTRALITA_VAR": str(office.var),
    }
    return CliRunner().invoke(main, words, env=environ)


@slow
async def test_the_whole_way_at_a_terminal(office: Office) -> None:
    await office.filled_and_closed()
    refused = ivr(office, "backup", "run")
    assert refused.exit_code == 1 and "not a prepared backup folder" in refused.output
    assert ivr(office, "backup", "prepare", "disco").output == "disco can take backups\n"
    done = ivr(office, "backup", "run", "disco")
    assert done.exit_code == 0 and "disco: 3 recordings" in done.output, done.output
    proved = ivr(office, "backup", "prove", "--recordings", "2")
    assert (proved.exit_code, proved.output) == (0, "disco: 9 of 9 came back right\n")
    listed = ivr(office, "backup", "list")
    assert "whole" in listed.output and "9 of 9 right" in listed.output
    [told] = [json.loads(line) for line in ivr(office, "backup", "list", "--json").output.splitlines()]
    assert told["whole"] and told["items"] == 3 and told["folder"] == str(office.disk)
    into = office.base / "new"
    restored = ivr(office, "restore", str(office.disk), str(into), "--identity", str(office.var / "identity"))
    assert restored.exit_code == 0 and f"CENTRALITA_VAR={into}/var ivr recordings verify" in restored.output
    assert heard(into / "var", office.identities) == office.heard()
    again = ivr(office, "restore", "disco", str(into), "--identity", str(office.var / "identity"))
    assert again.exit_code == 1 and "not empty" in again.output


@slow
async def test_a_journal_that_is_in_no_copy_is_told(office: Office) -> None:
    await office.filled_and_closed()
    ivr(office, "backup", "prepare", "disco")
    done = ivr(office, "backup", "run", CENTRALITA_JOURNAL="redis://127.0.0.1:1/0")
    assert done.exit_code == 0 and "disco: left out: the journal: it lies in Redis; copy " in done.output
    assert "disco: left out: the journal: it lies in Redis; copy " in ivr(office, "backup", "list").output
    assert "left out" not in ivr(office, "backup", "run").output + ivr(office, "backup", "list").output


@slow
async def test_what_somebody_did_stands_in_the_audit(office: Office) -> None:
    await office.filled_and_closed()
    ivr(office, "backup", "run")
    ivr(office, "backup", "prepare", "disco")
    ivr(office, "backup", "run")
    ivr(office, "backup", "prove")
    store = AuditStore(None, office.store.engine)
    found = [(entry["action"], entry["object"], entry["result"]) for entry in store.find(Wanted(action="backup.*"), 9)]
    assert found == [("backup.proved", "disco", "done"), ("backup.done", "disco", "done"),
                     ("backup.failed", "disco", "failed")]  # fmt: skip
    assert all(entry["who"] for entry in store.find(Wanted(action="backup.*"), 9))


@slow
async def test_a_restore_needs_no_site(office: Office, tmp_path: Path) -> None:
    await office.filled_and_closed()
    ivr(office, "backup", "prepare", "disco")
    ivr(office, "backup", "run")
    bare = {
        name: str(tmp_path / "nothing" / name) for name in ("CENTRALITA_CONFIG", "CENTRALITA_FLOWS", "CENTRALITA_VAR")
    }
    words = ["restore", str(office.disk), str(tmp_path / "new")]
    refused = CliRunner().invoke(main, words, env=bare)
    assert refused.exit_code == 1 and "--identity" in refused.output
    done = CliRunner().invoke(main, [*words, "--identity", str(office.var / "identity"), "--json"], env=bare)
    assert done.exit_code == 0, done.output
    told = json.loads(done.output.splitlines()[-1])
    assert told["whole"] and told["keys"] == 3 and len(told["to_do"]) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("backup", "run", "nube"), "there is no target 'nube'"),
        (("restore", "nube", "/x"), "there is no target 'nube'"),
        (("restore", "u@h:/b", "/x"), "needs --key"),
        (("restore", "s3://b", "/x"), "needs --credentials"),
        (("restore", "/b", "/x", "--identity", "/not/there"), "No such file"),
    ],
)
def test_what_cannot_be_is_told(office: Office, words: tuple[str, ...], said: str) -> None:
    done = ivr(office, *words)
    assert done.exit_code == 1 and said in done.output


def test_a_site_without_targets_says_so(office: Office) -> None:
    (office.base / "config/recordings.yaml").unlink()
    done = ivr(office, "backup", "list")
    assert done.exit_code == 1 and "names no target" in done.output
