"""`ivr asterisk` before anything was installed says what to do."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from ivr.commands.asterisk import command


@pytest.mark.parametrize("arguments", [(), ("-rx", "core show uptime")])
def test_without_a_configuration_it_says_how_to_make_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    (tmp_path / "root/usr/lib/any-arch/asterisk/modules").mkdir(parents=True)
    (tmp_path / "root/usr/lib64").mkdir()
    (tmp_path / "root/usr/lib64/ld-linux-any.so.2").touch()
    monkeypatch.setenv("CENTRALITA_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("CENTRALITA_ASTERISK_ROOT", str(tmp_path / "root"))
    done = CliRunner().invoke(command, arguments)
    assert done.exit_code == 1
    assert "holds no configuration yet; make it with: ivr install" in done.output
