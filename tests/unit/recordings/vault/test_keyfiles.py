"""Files of recipients and identities: read with their places, made whole and private, never shown."""

import errno
import os
import traceback
from pathlib import Path

import pyrage
import pytest

from recordings.vault.keyfiles import (
    KeyFileTrouble,
    WrongPassphrase,
    has_passphrase,
    make_identity,
    open_identities,
    parse_identities,
    parse_recipients,
    read_identities,
)
from recordings.vault.keys import Identity, KeyTrouble, Recipient, unwrap, wrap
from tests.unit.recordings.vault.age_files import with_passphrase

NAME = "n1-1795291036.6_000000000002"
SECRETS = [str(pyrage.x25519.Identity.generate()) for _ in range(2)]
ONE, TWO = (Identity(secret) for secret in SECRETS)
KEY = bytes(range(32))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_recipients_are_read_with_remarks_and_each_once() -> None:
    text = f"# dirección\n\n  {ONE.recipient}\r\n{TWO.recipient}  \n{ONE.recipient}\n"
    assert parse_recipients(text, "x") == (ONE.recipient, TWO.recipient)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "site.yaml: no recipient;.*add a line"),
        ("# nothing\n", "no recipient"),
        (f"{ONE.recipient}\nage1typo\n", "site.yaml:2: not an age recipient; it is `age1`"),
        ("ssh-ed25519 AAAA", "site.yaml:1: .*no SSH key"),
        (SECRETS[0], "site.yaml:1: this is a secret identity.*make a new identity"),
        (SECRETS[0].lower() + "x", "site.yaml:1: this is a secret identity"),
        (f"{ONE.recipient} {TWO.recipient}", "site.yaml:1: not an age recipient"),
        ("\x00\ud800", "site.yaml:1: not an age recipient"),
    ],
    ids=["empty", "remarks", "typo", "ssh", "secret", "secret, small", "two", "garbage"],
)
def test_a_wrong_recipient_is_told_with_place_and_remedy_and_shows_nothing(text: str, said: str) -> None:
    with pytest.raises(KeyFileTrouble, match=said) as told:
        parse_recipients(text, "site.yaml")
    assert_silent(told.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "key.txt: no identity; put the line"),
        (f"{SECRETS[0]}\n{SECRETS[1][:-1]}\n", "key.txt:2: not an age identity; .*its copy"),
        (str(ONE.recipient), "key.txt:1: not an age identity but a public recipient"),
        (f"x{SECRETS[0]}", "key.txt:1: not an age identity"),
    ],
    ids=["empty", "cut off", "public", "typo"],
)
def test_a_wrong_identity_is_told_with_place_and_remedy_and_shows_nothing(text: str, said: str) -> None:
    with pytest.raises(KeyFileTrouble, match=said) as told:
        parse_identities(text, "key.txt")
    assert_silent(told.value)


def assert_silent(error: BaseException) -> None:
    """Nothing of a secret in the message or in the chain of errors behind it."""
    said = "".join(traceback.format_exception(error)).upper()
    said = said.replace("`AGE-SECRET-KEY-1` AND", "").replace("`AGE-SECRET-KEY-1...`", "")
    assert not any(secret[16:28] in said for secret in SECRETS)


def test_identities_are_read_and_show_only_their_recipients() -> None:
    found = parse_identities(f"# created: today\n{SECRETS[0]}\n{SECRETS[1]}\n{SECRETS[0]}\n", "x")
    assert [identity.recipient for identity in found] == [ONE.recipient, TWO.recipient]
    shown = f"{found!r} {found[0]} {Identity.__slots__}"
    assert str(ONE.recipient) in shown and SECRETS[0][16:] not in shown and "SECRET" not in shown
    with pytest.raises(ValueError, match="not an age identity"):
        Identity("nothing")
    with pytest.raises(ValueError, match="not an age recipient"):
        Recipient("nothing")


def test_a_new_identity_is_private_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "identity.txt"
    old = os.umask(0)
    try:
        recipient = make_identity(path)
    finally:
        os.umask(old)
    assert path.stat().st_mode & 0o7777 == 0o600 and names(tmp_path) == ["identity.txt"]
    (identity,) = read_identities(path)
    assert identity.recipient == recipient and unwrap(wrap(KEY, NAME, [recipient]), NAME, [identity]) == KEY


def test_a_new_identity_never_replaces_another(tmp_path: Path) -> None:
    path = tmp_path / "identity.txt"
    make_identity(path)
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        make_identity(path)
    assert path.read_bytes() == before and names(tmp_path) == ["identity.txt"]
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileExistsError):
        make_identity(tmp_path / "link")
    assert not (tmp_path / "nowhere").exists()


def test_a_full_disk_leaves_no_half_identity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        make_identity(tmp_path / "identity.txt")
    assert names(tmp_path) == []


def test_a_new_identity_with_a_passphrase_is_opened_by_it(tmp_path: Path) -> None:
    path = tmp_path / "identity.age"
    recipient = make_identity(path, "correct horse battery")
    assert has_passphrase(path.read_bytes()) and path.stat().st_mode & 0o777 == 0o600
    assert b"SECRET" not in path.read_bytes()
    (identity,) = read_identities(path, "correct horse battery")
    assert identity.recipient == recipient


def test_an_identity_with_a_passphrase_is_opened_by_no_other(tmp_path: Path) -> None:
    path = tmp_path / "identity.age"
    path.touch(0o600)
    path.write_bytes(with_passphrase(SECRETS[0].encode(), "correct horse battery"))
    assert read_identities(path, "correct horse battery")[0].recipient == ONE.recipient
    with pytest.raises(WrongPassphrase, match=r"identity\.age: the passphrase does not open it"):
        read_identities(path, "wrong horse battery")
    with pytest.raises(KeyFileTrouble, match="give it"):
        read_identities(path)


def test_a_short_passphrase_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 12 characters"):
        make_identity(tmp_path / "short", "short")
    assert names(tmp_path) == []


def test_a_file_of_another_age_is_opened_too() -> None:
    content = with_passphrase(SECRETS[0].encode(), "perro gato ñandú")
    assert has_passphrase(content) and not has_passphrase(SECRETS[0].encode())
    assert open_identities(content, "perro gato ñandú", "x")[0].recipient == ONE.recipient


@pytest.mark.parametrize("content", [b"age-encryption.org/v1\n", b"-----BEGIN AGE ENCRYPTED FILE-----\n?", b"\x00"])
def test_a_damaged_file_with_a_passphrase_is_told(content: bytes) -> None:
    with pytest.raises(KeyFileTrouble, match=r"key\.age: cannot be opened with a passphrase .*from its copy"):
        open_identities(content, "x", "key.age")


def test_what_a_passphrase_sealed_must_be_an_identity() -> None:
    with pytest.raises(KeyFileTrouble, match=r"key\.age: not a text"):
        open_identities(with_passphrase(b"\xff\xfe", "x"), "x", "key.age")
    with pytest.raises(KeyFileTrouble, match=r"key\.age:1: not an age identity"):
        open_identities(with_passphrase(b"shopping list", "x"), "x", "key.age")
    wrapped_for_a_recipient = wrap(KEY, NAME, [ONE.recipient])
    with pytest.raises((KeyFileTrouble, KeyTrouble)):
        open_identities(wrapped_for_a_recipient, "x", "key.age")


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "identity.txt"
    path.write_text(SECRETS[0])
    path.chmod(0o640)
    with pytest.raises(KeyFileTrouble, match=r"identity\.txt: others may read it \(mode 0640\); chmod 600") as told:
        read_identities(path)
    assert_silent(told.value)


def test_what_is_no_file_of_identities_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="directory"):
        read_identities(tmp_path)
    with pytest.raises(KeyFileTrouble, match="not a file"):
        read_identities(Path("/dev/null"))
    long = tmp_path / "long"
    long.touch(0o600)
    os.truncate(long, 1 << 40)
    with pytest.raises(KeyFileTrouble, match="longer than 65536 bytes"):
        read_identities(long)
    with pytest.raises(FileNotFoundError):
        read_identities(tmp_path / "nowhere")
