"""Files of recipients and identities, as `age-keygen` and `age -p` write them.

No message has anything secret; each says the place and the remedy.
"""

import os
import secrets
import stat
from collections.abc import Iterable
from pathlib import Path

import pyrage

from recordings.vault.keys import Identity, KeyTrouble, Recipient

FILE_LIMIT = 64 * 1024
"""Bytes of a file of recipients or identities."""
PASSPHRASE_LEAST = 12
"""Characters of a new passphrase: whoever copies the file may try at leisure."""
_SECRET = "AGE-SECRET-KEY-"
_AGE_FILE = (b"age-encryption.org/v1\n", b"-----BEGIN AGE ENCRYPTED FILE-----")


class WrongPassphrase(KeyTrouble):
    """The passphrase does not open the identity."""


class KeyFileTrouble(ValueError):
    """A file of recipients or identities that cannot be used: `place: what is wrong; what to do`."""


def text_of(content: bytes, place: str) -> str:
    """The text of a file of recipients or identities. Raises KeyFileTrouble."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise KeyFileTrouble(f"{place}: not a text; put the file back from its copy") from None


def parse_recipients(text: str, place: str) -> tuple[Recipient, ...]:
    """Recipients, one a line; empty lines and those with # say nothing. `place` (a file, a setting) begins each error.
    Raises KeyFileTrouble, also when there is none."""
    found: dict[str, Recipient] = {}
    for number, line in _lines(text):
        if line.upper().startswith(_SECRET):
            raise KeyFileTrouble(
                f"{place}:{number}: this is a secret identity, not a recipient; put its public key (age1...) here, and "
                "make a new identity when others could read this file"
            )
        try:
            found[line] = Recipient(line)
        except ValueError:
            raise KeyFileTrouble(
                f"{place}:{number}: not an age recipient; it is `age1` and 58 letters and digits, as "
                "`age-keygen -y` prints it (no SSH key, no plugin)"
            ) from None
    if not found:
        raise KeyFileTrouble(f"{place}: no recipient; without one nothing can be recorded: add a line `age1...`")
    return tuple(found.values())


def parse_identities(text: str, place: str) -> tuple[Identity, ...]:
    """The same for identities (`AGE-SECRET-KEY-1...`), as `age-keygen` writes them. No error shows a line."""
    found: dict[str, Identity] = {}
    for number, line in _lines(text):
        try:
            identity = Identity(line)
        except ValueError:
            public = " but a public recipient" if line.startswith("age1") else ""
            raise KeyFileTrouble(
                f"{place}:{number}: not an age identity{public}; it is `AGE-SECRET-KEY-1` and 58 letters and digits: "
                "take the file that was made with the recipient, or its copy"
            ) from None
        found[identity.recipient.text] = identity
    if not found:
        raise KeyFileTrouble(f"{place}: no identity; put the line `AGE-SECRET-KEY-1...` back from its copy")
    return tuple(found.values())


def has_passphrase(content: bytes) -> bool:
    """Whether the content of an identity file is sealed with a passphrase."""
    return content.startswith(_AGE_FILE)


def open_identities(content: bytes, passphrase: str, place: str) -> tuple[Identity, ...]:
    """The identities of a file that is sealed with a passphrase. Takes about a second, on purpose (scrypt). Raises
    WrongPassphrase, KeyFileTrouble."""
    try:
        opened = pyrage.passphrase.decrypt(content, passphrase)
    except pyrage.DecryptError as error:
        # An altered stanza and a wrong passphrase look the same to age; another kind of file does not.
        if str(error) == "Decryption failed":
            raise WrongPassphrase(f"{place}: the passphrase does not open it, or the file was altered") from None
        raise KeyFileTrouble(
            f"{place}: cannot be opened with a passphrase ({_line(error)}); put the file back from its copy"
        ) from None
    return parse_identities(text_of(bytes(opened), place), place)


def read_private(path: Path, *, forbidden: int = 0o077) -> bytes:
    """The content of a file of identities. Raises KeyFileTrouble when it is no file, is too long, or has a permission
    of `forbidden`; OSError when it cannot be read."""
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise KeyFileTrouble(f"{path}: not a file; name the file with the identity")
        if status.st_mode & forbidden:
            raise KeyFileTrouble(
                f"{path}: others may read it (mode {stat.S_IMODE(status.st_mode):04o}); chmod 600, and make a new "
                "identity when it may have been read"
            )
        content = file.read(FILE_LIMIT + 1)
    if len(content) > FILE_LIMIT:
        raise KeyFileTrouble(f"{path}: longer than {FILE_LIMIT} bytes, which is no file of identities")
    return content


def read_identities(path: Path, passphrase: str | None = None) -> tuple[Identity, ...]:
    """The identities of a file, for a restore. Raises KeyFileTrouble, WrongPassphrase, OSError."""
    content = read_private(path)
    if not has_passphrase(content):
        return parse_identities(text_of(content, str(path)), str(path))
    if passphrase is None:
        raise KeyFileTrouble(f"{path}: sealed with a passphrase; give it")
    return open_identities(content, passphrase, str(path))


def make_identity(path: Path, passphrase: str | None = None) -> Recipient:
    """Make a new identity in a new file (mode 0600, in age's format, sealed with the passphrase if there is one), and
    give its recipient. The file appears whole or not at all, and never over another. Raises FileExistsError, OSError;
    ValueError for a passphrase that is too short."""
    if passphrase is not None and len(passphrase) < PASSPHRASE_LEAST:
        raise ValueError(f"a passphrase has at least {PASSPHRASE_LEAST} characters; take five or six words")
    age = pyrage.x25519.Identity.generate()
    recipient = Recipient(str(age.to_public()))
    content = f"# public key: {recipient}\n{age}\n".encode()
    if passphrase is not None:
        content = pyrage.passphrase.encrypt(content, passphrase, armored=True)
    new = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        os.link(new, path)  # unlike a rename, it replaces nothing
    finally:
        new.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return recipient


def _lines(text: str) -> Iterable[tuple[int, str]]:
    """Lines that say something, with their numbers."""
    numbered = ((number, line.strip()) for number, line in enumerate(text.splitlines(), 1))
    return ((number, line) for number, line in numbered if line and not line.startswith("#"))


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
