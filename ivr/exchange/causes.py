"""Why a leg that nobody answered ended: Asterisk's hangup cause (ITU-T Q.850) as the result of an offer."""

from acd.model import OfferResult

WITHDRAWN = frozenset({0, 16})
"""What a leg has that we hung up ourselves while it rang (measured: 0 for Originate's CANCEL, 16 for Hangup)."""

UNREACHABLE_CAUSE = 20
"""Q.850: subscriber absent."""

NO_KEY_CAUSE = 19
"""Q.850: no answer; what [acd-agent] of the dialplan gives a leg that was picked up and pressed no key."""

_RESULTS = {
    17: OfferResult.BUSY,  # 486
    18: OfferResult.NO_ANSWER,
    19: OfferResult.NO_ANSWER,  # ring-out, 480
    21: OfferResult.REFUSED,  # 603
}


def result_of(cause: int) -> OfferResult:
    """The result of an offer whose leg ended unanswered with this cause, and not by our own doing.

    Every cause that is not listed (1 for 404, 20, 27, 34 for 503, 38, ...) means that the phone was not reached. So do
    0 and 16, which a 302 may leave when Asterisk gives the leg up before it has read the phone's answer.
    """
    return _RESULTS.get(cause, OfferResult.UNREACHABLE)
