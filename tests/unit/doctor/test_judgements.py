"""Every code is found where it should be, has a place and a remedy, and nothing is found where all is well."""

import stat
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest

from ivr.doctor import exposure, passwords
from ivr.doctor.exposure import Circle
from ivr.doctor.finding import CODES, Level
from ivr.doctor.judge import judge
from ivr.doctor.observed import (
    AccountSeen,
    AuditSeen,
    Backup,
    Certificate,
    Entry,
    Gap,
    Holds,
    Observed,
    RecordingsSeen,
    Secret,
    SecretKind,
    Socket,
    TimeKeeping,
    TokenSeen,
    Tree,
    Volume,
)
from ivr.settings.environment import Endpoint
from tests.unit.doctor.seen import ASTERISK, HEALTHY, NOW, listening, seen, wires

DAY = timedelta(days=1)
GB = 1_000_000_000


def phone(text: str, extension: str = "101") -> Secret:
    return Secret("secrets/phones.csv", extension, SecretKind.PHONE, text)


def pin(text: str, owner: str = "servicio") -> Secret:
    return Secret("secrets/pins.csv", owner, SecretKind.PIN, text)


def key(text: str, file: str = "ami.secret") -> Secret:
    return Secret(f"secrets/{file}", file, SecretKind.KEY, text)


def outside(text: str) -> Secret:
    return Secret("secrets/crm.secret", "crm.secret", SecretKind.OUTSIDE, text)


def tree(
    holds: Holds, mode: int, kind: int = stat.S_IFREG, *, uid: int = 900, others: bool = True, cut: bool = False
) -> Tree:
    root = Entry("/srv/c", stat.S_IFDIR | 0o700, 900, True, True)
    return Tree("/srv/c", holds, (root, Entry("/srv/c/one", kind | mode, uid, True, others)), cut)


def account(name: str = "ana", role: str = "admin", *, factor: bool = True, first: bool = False,
            made: timedelta = DAY, last: timedelta | None = DAY) -> AccountSeen:  # fmt: skip
    return AccountSeen(name, role, factor, first, NOW - made, NOW - last if last is not None else None)


def token(*, everything: bool = False, life: int = 90, last: timedelta | None = DAY, made: int = 1) -> TokenSeen:
    born = NOW - made * DAY
    return TokenSeen("7f3a", "ana", everything, born, born + life * DAY, NOW - last if last is not None else None)


def certificate(begins: int, ends: int, fits: bool = True) -> Certificate:
    return Certificate("/etc/c/cert.pem", NOW + begins * DAY, NOW + ends * DAY, fits)


def recorded(**changes: Any) -> Observed:
    """An installation whose recordings are well, but."""
    well = RecordingsSeen(
        recipients="/srv/c/recordings.recipients", identity="/srv/c/recordings.identity", vault="/srv/c/vault",
        verified=NOW - DAY, since=NOW - 100 * DAY,
    )  # fmt: skip
    return seen(recordings=replace(well, **changes))


CASES: list[tuple[str, Level, Observed]] = [
    ("ami-exposed", Level.FAULT, listening(Socket("tcp", "0.0.0.0", 5038))),
    ("ami-exposed", Level.FAULT, listening(Socket("tcp", "::", 5038))),
    ("ami-exposed", Level.FAULT, listening(Socket("tcp", "::ffff:8.8.8.8", 5038))),
    ("ami-exposed", Level.WARNING, listening(Socket("tcp", "10.1.1.5", 5038))),
    ("ami-exposed", Level.FAULT, wires(sockets=(), ami=Endpoint("0.0.0.0", 5038))),
    ("agi-exposed", Level.FAULT, listening(Socket("tcp", "0.0.0.0", 4573))),
    ("agi-exposed", Level.WARNING, wires(sockets=(), fastagi=Endpoint("agi.example", 4573))),
    ("http-exposed", Level.FAULT, listening(Socket("tcp", "0.0.0.0", 8080, tls=False))),
    ("http-exposed", Level.FAULT, listening(Socket("tcp", "0.0.0.0", 8080, tls=None))),
    ("http-exposed", Level.WARNING, listening(Socket("tcp", "192.168.1.9", 8080, tls=False))),
    ("http-open", Level.NOTE, listening(Socket("tcp", "0.0.0.0", 8080, tls=True))),
    ("http-open", Level.NOTE, wires(sockets=(), http=Endpoint("0.0.0.0", 8080), tls=True)),
    ("sip-exposed", Level.WARNING, listening(Socket("udp", "0.0.0.0", 5060))),
    ("sip-exposed", Level.NOTE, listening(Socket("udp", "8.8.8.8", 5060))),
    ("trial-profile", Level.WARNING, wires(development=True)),
    ("port-unknown", Level.WARNING, listening(Socket("tcp", "0.0.0.0", 8088, ASTERISK, "asterisk"))),
    ("store-exposed", Level.WARNING,
     wires(journal="redis://127.0.0.1:6379/0", sockets=(Socket("tcp", "0.0.0.0", 6379),))),
    ("store-unencrypted", Level.WARNING, wires(journal="redis://:x@10.1.1.9:6379/0")),
    ("store-unencrypted", Level.WARNING, wires(records="postgresql+asyncpg://c@10.1.1.9/c?ssl=require")),
    ("proxies-too-wide", Level.FAULT, wires(proxies=(ip_network("0.0.0.0/0"),))),
    ("monitors-too-wide", Level.WARNING, wires(monitors=(ip_network("::/0"),))),
    ("offices-too-wide", Level.WARNING, wires(offices=(ip_network("0.0.0.0/0"),))),
    ("password-weak", Level.FAULT, seen(secrets=(phone("1234"),))),
    ("password-weak", Level.FAULT, seen(secrets=(phone("ChangeMe"),))),
    ("password-weak", Level.FAULT, seen(secrets=(phone("password123!"),))),
    ("password-weak", Level.FAULT, seen(secrets=(phone("101101101101"),))),
    ("password-weak", Level.FAULT, seen(secrets=(phone("839201748563"),))),
    ("password-weak", Level.FAULT, seen(secrets=(phone("aaabbbaaabbb"),))),
    ("password-weak", Level.FAULT, seen(secrets=(phone("secret4711", "4711"),))),
    ("password-weak", Level.FAULT, seen(secrets=(key("amp111"),))),
    ("password-weak", Level.FAULT, seen(secrets=(key("", "caller.key"),))),
    ("password-weak", Level.WARNING, seen(secrets=(outside("postgres"),))),
    ("password-shared", Level.WARNING, seen(secrets=(phone("Xk7fQm2wRt9bLp4z"), phone("Xk7fQm2wRt9bLp4z", "102")))),
    *(("pin-weak", Level.WARNING, seen(secrets=(pin(text), phone("Xk7fQm2wRt9bLp4z", "7301")))) for text in
      ("0000", "1212", "112211", "123456", "987654", "890123", "1987", "2026", "7301", "734734")),
    ("pin-weak", Level.WARNING, seen(secrets=(pin("739105"), pin("739105", "cartera")))),
    ("first-password", Level.WARNING, seen(first_password="/srv/c/secrets/admin.password")),
    ("secret-readable", Level.FAULT, seen(trees=(tree(Holds.SECRETS, 0o604),))),
    ("secret-readable", Level.FAULT, seen(trees=(tree(Holds.SECRETS, 0o640),))),
    ("data-readable", Level.FAULT, seen(trees=(tree(Holds.CALLERS, 0o644),))),
    ("writable", Level.FAULT, seen(trees=(tree(Holds.ORDERS, 0o646),))),
    ("writable", Level.FAULT, seen(trees=(tree(Holds.ORDERS, 0o777, stat.S_IFDIR),))),
    ("writable", Level.FAULT, seen(trees=(tree(Holds.CALLERS, 0o702, stat.S_IFSOCK),))),
    ("foreign-owner", Level.WARNING, seen(trees=(tree(Holds.SECRETS, 0o600, uid=1000),))),
    ("backup-missing", Level.FAULT, seen(backup=Backup("/backup", False))),
    ("backup-missing", Level.FAULT, seen(backup=Backup("/backup", True))),
    ("backup-old", Level.WARNING, seen(backup=Backup("/backup", True, NOW - 3 * DAY))),
    ("backup-old", Level.FAULT, seen(backup=Backup("/backup", True, NOW - 9 * DAY))),
    ("backup-same-disk", Level.WARNING, seen(backup=Backup("/backup", True, NOW, same_disk=True))),
    ("clock-drift", Level.WARNING, seen(time=TimeKeeping(False, "kernel"))),
    ("clock-drift", Level.FAULT, seen(time=TimeKeeping(True, "chrony", -2.5))),
    ("clock-drift", Level.WARNING, seen(latest_write=("journal.sqlite", NOW + timedelta(minutes=3)))),
    ("disk-full", Level.FAULT, seen(volumes=(Volume("/srv", 100 * GB, GB),))),
    ("disk-full", Level.WARNING, seen(volumes=(Volume("/srv", 100 * GB, 5 * GB),))),
    ("disk-full", Level.FAULT, seen(volumes=(Volume("/srv", 100 * GB, 50 * GB, read_only=True),))),
    ("disk-full", Level.WARNING, seen(volumes=(Volume("/srv", 100 * GB, 50 * GB, 1000, 20),))),
    ("certificate", Level.FAULT, seen(certificates=(certificate(-90, 0),))),
    ("certificate", Level.FAULT, seen(certificates=(certificate(-90, 4),))),
    ("certificate", Level.WARNING, seen(certificates=(certificate(-90, 20),))),
    ("certificate", Level.FAULT, seen(certificates=(certificate(1, 90),))),
    ("certificate", Level.FAULT, seen(certificates=(certificate(-1, 90, False),))),
    ("certificate", Level.FAULT, seen(certificates=(Certificate("/etc/c/cert.pem", fault="it is empty"),))),
    ("no-admin", Level.FAULT, seen(accounts=(account(role="auditor"),))),
    ("admin-one-factor", Level.NOTE, seen(accounts=(account(factor=False),))),
    ("password-first", Level.WARNING, seen(accounts=(account(first=True, made=3 * DAY, last=None),))),
    ("account-unused", Level.WARNING, seen(accounts=(account(made=200 * DAY, last=91 * DAY),))),
    ("account-unused", Level.WARNING, seen(accounts=(account(made=91 * DAY, last=None),))),
    ("account-unused", Level.WARNING, seen(tokens=(token(last=None, made=91, life=100),))),
    ("token-wide", Level.WARNING, seen(tokens=(token(everything=True, life=366),))),
    ("audit-broken", Level.FAULT, seen(audit=AuditSeen(10, "entry 7 is gone", 7))),
    ("audit-unverified", Level.NOTE, seen(audit=AuditSeen(10, verified=5))),
    ("recordings-keys", Level.FAULT, recorded(recipients_fault="there is no file of recipients")),
    ("recordings-keys", Level.WARNING, recorded(identity="")),
    ("recordings-keys", Level.FAULT, recorded(opens=False)),
    ("identity-here", Level.NOTE, recorded(opens=True)),
    ("vault-same-disk", Level.NOTE, recorded(same_disk=True)),
    ("recordings-waiting", Level.FAULT, recorded(waiting=3, oldest=NOW - timedelta(minutes=16))),
    ("recordings-unverified", Level.FAULT, recorded(unsound=2)),
    ("recordings-unverified", Level.WARNING, recorded(verified=NOW - timedelta(hours=49))),
    ("recordings-unverified", Level.WARNING, recorded(verified=None, since=NOW - 3 * DAY)),
    ("recordings-backup", Level.WARNING, recorded(backup=False)),
    ("not-checked", Level.NOTE, wires(sockets=None)),
    ("not-checked", Level.NOTE, seen(gaps=(Gap("clock", "nobody tells", "look"),))),
    ("not-checked", Level.NOTE, seen(trees=(tree(Holds.CALLERS, 0o600, cut=True),))),
]  # fmt: skip


def test_nothing_is_found_where_all_is_well() -> None:
    assert judge(HEALTHY) == ()


@pytest.mark.parametrize(("code", "level", "observed"), CASES, ids=[f"{n}-{c[0]}" for n, c in enumerate(CASES)])
def test_a_finding(code: str, level: Level, observed: Observed) -> None:
    found = judge(observed)
    assert [(one.code, one.level) for one in found] == [(code, level)] * len(found) and found
    for one in found:
        assert one.where and one.what and one.remedy


def test_every_code_is_found_by_some_case() -> None:
    assert set(CODES) == {code for code, _, _ in CASES}


@pytest.mark.parametrize(
    "observed",
    [
        listening(Socket("tcp", "::1", 5038)),
        listening(Socket("tcp", "::ffff:127.0.0.1", 4573)),
        listening(Socket("tcp", "0.0.0.0", 9999)),  # somebody else's
        listening(Socket("udp", "0.0.0.0", 33333, ASTERISK, "asterisk")),  # audio of a call
        listening(Socket("tcp", "10.1.1.5", 8080, tls=True)),
        wires(ami=Endpoint("localhost", 5038), sockets=()),
        wires(records="postgresql+asyncpg://c:w@10.1.1.9/c?ssl=verify-full", journal="rediss://:x@10.1.1.9/0"),
        wires(journal="unix:///run/redis.sock?stream=c"),
        wires(proxies=(ip_network("127.0.0.1/32"),), monitors=(ip_network("10.0.0.0/8"),)),
        seen(secrets=(phone("Xk7fQm2wRt9bLp4z"), key("9f" * 8 + "03b7c1d5" * 4), pin("739105"), pin("8021", "otro"))),
        seen(secrets=(outside("una frase bastante larga"),)),
        seen(trees=(tree(Holds.SECRETS, 0o600), tree(Holds.CALLERS, 0o640), tree(Holds.ORDERS, 0o644))),
        seen(trees=(tree(Holds.CALLERS, 0o666, others=False),)),
        seen(trees=(tree(Holds.ORDERS, 0o777, stat.S_IFLNK),)),
        seen(trees=(tree(Holds.SECRETS, 0o755, stat.S_IFDIR),)),  # names, not contents
        seen(trees=(tree(Holds.SECRETS, 0o600, uid=0),)),
        seen(accounts=()),  # before the first start
        seen(accounts=(account(), account("eva", "agent", factor=False))),
        seen(accounts=(account(first=True),)),
        seen(tokens=(token(everything=True),)),
        seen(audit=AuditSeen(10, verified=10)),
        seen(certificates=(certificate(-1, 60),)),
        recorded(),
        recorded(elsewhere=True, identity="", opens=None),
        recorded(waiting=3, oldest=NOW - timedelta(minutes=14)),
        recorded(verified=None, since=NOW - DAY),
        recorded(verified=None, since=None),
    ],
)  # fmt: skip
def test_what_is_right_is_not_found(observed: Observed) -> None:
    assert judge(observed) == ()


def test_what_truly_listens_counts_and_not_the_setting() -> None:
    observed = listening(Socket("tcp", "0.0.0.0", 5038, ASTERISK, "asterisk"))
    [one] = judge(observed)
    assert "0.0.0.0:5038/tcp (asterisk, process 700)" in one.where
    assert judge(wires(ami=Endpoint("0.0.0.0", 5038))) == ()  # it listens at the loopback: the setting is not in force


def test_one_factor_is_worse_when_others_reach_the_pages() -> None:

    observed = listening(Socket("tcp", "10.1.1.5", 8080, tls=True))
    [one] = judge(replace(observed, accounts=(account(factor=False),)))
    assert (one.code, one.level) == ("admin-one-factor", Level.WARNING)


def test_no_finding_shows_a_secret() -> None:
    texts = ["hunter4711x", "839201748563", "123456", "postgres"]
    observed = seen(secrets=(phone(texts[0]), phone(texts[1], "102"), pin(texts[2]), outside(texts[3])))
    found = judge(observed)
    assert len(found) == 4
    assert [text for text in texts for one in found if text in repr(one)] == []
    assert all(text not in repr(observed) for text in texts)


def test_the_worst_stands_first_and_two_runs_say_the_same() -> None:
    observed = seen(
        secrets=(phone("1234"),), backup=Backup("/b", False), gaps=(Gap("a", "b", "c"),), first_password="/x"
    )
    found = judge(observed)
    assert [one.level for one in found] == [Level.FAULT, Level.FAULT, Level.WARNING, Level.NOTE]
    assert found == judge(observed)


@pytest.mark.parametrize(
    ("host", "reach"),
    [
        ("127.0.0.1", Circle.MACHINE), ("127.9.9.9", Circle.MACHINE), ("::1", Circle.MACHINE),
        ("localhost", Circle.MACHINE), ("10.0.0.1", Circle.NETWORK), ("fd00::1", Circle.NETWORK),
        ("fe80::1%eth0", Circle.NETWORK), ("100.64.0.1", Circle.NETWORK), ("pbx.example", Circle.NETWORK),
        ("0.0.0.0", Circle.WORLD), ("::", Circle.WORLD), ("1.1.1.1", Circle.WORLD), ("2606:4700::1", Circle.WORLD),
        ("::ffff:0.0.0.0", Circle.WORLD),
    ],
)  # fmt: skip
def test_who_reaches_an_address(host: str, reach: Circle) -> None:
    assert exposure.circle(host) is reach


def test_what_the_server_makes_is_never_weak() -> None:
    from ivr.install import secrets as made

    pins: dict[tuple[str, str], str] = {}
    for _ in range(50):
        new = made._new_pin(set(pins.values()))
        pins["mailbox", new] = new
    bad = [new for new in pins.values() if passwords._weak_pin(new, "servicio", {"101"})]
    assert len(bad) <= 2, bad  # one half twice: one in a thousand
