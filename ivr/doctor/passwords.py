"""Whether secrets would be guessed. Pure; no finding holds a secret or a part of it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise

from ivr.doctor.finding import Finding, fault, warning
from ivr.doctor.observed import Secret, SecretKind

SHORTEST = {SecretKind.PHONE: 12, SecretKind.KEY: 32, SecretKind.OUTSIDE: 8}
"""Characters. A key was made by the server and has at least 32."""

# Those of Asterisk's and FreePBX's sample files, of the images of databases, and what everybody tries first.
_DEFAULTS = """
secret mysecret supersecret secret5 amp111 amp109 asterisk freepbx elastix issabel admin administrator root manager
password passw0rd password1 password123 contraseña contrasena clave claveclave changeme changeit cambiame cambiar
centralita telefono telefonia postgres redis grafana default welcome bienvenido letmein qwerty qwertyuiop qwerty123
colombia bogota bogota2024 bogota2025 bogota2026 prueba test test1234 1234567890 abc123 abcd1234 unknown
"""
DEFAULTS = frozenset(_DEFAULTS.split())

_REMEDY = {
    SecretKind.PHONE: "write another one of 16 characters into that line and into the phone (or delete the line, and "
    "the server makes one), then: ivr reload",
    SecretKind.PIN: "write another one of 6 digits or more into that line; it counts at once",
    SecretKind.KEY: "delete the file and restart Asterisk and the server: a new one is made",
    SecretKind.OUTSIDE: "change it in the other system, then in this file",
}
_CALLER_KEY = "put back the one of your backup; a new one parts the old records from their callers"


def judge(secrets: Iterable[Secret]) -> Iterator[Finding]:
    """One finding for each weak one, and for each that several share."""
    secrets = tuple(secrets)
    extensions = {one.owner for one in secrets if one.kind is SecretKind.PHONE}
    for one in secrets:
        why = _weak_pin(one.text, one.owner, extensions) if one.kind is SecretKind.PIN else weakness(one)
        if why:
            code = "pin-weak" if one.kind is SecretKind.PIN else "password-weak"
            say = warning if one.kind in (SecretKind.PIN, SecretKind.OUTSIDE) else fault
            remedy = _CALLER_KEY if one.owner == "caller.key" else _REMEDY[one.kind]
            yield say(code, f"{one.where} ({one.owner})", f"the {one.kind.value} {why}", remedy)
    yield from _shared(secrets)


def weakness(one: Secret) -> str:
    """Why a password or key is weak; empty when it is not."""
    text, low = one.text, one.text.casefold()
    if low in DEFAULTS or low.rstrip("0123456789!.*") in DEFAULTS:
        return "is one that everybody tries first"
    if len(text) < SHORTEST[one.kind]:
        return f"has fewer than {SHORTEST[one.kind]} characters"
    if one.kind is SecretKind.OUTSIDE:
        return ""
    if text.isdigit():
        return "has only digits"
    if len(set(low)) < 6:
        return "has hardly any different characters"
    if one.kind is SecretKind.PHONE and len(one.owner) > 1 and low.replace(one.owner, "") in {"", *DEFAULTS}:
        return "is made of the extension"
    return ""


def _weak_pin(pin: str, owner: str, extensions: set[str]) -> str:
    if len(set(pin)) <= 2:
        return "has only one or two different digits"
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(pin)}
    if steps <= {1} or steps <= {9}:
        return "counts up or down"
    if pin in extensions or pin == owner:
        return "is an extension"
    if len(pin) == 4 and pin[:2] in ("19", "20"):
        return "is a year"
    half = len(pin) // 2
    if len(pin) % 2 == 0 and pin[:half] == pin[half:]:
        return "is one half twice"
    return ""


def _shared(secrets: Iterable[Secret]) -> Iterator[Finding]:
    owners: dict[tuple[SecretKind, str], list[Secret]] = defaultdict(list)
    for one in secrets:
        if one.kind in (SecretKind.PHONE, SecretKind.PIN):
            owners[one.kind, one.text].append(one)
    for (kind, _), found in owners.items():
        if len(found) > 1:
            names = ", ".join(one.owner for one in found[:6]) + (", ..." if len(found) > 6 else "")
            code = "pin-weak" if kind is SecretKind.PIN else "password-shared"
            yield warning(
                code, f"{found[0].where} ({names})", f"{len(found)} have the same {kind.value}", _REMEDY[kind]
            )
