"""The kinds of values of queues.yaml, as pydantic types: needs, conditions, goals, pauses."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, NoReturn

from pydantic import PlainValidator
from pydantic_core import PydanticCustomError

from acd.config import CONDITIONS, STRATEGIES
from ivr.language.lookup_words import literal_address
from ivr.language.problems import suggestion
from ivr.site import Condition, Need, Needs, ServiceLevel
from ivr.site.look_ups import SECRET_PATTERN as SECRET
from ivr.text import quoted
from ivr.verbs.words import DURATION, NAME_PATTERN, Extension, Refers, Written, duration, name_rule, wrong

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
MOST_NEEDS = 20
"""Alternatives of a queue or step, and skills of an alternative."""
WHO = ("off", "members", "any")
UNTIL_READY = "until ready"
LOGGED_IN, LOGGED_OUT = "logged in", "logged out"
_WORDS = ("and", "or", "at", "least")


@dataclass(frozen=True, slots=True)
class Alternative:
    """One way to meet what a queue asks for: all of `needs`. `offset` = characters before it in the text."""

    needs: tuple[Need, ...]
    offset: int

    def __str__(self) -> str:
        return " and ".join(str_need(need) for need in self.needs)


Alternatives = tuple[Alternative, ...]


def str_need(need: Need) -> str:
    """A need as it is written."""
    return need.skill if need.level == 1 else f"{need.skill} at least {need.level}"


def as_needs(alternatives: Alternatives) -> Needs:
    """What is meant, without its place."""
    return tuple(alternative.needs for alternative in alternatives)


def _at(offset: int, message: str) -> NoReturn:
    """A fault at a character of the text."""
    raise PydanticCustomError("wrong_value", "{text}", {"text": message, "offset": offset})


def _needs(value: Any) -> Alternatives:
    """`servicio at least 3 and ingles, or tecnico at least 4`: `and` binds within, `or` between."""
    if not isinstance(value, str):
        raise wrong("write skills, for example servicio, or: servicio at least 3 and ingles")
    found = tuple(_alternatives(_Words(value)))
    if len(found) > MOST_NEEDS:
        _at(found[MOST_NEEDS].offset, f"too many alternatives; write at most {MOST_NEEDS}")
    return found


class _Words:
    """The words of a text and where each begins; a comma is a word."""

    def __init__(self, text: str) -> None:
        self.words = [(match[0], match.start()) for match in re.finditer(r"[^\s,]+|,", text)]
        self._end = len(text.rstrip())

    def next_is(self, *wanted: str) -> bool:
        """Whether these words follow; if so, they are taken."""
        there = [word for word, _ in self.words[: len(wanted)]] == list(wanted)
        if there:
            del self.words[: len(wanted)]
        return there

    def take(self) -> tuple[str, int]:
        """The next word, empty at the end, and where it begins."""
        return self.words.pop(0) if self.words else ("", self._end)


def _alternatives(words: _Words) -> Iterator[Alternative]:
    while True:
        offset = words.words[0][1] if words.words else 0
        needs = [_need(words)]
        while words.next_is("and"):
            needs.append(_need(words, needs))
        yield Alternative(tuple(needs), offset)
        if not words.words:
            return
        if not words.next_is(",", "or") and not words.next_is("or"):
            word, at = words.take()
            hint = ": write and or ', or' between skills, for example servicio at least 3 and ingles, or tecnico"
            _at(at, f"{quoted(word)} does not belong here{hint}")


def _need(words: _Words, before: list[Need] | None = None) -> Need:
    skill, at = words.take()
    if not re.fullmatch(NAME_PATTERN, skill) or skill in _WORDS:
        if skill in ("", ",", *_WORDS):
            _at(at, "a skill is missing here; write for example servicio, or servicio at least 3")
        _at(at, f"{quoted(skill)} cannot be a skill: {name_rule(skill)}")
    if any(need.skill == skill for need in before or ()):
        _at(at, f"{quoted(skill)} stands here twice; delete one")
    if len(before or ()) >= MOST_NEEDS:
        _at(at, f"too many skills; write at most {MOST_NEEDS}")
    if not words.next_is("at"):
        return Need(skill=skill)
    if not words.next_is("least"):
        _at(words.take()[1], "write 'at least' and a level, for example servicio at least 3 (1 to 5)")
    level, at = words.take()
    if not re.fullmatch("[1-5]", level):
        what = f"{quoted(level)} is not a level" if level else "a level is missing here"
        _at(at, f"{what}: write 1 (learning) to 5 (expert), for example servicio at least 3")
    return Need(skill=skill, level=int(level))


_CONDITION = re.compile(r"(.*?) *\bat (least|most) +(.*)")
_EXAMPLES = {
    "waiting": "waiting at least 5",
    "longest wait": "longest wait at least 2 min",
    "idle": "idle at most 0",
    "service level": "service level at most 80 %",
}


def _condition(value: Any) -> Condition:
    if not isinstance(value, str):
        raise wrong("write a condition, for example: waiting at least 5")
    match = _CONDITION.fullmatch(value.strip())
    if match is None:
        raise wrong(f"{quoted(value)} is not a condition: write for example {', '.join(_EXAMPLES.values())}")
    what, most, amount = match[1], match[2] == "most", match[3].strip()
    if what not in CONDITIONS:
        raise wrong(f"{quoted(what)} is nothing that a queue can tell{suggestion(what, CONDITIONS)}")
    if what == "longest wait":
        return Condition(what=what, value=duration(amount, 0 * SECOND, 2 * HOUR) // SECOND, most=most)
    percent = what == "service level"
    found = re.fullmatch(r"([0-9]{1,5}) ?%" if percent else r"([0-9]{1,5})", amount)
    if found is None or (percent and int(found[1]) > 100):
        raise wrong(f"{quoted(amount)} is not possible here: write for example {_EXAMPLES[what]}")
    return Condition(what=what, value=int(found[1]), most=most)


def str_condition(condition: Condition) -> str:
    """A condition as it is written."""
    unit = {"longest wait": " s", "service level": " %"}.get(condition.what, "")
    return f"{condition.what} at {'most' if condition.most else 'least'} {condition.value}{unit}"


def _conditions(value: Any) -> tuple[Condition, ...]:
    """One, or a list of them."""
    return tuple(map(_condition, value if isinstance(value, list) else [value]))


def _service_level(value: Any) -> ServiceLevel:
    match = re.fullmatch(rf"([1-9][0-9]?|100) ?% in ({DURATION})", value.strip()) if isinstance(value, str) else None
    if match is None:
        raise wrong(f"{quoted(str(value))} is not a goal: write for example 80 % in 20 s")
    return ServiceLevel(int(match[1]), duration(match[2], SECOND, HOUR))


def _strategy(value: Any) -> str:
    if not isinstance(value, str) or value not in STRATEGIES:
        raise wrong(f"{quoted(str(value))} is not a strategy{suggestion(str(value), STRATEGIES)}")
    return value


def _days(value: Any) -> int:
    match = re.fullmatch(r"([0-9]{1,4}) ?days?", value.strip()) if isinstance(value, str) else None
    if match is None or not 1 <= int(match[1]) <= 365:
        raise wrong(f"{quoted(str(value))} is not possible: write 1 to 365 days, for example 7 days")
    return int(match[1])


def _pause(value: Any) -> timedelta | str:
    if value == UNTIL_READY:
        return UNTIL_READY
    try:
        return duration(value, 5 * SECOND, 8 * HOUR)
    except PydanticCustomError:
        raise wrong(f"{quoted(str(value))} is not possible: write 5 s to 8 h, or {UNTIL_READY}") from None


def _reason(value: Any) -> int:
    if not re.fullmatch("[1-9][0-9]?", str(value)):
        raise wrong(f"{quoted(str(value))} is not possible: write the digits that agents dial, from 1 to 99")
    return int(value)


def _begins(value: Any) -> str:
    if value not in (LOGGED_IN, LOGGED_OUT):
        raise wrong(f"{quoted(str(value))} is not possible: write {LOGGED_IN} or {LOGGED_OUT}")
    return str(value)


def _skill(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(NAME_PATTERN, value):
        raise wrong(f"{quoted(str(value))} cannot be a skill: {name_rule(str(value))}")
    if value in _WORDS:
        raise wrong(f"{quoted(value)} has a meaning of its own in 'needs'; write another name")
    return value


def _secret(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(SECRET, value):
        raise wrong("a secret does not stand here: write the NAME of the file NAME.secret, in small letters")
    return value


def _either(value: Any) -> str:
    if value not in WHO:
        raise wrong(f"{quoted(str(value))} is not possible: write off, members or any")
    return str(value)


def _as_it_is(value: Any) -> Any:
    """For values that a PlainValidator makes: `Written` only tells editors how they are written."""
    return value


_CONDITION_PATTERN = rf"({'|'.join(CONDITIONS)}) at (least|most) .+"

NeedsText = Annotated[Alternatives, PlainValidator(_needs), Written(_as_it_is, pattern=r"[a-z][a-z0-9_, ]*")]
ConditionsText = Annotated[
    tuple[Condition, ...], PlainValidator(_conditions), Written(_as_it_is, pattern=_CONDITION_PATTERN, several=True)
]
ServiceLevelText = Annotated[
    ServiceLevel, PlainValidator(_service_level), Written(_as_it_is, pattern=f"[0-9]{{1,3}} ?% in {DURATION}")
]
Strategy = Annotated[str, Written(_strategy, choices=STRATEGIES)]
Days = Annotated[int, Written(_days, pattern="[0-9]{1,4} ?days?")]
Pause = Annotated[timedelta | str, PlainValidator(_pause), Written(_as_it_is, pattern=f"{DURATION}|{UNTIL_READY}")]
PauseNumber = Annotated[int, Written(_reason, pattern="[1-9][0-9]?")]
Begins = Annotated[str, Written(_begins, choices=(LOGGED_IN, LOGGED_OUT))]
SkillName = Annotated[str, Written(_skill, pattern=NAME_PATTERN)]
SecretFile = Annotated[str, Written(_secret, pattern=SECRET)]
Who = Annotated[str, Written(_either, choices=WHO)]
AgentName = Annotated[Extension, Refers("agent")]
HookAddress = Annotated[str, PlainValidator(literal_address)]
