"""`ivr doctor` on an installation of this test, whose server does not run."""

import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ivr.commands.doctor import command
from ivr.install import secrets
from ivr.records.store import RecordStore
from ivr.testing.ports import free_port


@pytest.fixture
def var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("CENTRALITA_")]:
        monkeypatch.delenv(name)
    var = tmp_path / "var"
    var.mkdir(mode=0o700)
    for folder in ("config", "flows"):
        (tmp_path / folder).mkdir()
        monkeypatch.setenv(f"CENTRALITA_{folder.upper()}", str(tmp_path / folder))
    for name in ("AMI", "FASTAGI", "HTTP", "SIP"):
        monkeypatch.setenv(f"CENTRALITA_{name}", f"127.0.0.1:{free_port()}")
    monkeypatch.setenv("CENTRALITA_VAR", str(var))
    secrets.ensure(var / "secrets", ["101"])
    RecordStore.open(f"sqlite:///{var / 'records.sqlite'}").close()
    (var / "backup").mkdir()
    (var / "backup" / "today.tar").write_text("x")
    return var


def examined() -> tuple[int, dict[str, list[dict[str, str]]]]:
    """The exit status, and the findings by code."""
    done = CliRunner().invoke(command, ["--json"])
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["ok"] is (done.exit_code == 0), done.output
    codes: dict[str, list[dict[str, str]]] = {}
    for one in told["findings"]:
        codes.setdefault(one["code"], []).append(one)
    return done.exit_code, codes


OF_THE_MACHINE = {"clock-drift", "disk-full", "not-checked"}


def test_a_fresh_installation_is_told_only_what_its_machine_lacks(var: Path) -> None:
    _, found = examined()
    assert set(found) - OF_THE_MACHINE == {"backup-same-disk"}
    assert {"Asterisk", "the server"} <= {one["where"] for one in found["not-checked"]}


def test_everything_that_is_wrong_is_told_with_place_and_remedy(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (var / "secrets" / "phones.csv").write_text("extension,password\n101,1234\n")
    (var / "secrets" / "admin.password").write_text("abcd-efgh-jkmn-pqrs\n")
    (var / "secrets" / "phones.csv").chmod(0o644)
    for folder in (var, var / "secrets"):
        folder.chmod(0o755)
    (var / "records.sqlite").chmod(0o644)
    (var / "backup" / "today.tar").unlink()
    (var.parent / "flows" / "main.yaml").touch()
    (var.parent / "flows" / "main.yaml").chmod(0o666)
    reached = all(folder.stat().st_mode & 0o001 for folder in var.resolve().parents)
    with socket.create_server(("0.0.0.0", 0)) as open_one:
        monkeypatch.setenv("CENTRALITA_AMI", f"127.0.0.1:{open_one.getsockname()[1]}")
        status, found = examined()
        text = CliRunner().invoke(command, [])
    assert status == 1 and text.exit_code == 1
    wanted = {"ami-exposed", "password-weak", "first-password", "backup-missing"}
    if reached:
        wanted |= {"secret-readable", "data-readable", "writable"}
    assert wanted <= set(found)
    assert found["ami-exposed"][0]["where"].startswith("0.0.0.0:")
    assert found["password-weak"][0]["where"] == f"{var}/secrets/phones.csv (101)"
    for one in (one for several in found.values() for one in several):
        assert one["what"] and one["remedy"]
        assert one["what"] in text.stdout and one["remedy"] in text.stdout


def test_without_any_installation_it_says_what_it_could_not_see(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CENTRALITA_VAR", str(tmp_path / "none"))
    status, found = examined()
    assert status == 1
    assert {str(tmp_path / "none"), "records"} <= {one["where"] for one in found["not-checked"]}
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("address", ["postgresql://[x", "postgresql://h:99999999/x", "postgresql://u:a[b@h/x"])
def test_an_address_that_is_none_is_told_and_nothing_else_is_left_out(
    var: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("CENTRALITA_RECORDS", address)
    monkeypatch.setenv("CENTRALITA_PROXIES", "0.0.0.0/0")
    _, found = examined()
    assert {"CENTRALITA_RECORDS", "records"} <= {one["where"] for one in found["not-checked"]}
    assert "proxies-too-wide" in found


def test_an_audit_that_was_changed_is_found(var: Path) -> None:
    from datetime import UTC, datetime

    import sqlalchemy

    from ivr.audit.chain import Entry
    from ivr.audit.store import AuditStore

    url = f"sqlite:///{var / 'records.sqlite'}"
    store = AuditStore.open(url, sqlalchemy.create_engine(url))
    store.append([Entry(at=datetime.now(UTC), action=f"test.{n}") for n in range(5)])
    store.close()
    assert "audit-broken" not in examined()[1]
    with sqlalchemy.create_engine(url).begin() as connection:
        for (name,) in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        connection.exec_driver_sql("UPDATE audit SET entry = replace(entry, 'test.2', 'test.9') WHERE seq = 3")
    status, found = examined()
    assert status == 1
    assert "entry 3" in found["audit-broken"][0]["what"]
