"""The grammar, and the reader that lark makes of it."""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lark import Lark

GRAMMAR = r"""
?start: alternative

?alternative: conjunction
    | conjunction ("or" conjunction)+           -> either
?conjunction: negation
    | negation ("and" negation)+                -> both
?negation: comparison
    | "not" negation                            -> opposite
?comparison: sum
    | sum SIGN sum                              -> compare
    | sum "in" items                            -> one_of
    | sum "not" "in" items                      -> none_of
    | sum MATCH items                           -> matches
    | sum "between" sum "and" sum               -> between
    | sum "not" "between" sum "and" sum         -> outside
items: sum ("," sum)*
?sum: product
    | sum (PLUS | MINUS) product                -> arithmetic
?product: signed
    | product (TIMES | OVER) signed             -> arithmetic
?signed: MINUS signed                           -> negative
    | atom
?atom: TEXT                                     -> text
    | NUMBER                                    -> number
    | DATE                                      -> date
    | TIME                                      -> time
    | YES                                       -> yes
    | NO                                        -> no
    | WORD                                      -> name
    | WORD "(" [items] ")"                      -> call
    | DAYS_UNTIL "(" [items] ")"                -> call
    | "(" alternative ")"

SIGN: "<=" | ">=" | "!=" | "=" | "<" | ">"
MATCH.2: /(starts|ends)\s+with\b|contains\b/
DAYS_UNTIL.2: /days\s+until\b/
PLUS: "+"
MINUS: "-"
TIMES: "*"
OVER: "/"
YES: "yes"
NO: "no"
TEXT: /"[^"\x00-\x1f]*"/
DATE.3: /[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?![0-9])/
TIME.3: /[0-9]{1,2}:[0-9]{2}(?![0-9:])/
NUMBER: /[0-9]+(\.[0-9]+)?/
WORD: /[^\W\d]\w*(\.\w+)*/

%ignore /[ \t\r\n]+/
"""


@cache
def reader() -> "Lark":
    """The reader, made when it is first needed: most commands read no expression, and lark takes its time."""
    from lark import Lark

    from ivr.expression.build import Builder

    # The basic lexer: a word means the same wherever it stands. The builder inside: no tree, no recursion.
    return Lark(GRAMMAR, parser="lalr", lexer="basic", maybe_placeholders=False, transformer=Builder())
