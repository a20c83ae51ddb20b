"""Second factors: six digits that change every 30 seconds (RFC 6238). Pure: the moment and the random bytes come in."""

import base64
import hmac
from datetime import datetime

import pyotp

STEP_SECONDS = 30
STEPS_AROUND = 1
"""A telephone whose clock is wrong by up to half a minute is accepted."""
SECRET_BYTES = 20
"""160 bits, as RFC 4226 (4, R6) recommends."""


def new_secret(random: bytes) -> str:
    """A secret in base 32, as apps take it. `random`: SECRET_BYTES bytes."""
    if len(random) != SECRET_BYTES:
        raise ValueError(f"{SECRET_BYTES} random bytes are needed")
    return base64.b32encode(random).decode()


def accepted_step(secret: str, code: str, at: datetime, last_step: int) -> int | None:
    """The time step for which the code is right; None when there is none, or when that step was used (`last_step`)."""
    digits = "".join(code.split())
    if len(digits) != 6 or not (digits.isascii() and digits.isdigit()):
        return None
    now = int(at.timestamp()) // STEP_SECONDS
    totp = pyotp.TOTP(secret)
    right = [
        step
        for step in range(now - STEPS_AROUND, now + STEPS_AROUND + 1)
        if hmac.compare_digest(totp.generate_otp(step), digits)  # every one is compared: always the same work
    ]
    return max((step for step in right if step > last_step), default=None)


def address(secret: str, name: str, issuer: str = "Centralita") -> str:
    """The `otpauth:` address that an app reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=issuer)
