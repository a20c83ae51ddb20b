"""What a route allows: a reach for each role. Whoever is not named has none."""

from collections.abc import Mapping
from dataclasses import dataclass

from ivr.access.model import ANY_SCOPE, Principal, Reach, Role

READ, WRITE = "read", "write"


@dataclass(frozen=True, slots=True)
class Rights:
    """Of one route. `area` and whether it changes something decide which scope a token needs: `agents:write`.

    `any_state`: also for who still has to change the first password. `urgent`: callers wait for it, so that it is done
    also while the audit cannot be written, and noted afterwards.
    """

    area: str
    writes: bool
    reaches: Mapping[Role, Reach]
    any_state: bool = False
    urgent: bool = False

    @property
    def scope(self) -> str:
        """What a token needs."""
        return f"{self.area}:{WRITE if self.writes else READ}"

    def reach(self, principal: Principal) -> Reach:
        """How far this one may go here; NOBODY: not at all."""
        if not scoped(principal.scopes, self.scope):
            return Reach.NOBODY
        return self.reaches.get(principal.role, Reach.NOBODY)


def scoped(scopes: frozenset[str], wanted: str) -> bool:
    """Whether a token's scopes contain one. Who may write may read."""
    area = wanted.partition(":")[0]
    return bool(scopes & {ANY_SCOPE, wanted, f"{area}:{WRITE}"})


def reads(area: str, *, any_state: bool = False, **reaches: Reach) -> Rights:
    """`reads("queues", admin=EVERYTHING, supervisor=OWN_QUEUES)`: a route that changes nothing."""
    return Rights(area, False, _by_role(reaches), any_state)


def writes(area: str, *, any_state: bool = False, urgent: bool = False, **reaches: Reach) -> Rights:
    """As `reads`, for a route that changes something."""
    return Rights(area, True, _by_role(reaches), any_state, urgent)


def _by_role(reaches: Mapping[str, Reach]) -> dict[Role, Reach]:
    return {Role(name): reach for name, reach in reaches.items()}
