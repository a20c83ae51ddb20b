"""Digest access authentication as SIP registrars ask for it (RFC 2617 and RFC 7616, MD5 and SHA-256, qop auth)."""

import hashlib
import re
import secrets

_HASHES = {"MD5": "md5", "SHA-256": "sha256"}


class UnknownChallenge(ValueError):
    """The registrar asks for an authentication that this phone does not speak."""


def answer(challenge: str, *, user: str, password: str, method: str, uri: str) -> str:
    """The Authorization header that answers a WWW-Authenticate or Proxy-Authenticate header."""
    found = re.findall(r'(\w+)=(?:"([^"]*)"|([^",\s]+))', challenge)
    fields = {key.lower(): quoted or plain for key, quoted, plain in found}
    algorithm = fields.get("algorithm", "MD5").upper()
    if not challenge.lower().startswith("digest ") or algorithm not in _HASHES:
        raise UnknownChallenge(challenge)

    def digest(text: str) -> str:
        return hashlib.new(_HASHES[algorithm], text.encode()).hexdigest()

    realm, nonce = fields.get("realm", ""), fields.get("nonce", "")
    secret, request = digest(f"{user}:{realm}:{password}"), digest(f"{method}:{uri}")
    parts = [f'username="{user}"', f'realm="{realm}"', f'nonce="{nonce}"', f'uri="{uri}"', f"algorithm={algorithm}"]
    if "auth" in fields.get("qop", ""):
        client = secrets.token_hex(8)
        response = digest(f"{secret}:{nonce}:00000001:{client}:auth:{request}")
        parts += ["qop=auth", "nc=00000001", f'cnonce="{client}"']
    else:
        response = digest(f"{secret}:{nonce}:{request}")
    if "opaque" in fields:
        parts.append(f'opaque="{fields["opaque"]}"')
    return "Digest " + ", ".join([*parts, f'response="{response}"'])
