"""Seals what lies where others may read it: the values of variables on a caller's channel, which Asterisk's events and
console show; the secrets of second factors in the database; an erasure that is not finished yet."""

from cryptography.fernet import Fernet, InvalidToken


class FernetSeal:
    """Encrypts and authenticates with one key; each use has its own, in var/secrets/."""

    def __init__(self, key: bytes) -> None:
        """`key`: 32 bytes in URL-safe base64. Raises ValueError for anything else."""
        self._fernet = Fernet(key)

    def close(self, text: str) -> str:
        """The sealed text: letters, digits, - _ and = only."""
        return self._fernet.encrypt(text.encode()).decode("ascii")

    def open(self, sealed: str) -> str | None:
        """What was sealed, or None when it was not sealed with this key."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except (InvalidToken, UnicodeDecodeError):
            return None
