"""Where a flow may look something up: an HTTP service, a CSV file, a database. As config/lookups.yaml declares it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ivr.site.values import Type, Value

FOUND, NOT_FOUND, TOO_SLOW, FAILED = "found", "not found", "too slow", "failed"
OUTCOMES = (FOUND, NOT_FOUND, TOO_SLOW, FAILED)
"""How a look-up may end: each is an exit of the verb."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """The place of a parameter in a template: `{documento}`."""

    name: str


@dataclass(frozen=True, slots=True)
class Secret:
    """The place of a secret: `{secret crm}` is the content of `crm.secret` in the folder of secrets."""

    name: str


@dataclass(frozen=True, slots=True)
class Token:
    """The place of what `sign in` was given: `{token}`."""


Piece = str | Parameter | Secret | Token
Template = tuple[Piece, ...]
"""A text with places that are filled in when somebody asks."""


@dataclass(frozen=True, slots=True)
class Items:
    """A list in a body, of bodies."""

    bodies: tuple[Any, ...]


Body = Template | Mapping[str, Any] | Items
"""The JSON that is sent; values of a mapping are bodies. A text of one parameter alone has the parameter's type."""


SECRET_PATTERN = r"[a-z][a-z0-9_-]{0,39}"
_PLACE = re.compile(r"\{([^{}]*)\}")
_PARAMETER = re.compile(r"[a-z][a-z0-9_]{0,39}")
_SECRET = re.compile(f"secret ({SECRET_PATTERN})")


def template(text: str) -> Template:
    """The pieces of a text. Raises ValueError, with words for an administrator, for braces that hold no name."""
    pieces: list[Piece] = []
    end = 0
    for match in _PLACE.finditer(text):
        pieces += _literal(text[end : match.start()])
        pieces.append(_piece(match[1]))
        end = match.end()
    pieces += _literal(text[end:])
    return tuple(pieces)


def _literal(text: str) -> list[Piece]:
    if "{" in text or "}" in text:
        raise ValueError("a { without its }: write {parameter}, {secret NAME} or {token}")
    return [text] if text else []


def _piece(inside: str) -> Piece:
    if inside == "token":
        return Token()
    if match := _SECRET.fullmatch(inside):
        return Secret(match[1])
    if _PARAMETER.fullmatch(inside):
        return Parameter(inside)
    raise ValueError("write a parameter, 'secret NAME' or 'token' between { and }, in small letters")


def pieces_of(body: Body | None) -> Iterator[Piece]:
    """Every piece in a body, however deep."""
    if body is None:
        return
    if isinstance(body, Mapping):
        for inner in body.values():
            yield from pieces_of(inner)
    elif isinstance(body, Items):
        for inner in body.bodies:
            yield from pieces_of(inner)
    else:
        yield from body


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One thing that a source answers: its type, and where it stands (JSON path or column). `otherwise` takes the place
    of what is missing; None = it must be there."""

    type: Type
    where: str
    otherwise: Value | None = None


@dataclass(frozen=True, slots=True)
class StatusIs:
    """Nothing was found when the service answers with this status."""

    status: int


@dataclass(frozen=True, slots=True)
class IsEmpty:
    """Nothing was found when this part of the answer is missing or empty; the empty path is the whole answer."""

    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LookUpSource:
    """What all sources have. `at_most` bounds the whole look-up, waiting for a free place included; `keep` = how long
    an answer is good for the same question (zero = never kept); `places` = questions at the same time."""

    name: str
    label: str
    parameters: Mapping[str, Type]
    answers: Mapping[str, Answer]
    at_most: timedelta
    keep: timedelta
    places: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """How a token is fetched: what to post where, where the token stands in the answer, how long it is good."""

    url: Template
    body: Body
    token: str
    keep: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSource(LookUpSource):
    """An HTTP service that answers with JSON. Scheme, host and port of `url` are literal text."""

    method: str  # GET or POST
    url: Template
    headers: Mapping[str, Template]
    body: Body | None
    not_found: tuple[StatusIs | IsEmpty, ...]
    sign_in: SignIn | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvSource(LookUpSource):
    """A CSV file whose first line names the columns. `file`: absolute, or relative to the folder of the configuration;
    `where`: column -> the parameter that it must equal."""

    file: str
    where: Mapping[str, str]
    encoding: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlSource(LookUpSource):
    """A database, asked by one SELECT with bound parameters (`:documento`). `password` names a secret; empty = none."""

    database: str
    password: str
    select: str


def sql_parameters(select: str) -> tuple[str, ...]:
    """The parameters in a SELECT, each once, as SQLAlchemy's `text()` finds them (sqlalchemy/sql/elements.py)."""
    return tuple(dict.fromkeys(re.findall(r"(?<![:\w\\]):(\w+)(?!:)", select)))
