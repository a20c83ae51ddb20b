"""Conditions and computed values in flows: a small language of words, checked when the site is loaded.

An expression is one line of a flow; a condition is an expression that is yes or no::

    caller in vip or caller.segment = "oro"
    caller starts with "57300", "5731"
    not open(oficina) and weekday in "saturday", "sunday"
    now between 22:00 and 06:00
    saldo > 100000 and days until(vence) <= 3
    queues.servicio.waiting >= 2 * queues.servicio.ready
    round(saldo * 1.19)

Values
    Text in double quotes (``"57300"``; a text cannot hold a double quote), numbers (``1234.50``; up to 18 digits),
    ``yes`` and ``no``, dates (``2026-12-24``), times (``08:00``). Numbers are exact; a result keeps at most 9
    decimals, and 18 digits in all.

Names
    A flow's variables (``saldo``), those of the whole call (``call.saldo``), and the built-in names of
    ``names.BUILT_INS``, which cannot be set. Names are small letters without accents, digits and ``_``.

Operators, from the weakest to the strongest; brackets group
    ==========================================  ======================================================================
    ``or``, ``and``, ``not``                    conditions. What stands on the right is only looked at if it matters:
                                                ``casos > 0 and total / casos > 5`` never divides by 0
    ``=  !=``                                   two values of one type; texts letter by letter (see ``lower``)
    ``<  <=  >  >=``                            numbers, dates, times. One comparison at a time: see ``between``
    ``in A, B``, ``not in A, B``                one of several; ``caller in LIST`` asks lists of lists.yaml
    ``starts with``, ``ends with``,             texts; several may stand with commas: one is enough. ``caller`` alone
    ``contains``                                means the caller's number here
    ``between A and B``, ``not between``        numbers and dates with both ends. Times with the first and without
                                                the second, as timetables do; ``22:00 and 06:00`` is over midnight
    ``+  -``                                    numbers; ``+`` joins texts; days can be added to and taken from a date
    ``*  /``, ``-x``                            numbers
    ==========================================  ======================================================================

Functions
    ``length(text)``, ``number(text)``, ``text(number)``, ``round(number)``, ``lower(text)``, ``days(from, to)``,
    ``days until(date)``: see ``names.FUNCTIONS``.

There are no loops and no assignments, an expression has at most 500 characters, and what stands inside each other at
most 50 levels: whatever is written, reading and computing it takes no time worth mentioning.

`parse` reads, `Expression.problems` checks names and types, `evaluate` computes. A proof evaluates with UNKNOWN for
what it cannot know: the answer is UNKNOWN only if it depends on that.
"""

from ivr.expression.evaluate import evaluate
from ivr.expression.expression import Expression, Mention
from ivr.expression.faults import EvaluationError, ExpressionError
from ivr.expression.names import BUILT_INS, FUNCTIONS, RESERVED, BuiltIn, Fact, Function, caller_in, fact, open_name
from ivr.expression.parse import parse

__all__ = [
    "BUILT_INS",
    "FUNCTIONS",
    "RESERVED",
    "BuiltIn",
    "EvaluationError",
    "Expression",
    "ExpressionError",
    "Fact",
    "Function",
    "Mention",
    "caller_in",
    "evaluate",
    "fact",
    "open_name",
    "parse",
]
