"""Data keys, and who can unwrap them: age (https://age-encryption.org/v1) through pyrage.

A wrapped key is an age file for one or more recipients. Within lies a line of JSON, so that also the program `age`
alone shows it: {"centralita": "recording key 1", "recording": the recording's name, "key": 32 bytes in base64}. The
name binds it: a wrapped key that was put beside another recording is refused.

No message and no repr has anything secret.
"""

import base64
import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pyrage

from recordings.vault.sealed import KEY_BYTES

KIND = "recording key 1"
WRAPPED_LIMIT = 16 * 1024
"""Bytes of a wrapped key: about 100 recipients."""
NAME_LIMIT = 255


class KeyTrouble(Exception):
    """A wrapped key that cannot be opened. The message is for an administrator."""


class WrongKey(KeyTrouble):
    """None of the identities here opens it: it was wrapped for other recipients, or altered."""


class OtherRecording(KeyTrouble):
    """The wrapped key belongs to another recording than the one it was found beside."""


class DamagedKey(KeyTrouble):
    """What lies there is no wrapped key, or was altered."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """For whom keys are wrapped. Public: `age1` and 58 characters."""

    text: str

    def __post_init__(self) -> None:
        _recipient(self.text)

    def __str__(self) -> str:
        return self.text


class Identity:
    """What unwraps the keys of one recipient. Secret: it shows only the recipient."""

    __slots__ = ("_age", "recipient")

    def __init__(self, text: str) -> None:
        """`text`: `AGE-SECRET-KEY-1...`. Raises ValueError for anything else, without showing it."""
        try:
            self._age: Any = pyrage.x25519.Identity.from_str(text)
        except pyrage.IdentityError:
            raise ValueError("not an age identity") from None
        self.recipient = Recipient(str(self._age.to_public()))

    def __repr__(self) -> str:
        return f"Identity(of {self.recipient})"


def new_data_key() -> bytes:
    """A key for one recording."""
    return secrets.token_bytes(KEY_BYTES)


def wrap(key: bytes, recording: str, recipients: Iterable[Recipient]) -> bytes:
    """The key of `recording`, for any of the recipients to open. Raises ValueError without a recipient, without a name
    or for a key that is none."""
    public = age_recipients(recipients)
    if not public:
        raise ValueError("a key that is wrapped for nobody could never be opened: name a recipient")
    if not 0 < len(recording) <= NAME_LIMIT:
        raise ValueError(f"a recording's name has 1 to {NAME_LIMIT} characters, not {len(recording)}")
    if len(key) != KEY_BYTES:
        raise ValueError(f"a data key has {KEY_BYTES} bytes, not {len(key)}")
    content = {"centralita": KIND, "recording": recording, "key": base64.b64encode(key).decode()}
    return bytes(pyrage.encrypt(json.dumps(content).encode() + b"\n", public))


def unwrap(wrapped: bytes, recording: str, identities: Sequence[Identity]) -> bytes:
    """The data key of `recording`. Raises WrongKey, OtherRecording or DamagedKey."""
    if len(wrapped) > WRAPPED_LIMIT:
        raise DamagedKey(f"a wrapped key has at most {WRAPPED_LIMIT} bytes, not {len(wrapped)}")
    try:
        content = pyrage.decrypt(wrapped, age_identities(identities))
    except pyrage.DecryptError as error:
        if "No matching keys" in str(error):
            raise WrongKey(f"the key of {recording!r} was wrapped for others than {_names(identities)}") from None
        raise DamagedKey(f"the wrapped key of {recording!r} was altered: {_line(error)}") from None
    try:
        said = json.loads(content)
        kind, name, key = said["centralita"], said["recording"], base64.b64decode(said["key"], validate=True)
    except (ValueError, KeyError, TypeError):
        raise DamagedKey(f"what was wrapped for {recording!r} is no recording's key") from None
    if kind != KIND or len(key) != KEY_BYTES:
        raise DamagedKey(f"what was wrapped for {recording!r} is not a {KIND!r}")
    if name != recording:
        raise OtherRecording(f"the wrapped key beside {recording!r} is another recording's, {str(name)[:NAME_LIMIT]!r}")
    return key


def age_recipients(recipients: Iterable[Recipient]) -> list[Any]:
    """Each once, as pyrage has them."""
    return [_recipient(text) for text in sorted({recipient.text for recipient in recipients})]


def age_identities(identities: Iterable[Identity]) -> list[Any]:
    """The same for who opens. Secret."""
    return [identity._age for identity in identities]


def _recipient(text: str) -> Any:
    try:
        return pyrage.x25519.Recipient.from_str(text)
    except pyrage.RecipientError:
        raise ValueError("not an age recipient") from None


def _names(identities: Sequence[Identity]) -> str:
    return ", ".join(str(identity.recipient) for identity in identities) or "nobody"


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
