"""What is known of a leg's recording, and what may be changed about it now. Pure."""

from collections.abc import Iterable

from acd.model import OfferId, offer_channel
from ivr.call.calls import LiveCall
from recordings.policy import Ruling, Why

BEGINS_SILENT = frozenset({Why.ON_DEMAND.value, Why.NOT_DRAWN.value})
"""Rulings of talks whose recording is there, and holds silence until it is begun."""


class CannotChange(Exception):
    """The recording of this talk cannot be changed so. The message says why."""


class NotDone(CannotChange):
    """Asterisk was asked, and has not done it, or nobody knows."""


def channel_of(leg: str) -> str:
    """A leg of an offer is known by its name, one that Dial made by its channel's unique id.

    >>> channel_of("000000000007"), channel_of("1795291423.7")
    ('acd-000000000007', '1795291423.7')
    """
    return leg if "." in leg else offer_channel(OfferId(leg))


def talk_of(calls: Iterable[LiveCall], leg: str) -> LiveCall | None:
    """The call that talks in a leg, or that the leg was ruled for last: after a transfer its talk is another
    caller's."""
    known = list(calls)
    talks = next((live for live in known if live.talk == leg), None)
    ruled = [live for live in known if leg in live.ruled]
    return talks or max(ruled, key=lambda live: live.ruled[leg].at, default=None)


def was_ended(calls: Iterable[LiveCall], leg: str) -> bool:
    """Whether the leg's recording was ended for good, in whosever talk."""
    return any(leg in live.stopped_recordings for live in calls)


def is_recorded(live: LiveCall, leg: str) -> bool:
    """Whether it was to be recorded from its beginning, or was begun on demand."""
    ruled = live.ruled.get(leg)
    return leg in live.begun_recordings or (ruled is not None and ruled.record)


def hears(live: LiveCall, leg: str) -> bool:
    """Whether its recording may hold voices now."""
    if live.declined or leg in live.silenced or leg in live.stopped_recordings:
        return False
    return is_recorded(live, leg)


def has_a_file(live: LiveCall, leg: str) -> bool:
    """Whether Asterisk may be writing a file for this talk, silent or not."""
    ruled = live.ruled.get(leg)
    if ruled is None or leg in live.stopped_recordings:
        return False
    return is_recorded(live, leg) or ruled.why in BEGINS_SILENT or live.inside


def check_pause(live: LiveCall, leg: str) -> None:
    """Raises CannotChange."""
    _check_goes_on(live, leg)
    if not is_recorded(live, leg):
        raise CannotChange("this talk is not recorded")
    if leg in live.silenced:
        raise CannotChange("the recording of this talk is paused already")


def check_resume(live: LiveCall, leg: str) -> None:
    """Raises CannotChange."""
    _check_goes_on(live, leg)
    if leg not in live.silenced:
        raise CannotChange("the recording of this talk is not paused")
    if live.declined:
        raise CannotChange("the caller does not want to be recorded")


def check_begin(live: LiveCall, leg: str, now: Ruling | None) -> None:
    """`now`: what would be ruled of the talk at this moment; None where nothing was ruled before. Raises
    CannotChange."""
    _check_goes_on(live, leg)
    if now is None:
        raise CannotChange("nothing is known of this talk")
    if not now.may_begin:
        raise CannotChange("this talk may not be recorded")


def _check_goes_on(live: LiveCall, leg: str) -> None:
    if leg in live.stopped_recordings:
        raise CannotChange("the recording of this talk was ended: there was no room on the disk")
