"""The files of `config/` as pydantic sees them; `ivr.language.config` checks names that refer to other files."""

import re
from datetime import date, timedelta
from itertools import pairwise
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from ivr.language.problems import suggestion
from ivr.site.hours import MINUTES_A_DAY, Day, Span
from ivr.text import quoted
from ivr.verbs.words import Declarations, Extension, Label, Language, Name, Number, Text, between, whole, wrong

SECOND = timedelta(seconds=1)
MOST_VARIABLES = 200
"""Of a flow, or of the whole call."""


class Settings(BaseModel):
    """Settings below one key: nothing unknown, never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _zone(value: Any) -> str:
    try:
        ZoneInfo(str(value))
    except (OSError, ValueError, KeyError):
        raise wrong(f"{quoted(str(value))} is not a time zone: write for example America/Bogota") from None
    return str(value)


COUNTRIES = {"Colombia": "CO", "none": ""}


def _country(value: Any) -> str:
    if not isinstance(value, str) or value not in COUNTRIES:
        raise wrong(f"holidays of {quoted(str(value))} are not known{suggestion(str(value), COUNTRIES)}")
    return COUNTRIES[value]


def _date(value: Any) -> date:
    try:
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", str(value)):
            raise ValueError
        return date.fromisoformat(str(value))
    except ValueError:
        raise wrong(f"{quoted(str(value))} is not a date: write year-month-day, for example 2026-12-24") from None


def _address(value: Any) -> str:
    import ipaddress

    try:
        return str(ipaddress.ip_network(str(value))) if "/" in str(value) else str(ipaddress.ip_address(str(value)))
    except ValueError:
        raise wrong(
            f"{quoted(str(value))} is not an IP address: write for example 192.0.2.10 or 192.0.2.0/28"
        ) from None


def _host_port(value: Any) -> str:
    match = re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?:([0-9]{1,5})", str(value))
    if match is None or not 1 <= int(match[2]) <= 65535:
        raise wrong(f"{quoted(str(value))} is not an address with a port: write for example 192.0.2.10:5060")
    return str(value)


_SPAN = re.compile(r"([0-9]{1,2}):([0-9]{2}) ?(?:to|-) ?([0-9]{1,2}):([0-9]{2})")


def _day(value: Any) -> Day:
    """A day as written: `closed`, or spans with commas between."""
    if not isinstance(value, str):
        raise wrong("write the hours as text, for example 08:00 to 17:30, or closed")
    if value.strip() == "closed":
        return ()
    spans = []
    for part in value.split(","):
        match = _SPAN.fullmatch(part.strip())
        if match is None:
            raise wrong(f"{quoted(part.strip())} are not hours: write for example 08:00 to 17:30, or closed")
        start_hour, start_minute, end_hour, end_minute = map(int, match.groups())
        start, end = start_hour * 60 + start_minute, end_hour * 60 + end_minute
        if start_minute > 59 or end_minute > 59 or max(start, end) > MINUTES_A_DAY:
            raise wrong(f"{quoted(part.strip())}: a day goes from 00:00 to 24:00; correct it")
        if end <= start:
            raise wrong(f"{quoted(part.strip())} ends before it begins; write a span over midnight on both days")
        spans.append(Span(start, end))
    spans.sort()
    for one, other in pairwise(spans):
        if other.start < one.end:
            raise wrong(f"{one} and {other} overlap; write one span, or two apart")
    return tuple(spans)


def _day_or_same(value: Any) -> Day | None:
    return None if value == "like any day" else _day(value)


OpenDay = Annotated[tuple[Span, ...], BeforeValidator(_day)]
Date = Annotated[date, BeforeValidator(_date)]
HostPort = Annotated[str, BeforeValidator(_host_port)]


class HolidaySettings(Settings):
    """Which days are holidays."""

    country: Annotated[str, BeforeValidator(_country)] = Field(description="Colombia, or none")
    also: dict[Date, Label] = Field(default_factory=dict, description="further holidays: date: name")
    not_observed: list[Text] = Field(
        default_factory=list, alias="not observed", description="names of computed holidays that the company works on"
    )


class TrunkSettings(Settings):
    """A connection to a telephone company."""

    label: Label = Field(description="its name for people")
    addresses: list[Annotated[str, BeforeValidator(_address)]] = Field(
        min_length=1, description="IP addresses that its calls come from"
    )
    outbound: HostPort = Field(
        default="", alias="calls to outside", description="address and port that calls to outside go to"
    )


class PromiseSettings(Settings):
    """What every call is promised; `ivr prove` proves it."""

    keys: Annotated[int, whole(0, 20)] = Field(
        default=3, description="a person, voicemail or a named end is at most so many keys away; digits count as one"
    )
    seconds: Annotated[int, whole(10, 3600)] = Field(
        default=180, description="and at most so many seconds, also for a caller who presses nothing"
    )


class SiteFile(Settings):
    """`site.yaml`: the line's numbers, capacity and phones."""

    label: Label = Field(description="the line's name for people")
    timezone: Annotated[str, BeforeValidator(_zone)] = Field(alias="time zone", description="for hours and reports")
    language: Language = Field(description="the language of whispers to agents")
    languages: list[Language] = Field(min_length=1, description="all languages that prompts are written in")
    holidays: HolidaySettings = Field(description="which days are holidays")
    lines: Annotated[int, whole(1, 1000)] = Field(description="calls to and from outside at the same time")
    trunks: dict[Name, TrunkSettings] = Field(min_length=1, description="connections to telephone companies")
    numbers: dict[Number, Label] = Field(min_length=1, description="the numbers that callers dial: number: label")
    reception: Extension = Field(description="the extension that helps when nothing else does")
    variables: Declarations = Field(
        max_length=MOST_VARIABLES,
        default_factory=dict,
        description="variables of the whole call, `call.NAME` in every flow: name: type = value",
    )
    fallback_after: Annotated[timedelta, between(5 * SECOND, 300 * SECOND)] = Field(
        default=15 * SECOND, alias="fallback after", description="without the server, reception rings after this time"
    )
    promises: PromiseSettings = Field(
        default_factory=PromiseSettings, description="what `ivr prove` holds every call to: keys, seconds"
    )
    extensions: dict[Extension, Label] = Field(min_length=1, description="the phones of the house: extension: label")


class TimetableFile(Settings):
    """A timetable of `hours.yaml`."""

    label: Label = Field(description="its name for people")
    week: dict[Text, OpenDay] = Field(description="days: hours, for example monday to friday: 08:00 to 17:30")
    holidays: Annotated[tuple[Span, ...] | None, BeforeValidator(_day_or_same)] = Field(
        description="closed, other hours, or: like any day"
    )
    other_days: dict[Date, OpenDay] = Field(
        default_factory=dict, alias="other days", description="dates that differ: date: hours"
    )
    emergency: Text = Field(
        default="", description="prompt that callers hear in an emergency that has no recorded message"
    )
    code: Annotated[int, whole(1, 99)] | None = Field(
        default=None,
        alias="telephone code",
        description="digits after *28 to override it by telephone; left out: its place in this file, from 1",
    )


class HoursFile(Settings):
    """`hours.yaml`: the timetables."""

    hours: dict[Name, TimetableFile] = Field(min_length=1, description="the timetables")


class PromptFile(Settings):
    """A prompt of `prompts.yaml`; its languages are collected before (`ivr.language.config`)."""

    texts: dict[Language, Text] = Field(default_factory=dict, description="language: what is said")
    recordings: dict[Language, Text] = Field(default_factory=dict, description="language: file of the studio")


class PromptsFile(Settings):
    """`prompts.yaml`: everything that is heard."""

    prompts: dict[Name, PromptFile] = Field(min_length=1, description="the prompts")


class FlowHead(Settings):
    """The beginning of a flow's file."""

    flow: Name = Field(description="the flow's name: that of its file")
    language: Language = Field(description="the language in which callers hear its prompts")
    numbers: list[Number] = Field(default_factory=list, description="the numbers that this flow answers")
    variables: Declarations = Field(
        max_length=MOST_VARIABLES,
        default_factory=dict,
        description="variables of the flow: name: type, or name: type = value",
    )
    parameters: Declarations = Field(
        max_length=MOST_VARIABLES,
        default_factory=dict,
        description="of a subflow: variables that whoever calls it gives a value",
    )
    results: list[Name] = Field(
        default_factory=list, description="of a subflow: variables that whoever called it may take over"
    )
    exits: list[Name] = Field(default_factory=list, description="of a subflow: NAME of each `return NAME`")
    start: Text = Field(description="the first step")
    steps: dict[str, Any] = Field(min_length=1, description="the steps: name: what happens")
