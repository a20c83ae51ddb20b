"""From where accounts came: what is remembered, how long, and how much at most."""

from datetime import UTC, datetime, timedelta

from ivr.accounts.whereabouts import MOST_OF_ONE, Whereabouts

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


def test_an_account_is_where_it_came_from() -> None:
    seen = Whereabouts()
    seen.note("ana", "192.0.2.1", NOW)
    seen.note("eva", "192.0.2.1", NOW - timedelta(days=3))
    assert sorted(seen.since("192.0.2.1", NOW - timedelta(days=9))) == ["ana", "eva"]
    assert list(seen.since("192.0.2.1", NOW - timedelta(days=1))) == ["ana"]
    assert list(seen.since("192.0.2.2", NOW - timedelta(days=9))) == []
    seen.note("ana", "192.0.2.1", NOW - timedelta(days=5))  # told late: the latest counts
    assert list(seen.since("192.0.2.1", NOW)) == ["ana"]
    seen.forget("ana")
    assert list(seen.since("192.0.2.1", NOW - timedelta(days=9))) == ["eva"]


def test_one_account_does_not_make_the_world_known() -> None:
    seen = Whereabouts()
    for number in range(3 * MOST_OF_ONE):
        seen.note("ana", f"198.18.0.{number}", NOW + timedelta(seconds=number))
    known = [number for number in range(3 * MOST_OF_ONE) if any(seen.since(f"198.18.0.{number}", NOW))]
    assert known == list(range(2 * MOST_OF_ONE, 3 * MOST_OF_ONE))
