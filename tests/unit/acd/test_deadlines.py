from acd.deadlines import Deadlines


def test_the_earliest_comes_first_and_equal_ones_by_key() -> None:
    alarms = Deadlines()
    for name, due in [("c", 5), ("b", 5), ("a", 9), ("d", 3)]:
        alarms.set(("visit", name), due)
    alarms.set(("visit", "d"), None)
    alarms.set(("visit", "a"), 1)
    assert alarms.next() == 1
    assert alarms.take(5) == [("visit", "a"), ("visit", "b"), ("visit", "c")]
    assert alarms.next() is None


def test_a_deadline_that_moves_leaves_nothing_behind() -> None:
    alarms = Deadlines()
    for due in range(10_000):
        alarms.set(("visit", "a"), due)
    assert len(alarms._heap) < 100
    assert alarms.take(10_000) == [("visit", "a")]


def test_the_same_deadline_set_again_after_taking_it_comes_again() -> None:
    alarms = Deadlines()
    alarms.set(("visit", "a"), 1)
    assert alarms.take(1) == [("visit", "a")]
    alarms.set(("visit", "a"), 1)
    assert alarms.take(1) == [("visit", "a")]
