"""Files of age with a passphrase that is tried fast: pyrage takes about a second for each, on purpose.

Written by the format's page (https://age-encryption.org/v1), with a scrypt of little work: so the tests also show that
files of another hand than pyrage's are read.
"""

import base64
import os

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt


def _base64(data: bytes) -> bytes:
    return base64.b64encode(data).rstrip(b"=")


def _hkdf(key: bytes, salt: bytes | None, info: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=salt, info=info).derive(key)


def with_passphrase(content: bytes, passphrase: str, log_work: int = 4) -> bytes:
    """`content` (less than 64 KiB) as an age file for that passphrase; scrypt takes 2^log_work steps."""
    file_key, salt, nonce = os.urandom(16), os.urandom(16), os.urandom(16)
    wrap_key = Scrypt(b"age-encryption.org/v1/scrypt" + salt, 32, 1 << log_work, 8, 1).derive(passphrase.encode())
    body = ChaCha20Poly1305(wrap_key).encrypt(bytes(12), file_key, None)
    header = b"age-encryption.org/v1\n-> scrypt %s %d\n%s\n---" % (_base64(salt), log_work, _base64(body))
    mac = HMAC(_hkdf(file_key, None, b"header"), SHA256())
    mac.update(header)
    payload = ChaCha20Poly1305(_hkdf(file_key, nonce, b"payload")).encrypt(bytes(11) + b"\1", content, None)
    return header + b" " + _base64(mac.finalize()) + b"\n" + nonce + payload
