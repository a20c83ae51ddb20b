"""What differs between the settings of two versions of a site, in an administrator's words. Pure."""

from collections.abc import Callable, Iterator
from datetime import date

from ivr.comparison.queue_diff import person, queue_changes, shown
from ivr.comparison.recording_diff import recording_changes
from ivr.rehearsal.words import Words
from ivr.site import Site
from ivr.site.hours import Day, OpeningHours
from ivr.text import printable

LONGEST = 300
"""Characters of a prompt's text that are shown."""

Change = tuple[str, str]
"""Section (a key of Words) and line."""


def settings_changes(old: Site, new: Site, say: Words) -> Iterator[Change]:
    """Everything that callers, agents or administrators may notice, apart from the ways through the flows."""
    for section, changes in _SECTIONS.items():
        yield from ((section, line) for line in changes(old, new, say))


# ---------------------------------------------------------------------- numbers
def _numbers(old: Site, new: Site, say: Words) -> Iterator[str]:
    for number in {**old.numbers, **new.numbers}:
        if number not in old.numbers:
            yield say("number new", number=number, label=new.numbers[number], flow=new.entry[number])
        elif number not in new.numbers:
            yield say("number gone", number=number, label=old.numbers[number])
        elif old.entry[number] != new.entry[number]:
            yield say("number flow", number=number, old=old.entry[number], new=new.entry[number])
    for what, one, other in (
        ("lines", str(old.lines), str(new.lines)),
        ("reception", person(old, old.reception), person(new, new.reception)),
    ):
        if one != other:
            yield say("plain", what=say(what), old=one, new=other)


# ---------------------------------------------------------------------- hours
def _hours(old: Site, new: Site, say: Words) -> Iterator[str]:
    for name in {**old.hours, **new.hours}:
        if name not in old.hours:
            yield say("timetable new", timetable=new.hours[name].label)
        elif name not in new.hours:
            yield say("timetable gone", timetable=old.hours[name].label)
        else:
            yield from _timetable(old.hours[name], new.hours[name], say)
    yield from _holidays(old, new, say)


def _timetable(old: OpeningHours, new: OpeningHours, say: Words) -> Iterator[str]:
    def line(day: str, one: Day | None, other: Day | None) -> Iterator[str]:
        if one != other:
            texts = (_spans(one, say), _spans(other, say))
            yield say("day", timetable=new.label, day=day, old=texts[0], new=texts[1])

    for weekday in range(7):
        yield from line(say.day(weekday), old.week[weekday], new.week[weekday])
    yield from line(say("holiday"), old.holiday, new.holiday)
    for day in sorted({*old.other_days, *new.other_days}):
        yield from line(f"{day:%Y-%m-%d}", old.other_days.get(day), new.other_days.get(day))


def _spans(day: Day | None, say: Words) -> str:
    if day is None:
        return say("as always")
    return ", ".join(map(str, day)) or say("closed")


def _holidays(old: Site, new: Site, say: Words) -> Iterator[str]:
    """The days of the years that were computed when the sites were read."""
    for year in range(2024, 2036):
        one, other = old.holidays.of_year(year), new.holidays.of_year(year)
        for day in sorted({*one, *other}):
            if (day in one) != (day in other):
                yield _holiday(day, day in other, (one.get(day) or other.get(day) or ""), say)


def _holiday(day: date, is_one: bool, name: str, say: Words) -> str:
    return say("holiday new" if is_one else "holiday gone", day=f"{day:%Y-%m-%d}", name=name)


# ---------------------------------------------------------------------- prompts
def _prompts(old: Site, new: Site, say: Words) -> Iterator[str]:
    for name, prompt in new.prompts.items():
        before = old.prompts.get(name)
        if before is None:
            continue
        for language in sorted({*before.languages, *prompt.languages}):
            texts = [
                say("recording", file=one.recordings[language])
                if language in one.recordings
                else f"«{printable(one.texts[language], LONGEST)}»"
                if language in one.texts
                else say("nothing")
                for one in (before, prompt)
            ]
            if texts[0] != texts[1]:
                yield say("text", prompt=name, language=language, old=texts[0], new=texts[1])


# ---------------------------------------------------------------------- mailboxes, lists, look-ups
def _mailboxes(old: Site, new: Site, say: Words) -> Iterator[str]:
    for name in {**old.mailboxes, **new.mailboxes}:
        before, now = old.mailboxes.get(name), new.mailboxes.get(name)
        if before is None or now is None:
            yield say("is new" if before is None else "is gone", what=name)
            continue
        for what, one, other in (
            ("phones", before.extensions, now.extensions),
            ("e-mail", before.email, now.email),
            ("longest", shown(before.longest, say), shown(now.longest, say)),
        ):
            if one != other:
                texts = [one if isinstance(one, str) else ", ".join(one) or say("nothing") for one in (one, other)]
                yield say("setting", queue=now.label, what=say(what), old=texts[0], new=texts[1])


def _lists(old: Site, new: Site, say: Words) -> Iterator[str]:
    for name in {**old.lists, **new.lists}:
        before, now = old.lists.get(name), new.lists.get(name)
        if before is None or now is None:
            yield say("is new" if before is None else "is gone", what=name)
        elif (before.use, before.segment, before.priority) != (now.use, now.segment, now.priority):
            texts = [f"{one.use} {one.segment} {one.priority or ''}".strip() for one in (before, now)]
            yield say("plain", what=name, old=texts[0], new=texts[1])
        elif len(before.entries) != len(now.entries):
            yield say("entries", what=name, old=len(before.entries), new=len(now.entries))
    if old.anonymous != new.anonymous:
        texts = [
            f"{one.use} {one.segment}".strip() if one is not None else "allow" for one in (old.anonymous, new.anonymous)
        ]
        yield say("plain", what=say("anonymous"), old=texts[0], new=texts[1])


def _look_ups(old: Site, new: Site, say: Words) -> Iterator[str]:
    for name in {**old.look_ups, **new.look_ups}:
        before, now = old.look_ups.get(name), new.look_ups.get(name)
        if before is None or now is None:
            yield say("is new" if before is None else "is gone", what=name)
        elif before != now:
            yield say("asked differently", what=name)


_SECTIONS: dict[str, Callable[[Site, Site, Words], Iterator[str]]] = {
    "numbers": _numbers,
    "hours": _hours,
    "prompts": _prompts,
    "queues": queue_changes,
    "mailboxes": _mailboxes,
    "lists header": _lists,
    "look-ups": _look_ups,
    "recordings": recording_changes,
}
