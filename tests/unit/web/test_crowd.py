"""Who is let in: how many at once and how often, of one address, of an office, of strangers, of those who are known."""

from hypothesis import given
from hypothesis import strategies as st

from ivr.access.addresses import OFFICE_SHARE
from ivr.web.crowd import Crowd, CrowdLimits, Guest
from ivr.web.pace import Pace, of_strangers

OURS, OFFICE, KNOWN, STRANGER = "10.0.0.1", "192.0.2.9", "192.0.2.8", "203.0.113.7"
SECOND = 1_000_000


class Street:
    """A crowd, and the time."""

    def __init__(self, connections: int = 1_000, of_one: int = 64, pace: Pace | None = None) -> None:
        self.now_us = 0
        self.turned_away = 0
        self.crowd = Crowd(
            CrowdLimits(connections=connections, connections_of_one=of_one, pace=pace or Pace(1e6, 1e6)),
            ours=lambda address: address == OURS,
            known=lambda address: address == KNOWN,
            office=lambda address: address == OFFICE,
            turned_away=self._one_more,
        )

    def _one_more(self) -> None:
        self.turned_away += 1

    def come(self, address: str) -> Guest | None:
        return self.crowd.enter(address, self.now_us)

    def come_in(self, *addresses: str) -> list[Guest]:
        """Those who get in."""
        return [guest for address in addresses if (guest := self.come(address)) is not None]

    def may_ask(self, guest: Guest, times: int) -> int:
        """So many of the requests are read."""
        return sum(not self.crowd.ask(guest, self.now_us) for _ in range(times))


def somewhere(number: int) -> str:
    """An address of a network from which nobody ever logged in."""
    return f"198.18.{number // 250}.{number % 250 + 1}"


def test_one_address_has_only_so_many_connections_and_an_office_more() -> None:
    street = Street(100, of_one=4)
    held = street.come_in(*[STRANGER] * 6)
    assert (len(held), street.turned_away) == (4, 2)
    street.crowd.leave(held[0])
    assert len(street.come_in(*[STRANGER] * 6)) == 1
    assert len(street.come_in(*[OFFICE] * 60)) == 4 * OFFICE_SHARE
    assert len(Street(16, of_one=4).come_in(*[OFFICE] * 16)) == 12  # a quarter is left for others


def test_a_network_of_ipv6_is_one_house() -> None:
    assert len(Street(of_one=2).come_in("2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::1")) == 3


def test_strangers_leave_room_for_who_is_known_and_all_leave_some_for_us() -> None:
    street = Street(32, of_one=16)
    assert len(street.come_in(*map(somewhere, range(40)))) == 16
    assert len(street.come_in(*[KNOWN] * 8, *[OFFICE] * 6, STRANGER)) == 14
    assert street.come(KNOWN) is None and street.come(OFFICE) is None
    assert len(street.come_in(OURS, "", OURS)) == 2  # full


def test_what_is_ours_has_no_limit_of_its_own() -> None:
    street = Street(of_one=4, pace=Pace(1, 2))
    held = street.come_in(*[OURS] * 50, *[""] * 50)
    assert len(held) == 100 and street.may_ask(held[0], 1_000) == street.may_ask(held[-1], 1_000) == 1_000


def test_one_address_comes_and_asks_only_so_often() -> None:
    street = Street(pace=Pace(2, 4))
    held = street.come_in(*[KNOWN] * 9)
    assert len(held) == 4
    assert sum(street.may_ask(guest, 3) for guest in held) == 4  # all its connections together
    street.now_us += SECOND
    assert (street.may_ask(held[0], 9), len(street.come_in(*[KNOWN] * 9))) == (2, 2)
    assert street.crowd.ask(held[0], street.now_us) == 0.5
    assert len(street.come_in(*[OFFICE] * 50)) == 4 * OFFICE_SHARE


def test_an_attack_from_everywhere_does_not_shut_out_who_is_known() -> None:
    pace = Pace(20, 80)
    street = Street(pace=pace)
    assert len(street.come_in(*map(somewhere, range(100)))) == of_strangers(pace).burst == 40
    assert street.come(STRANGER) is None  # he cannot be told from the others
    assert street.come(KNOWN) and street.come(OFFICE) and street.come(OURS)
    street.now_us += SECOND // 2
    assert len(street.come_in(*map(somewhere, range(100, 200)))) == of_strangers(pace).per_second / 2 == 20


def test_requests_of_strangers_are_counted_together() -> None:
    street = Street(pace=Pace(4, 16))
    strangers = street.come_in(*map(somewhere, range(8)))
    known = street.come(KNOWN)
    assert known is not None and len(strangers) == 8
    assert sum(street.may_ask(guest, 3) for guest in strangers) == 8
    assert street.may_ask(known, 20) == 16


ADDRESSES = st.sampled_from([OURS, OFFICE, KNOWN, STRANGER, "", *map(somewhere, range(8))])


@given(st.lists(st.tuples(ADDRESSES, st.booleans(), st.integers(0, SECOND)), max_size=200))
def test_the_room_is_never_more_than_full_and_is_free_again_at_the_end(
    steps: list[tuple[str, bool, int]],
) -> None:
    street = Street(8, of_one=2, pace=Pace(5, 10))
    inside: list[Guest] = []
    for address, leaves, later in steps:
        street.now_us += later
        if leaves and inside:
            street.crowd.leave(inside.pop(later % len(inside)))
        elif (guest := street.come(address)) is not None:
            inside.append(guest)
        assert len(inside) <= 8
        for one in (KNOWN, STRANGER):
            assert sum(guest.address == one for guest in inside) <= 2
    for guest in inside:
        street.crowd.leave(guest)
    street.now_us += 100 * SECOND
    assert len(street.come_in(*[OURS] * 9)) == 8
