"""Which queues, agents, calls, mailboxes and timetables somebody reaches."""

from types import SimpleNamespace
from typing import Any

from ivr.access.limits import Limits, Reaches, limits
from ivr.access.model import Reach, Role
from ivr.testing.api import principal

SITE: Any = SimpleNamespace(
    queues={
        "servicio": SimpleNamespace(agents_ever=("101", "102", "201"), open="oficina"),
        "cartera": SimpleNamespace(agents_ever=("301", "201"), open="cobros"),
        "siempre": SimpleNamespace(agents_ever=("401",), open=""),
    },
    mailboxes={
        "servicio": SimpleNamespace(extensions=("101", "102")),
        "cartera": SimpleNamespace(extensions=("301",)),
    },
)


def within(role: Role, reach: Reach, **more: Any) -> Limits:
    return limits(principal(role, **more), reach, SITE)


def test_who_reaches_everything_has_no_limits() -> None:
    found = within(Role.ADMIN, Reach.EVERYTHING)
    assert found.queue("x") and found.agent("x") and found.mailbox("x") and found.timetable("x") and found.call((), ())


def test_a_supervisor_reaches_what_belongs_to_the_queues_of_the_account() -> None:
    found = within(Role.SUPERVISOR, Reach.OWN_QUEUES, queues=["cartera", "gone"], mailboxes=["ventas"])
    assert found.queue("cartera") and found.queue("gone") and not found.queue("servicio")
    assert found.agent("301") and found.agent("201") and not found.agent("101")
    assert found.mailbox("ventas") and not found.mailbox("cartera"), "mailboxes are those that the account names"
    assert found.timetable("cobros") and not found.timetable("oficina") and not found.timetable("")
    assert (
        found.call(["servicio", "cartera"], ()) and found.call(["gone"], ()) and not found.call(["servicio"], ["301"])
    )


def test_an_agent_reaches_oneself_and_looks_at_the_queues_that_are_served() -> None:
    found = within(Role.AGENT, Reach.SELF, extension="201")
    assert found.queue("servicio") and found.queue("cartera") and not found.queue("siempre")
    assert found.agents == {"201"} and not found.mailboxes and not found.timetables
    assert found.call((), ["101", "201"]) and not found.call(["servicio"], ["101"])
    assert within(Role.AGENT, Reach.SELF, extension="101").mailboxes == {"servicio"}


def test_an_account_without_queues_or_extension_reaches_nothing() -> None:
    for found in (
        within(Role.SUPERVISOR, Reach.OWN_QUEUES),
        within(Role.AGENT, Reach.SELF),
        within(Role.AGENT, Reach.SELF, queues=["servicio"]),
        within(Role.ADMIN, Reach.NOBODY),
    ):
        assert found == Limits()
        assert not found.call(["servicio", ""], ["", "101"]) and not found.agent("") and not found.queue("")


def test_a_reach_is_worked_out_once_for_each_edition_of_the_site() -> None:
    site = SITE
    reaches, agent = Reaches(lambda: site), principal(Role.AGENT, extension="301")
    first = reaches.of(agent, Reach.SELF)
    assert first == limits(agent, Reach.SELF, SITE) and reaches.of(agent, Reach.SELF) is first
    others = (agent, Reach.EVERYTHING), (principal(Role.AGENT, extension="201"), Reach.SELF)
    supervisors = [(principal(Role.SUPERVISOR, queues=[name]), Reach.OWN_QUEUES) for name in ("cartera", "siempre")]
    for who, reach in (*others, *supervisors):
        assert reaches.of(who, reach) == limits(who, reach, SITE)
    site = SimpleNamespace(queues={}, mailboxes={})
    assert reaches.of(agent, Reach.SELF).queues == frozenset()
