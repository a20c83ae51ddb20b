"""The reference page of expressions, made of the names, functions and operators that there are."""

from ivr.expression import BUILT_INS, FUNCTIONS
from ivr.expression.parse import LONGEST

OPERATORS = (
    ("`or`", "one of the conditions holds", "saldo > 0 or cliente"),
    ("`and`", "both hold; the second is only looked at when the first does", "casos > 0 and saldo / casos > 5"),
    ("`not`", "the condition does not hold", "not (saldo > 0 and holiday)"),
    ("`=` `!=`", "the same, or not; letter by letter for texts", 'caller.segment = "vip"'),
    ("`<` `<=` `>` `>=`", "numbers, dates, times", "saldo >= 1000.50"),
    ("`in A, B`", "one of several; `not in`: none of them", 'weekday in "friday", "saturday"'),
    ("`caller in LIST`", "a list of lists.yaml has the caller; several lists with commas", "caller in vip"),
    ("`starts with A, B`", "a text begins so; `caller` alone is the number", 'caller starts with "57300", "5731"'),
    ("`ends with`, `contains`", "likewise", 'documento contains "00"'),
    (
        "`between A and B`",
        "numbers and dates: both ends count. Times: the second does not, and may be after midnight; `not between`",
        "now between 22:00 and 12:00",
    ),
    ("`+` `-`", "numbers; `+` joins texts; days are added to a date", "today + 3 > today"),
    ("`*` `/`, `-x`", "numbers", "saldo * 2 / 4 = saldo / 2"),
)
"""From the weakest to the strongest: how it is written, what it means, an example that holds in `KNOWN`."""

VALUES = (
    ("`text`", "in double quotes, none within", '`"57300"`'),
    ("`number`", "a point before the decimals, none for thousands; up to 18 digits", "`1234.50`"),
    ("`yes or no`", "without quotes", "`yes`"),
    ("`date`", "year-month-day, without quotes", "`2026-12-24`"),
    ("`time`", "hours and minutes of two digits, without quotes", "`08:00`"),
)

EXAMPLES = {
    "length": 'length("300") = 3',
    "number": 'number("0042") = 42',
    "text": 'text(12.50) = "12.5"',
    "round": "round(2.5) = 3",
    "lower": 'lower("Ana") = "ana"',
    "days": "days(2026-12-24, 2026-12-31) = 7",
    "days until": "days until(today + 2) = 2",
}
"""Function -> an example that holds."""

_INTRO = f"""\
Conditions and values that a flow computes: in `branch`, `set`, `say`, `collect` (`valid when`), and in the `with` of
`look up`, `call` and `goto`. One line, at most {LONGEST} characters. `ivr check` knows the type of every name, so a
mistake is told with its column before a caller meets it.

In a file, an expression that begins with a double quote stands in single quotes, too: `'"web"'`; so does one that
contains `: ` or ` #`.

Variables are declared at the head of a flow (`variables: {{saldo: number = 0}}`), those of the whole call in site.yaml
(there `origen`, in flows `call.origen`). Names are small letters without accents, digits and `_`."""


def page(generated: str) -> str:
    """The whole page; `generated` is the remark that says so."""
    values = [f"| {name} | {how} | {example} |" for name, how, example in VALUES]
    operators = [f"| {written} | {meaning} | `{example}` |" for written, meaning, example in OPERATORS]
    names = [f"| `{name}` | {entry.type.value} | {entry.meaning} |" for name, entry in BUILT_INS.items()]
    functions = [
        f"| `{function.written(name)}` | {function.type.value} | {function.meaning} | `{EXAMPLES[name]}` |"
        for name, function in FUNCTIONS.items()
    ]
    parts = [
        "# Expressions",
        generated,
        _INTRO,
        "## Values",
        "\n".join(["| type | is written | for example |", "| --- | --- | --- |", *values]),
        "## Operators",
        "The first binds weakest; brackets group.",
        "\n".join(["| operator | meaning | for example |", "| --- | --- | --- |", *operators]),
        "## Names that are always there",
        "They can be asked, not set. A word in capitals stands for a name of the site.",
        "\n".join(["| name | type | meaning |", "| --- | --- | --- |", *names]),
        "## Functions",
        "\n".join(["| function | gives | meaning | for example |", "| --- | --- | --- | --- |", *functions]),
        "A value that cannot be computed (a division by zero, `number` of a text with letters) leaves a variable as it "
        "was and makes a condition not hold; the administrator is told, without the value.",
    ]
    return "\n\n".join(parts) + "\n"
