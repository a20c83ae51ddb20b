"""Text from a file or from outside, made fit for a message that a person reads."""

import difflib
from collections.abc import Iterable


def quoted(text: str, longest: int = 60) -> str:
    """Text of a file for a message: in quotes, short, and without control characters."""
    return "'" + printable(text, longest) + "'"


def printable(text: str, longest: int) -> str:
    """At most `longest` characters, and a question mark for each that would not show."""
    short = text if len(text) <= longest else text[: longest - 3] + "..."
    return "".join(c if c.isprintable() else "?" for c in short)


def suggestion(word: str, known: Iterable[str], none: str = "; add it there") -> str:
    """The end of a message about an unknown word: "; did you mean 'x'?", else what there is, else
    `none`."""
    candidates = list(known)
    lowered = {candidate.lower(): candidate for candidate in reversed(candidates)}
    low = word.lower()[:80]
    # One short number is as near to another as to a third: a list helps more.
    alike = not (low.isdigit() and len(low) < 7)
    near = difflib.get_close_matches(low, lowered, 1, 0.6) or [
        known for known in lowered if low and known.startswith(low)
    ]
    if near and alike:
        return f"; did you mean {quoted(lowered[near[0]])}?"
    if not candidates:
        return none
    shown = ", ".join(candidates[:12]) + (", ..." if len(candidates) > 12 else "")
    return f"; there are: {shown}"
