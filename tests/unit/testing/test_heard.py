"""Packets as a busy machine delivers them, on one line of time."""

from ivr.testing.phone import HeardAudio, g711

FRAME = bytes([0x20]) * 160


def heard(*packets: tuple[int, int, float]) -> HeardAudio:
    """(source, timestamp, arrival) of each packet."""
    line = HeardAudio()
    for source, timestamp, arrival in packets:
        line.place(source, timestamp, FRAME, arrival)
    return line


def silent(line: HeardAudio) -> list[int]:
    """The positions, in packets, that are silence."""
    return [n for n in range(len(line.ulaw) // 160) if line.ulaw[n * 160] == g711.SILENCE]


def test_what_did_not_come_is_silence() -> None:
    line = heard((1, 0, 10.0), (1, 160, 10.02), (1, 480, 10.06))
    assert silent(line) == [2] and line.seconds == 0.08


def test_late_packets_keep_their_place_and_the_first_one_tells_no_wrong_beginning() -> None:
    line = heard((1, 0, 11.0), (1, 160, 11.0), (1, 320, 11.0), (1, 50 * 160, 11.01))
    assert silent(line) == list(range(3, 50))
    assert line.began is not None and abs(line.began - 10.01) < 0.001
    assert abs(line.position(11.01) - 1.0) < 0.001


def test_packets_out_of_order_fall_into_their_place() -> None:
    assert silent(heard((1, 0, 10.0), (1, 320, 10.04), (1, 160, 10.041))) == []


def test_another_source_goes_on_where_it_is_heard() -> None:
    line = heard((1, 0, 10.0), (2, 999_000, 10.5), (2, 999_160, 10.52))
    assert silent(line) == list(range(1, 25)) and line.seconds == 0.54


def test_timestamps_go_round_the_circle() -> None:
    assert silent(heard((1, 2**32 - 160, 10.0), (1, 0, 10.02), (1, 160, 10.04))) == []


def test_a_sender_that_jumps_by_hours_does_not_bend_the_line() -> None:
    assert heard((1, 0, 10.0), (1, 8000 * 3600, 10.02)).seconds == 0.04
