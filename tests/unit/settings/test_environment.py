"""The environment's variables: defaults, all faults at once, and remedies."""

from pathlib import Path

import pytest

from ivr.settings.environment import Endpoint, Environment, PortRange, Profile, SettingsError


def test_nothing_has_to_be_set() -> None:
    environment = Environment.from_environ({"HOME": "/root", "CENTRALITA_SIP": " "})
    assert environment.sip == Endpoint("127.0.0.1", 5060)
    assert environment.rtp == PortRange(10000, 10999)
    assert environment.profile is Profile.DEVELOPMENT
    assert environment.var == Path.cwd() / "var"
    assert environment.asterisk_root == environment.var / "asterisk" / "root"
    assert environment.journal == f"sqlite:///{environment.var}/journal.sqlite"


def test_what_belongs_to_var_follows_it() -> None:
    environment = Environment.from_environ({"CENTRALITA_VAR": "/srv/line", "CENTRALITA_HTTP": "[::1]:9090"})
    assert environment.records == "sqlite:////srv/line/records.sqlite"
    assert str(environment.http) == "[::1]:9090"


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(SettingsError) as raised:
        Environment.from_environ(
            {
                "CENTRALITA_SIP": "5060",
                "CENTRALITA_AMI": "127.0.0.1:70000",
                "CENTRALITA_RTP": "10000-10003",
                "CENTRALITA_NODE": "N 1",
                "CENTRALITA_PROFILE": "test",
                "CENTRALITA_JOURNAL": "mysql://x",
                "CENTRALITA_FLOW": "x",
            }
        )
    names = [fault.split("=")[0].split(":")[0] for fault in raised.value.faults]
    assert names == [
        "CENTRALITA_SIP",
        "CENTRALITA_AMI",
        "CENTRALITA_RTP",
        "CENTRALITA_JOURNAL",
        "CENTRALITA_NODE",
        "CENTRALITA_PROFILE",
        "CENTRALITA_FLOW",
    ]
    assert "did you mean CENTRALITA_FLOWS?" in raised.value.faults[-1]


def test_a_message_shows_neither_passwords_nor_control_characters() -> None:
    with pytest.raises(SettingsError) as raised:
        Environment.from_environ({"CENTRALITA_RECORDS": "mysql://user:secret@db/x", "CENTRALITA_NODE": "a\x1b[2J"})
    assert "secret" not in str(raised.value) and "\x1b" not in str(raised.value)


@pytest.mark.parametrize("port", ["٥٠٦٠", "0", "65536", "50 60", "-1", ""])
def test_only_plain_digits_make_a_port(port: str) -> None:
    with pytest.raises(SettingsError):
        Environment.from_environ({"CENTRALITA_SIP": f"127.0.0.1:{port}"})


def test_who_is_on_the_network() -> None:
    environment = Environment.from_environ(
        {
            "CENTRALITA_PROXIES": "10.0.0.1, 10.1.0.0/16",
            "CENTRALITA_OFFICES": "203.0.113.7",
            "CENTRALITA_NAMES": "PBX.example.com, pbx",
            "CENTRALITA_SERVER": "https://pbx.example.com/",
            "CENTRALITA_TOKEN": "cnt_1_secret",
        }
    )
    assert [str(one) for one in environment.proxies] == ["10.0.0.1/32", "10.1.0.0/16"]
    assert [str(one) for one in environment.offices] == ["203.0.113.7/32"]
    assert environment.names == ("pbx.example.com", "pbx")
    assert environment.server == "https://pbx.example.com"
    assert [str(one) for one in environment.monitors] == ["127.0.0.0/8", "::1/128"]
    assert "cnt_1_secret" not in repr(environment)


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("PROXIES", "10.0.0.1/8", "for example"),
        ("MONITORS", "everybody", "for example"),
        ("OFFICES", "10.0.0.1/8", "for example"),
        ("NAMES", "https://pbx", "without port and scheme"),
        ("SERVER", "http://pbx.example.com", "https only"),
        ("SERVER", "pbx.example.com", "https://"),
        ("TOKEN", "a b", r"CENTRALITA_TOKEN=\*\*\*"),
        ("RATE", "0", "for example 50"),
        ("TLS_CERT", "/etc/cert.pem", "CENTRALITA_TLS_KEY: a certificate needs its key"),
    ],
)
def test_what_of_the_network_is_not_right(name: str, value: str, remedy: str) -> None:
    with pytest.raises(SettingsError, match=remedy):
        Environment.from_environ({f"CENTRALITA_{name}": value})
