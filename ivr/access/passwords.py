"""Which passwords are accepted, and what a one-time password looks like. Pure.

Long rather than colourful (NIST SP 800-63B, 5.1.1.2): no rule about kinds of characters, but nothing that an attacker
tries first.
"""

import unicodedata
from itertools import pairwise

SHORTEST, LONGEST = 12, 256
"""Characters. The upper bound keeps the work of hashing small."""
FEWEST_DIFFERENT = 5
"""Different characters in a password."""

# What people write at the beginning of a password that a rule forces to be long: without accents, in small letters.
COMMON = frozenset(
    """
    password passwords passw0rd contrasena contrasenia clave claveclave secreto secret letmein welcome bienvenido
    bienvenida administrador administrator administracion admin adminadmin centralita asterisk telefonia telefono
    callcenter supervisor usuario user changeme cambiame cambiamepronto default qwerty qwertyuiop asdfghjkl zxcvbnm
    iloveyou teamo tequiero princesa monkey dragon football futbol baseball colombia bogota medellin cali nacional
    millonarios santafe master superman batman pokemon estrella mariposa abc abcd abcdef abcdefgh hola holahola
    holamundo test testtest prueba temporal temp empresa oficina verano invierno enero febrero marzo abril mayo junio
    julio agosto septiembre octubre noviembre diciembre correcthorsebatterystaple trustno1 sunshine whatever
    """.split()  # noqa: SIM905 (a list of words reads better so)
)

_ROWS = ("abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm", "1234567890", "qazwsxedcrfvtgbyhnujmikolp")
_LEET = str.maketrans("013457@$", "oleastas")

# Without the look-alikes l o 0 1: 32 characters, five bits each.
ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
ONE_TIME_BYTES = 16
"""Random bytes that `one_time` takes: 80 bits."""


def normalised(password: str) -> str:
    """One form for what looks the same on every keyboard (NFKC): before every hash and comparison."""
    return unicodedata.normalize("NFKC", password)


def problem(password: str, name: str) -> str | None:
    """Why this password of the account `name` is not accepted, with the remedy; None when it is."""
    password = normalised(password)
    if len(password) < SHORTEST:
        return f"a password has at least {SHORTEST} characters: four words that do not belong together are a good one"
    if len(password) > LONGEST:
        return f"a password has at most {LONGEST} characters"
    if any(unicodedata.category(char) == "Cc" for char in password):
        return "a password has no control characters; type it again"
    plain = _plain(password)
    if name and plain.replace(_plain(name), "", 1) != plain and len(plain) - len(_plain(name)) < SHORTEST - 4:
        return "the password is too near to the account's name; take other words"
    if len(set(plain)) < FEWEST_DIFFERENT or _is_run(plain) or _core(plain) in COMMON or _doubled(_core(plain)):
        return "this is one of the passwords that are tried first; take four words that do not belong together"
    return None


def one_time(random: bytes) -> str:
    """A password that a person can type once: `abcd-efgh-jkmn-pqrs`. `random`: ONE_TIME_BYTES bytes."""
    if len(random) != ONE_TIME_BYTES:
        raise ValueError(f"{ONE_TIME_BYTES} random bytes are needed")
    text = "".join(ALPHABET[byte & 31] for byte in random)
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def _plain(text: str) -> str:
    """Small letters without accents."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in parts if not unicodedata.combining(char))


def _core(plain: str) -> str:
    """The letters that are left when digits and signs at both ends are gone: `password2026!!` -> `password`."""
    ends = "".join(char for char in set(plain) if not char.isalpha())
    core = plain.strip(ends)
    return core if core in COMMON else "".join(c for c in core.translate(_LEET) if c.isalnum())


def _doubled(core: str) -> bool:
    """A common word written several times."""
    return any(len(core) > len(word) >= 3 and core == word * (len(core) // len(word)) for word in COMMON)


def _is_run(plain: str) -> bool:
    """Mostly neighbours: on the keyboard, in the alphabet, among the digits, up or down."""
    pairs = list(pairwise(plain))
    near = sum(a == b or any(a + b in row or b + a in row for row in (*_ROWS, "90")) for a, b in pairs)
    return near >= len(pairs) * 0.8
