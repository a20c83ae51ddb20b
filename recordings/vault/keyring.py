"""What the key service knows and answers. No socket, no loop: a line in, a line out.

One JSON object a line. The service is asked by `do`:

    {"do": "status"}                                                 -> unlocked, passphrase, recipients
    {"do": "unlock", "passphrase": TEXT}                             -> the same
    {"do": "lock"}                                                   -> the same
    {"do": "open", "recording": NAME, "wrapped": BASE64}             -> key: BASE64

Each answer has `ok`. When it is false, `trouble` is one of `Trouble` and `why` a sentence for an administrator.
"""

import base64
import json
from enum import StrEnum
from typing import Any

from recordings.vault.keyfiles import WrongPassphrase, has_passphrase, open_identities, parse_identities, text_of
from recordings.vault.keys import DamagedKey, Identity, KeyTrouble, OtherRecording, WrongKey, unwrap

LINE_LIMIT = 64 * 1024
"""Bytes of a line: more than the longest wrapped key in base64."""


class Trouble(StrEnum):
    """Why the service does not do what it was asked."""

    LOCKED = "locked"
    WRONG_KEY = "wrong key"
    OTHER_RECORDING = "other recording"
    DAMAGED_KEY = "damaged key"
    WRONG_PASSPHRASE = "wrong passphrase"
    NO_PASSPHRASE = "no passphrase"
    NOT_UNDERSTOOD = "not understood"
    BUSY = "busy"
    BROKEN = "broken"


class KeysLocked(KeyTrouble):
    """Nobody has given the passphrase since the key service started."""


class NoPassphrase(KeyTrouble):
    """The identity lies open: locking it would lock nobody out."""


class NotUnderstood(KeyTrouble):
    """No question of ours."""


_TROUBLES: dict[type[KeyTrouble], Trouble] = {
    KeysLocked: Trouble.LOCKED,
    WrongKey: Trouble.WRONG_KEY,
    OtherRecording: Trouble.OTHER_RECORDING,
    DamagedKey: Trouble.DAMAGED_KEY,
    WrongPassphrase: Trouble.WRONG_PASSPHRASE,
    NoPassphrase: Trouble.NO_PASSPHRASE,
    NotUnderstood: Trouble.NOT_UNDERSTOOD,
}
ERRORS: dict[str, type[KeyTrouble]] = {trouble: error for error, trouble in _TROUBLES.items()}
"""What a client raises for a trouble that it is told."""


_NEEDED: dict[str, set[str]] = {
    "status": set(),
    "unlock": {"passphrase"},
    "lock": set(),
    "open": {"recording", "wrapped"},
}


class KeyRing:
    """The identities of one file; none while it is locked."""

    def __init__(self, content: bytes, place: str) -> None:
        """`content` of the file, `place` its name. Raises KeyFileTrouble."""
        self._content, self._place = content, place
        self.passphrase = has_passphrase(content)
        self._identities: tuple[Identity, ...] = ()
        if not self.passphrase:
            self._identities = parse_identities(text_of(content, place), place)

    @property
    def unlocked(self) -> bool:
        """Whether keys can be opened."""
        return bool(self._identities)

    def status(self) -> dict[str, Any]:
        """What may be told to everybody who may ask."""
        recipients = [identity.recipient.text for identity in self._identities]
        return {"unlocked": self.unlocked, "passphrase": self.passphrase, "recipients": recipients}

    def open(self, recording: str, wrapped: bytes) -> bytes:
        """A data key. Raises KeysLocked, WrongKey, OtherRecording, DamagedKey."""
        if not self.unlocked:
            raise KeysLocked("the keys are locked: an administrator has to give the passphrase")
        return unwrap(wrapped, recording, self._identities)

    def unlock(self, passphrase: str) -> None:
        """Takes about a second, on purpose, unless it is unlocked. Raises WrongPassphrase, KeyFileTrouble."""
        if not self.unlocked:
            self._identities = open_identities(self._content, passphrase, self._place)

    def lock(self) -> None:
        """Forget the identities until the passphrase is given again. Raises NoPassphrase."""
        if not self.passphrase:
            raise NoPassphrase(f"{self._place} has no passphrase: locking would lock nobody out; stop the service")
        self._identities = ()


def understood(line: bytes) -> dict[str, str]:
    """A question: its fields, all of them text. Raises NotUnderstood, which shows nothing of it."""
    try:
        asked = json.loads(line)
    except (ValueError, RecursionError):
        raise NotUnderstood("a question is a JSON object on a line") from None
    if not isinstance(asked, dict) or not all(isinstance(value, str) for value in asked.values()):
        raise NotUnderstood("a question is a JSON object whose values are text")
    needed = _NEEDED.get(asked.get("do", ""))
    if needed is None:
        raise NotUnderstood('a question has "do": status, unlock, lock or open')
    if asked.keys() != needed | {"do"}:
        raise NotUnderstood(f"{asked['do']} needs {' and '.join(sorted(needed)) or 'nothing'}, and nothing else")
    return asked


def wrapped_of(asked: dict[str, str]) -> bytes:
    """The wrapped key in a question. Raises NotUnderstood."""
    try:
        return base64.b64decode(asked["wrapped"], validate=True)
    except ValueError:
        raise NotUnderstood("wrapped is not base64") from None


def answer(**fields: Any) -> bytes:
    """The line for what was done."""
    return json.dumps({"ok": True, **fields}).encode() + b"\n"


def refusal(trouble: Trouble, why: str) -> bytes:
    """The line for what was not done."""
    return json.dumps({"ok": False, "trouble": trouble, "why": why}).encode() + b"\n"


def refusal_of(error: KeyTrouble) -> bytes:
    """The same for an error of this module or of `keys`."""
    return refusal(_TROUBLES[type(error)], str(error))
