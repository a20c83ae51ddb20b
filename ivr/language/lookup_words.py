"""The kinds of values of lookups.yaml, as pydantic types: addresses with places, answers, bodies, SELECTs."""

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainValidator

from ivr.language.problems import suggestion
from ivr.site.csv_table import ENCODINGS
from ivr.site.look_ups import (
    SECRET_PATTERN,
    Answer,
    Body,
    IsEmpty,
    Items,
    Parameter,
    StatusIs,
    Template,
    Token,
    pieces_of,
    template,
)
from ivr.site.values import Type, from_text
from ivr.text import quoted
from ivr.verbs.words import Written, wrong

_TYPES = {type.value: type for type in Type}
_ANSWER = re.compile(r"(text|number|yes or no|date|time) from (\S|\S.*?\S)(?: else (.*))?")
_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])"
_ADDRESS = re.compile(rf"(https?)://({_HOST})(?::[0-9]{{1,5}})?(?=[/?]|$)")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")  # token of RFC 9110, 5.6.2
_OURS = frozenset({"host", "content-length", "content-type", "transfer-encoding", "connection", "accept-encoding"})
_DATABASE = re.compile(r"sqlite:///\S.*|(postgresql|mysql|mariadb|mssql|oracle)(\+[a-z0-9]+)?://[^\s/]+(/\S*)?")


def _text(value: Any) -> str:
    if isinstance(value, dict) and len(value) == 1 and next(iter(value.values())) is None:
        raise wrong(f'put text that begins with a {{ into quotes: "{{{next(iter(value))}}}"')
    if not isinstance(value, str):
        raise wrong("write one text here")
    return value


def _type(value: Any) -> Type:
    if not isinstance(value, str) or value not in _TYPES:
        raise wrong(f"{quoted(str(value))} is not a type; there are: {', '.join(_TYPES)}")
    return _TYPES[value]


def _answer(value: Any) -> Answer:
    """`number from data.0.balance`, perhaps with `else 0`."""
    match = _ANSWER.fullmatch(_text(value).strip())
    if match is None:
        raise wrong(
            f"{quoted(str(value))} is not an answer: write its type and where it stands, for example "
            "number from data.0.balance, or with else 0 when it may be missing"
        )
    type = _TYPES[match[1]]
    if match[3] is None:
        return Answer(type=type, where=match[2])
    otherwise = match[3].strip()
    otherwise = otherwise[1:-1] if len(otherwise) > 1 and otherwise[0] == otherwise[-1] == '"' else otherwise
    try:
        return Answer(type=type, where=match[2], otherwise=from_text(otherwise, type))
    except ValueError:
        raise wrong(f"{quoted(otherwise)} after else is no {match[1]}; write one") from None


def _template(value: Any) -> Template:
    try:
        return template(_text(value).strip())
    except ValueError as fault:
        raise wrong(str(fault)) from None


def _address(value: Any) -> Template:
    """An address whose scheme, host and port are literal."""
    pieces = _template(value)
    first = pieces[0] if pieces else ""
    match = _ADDRESS.match(first) if isinstance(first, str) else None
    if match is None or (len(pieces) > 1 and match.end() == len(str(first))):
        raise wrong(
            f"{quoted(str(value))} is not an address: write https://, a host without {{ }}, / and the rest, "
            "for example https://crm.example/contacts?phone={number}"
        )
    if any(isinstance(piece, Token) for piece in pieces):
        raise wrong("{token} belongs into a header, for example Authorization: Bearer {token}")
    if any("#" in piece or " " in piece for piece in pieces if isinstance(piece, str)):
        raise wrong("an address has neither blanks nor #; write %20 and %23 for them")
    return pieces


def protected(url: Template) -> bool:
    """Whether an address has TLS, or stays in the house: this machine, a private network, a name without a domain."""
    match = re.match(r"(https?)://(\[[^]]*\]|[^:/?]*)", str(url[0]))
    assert match is not None
    host = match[2].strip("[]").lower()
    if match[1] == "https" or "." not in host.replace(":", ".") or host.endswith((".local", ".lan", ".internal")):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_private


def literal_address(value: Any) -> str:
    """An address without places."""
    pieces = _address(value)
    if len(pieces) != 1 or not isinstance(pieces[0], str):
        raise wrong("this address is the same for every call: write it without { }")
    return pieces[0]


def _headers(value: Any) -> Mapping[str, Template]:
    if not isinstance(value, dict):
        raise wrong("write indented lines 'Header: value' below it")
    headers = {}
    for name, text in value.items():
        if not _HEADER.fullmatch(name) or name.lower() in _OURS:
            raise wrong(f"{quoted(name)} cannot be a header here; delete it")
        pieces = _template(text)
        if any(isinstance(piece, Parameter) for piece in pieces):
            raise wrong(f"use {{secret NAME}} and {{token}} in the header {quoted(name)}, but no parameters")
        headers[name] = pieces
    return headers


def _body(value: Any) -> Body:
    """Texts, lists and mappings, as they will be JSON."""
    if isinstance(value, list):
        return Items(tuple(_body(inner) for inner in value))
    if isinstance(value, dict) and not (len(value) == 1 and None in value.values()):
        return {key: _body(inner) for key, inner in value.items()}
    pieces = _template(value)
    if any(isinstance(piece, Token) for piece in pieces):
        raise wrong("{token} belongs into a header, for example Authorization: Bearer {token}")
    return pieces


def _only_secrets(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def checked(value: Any) -> Any:
        found = check(value)
        if any(isinstance(piece, Parameter) for piece in pieces_of(found)):
            raise wrong("signing in knows no parameters: write {secret NAME} for what is secret")
        return found

    return checked


def _path(value: Any) -> str:
    text = _text(value).strip()
    if not text or any(not part for part in text.split(".")):
        raise wrong(f"{quoted(text)} is not a path: write names and positions with dots, for example data.0.balance")
    return text


def _not_found(value: Any) -> tuple[StatusIs | IsEmpty, ...]:
    """`status 404`, `data is empty`, `answer is empty`; one, or a list."""
    conditions: list[StatusIs | IsEmpty] = []
    for item in value if isinstance(value, list) else [value]:
        text = _text(item).strip()
        if match := re.fullmatch(r"status ([2-5][0-9]{2})", text):
            conditions.append(StatusIs(int(match[1])))
        elif match := re.fullmatch(r"(\S+) is empty", text):
            conditions.append(IsEmpty("" if match[1] == "answer" else _path(match[1])))
        else:
            raise wrong(f"{quoted(text)} is not possible: write for example status 404, data is empty, answer is empty")
    return tuple(conditions)


def _secret(value: Any) -> str:
    match = re.fullmatch(f"secret ({SECRET_PATTERN})", _text(value).strip())
    if match is None:
        raise wrong("a password does not stand here: write secret NAME, and put it into the file NAME.secret")
    return match[1]


def _database(value: Any) -> str:
    text = _text(value).strip()
    if not _DATABASE.fullmatch(text):
        raise wrong(
            f"{quoted(re.sub('//.*@', '//...@', text))} is not a database: write for example "
            "postgresql://reader@db.example/sales or sqlite:///sales.sqlite"
        )
    return text


def _encoding(value: Any) -> str:
    if value not in ENCODINGS:
        raise wrong(f"{quoted(str(value))} is not possible{suggestion(str(value), ENCODINGS)}")
    return str(value)


TypeWord = Annotated[Type, Written(_type, choices=tuple(_TYPES))]
AnswerText = Annotated[Answer, PlainValidator(_answer), Written(lambda value: value, pattern=_ANSWER.pattern)]
Address = Annotated[Template, PlainValidator(_address)]
Headers = Annotated[Mapping[str, Template], PlainValidator(_headers)]
# Bodies: to an editor, any JSON may stand there.
JsonBody = Annotated[Any, PlainValidator(_body)]
SignInAddress = Annotated[Template, PlainValidator(_only_secrets(_address))]
SignInBody = Annotated[Any, PlainValidator(_only_secrets(_body))]
JsonPath = Annotated[str, BeforeValidator(_path)]
NotFound = Annotated[tuple[StatusIs | IsEmpty, ...], PlainValidator(_not_found)]
SecretName = Annotated[str, BeforeValidator(_secret)]
Database = Annotated[str, BeforeValidator(_database)]
Encoding = Annotated[str, Written(_encoding, choices=tuple(ENCODINGS))]
