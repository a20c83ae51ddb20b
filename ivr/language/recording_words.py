"""The kinds of values of recordings.yaml, as pydantic types: wishes, periods, hours, shares, targets of copies."""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import PlainValidator

from ivr.site.hours import MINUTES_A_DAY
from ivr.site.recordings import DIRECTIONS, Proof, QuietHours
from ivr.text import quoted
from ivr.verbs.words import NAME_PATTERN, Refers, Written, name_rule, wrong
from recordings.periods import Period
from recordings.policy import Rule, Wish
from recordings.retention import LONGEST_DISPOSITION

FOR_EVER = "for ever"
MOST_VALUES = 100
"""Of one condition of a rule."""

_SHARE = r"[0-9]{1,3}(?:[.,][0-9]{1,2})? ?% of the calls"
_WISHES = tuple(wish.value for wish in Wish)


def _record(value: Any) -> Rule:
    if value in _WISHES:
        return Rule(Wish(value))
    if not isinstance(value, str) or not re.fullmatch(_SHARE, value.strip()):
        raise wrong(f"{quoted(str(value))} is not possible: write {', '.join(_WISHES)}, or 20 % of the calls")
    percent = float(value.partition("%")[0].replace(",", "."))
    if not 0 < percent <= 100:
        raise wrong(f"{quoted(value)} is not possible: write more than 0 and at most 100 %; for none write no")
    return Rule(Wish.YES, percent)


_PERIOD = r"[0-9]{1,4} ?(?:days?|months?|years?)"


def _period(value: Any) -> Period:
    match = re.fullmatch(r"([0-9]{1,4}) ?(day|month|year)s?", value.strip()) if isinstance(value, str) else None
    if match is None or not int(match[1]) or (match[2] == "year" and int(match[1]) > 100):
        raise wrong(f"{quoted(str(value))} is not possible: write for example 180 days, 6 months or 5 years")
    return Period(**{match[2] + "s": int(match[1])})


def _keep(value: Any) -> Period | None:
    if value == FOR_EVER:
        return None
    try:
        return _period(value)
    except ValueError:
        message = f"{quoted(str(value))} is not possible: write for example 180 days, 6 months, 5 years or {FOR_EVER}"
        raise wrong(message) from None


_HOURS = r"[0-9]{1,2}:[0-9]{2} ?(?:to|-) ?[0-9]{1,2}:[0-9]{2}"


def _quiet(value: Any) -> QuietHours:
    match = re.fullmatch(_HOURS, value.strip()) if isinstance(value, str) else None
    if match is None:
        raise wrong(f"{quoted(str(value))} are not hours: write for example 02:00 to 05:00")
    clock = [int(part) for part in re.findall("[0-9]+", value)]
    start, end = clock[0] * 60 + clock[1], clock[2] * 60 + clock[3]
    if max(clock[1], clock[3]) > 59 or max(start, end) > MINUTES_A_DAY:
        raise wrong(f"{quoted(value)}: a day goes from 00:00 to 24:00; correct it")
    if start == end:
        raise wrong(f"{quoted(value)} is no time at all; write 00:00 to 24:00 for the whole day")
    return QuietHours(start, end)


class Percent(float):
    """A share, as a file has it."""

    def __str__(self) -> str:
        return f"{float(self):g} %"


def _percent(value: Any) -> Percent:
    match = re.fullmatch(r"([0-9]{1,3}(?:[.,][0-9]{1,2})?) ?%", value.strip()) if isinstance(value, str) else None
    percent = float(match[1].replace(",", ".")) if match is not None else 0.0
    if not 0 < percent <= 90:
        raise wrong(f"{quoted(str(value))} is not possible: write a share of the disk up to 90 %, for example 10 %")
    return Percent(percent)


def _proof(value: Any) -> Proof:
    pattern = r"([0-9]{1,4}) recordings? every ([0-9]{1,3}) days?"
    match = re.fullmatch(pattern, value.strip()) if isinstance(value, str) else None
    if match is None or not 1 <= int(match[1]) <= 1000 or not 1 <= int(match[2]) <= 365:
        raise wrong(
            f"{quoted(str(value))} is not possible: write 1 to 1000 recordings every 1 to 365 days, for example "
            "20 recordings every 7 days"
        )
    return Proof(int(match[1]), timedelta(days=int(match[2])))


_PATH = r"/[^\x00-\x1f\x7f]{0,400}"


def _is_plain(path: str) -> bool:
    return ".." not in path.split("/")


def _folder(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(_PATH, value) or value == "/" or not _is_plain(value):
        raise wrong(f"{quoted(str(value))} is not a whole path: write for example /mnt/respaldo/grabaciones")
    return value


HOST = re.compile(
    r"([a-z_][a-z0-9_.-]{0,31})@([A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?):([^\s:~-][^\s:]{0,400})"
)
"""User, machine and folder; none of them can be taken for an option of a program."""


def _host(value: Any) -> str:
    match = HOST.fullmatch(value) if isinstance(value, str) else None
    if match is None or not _is_plain(match[3]):
        raise wrong(f"{quoted(str(value))} is not possible: write user@host:folder, as centralita@192.0.2.20:/respaldo")
    return str(value)


_FILE = rf"(?:[a-z0-9][a-z0-9._-]{{0,79}}|{_PATH})"


def _file(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(_FILE, value) or not _is_plain(value):
        raise wrong(
            "a secret does not stand here: write the name of its file in the folder of secrets, in small letters, or "
            "its whole path"
        )
    return value


_BUCKET = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"


def _bucket(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(_BUCKET, value):
        raise wrong(f"{quoted(str(value))} is not a bucket: write 3 to 63 small letters, digits, - and .")
    return value


def _region(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", value):
        raise wrong(f"{quoted(str(value))} is not a region: write for example sa-east-1")
    return value


_PREFIX = r"[A-Za-z0-9_-][A-Za-z0-9._/-]{0,199}"


def _prefix(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(_PREFIX, value) or not _is_plain(value) or "//" in value:
        raise wrong(f"{quoted(str(value))} is not possible: write letters, digits and /, for example centralita/bogota")
    return value.strip("/")


def _several(value: Any) -> tuple[Any, ...]:
    found = tuple(dict.fromkeys(map(str, value))) if isinstance(value, list) else (value,)
    if not found or len(found) > MOST_VALUES:
        raise wrong(f"write one value, or a list of up to {MOST_VALUES}")
    return found


def _names(value: Any) -> tuple[str, ...]:
    for one in (found := _several(value)):
        if not isinstance(one, str) or not re.fullmatch(NAME_PATTERN, one):
            raise wrong(f"{quoted(str(one))} cannot be a name: {name_rule(str(one))}")
    return found


def _directions(value: Any) -> tuple[str, ...]:
    for one in (found := _several(value)):
        if one not in DIRECTIONS:
            raise wrong(f"{quoted(str(one))} is not a direction: write {', '.join(DIRECTIONS)}")
    return found


def _disposition(value: Any) -> str:
    fits = isinstance(value, str) and 1 <= len(value.strip()) <= LONGEST_DISPOSITION and value.isprintable()
    if not fits:
        raise wrong(f"a disposition is one line: write 1 to {LONGEST_DISPOSITION} characters")
    return str(value).strip()


def _dispositions(value: Any) -> tuple[str, ...]:
    return tuple(_disposition(one) for one in _several(value))


def _as_it_is(value: Any) -> Any:
    """For values that a PlainValidator makes: `Written` only tells editors how they are written."""
    return value


RecordText = Annotated[Rule, PlainValidator(_record), Written(_as_it_is, pattern=_SHARE, choices=_WISHES)]
PeriodText = Annotated[Period, PlainValidator(_period), Written(_as_it_is, pattern=_PERIOD)]
KeepText = Annotated[Period | None, PlainValidator(_keep), Written(_as_it_is, pattern=_PERIOD, choices=(FOR_EVER,))]
HoursText = Annotated[QuietHours, PlainValidator(_quiet), Written(_as_it_is, pattern=_HOURS)]
PercentText = Annotated[
    Percent, PlainValidator(_percent), Written(_as_it_is, pattern=r"[0-9]{1,3}([.,][0-9]{1,2})? ?%")
]
ProofText = Annotated[
    Proof, PlainValidator(_proof), Written(_as_it_is, pattern="[0-9]{1,4} recordings? every [0-9]{1,3} days?")
]
FolderPath = Annotated[str, Written(_folder, pattern="/.+")]
HostText = Annotated[str, Written(_host, pattern=r"[^@: ]+@[^@: ]+:[^: ]+")]
SecretPath = Annotated[str, Written(_file, pattern=r"[a-z0-9][a-z0-9._-]*|/.+")]
Bucket = Annotated[str, Written(_bucket, pattern=_BUCKET)]
Region = Annotated[str, Written(_region, pattern="[a-z0-9][a-z0-9-]*")]
Prefix = Annotated[str, Written(_prefix, pattern=_PREFIX)]
QueueNames = Annotated[
    tuple[str, ...], PlainValidator(_names), Written(_as_it_is, pattern=NAME_PATTERN, several=True), Refers("queue")
]
SegmentNames = Annotated[
    tuple[str, ...], PlainValidator(_names), Written(_as_it_is, pattern=NAME_PATTERN, several=True)
]
Directions = Annotated[
    tuple[str, ...], PlainValidator(_directions), Written(_as_it_is, choices=DIRECTIONS, several=True)
]
Disposition = Annotated[str, Written(_disposition, pattern=".+")]
Dispositions = Annotated[tuple[str, ...], PlainValidator(_dispositions), Written(_as_it_is, pattern=".+", several=True)]
