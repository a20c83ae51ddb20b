"""The rule for messages: each says what to do, never only what is wrong."""

import re

_ORDERS = (
    "add|ask|close|compare|correct|create|declare|delete|divide|end|format|give|indent|join|lead|look|make|put|rename|"
    "save|say|set|shorten|use|write"
)
_REMEDY = re.compile(
    # An order begins a sentence, or stands after what is wrong: "...; write 20 s", "..., or delete it".
    rf"(?:^|[;:,.(] |\b(?:or|and|then|first) )(?:{_ORDERS})\b"
    # What was meant, or what there is to choose from.
    r"|did you mean '|; there (?:are|is): \S",
    re.IGNORECASE,
)


def has_remedy(message: str) -> bool:
    """Whether a message tells an administrator what to do: an order, what was meant, or what there is to choose from.
    What stands in quotes comes from the file and does not count."""
    return _REMEDY.search(re.sub(r"(?<!\w)'[^']*'+", "''", message)) is not None
