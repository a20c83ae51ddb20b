"""What the probes see: real files, real sockets, real databases."""

import os
import socket
import stat
import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ivr.backup import state as states
from ivr.backup.state import TargetState
from ivr.doctor.look import files, listening, machine
from ivr.doctor.look.certificates import certificate
from ivr.doctor.observed import Entry, Holds, SecretKind, Socket, TimeKeeping
from ivr.testing.ports import free_port
from tests.unit.doctor.authority import self_signed


@contextmanager
def listener(host: str, family: socket.AddressFamily = socket.AF_INET) -> Iterator[int]:
    with socket.create_server((host, free_port()), family=family) as open_one:
        yield open_one.getsockname()[1]


# ---- sockets


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "0.0.0.0"])
def test_a_listening_socket_is_seen_with_its_process(host: str) -> None:
    with listener(host) as port:
        found, owned = listening.listening(http_port=0)
    assert Socket("tcp", host, port, os.getpid(), Path("/proc/self/comm").read_text().strip()) in found
    assert os.getpid() in owned.values()


@pytest.mark.skipif(not socket.has_ipv6 or not Path("/proc/net/if_inet6").exists(), reason="no IPv6 here")
def test_ipv6_too() -> None:
    try:
        with listener("::1", socket.AF_INET6) as port:
            found = [one for one, _ in listening.sockets() if one.port == port]
    except OSError:
        pytest.skip("no IPv6 loopback here")
    assert [one.host for one in found] == ["::1"]


def test_who_holds_a_socket_file(tmp_path: Path) -> None:
    file = tmp_path / "control.sock"
    assert listening.holder(file, listening.owners()) is None
    with socket.socket(socket.AF_UNIX) as open_one:
        open_one.bind(str(file))
        open_one.listen()
        assert listening.holder(file, listening.owners()) == os.getpid()


def test_addresses_as_the_kernel_writes_them(tmp_path: Path) -> None:
    def words(address: str, family: socket.AddressFamily) -> str:
        raw = socket.inet_pton(family, address)
        return "".join(f"{struct.unpack('=I', raw[i : i + 4])[0]:08X}" for i in range(0, len(raw), 4))

    rows = [
        (words("192.0.2.5", socket.AF_INET), "0A"),
        (words("10.0.0.1", socket.AF_INET), "01"),  # a connection, not a listener
    ]
    net = tmp_path / "net"
    net.mkdir()
    head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    line = "   0: {}:1F90 00000000:0000 {} 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0\n"
    (net / "tcp").write_text(head + "".join(line.format(*row) for row in rows))
    (net / "tcp6").write_text(head + line.format(words("2001:db8::9", socket.AF_INET6), "0A"))
    (net / "udp").write_text(head + line.format(words("0.0.0.0", socket.AF_INET), "07"))
    assert listening.sockets(tmp_path) == (
        (Socket("tcp", "192.0.2.5", 8080), 4711),
        (Socket("tcp", "2001:db8::9", 8080), 4711),
        (Socket("udp", "0.0.0.0", 8080), 4711),
    )


def test_whether_tls_is_spoken(tmp_path: Path) -> None:
    import ssl

    cert, key = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    answers = []
    for secure in (True, False):
        with socket.create_server(("127.0.0.1", 0)) as open_one:
            thread = threading.Thread(target=_serve_one, args=(open_one, context if secure else None))
            thread.start()
            answers.append(listening.speaks_tls("127.0.0.1", open_one.getsockname()[1]))
            thread.join()
    assert answers == [True, False]
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert listening.speaks_tls("127.0.0.1", silent.getsockname()[1], seconds=0.1) is None
    assert listening.speaks_tls("127.0.0.1", free_port()) is None


def _serve_one(open_one: socket.socket, context: "object | None") -> None:
    import ssl

    wire, _ = open_one.accept()
    with wire:
        if isinstance(context, ssl.SSLContext):
            context.wrap_socket(wire, server_side=True).close()
        else:
            wire.recv(1000)
            wire.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


# ---- files


def test_a_tree_is_seen_with_who_comes_to_it(tmp_path: Path) -> None:
    root = tmp_path / "var"
    (root / "open").mkdir(parents=True)
    (root / "shut").mkdir()
    (root / "left out").mkdir()
    for name in ("open/one", "shut/two", "left out/three"):
        (root / name).touch()
    (root / "link").symlink_to("/etc/passwd")
    for folder, mode in (("open", 0o755), ("shut", 0o750), ("left out", 0o755)):
        (root / folder).chmod(mode)
    root.chmod(0o755)
    above = all(folder.stat().st_mode & stat.S_IXOTH for folder in tmp_path.resolve().parents)
    (root / "open/one").chmod(0o604)
    tree, gaps = files.tree(root, Holds.CALLERS, without=[root / "left out"])
    assert tree is not None and not gaps and not tree.cut
    seen = {Path(entry.path).relative_to(root.parent).as_posix(): entry for entry in tree.entries}
    assert set(seen) == {"var", "var/open", "var/shut", "var/open/one", "var/shut/two", "var/link"}
    one = seen["var/open/one"]
    assert one == Entry(str(root / "open/one"), stat.S_IFREG | 0o604, os.getuid(), one.group_comes, one.others_come)
    assert not seen["var/shut/two"].others_come
    if above and tmp_path.stat().st_mode & stat.S_IXOTH:
        assert one.others_come and seen["var/shut/two"].group_comes
    assert files.tree(tmp_path / "none", Holds.CALLERS) == (None, ())
    cut, _ = files.tree(root, Holds.CALLERS, most=2)
    assert cut is not None and cut.cut and len(cut.entries) == 2


def test_a_single_file_is_a_tree(tmp_path: Path) -> None:
    (tmp_path / "key.pem").touch(mode=0o600)
    tree, _ = files.tree(tmp_path / "key.pem", Holds.SECRETS)
    assert tree is not None and len(tree.entries) == 1


def test_what_the_server_made_is_read_as_it_is_meant(tmp_path: Path) -> None:
    from ivr.install import secrets

    folder = tmp_path / "secrets"
    kept = secrets.ensure(folder, ["101", "102"])
    pins = secrets.pins(folder, [("mailbox", "servicio")])
    (folder / "crm.secret").write_text("hunter\n")
    (folder / "broken.secret").write_bytes(b"\xff\xfe")
    found, gaps = files.secrets(folder)
    assert {(one.kind, one.owner): one.text for one in found} == {
        (SecretKind.PHONE, "101"): kept.phones["101"],
        (SecretKind.PHONE, "102"): kept.phones["102"],
        (SecretKind.PIN, "servicio"): pins["mailbox", "servicio"],
        (SecretKind.KEY, "ami.secret"): kept.ami,
        (SecretKind.KEY, "caller.key"): kept.caller_key.hex(),
        (SecretKind.KEY, "variables.key"): kept.variables_key.decode(),
        (SecretKind.OUTSIDE, "crm.secret"): "hunter",
    }
    assert [Path(gap.where).name for gap in gaps] == ["broken.secret"]
    assert files.secrets(tmp_path / "none") == ((), ())


# ---- the machine


def test_what_chrony_says() -> None:
    said = (
        "Reference ID    : C0000201 (192.0.2.1)\nStratum         : 3\n"
        "System time     : 3.250000000 seconds slow of NTP time\nLeap status     : {}\n"
    )
    assert machine.tracking(said.format("Normal")) == TimeKeeping(True, "chrony", -3.25)
    assert machine.tracking(said.format("Not synchronised")) == TimeKeeping(False, "chrony", -3.25)
    assert machine.tracking("506 Cannot talk to daemon\n") is None


def test_somebody_says_how_the_clock_is_kept() -> None:
    seen, gaps = machine.time_keeping()
    assert (seen is None) == (len(gaps) == 1)


def test_disks_are_told_once_each(tmp_path: Path) -> None:
    found = machine.volumes(tmp_path, tmp_path / "not yet" / "there")
    assert len(found) == 1
    assert 0 < found[0].free <= found[0].size and found[0].path == str(tmp_path)


def test_the_newest_backup(tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    seen, _ = machine.backup(folder, tmp_path)
    assert seen is not None and not seen.exists
    (folder / "2026-11").mkdir(parents=True)
    (folder / "empty.tar").touch()
    seen, _ = machine.backup(folder, tmp_path)
    assert seen is not None and seen.exists and seen.newest is None
    old, new = folder / "a.tar", folder / "2026-11" / "b.tar"
    for file, at in ((old, 1_000_000), (new, 2_000_000)):
        file.write_text("x")
        os.utime(file, (at, at))
    seen, _ = machine.backup(folder, tmp_path)
    assert seen is not None and seen.same_disk
    assert seen.newest == datetime.fromtimestamp(2_000_000, UTC)


def test_what_was_written_last(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    (tmp_path / "b-wal").touch()
    os.utime(tmp_path / "a", (5, 5))
    os.utime(tmp_path / "b-wal", (9, 9))
    files_of_databases = (tmp_path / "a", tmp_path / "b")
    assert machine.latest_write(*files_of_databases) == (str(tmp_path / "b-wal"), datetime.fromtimestamp(9, UTC))
    assert machine.latest_write(tmp_path / "c") is None


# ---- certificates


def test_certificates(tmp_path: Path) -> None:
    cert, key = self_signed(tmp_path, days=30)
    seen = certificate(cert, key)
    assert seen.fits_key and not seen.fault and seen.begins is not None and seen.ends is not None
    assert timedelta(days=29) < seen.ends - datetime.now(UTC) <= timedelta(days=30)
    (tmp_path / "other").mkdir()
    _, other = self_signed(tmp_path / "other")
    assert not certificate(cert, other).fits_key
    assert certificate(tmp_path / "none.pem", key).fault.startswith("the certificate cannot be read")
    assert certificate(key, key).fault == "this is no certificate in PEM form"
    assert certificate(cert, cert).fault.startswith("this is no key in PEM form")
    assert certificate(cert, tmp_path / "none.pem").fault.startswith("the certificate's key cannot be read")
    both = tmp_path / "both.pem"
    both.write_bytes(cert.read_bytes() + key.read_bytes())
    assert certificate(both, None).fits_key


def test_this_python_has_what_is_asked_of_the_kernel() -> None:
    assert sys.platform == "linux" and listening.PROC.is_dir()


def test_the_newest_backup_is_that_of_the_server_where_it_makes_some(tmp_path: Path) -> None:
    at = datetime(2026, 11, 23, 3, tzinfo=UTC)
    for name, folder, success in (("a", str(tmp_path), at), ("b", "", at - timedelta(days=3)), ("c", "", None)):
        states.save(tmp_path / "backup-state" / name, TargetState(target=name, folder=folder, success=success))
    seen, gaps = machine.backup(tmp_path / "backup", tmp_path)
    assert seen is not None and gaps == ()
    assert (seen.folder, seen.exists, seen.newest, seen.same_disk) == (str(tmp_path), True, at, False)
    states.save(tmp_path / "backup-state/b", TargetState(target="b"))
    seen, _ = machine.backup(tmp_path / "backup", tmp_path)
    assert seen is not None and seen.same_disk, "the only copy lies on the disk that it is for"
