"""A whole file for the recipients of the recordings' keys: an age file, which also the program `age` opens.

Whoever has the public recipients can make one: it keeps a secret, and does not prove who wrote it.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pyrage

from recordings.vault.keys import Identity, KeyTrouble, Recipient, WrongKey, age_identities, age_recipients

BEGINS = b"age-encryption.org/v1\n"


class DamagedFile(KeyTrouble):
    """It is no age file, or was altered."""


def encrypt_file(plain: Path, into: Path, recipients: Iterable[Recipient]) -> None:
    """For any of the recipients to open, piece by piece. `into` keeps its rights when it is there. Raises OSError,
    ValueError without a recipient."""
    public = age_recipients(recipients)
    if not public:
        raise ValueError("a file that is encrypted for nobody could never be opened: name a recipient")
    with plain.open("rb") as source, into.open("wb") as target:
        try:
            pyrage.encrypt_io(source, target, public)
        except pyrage.EncryptError as error:
            raise OSError(f"{into.name} could not be encrypted: {error}") from None


def decrypt_file(sealed: Path, into: Path, identities: Sequence[Identity]) -> None:
    """Raises WrongKey, DamagedFile: then `into` is worth nothing; OSError."""
    with sealed.open("rb") as source, into.open("wb") as target:
        if source.read(len(BEGINS)) != BEGINS:
            raise DamagedFile(f"{sealed.name} is no age file")
        source.seek(0)
        try:
            pyrage.decrypt_io(source, target, age_identities(identities))
        except pyrage.DecryptError as error:
            if "No matching keys" in str(error):
                names = ", ".join(str(identity.recipient) for identity in identities) or "nobody"
                raise WrongKey(f"{sealed.name} was encrypted for others than {names}") from None
            raise DamagedFile(f"{sealed.name} was altered: {' '.join(str(error).split())}") from None
