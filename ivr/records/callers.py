"""Keys of callers: journal and records name a caller by an opaque key; the number stands in one erasable table."""

import hashlib
import hmac

import phonenumbers

COUNTRY = "CO"
KEY_LENGTH = 32
LONGEST_NUMBER = 64
LONGEST_NAME = 128


def normalised(number: str, country: str = COUNTRY) -> str:
    """One spelling for all ways to write a number: E.164 where it is one, else the text's own characters, bounded.

    A withheld number (empty, or nothing printable) gives an empty text. The trunk may send anything here.

    >>> normalised("601 743 6967") == normalised("+576017436967")
    True
    """
    text = "".join(c for c in number if c.isprintable()).strip()[:LONGEST_NUMBER]
    if text.lower() in ("", "anonymous", "unknown", "restricted", "unavailable", "<unknown>"):
        return ""
    try:
        parsed = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return text
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


class CallerKeys:
    """Makes keys with the site's own secret: without it nobody can try numbers until one fits."""

    def __init__(self, secret: bytes) -> None:
        """Raises ValueError for a secret that is too short to be one."""
        if len(secret) < 16:
            raise ValueError("the secret of the callers' keys has fewer than 16 bytes: remove the file and start again")
        self._secret = secret

    def key_of(self, number: str) -> str:
        """The key of a number: the same for every way to write it, empty for a withheld one."""
        text = normalised(number)
        if not text:
            return ""
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()[:KEY_LENGTH]
