"""The kinds of values that an administrator writes, as pydantic types: durations, names, yes and no, needs.

Each raises a fault whose text says what to write. `Refers` marks a value that names something else.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from ivr.expression.expression import Expression
from ivr.expression.faults import ExpressionError
from ivr.expression.names import RESERVED
from ivr.expression.parse import parse
from ivr.site import Variable
from ivr.site.values import Type, Value, from_text
from ivr.text import quoted

NAME_PATTERN = r"[a-z][a-z0-9_]{0,39}"
"""Names of steps, flows, prompts and queues: short enough for a channel variable, safe in a file name."""

KEYS = "1234567890*#"
LANGUAGE = "[a-z]{2}(-[A-Z]{2})?"


@dataclass(frozen=True, slots=True)
class Refers:
    """This value is the name of a `kind`: step, prompt, queue, hours, extension, mailbox, flow, look-up, language,
    agent or screen pop."""

    kind: str


@dataclass(frozen=True, slots=True)
class Written(BeforeValidator):
    """A validator that also knows, for editors, how such a value is written."""

    pattern: str = ""
    """A regular expression that every right value matches, as text; looser than the validator where that is simpler."""
    choices: tuple[str, ...] = ()
    """The only values, or with a `pattern` beside them the plain ones; empty = others too."""
    several: bool = False
    """Whether a list of such values is right too."""
    least: int | None = None
    most: int | None = None


def wrong(message: str) -> PydanticCustomError:
    """A fault of a value, with the remedy in its text."""
    return PydanticCustomError("wrong_value", "{text}", {"text": message})


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise PydanticCustomError("string_type", "a text is needed")
    return value


def name_rule(text: str) -> str:
    """The rule for names, with the nearest name that keeps it."""
    plain = unicodedata.normalize("NFKD", text.lower()).encode("ascii", "ignore").decode()
    near = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:40]
    example = f", for example {near}" if re.fullmatch(NAME_PATTERN, near) else ""
    return f"write small letters without accents, digits and _, a letter first, at most 40{example}"


def _name(value: Any) -> str:
    text = _text(value)
    if not re.fullmatch(NAME_PATTERN, text):
        raise wrong(f"{quoted(text)} cannot be a name: {name_rule(text)}")
    return text


DURATION = r"[0-9]{1,5} ?(s|min|h)"
_UNITS = {"s": 1, "min": 60, "h": 3600}


def _duration(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    text = _text(value)
    match = re.fullmatch(r"([0-9]{1,5}) ?(s|min|h)", text.strip())
    if match is None:
        raise wrong(f"{quoted(text)} is not a duration: write a whole number and s, min or h, for example 20 s")
    return timedelta(seconds=int(match[1]) * _UNITS[match[2]])


def _yes_or_no(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    text = _text(value)
    if text not in ("yes", "no"):
        raise wrong(f"{quoted(text)} is neither yes nor no: write one of them")
    return text == "yes"


def _key(value: Any) -> str:
    text = _text(value)
    if len(text) != 1 or text not in KEYS:
        raise wrong(f'{quoted(text)} is not a key of a telephone: write one of 0 to 9, * and # ("*" and "#" in quotes)')
    return text


def _extension(value: Any) -> str:
    text = _text(value)
    if not re.fullmatch(r"[1-9][0-9]{1,5}", text):
        raise wrong(f'{quoted(text)} is not an extension: write 2 to 6 digits, for example "100"')
    return text


def _number(value: Any) -> str:
    text = _text(value)
    if not re.fullmatch(r"[0-9]{3,15}", text):
        raise wrong(
            f"{quoted(text)} is not a telephone number: write 3 to 15 digits without blanks, as the trunk sends it"
        )
    return text


def _language(value: Any) -> str:
    text = _text(value)
    if not re.fullmatch(LANGUAGE, text):
        raise wrong(f"{quoted(text)} is not a language: write for example es-CO or en")
    return text


def _label(value: Any) -> str:
    text = _text(value)
    if not 1 <= len(text.strip()) <= 80 or "\n" in text:
        raise wrong("a label is one line: write 1 to 80 characters")
    return text.strip()


def duration(value: Any, least: timedelta, most: timedelta) -> timedelta:
    """A duration of a file, with bounds, both included. Raises a fault with the remedy."""
    found = _duration(value)
    if not least <= found <= most:
        raise wrong(f"{quoted(str(value))} is out of range: write {shown(least)} to {shown(most)}")
    return found


def between(least: timedelta, most: timedelta) -> Written:
    """A duration with bounds, both included."""
    return Written(lambda value: duration(value, least, most), pattern=DURATION)


def whole(least: int, most: int) -> Written:
    """A whole number with bounds, both included."""

    def check(value: Any) -> int:
        if isinstance(value, int):
            return value
        text = _text(value)
        if not re.fullmatch(r"[0-9]{1,6}", text) or not least <= int(text) <= most:
            raise wrong(f"{quoted(text)} is not possible: write a whole number from {least} to {most}")
        return int(text)

    return Written(check, pattern="[0-9]{1,6}", least=least, most=most)


def shown(duration: timedelta) -> str:
    """A duration as an administrator writes it."""
    seconds = int(duration.total_seconds())
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _expression(value: Any) -> Expression:
    if isinstance(value, Expression):
        return value
    try:
        return parse(_text(value))
    except ExpressionError as fault:
        # The offset becomes a column when the problem's place is known.
        raise PydanticCustomError(
            "wrong_expression", "{text}", {"text": fault.message, "offset": fault.offset}
        ) from None


_VARIABLE = re.compile(r"(?:call\.)?[a-z][a-z0-9_]{0,39}")


def _variable(value: Any) -> str:
    text = _text(value)
    if not _VARIABLE.fullmatch(text):
        raise wrong(
            f"{quoted(text)} cannot be a variable's name: {name_rule(text)}; call.NAME is one of the whole call"
        )
    return text


_EXAMPLES = {Type.TEXT: '"web"', Type.NUMBER: "0", Type.YES_NO: "no", Type.DATE: "2026-12-24", Type.TIME: "08:00"}


def declaration(text: str) -> tuple[Type, Value | None]:
    """A variable's type and default: `number`, or `number = 0`. Raises a fault with the remedy."""
    word, equals, written = (part.strip() for part in text.partition("="))
    types = {type.value: type for type in Type}
    if word not in types:
        raise wrong(f"{quoted(word)} is not a type: write text, number, yes or no, date or time")
    if not equals:
        return types[word], None
    try:
        return types[word], from_text(written.strip('"'), types[word])
    except ValueError as fault:
        raise wrong(f"{quoted(written)} is no {word} ({fault}); write {example(types[word])}") from None


def example(type: Type) -> str:
    """How a variable of a type is declared with a value."""
    return f"{type.value} = {_EXAMPLES[type]}"


def _declaration(value: Any) -> Variable:
    if isinstance(value, Variable):
        return value
    type_, default = declaration(_text(value))
    return Variable(type=type_, default=default)


def _variable_to_be(value: Any) -> str:
    text = _name(value)
    if text in RESERVED:
        raise wrong(
            f"{quoted(text)} has a meaning of its own in expressions; write another name, for example mi_{text}"
        )
    return text


Text = Annotated[str, BeforeValidator(_text)]
Name = Annotated[str, Written(_name, pattern=NAME_PATTERN)]
Label = Annotated[str, BeforeValidator(_label)]
YesNo = Annotated[bool, Written(_yes_or_no, choices=("yes", "no"))]
Key = Annotated[str, Written(_key, pattern="[0-9*#]")]
Extension = Annotated[str, Written(_extension, pattern="[1-9][0-9]{1,5}")]
Number = Annotated[str, Written(_number, pattern="[0-9]{3,15}")]
Language = Annotated[str, Written(_language, pattern=LANGUAGE)]

# What names something else. An empty optional one is left out by its default.
Target = Annotated[str, BeforeValidator(_text), Refers("step")]
KeyTargets = Annotated[dict[Key, Text], Refers("step")]
NamedTargets = Annotated[dict[Name, Text], Refers("step")]
PromptName = Annotated[str, BeforeValidator(_text), Refers("prompt")]
QueueName = Annotated[str, BeforeValidator(_text), Refers("queue")]
HoursName = Annotated[str, BeforeValidator(_text), Refers("hours")]
LanguageName = Annotated[str, Written(_language, pattern=LANGUAGE), Refers("language")]
MailboxName = Annotated[str, BeforeValidator(_text), Refers("mailbox")]
FlowName = Annotated[str, BeforeValidator(_text), Refers("flow")]
SourceName = Annotated[str, BeforeValidator(_text), Refers("look-up")]
ExtensionName = Annotated[str, BeforeValidator(_text), Refers("extension")]

# What is computed while a call runs; checked when the flow is read.
Declarations = dict[
    Annotated[str, Written(_variable_to_be, pattern=NAME_PATTERN)],
    Annotated[Variable, Written(_declaration, pattern="(text|number|yes or no|date|time)( *=.*)?")],
]
ExpressionText = Annotated[Expression, Written(_expression)]
VariableName = Annotated[str, Written(_variable, pattern=rf"(call\.)?{NAME_PATTERN}")]
