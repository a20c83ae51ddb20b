"""What an administrator may have meant where an expression cannot be read."""

import difflib
import re
from typing import Final

from ivr.text import quoted

_OPERATORS: Final = ("and", "or", "in", "not in", "starts with", "ends with", "contains", "between", "not between")
_SHOWN: Final = "and, or, =, !=, <, >, in, starts with, between, +"

_MEANT: Final = {
    "y": "and",
    "e": "and",
    "o": "or",
    "u": "or",
    "en": "in",
    "entre": "between",
    "es": "=",
    "is": "=",
    "are": "=",
    "equals": "=",
    "igual": "=",
    "contiene": "contains",
    "begins": "starts with",
    "empieza": "starts with",
    "comienza": "starts with",
    "termina": "ends with",
    "starts": "starts with",
    "ends": "ends with",
}
_SIGNS: Final = {
    "&": "and",
    "|": "or",
    "!": "not (or != for 'is not equal')",
    "≠": "!=",
    "≤": "<=",
    "≥": ">=",
    "×": "*",
    "÷": "/",
    "−": "-",
    "–": "-",
    "¬": "not",
}
_TWO_SIGNS: Final = {"==": "=", "=>": ">=", "=<": "<=", "<>": "!=", "!==": "!=", "><": "!="}
_QUOTES: Final = "'“”„«»‘’`"


def strange_character(text: str, offset: int) -> str:
    """What is wrong with a character that begins nothing."""
    found = text[offset]
    if found == '"':
        return (
            "this text is not closed: a double quote is missing."
            " Add it. (In a file, ' #' begins a comment: put the whole expression into single quotes)"
        )
    if found in _QUOTES:
        return 'a text stands in straight double quotes: write for example "57300"'
    if found == ".":
        return "a number has no points for thousands, and a point before its decimals: write 1234567.50"
    if found == ":":
        return "a time has two digits of hours and two of minutes: write for example 08:00"
    if found in _SIGNS:
        return f"{quoted(found)} means nothing in an expression: write {_SIGNS[found]}"
    if not found.isprintable() or found.isspace():
        return "an invisible character stands here: delete it, or write an ordinary blank"
    return f"{quoted(found)} means nothing in an expression: use words, numbers, texts in double quotes and {_SHOWN}"


def value_missing(text: str, offset: int, found: str) -> str:
    """What is wrong where a value should stand and `found` does ("" = the end)."""
    before = text[:offset].rstrip()
    last = re.search(r"(\w+|[^\w\s]+)$", before)
    after = f" after {quoted(last[0])}" if last else ""
    signs = (last[0] if last else "") + found
    if signs in _TWO_SIGNS:
        return f"{quoted(signs)} means nothing in an expression: write {_TWO_SIGNS[signs]}"
    if not found:
        return f"a value is missing{after}: write a name, a number, or a text in double quotes"
    if found == "not":
        return "'not' stands before a condition, not before a value: put it into brackets, for example (not festivo)"
    return f"a value is missing{after}: {quoted(found)} cannot stand here: write one, or delete what comes before it"


def operator_missing(text: str, offset: int, found: str) -> str:
    """What is wrong where an operator or the end should stand and `found` does ("" = the end)."""
    before = text[:offset].rstrip()
    if not found:
        return "a closing bracket ) is missing; add it"
    if found == ")":
        return "there is no bracket ( that this one closes; delete it, or add one"
    if found == ",":
        return (
            "a comma stands only between the choices after in, starts with, ends with and contains,"
            " and between a function's arguments: write decimals with a point: 1.5"
        )
    if found[0] in "<>=!":
        return "only one comparison at a time: join two by 'and', or write for example: saldo between 1 and 100"
    if found == "(":
        return f"an operator is missing before this bracket: write for example {_SHOWN}"
    if re.search(r"(?<!\w)no$", before):
        return "'no' is a value: to deny what follows, write 'not'"
    meant = _meant(text[offset:])
    if meant:
        return f"{quoted(found)} is no operator; did you mean {quoted(meant)}?"
    return f"{quoted(found)} follows a value without an operator between them: write for example {_SHOWN}"


def _meant(rest: str) -> str:
    """The operator that the next one or two words were to be, or ""."""
    words: list[str] = re.findall(r"[^\W\d_]+", rest)[:2]
    if not words or not rest[0].isalpha():
        return ""
    both, first = " ".join(words).lower(), words[0].lower()
    if first in _MEANT:
        return _MEANT[first]
    for candidate in (both, first):
        near = difflib.get_close_matches(candidate[:40], _OPERATORS, 1, 0.7)
        if near:
            return near[0]
    return ""
