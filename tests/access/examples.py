"""An example request for each route of the API. A route without one fails the test of the table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pyotp

from ivr.access.model import Role
from tests.access.house import (
    AGENT,
    CALL,
    MESSAGES,
    OTHER_ACCOUNT,
    OTHER_AGENT,
    OTHER_CALL,
    OTHER_QUEUE,
    OTHER_RECORDING,
    OTHER_TIMETABLE,
    QUEUE,
    RECORDING,
    TIMETABLE,
    House,
)

_numbers = count(1)


@dataclass(frozen=True, kw_only=True)
class Example:
    """`own` and `other` stand for what is in braces in the path: what belongs to the accounts of the supervisor and of
    the agent, and what does not. A function makes it anew, for a request that uses it up."""

    own: str | Callable[[House, Role], str] = ""
    other: str | Callable[[House], str] = ""
    body: Mapping[str, Any] | Callable[[House, Role], Mapping[str, Any]] | None = None
    other_body: Mapping[str, Any] | None = None
    query: Mapping[str, Any] = field(default_factory=dict)
    shows: tuple[str, str] | None = None
    """What stands in the answer of a list that shows what is one's own, and what must not."""
    shows_none: tuple[Role, ...] = ()
    """Roles that have nothing of their own in this list."""
    of_oneself: bool = False
    """It is always about the account that asks: nobody else can be named."""
    as_things_stand: str = ""
    """What a 409 says to who was let in, where things may stand so (a regular expression); any other is a refusal."""
    streams: bool = False


def _used_up(names: list[str]) -> Callable[[House, Role], str]:
    """The next one of these, round and round."""
    turns = count()
    return lambda house, role: names[next(turns) % len(names)]


def _account(house: House, role: Role) -> str:
    """Somebody who was added for this request."""
    name = f"persona{next(_numbers)}"
    house.add(name, Role.MONITOR, password="una clave que nadie conoce")
    return name


def _token(house: House, role: Role) -> str:
    """A token of whoever asks; of somebody else for who may make none."""
    return str(house.token(browser=house.alive(role))["token"]["id"])


def _other_token(house: House) -> str:
    return str(house.token(OTHER_ACCOUNT)["token"]["id"])


def _password(house: House, role: Role) -> Mapping[str, Any]:
    browser = house.browsers[role]
    return {"password": browser.password}


def _same_password(house: House, role: Role) -> Mapping[str, Any]:
    """Another one; the browser knows it from then on."""
    browser = house.browsers[role]
    old, browser.password = browser.password, f"{browser.password} mas"
    return {"current": old, "new": browser.password}


def _code(house: House, role: Role) -> Mapping[str, Any]:
    browser = house.alive(role)
    answer = browser.ask("POST", "/api/me/totp", json={"password": browser.password})
    assert answer.status_code == 201, answer.text
    return {"code": pyotp.TOTP(answer.json()["secret"]).now()}


def _hold(house: House, role: Role) -> str:
    """Who reaches only so far lifts what he set himself."""
    return house.hold(RECORDING, by=Role.SUPERVISOR if role is Role.SUPERVISOR else Role.ADMIN)


def _other_hold(house: House) -> str:
    return house.hold(OTHER_RECORDING)


def _next_number(house: House, role: Role) -> Mapping[str, Any]:
    return {"number": f"31055500{next(_numbers):02d}"}


_BOTH_QUEUES = (f'"queue":"{QUEUE}"', f'"queue":"{OTHER_QUEUE}"')
_BOTH_CALLS = (CALL, OTHER_CALL)

EXAMPLES: dict[str, Example] = {
    # ---- one's own session and account
    "POST /api/session": Example(body=lambda house, role: {"name": "nadie", "password": "no importa cual es"}),
    "GET /api/session/oidc": Example(),
    "GET /api/session/oidc/return": Example(),
    "GET /api/session": Example(of_oneself=True),
    "DELETE /api/session": Example(of_oneself=True),
    "GET /api/me": Example(of_oneself=True),
    "GET /api/me/sessions": Example(of_oneself=True),
    "DELETE /api/me/sessions": Example(of_oneself=True),
    "PUT /api/me/password": Example(of_oneself=True, body=_same_password),
    "POST /api/me/totp": Example(of_oneself=True, body=_password),
    "PUT /api/me/totp": Example(of_oneself=True, body=_code),
    "POST /api/me/totp/removal": Example(of_oneself=True, body=_password),
    # ---- accounts and tokens
    "GET /api/accounts": Example(),
    "POST /api/accounts": Example(
        body=lambda house, role: {"name": f"nueva{next(_numbers)}", "role": "monitor", "login": False}
    ),
    "GET /api/accounts/{name}": Example(own=OTHER_ACCOUNT),
    "PATCH /api/accounts/{name}": Example(own=OTHER_ACCOUNT, body={"label": "Otra"}),
    "DELETE /api/accounts/{name}": Example(own=_account),
    "PUT /api/accounts/{name}/password": Example(own=_account, body={}),
    "GET /api/accounts/{name}/sessions": Example(own=OTHER_ACCOUNT),
    "DELETE /api/accounts/{name}/sessions": Example(own=OTHER_ACCOUNT),
    "DELETE /api/accounts/{name}/failures": Example(own=OTHER_ACCOUNT),
    "DELETE /api/accounts/{name}/totp": Example(own=OTHER_ACCOUNT),
    "DELETE /api/accounts/{name}/subject": Example(own=OTHER_ACCOUNT),
    "GET /api/tokens": Example(of_oneself=True),
    "POST /api/tokens": Example(
        body={"scopes": ["health:read"], "days": 1},
        other_body={"scopes": ["health:read"], "days": 1, "account": OTHER_ACCOUNT},
    ),
    "DELETE /api/tokens/{token}": Example(own=_token, other=_other_token),
    # ---- calls
    "GET /api/calls": Example(shows=_BOTH_CALLS),
    "POST /api/calls/search": Example(body={}, shows=_BOTH_CALLS),
    "GET /api/calls/live": Example(shows=_BOTH_CALLS, shows_none=(Role.AGENT,)),  # no agent talks in either now
    "GET /api/calls/{call}": Example(own=CALL, other=OTHER_CALL),
    "GET /api/calls/{call}/explanation": Example(own=CALL, other=OTHER_CALL),
    # ---- recordings
    "GET /api/recordings/capacity": Example(),
    "GET /api/recordings/report": Example(),
    "GET /api/recordings/holds": Example(shows=(f'"recording":"{RECORDING}"', f'"recording":"{OTHER_RECORDING}"')),
    "POST /api/recordings/holds": Example(
        body={"recording": RECORDING, "reason": "proceso 2026-118"},
        other_body={"recording": OTHER_RECORDING, "reason": "proceso 2026-118"},
    ),
    "DELETE /api/recordings/holds/{hold}": Example(own=_hold, other=_other_hold, body={"reason": "terminó"}),
    "GET /api/recordings/retention": Example(),
    "POST /api/recordings/retention/run": Example(body={"most": 1}),
    "GET /api/recordings": Example(shows=_BOTH_QUEUES),
    "POST /api/recordings/search": Example(body={}, shows=_BOTH_QUEUES),
    "GET /api/recordings/{recording}": Example(own=RECORDING, other=OTHER_RECORDING),
    "GET /api/recordings/{recording}/waveform": Example(own=RECORDING, other=OTHER_RECORDING),
    "GET /api/recordings/{recording}/audio": Example(own=RECORDING, other=OTHER_RECORDING),
    "POST /api/recordings/{recording}/copy": Example(
        own=RECORDING, other=OTHER_RECORDING, body={"reason": "lo pide la auditoría"}
    ),
    "PUT /api/recordings/{recording}/remarks": Example(
        own=RECORDING, other=OTHER_RECORDING, body={"disposition": "venta", "note": "compró dos"}
    ),
    "GET /api/calls/{call}/rulings": Example(own=CALL, other=OTHER_CALL),
    "POST /api/calls/{call}/recording": Example(
        own=CALL, other=OTHER_CALL, body={"do": "pause"}, as_things_stand="nobody talks"
    ),
    # ---- queues and agents
    "GET /api/queues": Example(shows=_BOTH_QUEUES),
    "GET /api/queues/{queue}": Example(own=QUEUE, other=OTHER_QUEUE),
    "GET /api/agents": Example(shows=(f'"agent":"{AGENT}"', f'"agent":"{OTHER_AGENT}"')),
    "GET /api/agents/{agent}": Example(own=AGENT, other=OTHER_AGENT),
    "POST /api/agents/{agent}/login": Example(own=AGENT, other=OTHER_AGENT),
    "POST /api/agents/{agent}/logout": Example(own=AGENT, other=OTHER_AGENT),
    "POST /api/agents/{agent}/pause": Example(
        own=AGENT, other=OTHER_AGENT, body={"reason": "1"}, as_things_stand="is logged out"
    ),
    "POST /api/agents/{agent}/ready": Example(own=AGENT, other=OTHER_AGENT, as_things_stand="is logged out"),
    # ---- messages
    "GET /api/voicemail": Example(shows=(f'"mailbox":"{QUEUE}"', f'"mailbox":"{OTHER_QUEUE}"')),
    "GET /api/voicemail/messages": Example(shows=(MESSAGES[QUEUE][-1], MESSAGES[OTHER_QUEUE][-1])),
    "GET /api/voicemail/messages/{message}/audio": Example(own=MESSAGES[QUEUE][-1], other=MESSAGES[OTHER_QUEUE][-1]),
    "POST /api/voicemail/messages/{message}/heard": Example(own=MESSAGES[QUEUE][-1], other=MESSAGES[OTHER_QUEUE][-1]),
    "POST /api/voicemail/messages/{message}/restore": Example(
        own=_used_up(MESSAGES[QUEUE][:-1]), other=MESSAGES[OTHER_QUEUE][0], as_things_stand="^it is not deleted$"
    ),
    "DELETE /api/voicemail/messages/{message}": Example(
        own=_used_up(MESSAGES[QUEUE][:-1]), other=MESSAGES[OTHER_QUEUE][1], as_things_stand="^it is deleted already$"
    ),
    # ---- overrides
    "GET /api/overrides": Example(shows=(f'"timetable":"{TIMETABLE}"', f'"timetable":"{OTHER_TIMETABLE}"')),
    "GET /api/overrides/{timetable}": Example(own=TIMETABLE, other=OTHER_TIMETABLE),
    "PUT /api/overrides/{timetable}": Example(own=TIMETABLE, other=OTHER_TIMETABLE, body={"state": "open"}),
    "DELETE /api/overrides/{timetable}": Example(own=TIMETABLE, other=OTHER_TIMETABLE),
    # ---- lists, flows, configuration, versions
    "GET /api/lists": Example(),
    "GET /api/lists/{name}/entries": Example(own="vip"),
    "POST /api/lists/{name}/entries": Example(own="vip", body=_next_number),
    "POST /api/lists/{name}/entries/remove": Example(
        own="vip", body=_next_number, as_things_stand="^this number is not on the list$"
    ),
    "GET /api/flows": Example(),
    "GET /api/flows/{flow}": Example(own="linea_principal"),
    "GET /api/flows/{flow}/graph": Example(own="linea_principal", query={"form": "dot"}),
    "GET /api/graph": Example(query={"form": "dot"}),
    "GET /api/configuration": Example(),
    "GET /api/versions": Example(),
    "GET /api/versions/check": Example(),
    "POST /api/versions/reload": Example(body={}),
    "POST /api/versions/rollback": Example(body={}, as_things_stand="^there is no earlier version to go back to$"),
    "GET /api/canary": Example(),
    "POST /api/canary/prepare": Example(),
    "POST /api/canary/start": Example(body={"percent": 1}, as_things_stand="^this is the version in force"),
    "POST /api/canary/stop": Example(body={}, as_things_stand="^no version is tried at the moment"),
    "POST /api/canary/promote": Example(body={}, as_things_stand="^no version is tried at the moment"),
    # ---- audit, events, health, the API itself
    "GET /api/audit": Example(),
    "GET /api/audit/export": Example(),
    "GET /api/audit/verify": Example(),
    "POST /api/callers/search": Example(body={"number": "3005550000"}),
    "POST /api/callers/erase": Example(body={"number": "3005550000", "sure": True}),
    "POST /api/callers/tidy": Example(body={}),
    "GET /api/events": Example(streams=True, shows=(f'"queue":"{QUEUE}"', f'"queue":"{OTHER_QUEUE}"')),
    "GET /api/health": Example(),
    "GET /api/openapi.json": Example(),
    "GET /api/docs": Example(),
}
