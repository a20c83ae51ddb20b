"""Text from a file or from outside, made fit for a message that a person reads."""


def quoted(text: str, longest: int = 60) -> str:
    """Text of a file for a message: in quotes, short, and without control characters."""
    return "'" + printable(text, longest) + "'"


def printable(text: str, longest: int) -> str:
    """At most `longest` characters, and a question mark for each that would not show."""
    short = text if len(text) <= longest else text[: longest - 3] + "..."
    return "".join(c if c.isprintable() else "?" for c in short)
