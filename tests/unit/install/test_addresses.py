"""What the server renders later has the addresses of the installation."""

from pathlib import Path

from ivr.install import addresses
from ivr.install.paths import Paths
from ivr.install.reloading import COMMANDS, commands, restart_for
from ivr.settings.environment import Environment

SOURCE = Path(__file__).parents[3] / "asterisk-conf"


def test_the_addresses_stay_those_of_the_installation(tmp_path: Path) -> None:
    paths = Paths(tmp_path, tmp_path / "root")
    paths.etc.mkdir(parents=True)
    installed = Environment.from_environ(
        {"CENTRALITA_SIP": "[::1]:5070", "CENTRALITA_AMI": "127.0.0.1:7001", "CENTRALITA_RTP": "20000-20100"}
    )
    other = Environment.from_environ({"CENTRALITA_AMI": "127.0.0.1:7002", "CENTRALITA_PROFILE": "production"})
    assert addresses.installed(paths, other) == other and addresses.rendered_edition(paths) == ""
    addresses.write(paths, installed, "0123456789ab")
    found = addresses.installed(paths, other)
    assert (found.sip, found.ami, found.rtp, found.fastagi) == (
        installed.sip,
        installed.ami,
        installed.rtp,
        installed.fastagi,
    )
    assert found.profile is other.profile and addresses.rendered_edition(paths) == "0123456789ab"
    for broken in ("", "[]", '{"SIP": "nowhere"}'):
        (paths.etc / "instance.json").write_text(broken)
        assert addresses.installed(paths, other) == other


def test_each_changed_file_is_read_anew_or_asks_for_a_restart() -> None:
    assert commands(["extensions.conf", "pjsip.conf"]) == ("module reload res_pjsip.so", "dialplan reload")
    assert commands([]) == () and restart_for(["extensions.conf"]) == ()
    assert restart_for(["rtp.conf", "modules.conf", "pjsip.conf"]) == ("modules.conf", "rtp.conf")


def test_every_file_that_the_site_is_rendered_into_can_be_read_anew() -> None:
    of_the_site = {
        file.stem for file in SOURCE.glob("*.j2") if "site." in file.read_text() or "secrets.phones" in file.read_text()
    }
    assert of_the_site and of_the_site <= COMMANDS.keys()
