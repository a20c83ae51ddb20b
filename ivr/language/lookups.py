"""Reads `config/lookups.yaml`: where flows may look something up."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from ivr.language.faults import locator, validate
from ivr.language.lookup_words import (
    Address,
    AnswerText,
    Database,
    Encoding,
    Headers,
    JsonBody,
    JsonPath,
    NotFound,
    SecretName,
    SignInAddress,
    SignInBody,
    TypeWord,
    protected,
)
from ivr.language.problems import Place, Problem, suggestion
from ivr.language.reader import Document
from ivr.site.csv_table import TableFault, check_head
from ivr.site.look_ups import (
    CsvSource,
    HttpSource,
    LookUpSource,
    Parameter,
    Secret,
    SignIn,
    SqlSource,
    StatusIs,
    Token,
    pieces_of,
    sql_parameters,
)
from ivr.text import quoted
from ivr.verbs.words import Label, Name, Text, between, whole

if TYPE_CHECKING:
    from ivr.language.config import Configuration

SECOND = timedelta(seconds=1)
KINDS = ("get", "post", "file", "database")
_HEAD_BYTES = 65_536


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LookUpsFile(_Settings):
    """`lookups.yaml`: where flows may look something up. The file may be absent.

    A source asks an HTTP service (`get` or `post`), a CSV file (`file`) or a database (`database`). What a flow gives
    it stands under `parameters`, what it takes under `answers`. A secret never stands here: `{secret crm}` is the
    content of the file `crm.secret` in the folder `secrets` of the server's data. What callers enter can change
    neither the host nor the path of an address, nor the text of a SELECT.

    ```yaml
    look-ups:
      cartera:
        label: Open invoices
        parameters: {documento: text}
        get: https://invoices.example/v1/invoices?customer={documento}
        headers:
          Authorization: Bearer {token}
        sign in:
          post: https://invoices.example/auth
          body: {username: telefono, access_key: "{secret siigo}"}
          token: access_token
          keep: 23 h
        answers:
          saldo: number from results.0.balance
          fecha: date from results.0.date
        not found when: results is empty
        at most: 3 s
        keep: 5 min
      pedidos:
        label: Orders
        parameters: {pedido: text}
        file: lookups/pedidos.csv
        where: {Pedido: pedido}
        answers:
          estado: text from Estado
      clientes:
        label: Customers
        parameters: {documento: text}
        database: postgresql://reader@db.example/sales
        password: secret sales
        select: SELECT name, balance FROM customers WHERE document = :documento
        answers:
          nombre: text from name
          saldo: number from balance else 0
    ```
    """

    look_ups: dict[Name, dict[str, Any]] = Field(
        default_factory=dict, alias="look-ups", description="the sources: name: where and how it is asked"
    )


class _Source(_Settings):
    label: Label = Field(description="its name for people")
    parameters: dict[Name, TypeWord] = Field(
        default_factory=dict, description="what a flow gives: name: text, number, yes or no, date or time"
    )
    answers: dict[Name, AnswerText] = Field(
        default_factory=dict,
        description="what a flow gets: name: type and place, for example number from data.0.balance; `else 0` where "
        "it may be missing",
    )
    at_most: Annotated[timedelta, between(SECOND, 10 * SECOND)] = Field(
        default=2 * SECOND, alias="at most", description="how long a caller waits; then the exit `too slow`"
    )
    keep: Annotated[timedelta, between(0 * SECOND, 86_400 * SECOND)] = Field(
        default=0 * SECOND, description="how long an answer is good for the same question; left out: never kept"
    )
    places: Annotated[int, whole(1, 50)] = Field(
        default=10, alias="at the same time", description="how many questions at once at most"
    )


class SignInFile(_Settings):
    """How a token is fetched before the first question, and again when it is no longer accepted."""

    post: SignInAddress = Field(description="the address, which is asked with POST")
    body: SignInBody = Field(description="the JSON that is sent; {secret NAME} for what is secret")
    token: JsonPath = Field(description="where the token stands in the answer, for example access_token")
    keep: Annotated[timedelta, between(60 * SECOND, 7 * 86_400 * SECOND)] = Field(
        default=3_000 * SECOND, description="how long a token is good"
    )


class HttpFile(_Source):
    """An HTTP service that answers with JSON: the setting `get` or `post`."""

    get: Address = Field(
        default_factory=tuple, description="the address; {parameter} and {secret NAME} in path and query"
    )
    post: Address = Field(default_factory=tuple, description="the same, asked with POST and a `body`")
    headers: Headers = Field(default_factory=dict, description="Header: value, with {secret NAME} and {token}")
    body: JsonBody | None = Field(default=None, description="the JSON that is sent with `post`")
    sign_in: SignInFile | None = Field(default=None, alias="sign in", description="how {token} is fetched")
    not_found: NotFound = Field(
        default_factory=lambda: (StatusIs(404),),
        alias="not found when",
        description="for example [status 404, data is empty]; `answer` = the whole answer; left out: status 404",
    )


class CsvFile(_Source):
    """A CSV file, whose first line names the columns: the setting `file`. It is read anew when it changes."""

    file: Text = Field(min_length=1, description="the file; relative to the folder of lookups.yaml, or absolute")
    where: dict[Text, Name] = Field(min_length=1, description="column: the parameter that it must equal")
    encoding: Encoding = Field(default="UTF-8", description="UTF-8 or Windows-1252")


class SqlFile(_Source):
    """A database: the setting `database`. It is asked for reading only."""

    database: Database = Field(description="for example postgresql://reader@db.example/sales, without a password")
    password: SecretName = Field(default="", description="secret NAME")
    select: Text = Field(description="one SELECT with :parameter where a value belongs; its first row counts")


MODELS: Mapping[str, type[HttpFile] | type[CsvFile] | type[SqlFile]] = {
    "get": HttpFile,
    "post": HttpFile,
    "file": CsvFile,
    "database": SqlFile,
}
"""The setting that makes a source of this kind -> its model."""


def problems(configuration: "Configuration") -> Iterator[Problem]:
    """What is wrong with the sources."""
    document, model = configuration.lookups.document, configuration.lookups.model
    if document is None or model is None:
        return
    for name, data in model.look_ups.items():
        base = ("look-ups", name)
        kinds = [key for key in data if key in KINDS]
        if len(kinds) != 1:
            message = (
                f"{quoted(name)} asks in two places, {' and '.join(map(quoted, kinds))}; make two look-ups of it"
                if kinds
                else f"{quoted(name)} does not say where it asks; add one of: {', '.join(KINDS)}"
            )
            yield Problem.at(document.key_place((*base, *kinds[1:2])), "CONF060", message)
            continue
        source, found = validate(
            MODELS[kinds[0]], data, "CONF", locator(document, base), f"a setting of a look-up with {quoted(kinds[0])}"
        )
        yield from found
        if source is not None:
            yield from _Check(document, base, source, configuration.folder).problems()


class _Check:
    """What a source says in one place and another."""

    def __init__(
        self, document: Document, base: tuple[str, str], source: HttpFile | CsvFile | SqlFile, folder: Path
    ) -> None:
        self._document, self._base, self._source, self._folder = document, base, source, folder

    def problems(self) -> Iterator[Problem]:
        """All of them."""
        used: set[str] = set()
        unknown = False
        for path, name in self._uses():
            used.add(name)
            if name not in self._source.parameters:
                unknown = True
                hint = suggestion(name, self._source.parameters)
                message = f"{quoted(name)} is not among the parameters{hint}"
                yield Problem.at(self._place(*path), "CONF061", message)
        for name in self._source.parameters:
            if name not in used and not unknown:
                message = f"the parameter {quoted(name)} is used nowhere; use it, or delete it"
                yield Problem.at(self._key("parameters", name), "CONF064", message)
        match self._source:
            case HttpFile():
                yield from self._http(self._source)
            case CsvFile():
                yield from self._csv(self._source)
            case SqlFile():
                yield from self._sql(self._source)

    def _uses(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """Each parameter that is used, and where."""
        match self._source:
            case HttpFile(get=get, post=post, body=body):
                pieces = ((("get",), get), (("post",), post), (("body",), tuple(pieces_of(body))))
                for path, found in pieces:
                    yield from ((path, piece.name) for piece in found if isinstance(piece, Parameter))
            case CsvFile(where=where):
                yield from ((("where", column), name) for column, name in where.items())
            case SqlFile(select=select):
                yield from ((("select",), name) for name in sql_parameters(select))

    def _http(self, source: HttpFile) -> Iterator[Problem]:
        if source.get and source.body is not None:
            yield Problem.at(self._key("body"), "CONF014", "'body' needs 'post'; write that instead of 'get'")
        for path in (("get",), ("post",), ("sign in", "post")):
            url = source.sign_in.post if path[0] == "sign in" and source.sign_in else getattr(source, path[-1])
            if url and (path[0] != "sign in" or source.sign_in) and not protected(url):
                message = "customers' data would cross the net readable by all; write https:// instead of http://"
                yield Problem.at(self._place(*path), "CONF062", message)
        tokens = any(isinstance(piece, Token) for text in source.headers.values() for piece in text)
        if tokens and source.sign_in is None:
            message = "{token} needs 'sign in', which says how it is fetched; add that"
            yield Problem.at(self._key("headers"), "CONF066", message)
        if source.sign_in is not None and not tokens:
            message = "nobody uses the token; write it into a header, for example Authorization: Bearer {token}"
            yield Problem.at(self._key("sign in"), "CONF066", message)
        for name, text in source.headers.items():
            if _secret_header(name) and not any(isinstance(piece, Secret | Token) for piece in text):
                message = "a secret does not stand here: write {secret NAME}, and put it into the file NAME.secret"
                yield Problem.at(self._place("headers", name), "CONF067", message)
        for name, answer in source.answers.items():
            if any(not part for part in answer.where.split(".")):
                message = f"{quoted(answer.where)} is not a path: write for example data.0.balance"
                yield Problem.at(self._place("answers", name), "CONF014", message)

    def _csv(self, source: CsvFile) -> Iterator[Problem]:
        try:
            path = self._folder / source.file
            if path.exists() and not path.is_file():
                raise ValueError  # a folder, or a device that nobody may read
            with path.open("rb") as stream:
                start = stream.read(_HEAD_BYTES)
            check_head(start, source.encoding, [*source.where, *(a.where for a in source.answers.values())])
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "unreadable"
            message = (
                f"the file {quoted(source.file)} cannot be read ({why}); put it there: until then, look-ups in it fail"
            )
            yield Problem.at(self._place("file"), "CONF065", message)
        except TableFault as fault:
            answer = next((("answers", n) for n, a in source.answers.items() if a.where == fault.column), ("file",))
            where = self._key("where", fault.column) if fault.column in source.where else self._place(*answer)
            yield Problem.at(where, "CONF065", f"{quoted(source.file)}: {fault}; until then, look-ups in it fail")

    def _sql(self, source: SqlFile) -> Iterator[Problem]:
        if re.search(r"//[^/@]*:[^/@]*@", source.database):
            message = "a password does not stand here: write 'password: secret NAME' below, and the URL without it"
            yield Problem.at(self._place("database"), "CONF067", message)
        words = source.select.split()
        single = ";" not in source.select.strip().removesuffix(";")
        if not words or words[0].lower() not in ("select", "with") or not single:
            message = "write one SELECT: look-ups change nothing"
            yield Problem.at(self._place("select"), "CONF063", message)

    def _place(self, *path: str) -> Place:
        return self._document.place((*self._base, *path))

    def _key(self, *path: str) -> Place:
        return self._document.key_place((*self._base, *path))


def _secret_header(name: str) -> bool:
    low = name.lower()
    return low == "authorization" or any(word in low for word in ("api-key", "apikey", "token", "access-key"))


def sources(configuration: "Configuration") -> Mapping[str, LookUpSource]:
    """The sources that are right, also in a file where another is not."""
    model = configuration.lookups.model
    if model is None:
        return {}
    found = {}
    for name, data in model.look_ups.items():
        with suppress(ValueError, StopIteration):
            found[name] = _source(name, data)
    return found


def look_ups(model: LookUpsFile) -> Mapping[str, LookUpSource]:
    """The sources as the server uses them, of a file without problems."""
    return {name: _source(name, data) for name, data in model.look_ups.items()}


def _source(name: str, data: Mapping[str, Any]) -> LookUpSource:
    kind = next(key for key in data if key in KINDS)
    source = MODELS[kind].model_validate(data)
    common: dict[str, Any] = {
        "name": name,
        "label": source.label,
        "parameters": source.parameters,
        "answers": source.answers,
        "at_most": source.at_most,
        "keep": source.keep,
        "places": source.places,
    }
    match source:
        case HttpFile():
            given = source.sign_in
            return HttpSource(
                **common,
                method="GET" if source.get else "POST",
                url=source.get or source.post,
                headers=source.headers,
                body=source.body,
                not_found=source.not_found,
                sign_in=SignIn(url=given.post, body=given.body, token=given.token, keep=given.keep) if given else None,
            )
        case CsvFile():
            return CsvSource(**common, file=source.file, where=source.where, encoding=source.encoding)
        case SqlFile():
            select = source.select.strip().removesuffix(";")
            return SqlSource(**common, database=source.database, password=source.password, select=select)
