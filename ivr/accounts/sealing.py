"""Seals the secrets of second factors: who reads the database alone cannot make codes."""

from cryptography.fernet import Fernet, InvalidToken


class Seal:
    """Encrypts and authenticates with one key (var/secrets/totp.key)."""

    def __init__(self, key: bytes) -> None:
        """`key`: 32 bytes in URL-safe base64. Raises ValueError for anything else."""
        self._fernet = Fernet(key)

    def close(self, text: str) -> str:
        """The sealed text."""
        return self._fernet.encrypt(text.encode()).decode("ascii")

    def open(self, sealed: str) -> str | None:
        """What was sealed; None when it was not sealed with this key."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except (InvalidToken, UnicodeDecodeError):
            return None
