"""An issuer of single sign-on, as a network of its own: it keeps to the protocol, or breaks it as a test wants."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

ISSUER = "https://login.example.com/realm"


@dataclass
class Issuer:
    """`now`: seconds. `claims` overrides what stands in its proofs."""

    now: float
    claims: dict[str, Any] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    published: RSAKey | None = None
    algorithm: str = "RS256"
    down: bool = False
    named: str = ISSUER
    asked: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self.answer)

    def log_in(self, where: str) -> dict[str, str]:
        """As a person at its page; what the browser takes back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(where).query).items()}
        code = f"code{len(self.codes)}"
        self.codes[code] = asked
        return {"code": code, "state": asked["state"]}

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        if self.down:
            raise httpx.ConnectError("refused")
        match request.url.path.removeprefix("/realm"):
            case "/.well-known/openid-configuration":
                return httpx.Response(200, json={
                    "issuer": self.named, "authorization_endpoint": f"{ISSUER}/page",
                    "token_endpoint": f"{ISSUER}/token", "jwks_uri": f"{ISSUER}/keys",
                })  # fmt: skip
            case "/keys":
                return httpx.Response(200, json=KeySet([self.published or self.key]).as_dict(private=False))
            case "/token":
                return self._token(request)
        return httpx.Response(404)

    def _token(self, request: httpx.Request) -> httpx.Response:
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        asked = self.codes.pop(form["code"], None)
        user = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if (
            asked is None or user != "centralita:the secret" or form["redirect_uri"] != asked["redirect_uri"]
            or challenge.decode().rstrip("=") != asked["code_challenge"]
        ):  # fmt: skip
            return httpx.Response(400, json={"error": "invalid_grant"})
        claims = {
            "iss": ISSUER, "aud": "centralita", "sub": "u-1", "iat": int(self.now), "exp": int(self.now) + 300,
            "nonce": asked["nonce"], "preferred_username": "eva", **self.claims,
        }  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        if self.algorithm in ("none", "HS256"):  # what no honest library writes
            head = {"alg": self.algorithm, "kid": "one"}
            text = b".".join(_in_base64(json.dumps(part).encode()) for part in (head, claims))
            key = self.key.as_pem(private=False)  # which everybody knows
            end = b"" if self.algorithm == "none" else _in_base64(hmac.digest(key, text, "sha256"))
            proof = (text + b"." + end).decode()
        else:
            proof = jwt.encode({"alg": self.algorithm, "kid": self.key.kid}, claims, self.key)
        return httpx.Response(200, json={"access_token": "a", "token_type": "Bearer", "id_token": proof})


def _in_base64(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")
