"""A call's whole way in an administrator's words, told from the journal: what happened, what was decided, why, and what
would have answered the caller sooner. Pure."""

from ivr.explanation.story import Explanation, Line
from ivr.explanation.words import Words

__all__ = ["Explanation", "Line", "Words"]
