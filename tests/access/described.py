"""Every route asked with what its description allows and with what it does not; each answer is held against it."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
SECONDS = 30.0
BUSY = frozenset({429, 503})


class Credentials(Protocol):
    """How somebody is known, at any moment: what is shown, and a new session when the old one is over."""

    def shown(self) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Headers and cookies."""

    def over(self) -> None:
        """It was not accepted."""


@dataclass
class Told:
    """What came of it. `faults`: one for each kind of wrong answer of a route, the first that was seen."""

    requests: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    faults: dict[str, str] = field(default_factory=dict)
    served: set[str] = field(default_factory=set)
    """Routes that did what was asked at least once."""


def ask_everything(
    document: dict[str, Any],
    url: str,
    who: Credentials,
    examples: int,
    number: int,
    *,
    but: Sequence[str] = (),
    ends: float = float("inf"),
) -> Told:
    """So many requests of each kind (as described, and not) to every route, until `ends` on the monotonic clock.
    `number` seeds what is asked; `but`: beginnings of the labels ("POST /api/...") of what is left out."""
    told = Told()
    schema = schemathesis.openapi.from_dict(document)
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.label.startswith(tuple(but)) or time.monotonic() >= ends:
            continue
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            _ask(operation.as_strategy(generation_mode=mode), operation.label, url, who, examples, number, told)
    return told


def _ask(
    cases: SearchStrategy[Any], route: str, url: str, who: Credentials, examples: int, number: int, told: Told
) -> None:
    @seed(number)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def one(case: Any) -> None:
        headers, cookies = who.shown()
        case.headers = {k: v for k, v in (case.headers or {}).items() if k.lower() not in ("authorization", "cookie")}
        case.cookies = {}
        answer = case.call(base_url=url, headers=dict(headers), cookies=dict(cookies), timeout=SECONDS)
        told.requests += 1
        told.statuses[answer.status_code] += 1
        if answer.status_code == 401:
            who.over()
        if answer.status_code < 300:
            told.served.add(route)
        checks = CHECKS[1:] if answer.status_code in BUSY else CHECKS
        try:
            case.validate_response(answer, checks=checks)
        except FailureGroup as group:
            for fault in group.exceptions:
                kind = f"{route} {answer.status_code} {type(fault).__name__}"
                told.faults.setdefault(kind, f"{kind}: {fault} | {case.as_curl_command()} | {answer.text[:300]}")

    try:
        one()
    except Exception as fault:  # what cannot be asked is told, and the next route is asked
        if type(fault).__name__ not in _NOTHING_TO_ASK:
            told.faults.setdefault(f"{route} {type(fault).__name__}", f"{route}: {fault!r}")


_NOTHING_TO_ASK = ("Unsatisfiable", "SkipTest", "Skipped", "OutcomeException")
"""Where nothing is to be sent, nothing wrong can be sent either."""
