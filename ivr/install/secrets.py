"""Passwords and keys of an instance: made once, kept in `var/secrets/` for this user only, never in a log.

`phones.csv` (`extension,password`) is meant to be read by whoever sets up the phones, `pins.csv` (`kind,name,pin`: of a
mailbox, of a timetable) by whoever gives the PINs to the people; `ami.secret` joins the server and Asterisk;
`caller.key` (64 hexadecimal digits) turns callers' numbers into keys. Who loses `caller.key` loses the link between
old records and numbers. `variables.key` seals the values of calls' variables: it may be changed when no call lives.
"""

import base64
import csv
import io
import os
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

# Without the look-alikes 0 O 1 l I: a password is typed into a phone. 16 of 56 characters are 92 bits.
_ALPHABET = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_PASSWORD_LENGTH = 16
_PIN_LENGTH = 6
_PIN = re.compile(r"[0-9]{4,12}")

Pins = Mapping[tuple[str, str], str]
"""(kind, name) -> digits. Kinds: `mailbox`, `timetable`."""


class SecretsError(Exception):
    """A file of secrets cannot be used. The message names it and the remedy, and never its content."""


@dataclass(frozen=True, slots=True, repr=False)
class Secrets:
    """What must not be shown; so it has no readable `repr`."""

    phones: Mapping[str, str]
    ami: str
    caller_key: bytes
    variables_key: bytes
    """Fernet key that seals the values of variables on the channel."""


def ensure(folder: Path, extensions: Iterable[str]) -> Secrets:
    """Read the secrets and make those that are missing: a password for each extension, the AMI secret, the caller key.

    Passwords that exist are kept, those of extensions that the site no longer has too. Raises SecretsError.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    ami = _once(folder / "ami.secret", secrets.token_hex(24))
    key = _once(folder / "caller.key", secrets.token_hex(32))
    try:
        caller_key = bytes.fromhex(key)
    except ValueError:
        raise SecretsError(f"{folder / 'caller.key'}: not hexadecimal; put back the copy from your backup") from None
    variables = _once(folder / "variables.key", base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
    return Secrets(_phones(folder / "phones.csv", extensions), ami, caller_key, variables.encode())


def pins(folder: Path, wanted: Iterable[tuple[str, str]]) -> Pins:
    """Read `pins.csv` and make the PINs that are missing, each different from all others. `wanted`: (kind, name).

    Read it whenever one is asked for: a PIN that somebody changed in the file counts at once. Raises SecretsError.
    """
    file = folder / "pins.csv"
    kept = _read_pins(file) if file.exists() else {}
    missing = [key for key in wanted if key not in kept]
    if missing:
        for key in missing:
            kept[key] = _new_pin(set(kept.values()))
        _replace(file, _table(("kind", "name", "pin"), [(*key, pin) for key, pin in kept.items()]))
    return kept


def made_once(file: Path, new: str) -> str:
    """The content of a file of secrets; `new` becomes it if there is none. Raises SecretsError when it is empty."""
    return _once(file, new)


def write(file: Path, text: str) -> None:
    """Make or replace a file of secrets, whole or not at all, for this user only."""
    _replace(file, text)


def _new_pin(taken: set[str]) -> str:
    while True:
        pin = "".join(secrets.choice("0123456789") for _ in range(_PIN_LENGTH))
        if pin not in taken and len(set(pin)) > 2:
            return pin


def _read_pins(file: Path) -> dict[tuple[str, str], str]:
    rows = list(csv.reader(file.read_text(encoding="utf-8").splitlines()))
    if not rows or rows[0] != ["kind", "name", "pin"] or not all(map(_is_pin, rows[1:])):
        raise SecretsError(
            f"{file}: write the line `kind,name,pin`, then one such line for each PIN (4 to 12 digits); "
            "kinds: mailbox, timetable"
        )
    return {(row[0], row[1]): row[2] for row in rows[1:]}


def _is_pin(row: list[str]) -> bool:
    return len(row) == 3 and all(row) and _PIN.fullmatch(row[2]) is not None


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return text.getvalue()


def _phones(file: Path, extensions: Iterable[str]) -> Mapping[str, str]:
    phones = _read_phones(file) if file.exists() else {}
    missing = [extension for extension in extensions if extension not in phones]
    if missing or not file.exists():
        for extension in missing:
            phones[extension] = "".join(secrets.choice(_ALPHABET) for _ in range(_PASSWORD_LENGTH))
        _replace(file, _table(("extension", "password"), phones.items()))
    return phones


def _read_phones(file: Path) -> dict[str, str]:
    rows = list(csv.reader(file.read_text(encoding="utf-8").splitlines()))
    if not rows or rows[0] != ["extension", "password"] or any(len(row) != 2 or not all(row) for row in rows[1:]):
        raise SecretsError(f"{file}: write the line `extension,password`, then one such line for each phone")
    return {row[0]: row[1] for row in rows[1:]}


def _once(file: Path, new: str) -> str:
    """The file's content; `new` becomes it if there is none. Two processes that start at once agree on one."""
    if not file.exists():
        fresh = _written_beside(file, new + "\n")
        try:
            os.link(fresh, file)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    text = file.read_text(encoding="utf-8").strip()
    if not text:
        raise SecretsError(f"{file} is empty; delete it and start again, and a new one is made")
    return text


def _replace(file: Path, text: str) -> None:
    _written_beside(file, text).replace(file)


def _written_beside(file: Path, text: str) -> Path:
    fresh = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    return fresh
