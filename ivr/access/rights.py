"""What a route allows: a reach for each role. Whoever is not named has none."""

from collections.abc import Mapping
from dataclasses import dataclass

from ivr.access.model import ANY_SCOPE, Principal, Reach, Role

READ, WRITE = "read", "write"
SAFE = frozenset({"GET", "HEAD"})
"""Methods that change nothing."""


@dataclass(frozen=True, slots=True)
class Rights:
    """Of one route. `area` and whether it changes something decide which scope a token needs: `agents:write`.

    `any_state`: also for who still has to change the first password. `urgent`: callers wait for it, so that it is done
    also while the audit cannot be written, and noted afterwards. `by_body`: it changes nothing, and is asked by POST:
    what is looked for must not stand in an address, which proxies log.
    """

    area: str
    writes: bool
    reaches: Mapping[Role, Reach]
    any_state: bool = False
    urgent: bool = False
    by_body: bool = False

    @property
    def scope(self) -> str:
        """What a token needs."""
        return f"{self.area}:{WRITE if self.writes else READ}"

    def agree(self, method: str) -> bool:
        """Whether HTTP's method says the same of changing something (RFC 9110 9.2.1)."""
        if self.writes:
            return method not in SAFE
        return method == "POST" if self.by_body else method in SAFE

    def reach(self, principal: Principal) -> Reach:
        """How far this one may go here; NOBODY: not at all."""
        if not scoped(principal.scopes, self.scope):
            return Reach.NOBODY
        return self.reaches.get(principal.role, Reach.NOBODY)


def scoped(scopes: frozenset[str], wanted: str) -> bool:
    """Whether a token's scopes contain one. Who may write may read."""
    area = wanted.partition(":")[0]
    return bool(scopes & {ANY_SCOPE, wanted, f"{area}:{WRITE}"})


def reads(area: str, *, any_state: bool = False, by_body: bool = False, **reaches: Reach) -> Rights:
    """`reads("queues", admin=EVERYTHING, supervisor=OWN_QUEUES)`: a route that changes nothing."""
    return Rights(area, False, _by_role(reaches), any_state, by_body=by_body)


def writes(area: str, *, any_state: bool = False, urgent: bool = False, **reaches: Reach) -> Rights:
    """As `reads`, for a route that changes something."""
    return Rights(area, True, _by_role(reaches), any_state, urgent)


def _by_role(reaches: Mapping[str, Reach]) -> dict[Role, Reach]:
    return {Role(name): reach for name, reach in reaches.items()}
