"""Single sign-on (OpenID Connect, authorization code with PKCE): somebody else proves who it is, we say what for.

The account has to be there: its name is what the issuer says in one claim (`preferred_username`, or another one). With
its first login the account is tied to the issuer's own id of the person (`sub`): who gets the name later does not get
the account. What a login carries on from its beginning to its end travels sealed in a cookie, so nothing is kept for
logins that never end.
"""

import json
import secrets
import ssl
from asyncio import Lock
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from ivr import log as logs
from ivr.access.refusal import Refusal
from ivr.clock import Clock
from ivr.seal import FernetSeal

if TYPE_CHECKING:
    import httpx

log = logs.get(__name__)

SECONDS = 10.0
"""How long the issuer may take for one answer."""
LARGEST_ANSWER = 1_000_000
PENDING_FOR = timedelta(minutes=10)
METADATA_FOR, TRY_AGAIN_AFTER = timedelta(hours=1), timedelta(seconds=10)
LEEWAY_SECONDS = 60
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA"]
"""Public keys only: with `none` or an HMAC under the public key anybody could write a token."""
KNOWN_SETTINGS = ("client_id", "claim", "scope")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Of CENTRALITA_OIDC. `claim`: in which the account's name stands."""

    issuer: str
    client_id: str
    client_secret: str
    claim: str = "preferred_username"
    scope: str = "openid profile email"

    @classmethod
    def of(cls, text: str, client_secret: str) -> "Settings":
        """From `https://ISSUER?client_id=ID&claim=email`. Raises ValueError with the remedy."""
        parts = urlsplit(text)
        values = dict(parse_qsl(parts.query))
        unknown = sorted(values.keys() - set(KNOWN_SETTINGS))
        if unknown or not values.get("client_id"):
            raise ValueError(f"CENTRALITA_OIDC: after the ? may stand {', '.join(KNOWN_SETTINGS)}; client_id must")
        return cls(issuer=f"{parts.scheme}://{parts.netloc}{parts.path}", client_secret=client_secret, **values)


@dataclass(frozen=True, slots=True)
class Pending:
    """A login that has begun, as it travels in the cookie."""

    state: str
    nonce: str
    verifier: str
    until: float


@dataclass(frozen=True, slots=True)
class Person:
    """Who the issuer says it is."""

    name: str
    subject: str


class SingleSignOn:
    """Asks one issuer. `transport`: tests bring their own network. Made off the loop: it takes its time."""

    def __init__(
        self,
        settings: Settings,
        seal: FernetSeal,
        clock: Clock,
        transport: "Callable[[], httpx.AsyncBaseTransport] | None" = None,
    ) -> None:
        self._settings, self._seal, self._clock, self._transport = settings, seal, clock, transport
        self._metadata: dict[str, Any] = {}
        self._keys: Any = {}
        self._valid_until = self._not_before = clock.now()
        self._asking = Lock()
        self._tls = _prepared()

    async def begin(self, redirect: str) -> tuple[str, str]:
        """Where the browser goes, and what its cookie holds until it comes back. Raises Refusal."""
        from authlib.oauth2.rfc7636 import create_s256_code_challenge

        metadata = await self._known()
        until = self._clock.now() + PENDING_FOR
        state, nonce, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        pending = Pending(state, nonce, verifier, until.timestamp())
        query = {
            "response_type": "code", "client_id": self._settings.client_id, "redirect_uri": redirect,
            "scope": self._settings.scope, "state": pending.state, "nonce": pending.nonce,
            "code_challenge": create_s256_code_challenge(pending.verifier), "code_challenge_method": "S256",
        }  # fmt: skip
        where = metadata["authorization_endpoint"]
        return f"{where}{'&' if '?' in where else '?'}{urlencode(query)}", self._seal.close(json.dumps(asdict(pending)))

    def pending(self, cookie: str, state: str) -> Pending:
        """The login that began in this browser. Raises Refusal."""
        text = self._seal.open(cookie) if cookie and len(cookie) < 4_000 else None
        pending = Pending(**json.loads(text)) if text else None
        if pending is None or self._clock.now().timestamp() > pending.until:
            raise Refusal("the login took too long, or began in another browser; begin again", status=400)
        if not secrets.compare_digest(pending.state.encode(), state.encode()):
            raise Refusal("the issuer's answer belongs to another login; begin again", status=400)
        return pending

    async def end(self, pending: Pending, code: str, redirect: str) -> Person:
        """Change the code for a proof of who it is. Raises Refusal."""
        from authlib.integrations.base_client import OAuthError
        from authlib.integrations.httpx_client import AsyncOAuth2Client

        metadata = await self._known()
        settings = self._settings
        try:
            async with AsyncOAuth2Client(
                settings.client_id, settings.client_secret, timeout=SECONDS, follow_redirects=False,
                code_challenge_method="S256", **self._network(),
            ) as client:  # fmt: skip
                token = await client.fetch_token(
                    metadata["token_endpoint"], grant_type="authorization_code", code=code, redirect_uri=redirect,
                    code_verifier=pending.verifier,
                )  # fmt: skip
        except OAuthError as error:
            log.warning("the issuer refused a login", why=str(error))
            raise Refusal("the issuer does not confirm this login; begin again", status=401) from None
        except Exception as error:  # whatever the network and the other side are able to
            log.warning("the issuer cannot be asked", why=str(error) or type(error).__name__)
            raise _unreachable() from None
        return self._person(await self._claims(str(token.get("id_token", "")), pending.nonce))

    # ------------------------------------------------------------------ inside
    async def _claims(self, id_token: str, nonce: str) -> Mapping[str, Any]:
        from authlib.oidc.core import CodeIDToken
        from joserfc import jwt
        from joserfc.errors import InvalidKeyIdError, JoseError
        from joserfc.jwk import KeySet

        settings = self._settings
        options = {"iss": {"essential": True, "value": self._metadata["issuer"]},
                   "aud": {"essential": True, "value": settings.client_id}}  # fmt: skip
        for fresh in (False, True):
            try:
                found = jwt.decode(id_token, KeySet.import_key_set(self._keys), algorithms=ALGORITHMS)
                claims = CodeIDToken(
                    found.claims, found.header, options, {"nonce": nonce, "client_id": settings.client_id}
                )
                claims.validate(now=int(self._clock.now().timestamp()), leeway=LEEWAY_SECONDS)
                return dict(found.claims)
            except (JoseError, ValueError, TypeError, KeyError) as error:
                if isinstance(error, InvalidKeyIdError) and not fresh and await self._asked(anyway=True):
                    continue  # the issuer may have new keys
                log.warning("the issuer's proof is not valid", why=str(error) or type(error).__name__)
                raise Refusal("what the issuer sent is no valid proof; the server's log says why", status=401) from None
        raise AssertionError("not reached")

    def _person(self, claims: Mapping[str, Any]) -> Person:
        claim = self._settings.claim
        name, subject = claims.get(claim), claims.get("sub")
        if not isinstance(name, str) or not isinstance(subject, str) or not 0 < len(subject) <= 255:
            raise Refusal(f"the issuer does not say `{claim}`; look at its settings for this client", status=401)
        if claim == "email" and claims.get("email_verified") is not True:
            raise Refusal("the issuer has not verified this e-mail address", status=401)
        return Person(name, subject)

    async def _known(self) -> Mapping[str, Any]:
        if self._clock.now() >= self._valid_until and not await self._asked():
            raise _unreachable()
        return self._metadata

    async def _asked(self, *, anyway: bool = False) -> bool:
        """Ask the issuer for its addresses and keys; `anyway`: also when they are known. Never twice in a moment."""
        async with self._asking:
            now = self._clock.now()
            if not anyway and now < self._valid_until:
                return True
            if now < self._not_before:
                return False
            self._not_before = now + TRY_AGAIN_AFTER
            try:
                metadata = await self._get(f"{self._settings.issuer.rstrip('/')}/.well-known/openid-configuration")
                if metadata["issuer"].rstrip("/") != self._settings.issuer.rstrip("/"):
                    raise ValueError(f"it calls itself {metadata['issuer']}")
                for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                    _same_safety(self._settings.issuer, metadata[name])
                keys = await self._get(metadata["jwks_uri"])
            except Exception as error:  # whatever the network and the other side are able to
                log.warning("the issuer cannot be asked", issuer=self._settings.issuer, why=str(error) or repr(error))
                return False
            self._metadata, self._keys, self._valid_until = metadata, keys, now + METADATA_FOR
            return True

    async def _get(self, address: str) -> dict[str, Any]:
        import httpx

        async with httpx.AsyncClient(timeout=SECONDS, follow_redirects=False, **self._network()) as client:
            answer = await client.get(address, headers={"Accept": "application/json"})
        answer.raise_for_status()
        if len(answer.content) > LARGEST_ANSWER:
            raise ValueError("its answer is too long")
        value = answer.json()
        if not isinstance(value, dict):
            raise ValueError("its answer is no JSON object")
        return value

    def _network(self) -> dict[str, Any]:
        return {"transport": self._transport()} if self._transport is not None else {"verify": self._tls}


def _prepared() -> ssl.SSLContext:
    """Everything that takes long, before the first login does it on the loop: what is imported, and the certificates of
    the authorities, which every client would read anew (20 ms)."""
    import authlib.integrations.httpx_client
    import authlib.oauth2.rfc7636
    import authlib.oidc.core  # noqa: F401
    import httpx
    import joserfc.jwt  # noqa: F401

    return httpx.create_ssl_context()


def _unreachable() -> Refusal:
    return Refusal("the single sign-on cannot be reached; log in with a password, or try again in a minute", status=503)


def _same_safety(issuer: str, address: object) -> None:
    if not isinstance(address, str) or not address.startswith(("https://", "http://")):
        raise ValueError("an address is missing")
    if issuer.startswith("https://") and not address.startswith("https://"):
        raise ValueError(f"{address} is not https")
