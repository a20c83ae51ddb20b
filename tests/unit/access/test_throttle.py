"""How often somebody may try to log in."""

from hypothesis import given
from hypothesis import strategies as st

from ivr.access import throttle
from ivr.access.addresses import OFFICE_SHARE, house_of
from ivr.access.throttle import SECOND, Throttle


def wrong(lock: Throttle, account: str, address: str, now: int, *, known: bool = False) -> int:
    return lock.attempt(account, address, now, known=known).wait_us


def test_five_are_free_then_each_waits_twice_as_long() -> None:
    lock, now, waits = Throttle(), 0, []
    for _ in range(5):
        assert wrong(lock, "ana", "192.0.2.1", now) == 0
    for _ in range(12):
        waits.append(wrong(lock, "ana", "192.0.2.1", now))
        now += waits[-1]
        assert wrong(lock, "ana", "192.0.2.1", now) == 0
    assert waits[:4] == [SECOND, 2 * SECOND, 4 * SECOND, 8 * SECOND]
    assert waits[-1] == throttle.LONGEST_WAIT
    assert wrong(lock, "ana", "192.0.2.1", now + throttle.FORGET_AFTER) == 0  # and is new again
    assert wrong(lock, "ana", "192.0.2.1", now + throttle.FORGET_AFTER) == 0


def test_a_thousand_at_once_are_not_a_thousand_tries() -> None:
    lock = Throttle()
    assert sum(wrong(lock, "ana", "192.0.2.1", 0) == 0 for _ in range(1000)) == throttle.FREE_FAILURES
    one_address = sum(wrong(lock, f"a{n}", "192.0.2.9", 0) == 0 for n in range(1000))
    assert one_address == throttle.ADDRESS.burst
    everywhere = sum(wrong(lock, "eva", f"198.51.{n // 250}.{n % 250}", 0) == 0 for n in range(1000))
    assert everywhere == throttle.ACCOUNT.burst


def test_an_office_has_the_share_of_many_and_one_account_no_more() -> None:
    lock = Throttle(lambda address: address == "192.0.2.9")
    assert sum(wrong(lock, f"a{n}", "192.0.2.9", 0) == 0 for n in range(1000)) == throttle.ADDRESS.burst * OFFICE_SHARE
    assert sum(wrong(lock, f"b{n}", "192.0.2.9", 2 * SECOND) == 0 for n in range(100)) == OFFICE_SHARE
    assert sum(wrong(lock, f"a{n}", "192.0.2.8", 0) == 0 for n in range(1000)) == throttle.ADDRESS.burst
    lock = Throttle(lambda address: True)
    assert sum(wrong(lock, "ana", "192.0.2.9", 0) == 0 for _ in range(1000)) == throttle.FREE_FAILURES
    for n in range(500):  # who is right pays nothing there either
        assert wrong(lock, f"a{n}", "192.0.2.9", 0) == 0
        lock.succeeded(f"a{n}", "192.0.2.9", known=False)


def test_an_attack_from_everywhere_does_not_lock_out_whom_we_know() -> None:
    lock, now = Throttle(), 0
    for n in range(20_000):
        now += SECOND // 1000
        wrong(lock, "admin", f"198.51.{n // 250}.{n % 250}", now)
        if n % 500 == 0:
            assert wrong(lock, "admin", "203.0.113.5", now, known=True) == 0
            lock.succeeded("admin", "203.0.113.5", known=True)


def test_at_a_known_address_the_wait_stays_short() -> None:
    lock, now = Throttle(), 0
    for _ in range(40):
        now += wrong(lock, "admin", "203.0.113.5", now, known=True)
    assert wrong(lock, "admin", "203.0.113.5", now, known=True) <= throttle.LONGEST_WAIT_KNOWN


def test_who_is_right_pays_nothing() -> None:
    lock = Throttle()
    for _ in range(500):  # a whole shift behind one address
        assert wrong(lock, "ana", "192.0.2.1", 0) == 0
        lock.succeeded("ana", "192.0.2.1", known=False)
    for _ in range(500):  # never looked at
        assert wrong(lock, "ana", "192.0.2.1", 0) == 0
        lock.spared("ana", "192.0.2.1", known=False)


def test_second_factors_are_few() -> None:
    lock = Throttle()
    assert sum(lock.code("ana", f"198.51.100.{n}", 0, known=False).wait_us == 0 for n in range(100)) == 10
    assert lock.code("ana", "203.0.113.5", 0, known=True).wait_us == 0


def test_an_attack_does_not_fill_the_audit() -> None:
    lock = Throttle()
    told = sum(lock.attempt(f"a{n}", "192.0.2.1", n, known=False).tell for n in range(5000))
    assert told == throttle.ADDRESS.burst + 1
    lock = Throttle()
    assert sum(lock.tells(f"198.51.{n // 250}.{n % 250}", n) for n in range(5000)) == throttle.TOLD.burst


def test_an_administrator_unlocks() -> None:
    lock = Throttle()
    for _ in range(9):
        wrong(lock, "ana", "192.0.2.1", 0)
    assert lock.slowed({"ana", "eva"}, 0) == {"ana": 1}
    lock.forget("ana")
    assert not lock.slowed({"ana"}, 0) and wrong(lock, "ana", "192.0.2.1", 0) == 0


def test_one_subscriber_is_one_address() -> None:
    assert house_of("2001:db8:1:2:3::4") == house_of("2001:db8:1:2:ffff::1") != house_of("2001:db8:1:3::1")
    assert house_of("::ffff:192.0.2.1") == "192.0.2.1" and house_of("nonsense") == "nonsense"
    assert house_of("fe80::1%eth0") == house_of("fe80::2")


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["::1", "1.2.3.4"]), st.integers(0, 10**9))))
def test_whether_an_account_exists_plays_no_part(tries: list[tuple[str, str, int]]) -> None:
    """The same attempts under other names have the same answers."""
    one, other, now = Throttle(), Throttle(), 0
    for account, address, passed in tries:
        now += passed
        assert one.attempt(account, address, now, known=False) == other.attempt(
            account + "-x", address, now, known=False
        )


def test_what_is_kept_is_bounded() -> None:
    lock = Throttle()
    for n in range(throttle.MOST_KEPT + 50):
        lock.attempt(f"a{n}", f"2001:db8:{n:x}::1", n * SECOND, known=False)
    assert len(lock._pairs) == len(lock._addresses) == len(lock._accounts) == throttle.MOST_KEPT


def test_from_how_many_addresses_each_account_is_slowed() -> None:
    lock = Throttle()
    for n in range(2 * throttle.FREE_FAILURES):
        wrong(lock, "ana", "192.0.2.1", 0)
        wrong(lock, "eva", f"192.0.2.{n % 2}", 0)
    assert lock.slowed({"ana", "eva", "leo"}, 0) == {"ana": 1, "eva": 2} and lock.slowed({"eva"}, 0) == {"eva": 2}
