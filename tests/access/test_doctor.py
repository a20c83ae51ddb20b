"""The doctor beside a running server: what it truly listens at, its accounts, its audit."""

import json
from pathlib import Path
from typing import Any

from ivr.access.model import Role
from ivr.testing.ports import free_port
from tests.access.house import House, house


def examined(server: House) -> dict[str, list[dict[str, Any]]]:
    """The findings by code."""
    done = server.command("doctor", "--json")
    assert done.stderr == "", done.stderr
    told = json.loads(done.stdout)
    assert done.returncode == (0 if told["ok"] else 1)
    found: dict[str, list[dict[str, Any]]] = {}
    for one in told["findings"]:
        found.setdefault(one["code"], []).append(one)
    return found


def test_a_running_server_is_examined(tmp_path: Path) -> None:
    with house(tmp_path, http=f"0.0.0.0:{free_port()}") as server:
        found = examined(server)
        wheres = {one["where"] for one in found["not-checked"]}
        assert "the server" not in wheres and "records" not in wheres
        [exposed] = found["http-exposed"]
        assert exposed["level"] == "fault"
        assert exposed["where"].startswith(f"0.0.0.0:{server.environment.http.port}/tcp (")
        assert exposed["where"].endswith(f"process {server.pid})")
        assert [one["where"] for one in found["admin-one-factor"]] == ["account admin"]
        assert {"ami-exposed", "agi-exposed", "audit-broken", "first-password", "no-admin"} & set(found) == set()
        # What was right a moment ago is looked at anew.
        server.browsers[Role.ADMIN].ask("PATCH", "/api/accounts/admin", json={"label": "Administradora"})
        (server.var / "secrets" / "smtp.secret").write_text("admin")
        (server.var / "secrets" / "smtp.secret").chmod(0o600)
        assert [one["where"] for one in examined(server)["password-weak"]] == [
            f"{server.var}/secrets/smtp.secret (smtp.secret)"
        ]
    stopped = examined(server)
    assert "the server" in {one["where"] for one in stopped["not-checked"]}
    assert "by the settings" in stopped["http-exposed"][0]["where"]
