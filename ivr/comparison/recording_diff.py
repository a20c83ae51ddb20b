"""What differs between what two versions of a site say about recordings. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice, product

from ivr.rehearsal.words import Words
from ivr.site import Site
from ivr.site.recordings import BackupSettings, Place, RecordingSettings, needs_notice, rule_in_words
from ivr.verbs.notice import Notice
from recordings.periods import Period
from recordings.policy import Rule
from recordings.retention import MOST_COMBINATIONS, Kept, RetentionRule, Rulebook

_FIRST, _DAYS = datetime(2027, 1, 1, tzinfo=UTC), 4 * 366
"""Days with every month's end and a leap year: periods are compared from each of them."""


def recording_changes(old: Site, new: Site, say: Words) -> Iterator[str]:
    """Everything in recordings.yaml, and what it means for notices and holds; what cannot be taken back first."""
    yield from _shorter(old.recordings.keep, new.recordings.keep, say)
    yield from _holds(old, new, say)
    yield from _notices(old, new, say)
    before, now = _settings(old.recordings, say), _settings(new.recordings, say)
    for what in {**before, **now}:
        one, other = before.get(what, say("nothing")), now.get(what, say("nothing"))
        if one != other:
            yield say("plain", what=what, old=one, new=other)


# ---------------------------------------------------------------------- what cannot be taken back
def _shorter(old: Sequence[RetentionRule], new: Sequence[RetentionRule], say: Words) -> Iterator[str]:
    """Each pair of rules by which something is deleted earlier than before."""
    books, told = (Rulebook(old), Rulebook(new)), set[tuple[str, str]]()
    for kept in _kinds((*old, *new)):
        before, now = (book.rule_for(kept) for book in books)
        if now is None or not _is_shorter(before.keep if before is not None else None, now.keep):
            continue
        pair = str(before) if before is not None else say("no rule"), str(now)
        if pair not in told:
            told.add(pair)
            yield say("kept shorter", old=pair[0], new=pair[1])


def _kinds(rules: Sequence[RetentionRule]) -> Iterator[Kept]:
    """A recording of each kind that the rules tell apart; the empty value stands for every other one."""
    fields = ("queue", "direction", "disposition", "segment")
    values = [sorted({"", *(value for rule in rules for value in getattr(rule, field))}) for field in fields]
    for found in islice(product(*values), MOST_COMBINATIONS):
        yield Kept(recording="", call="", ended=_FIRST, bytes=0, **dict(zip(fields, found, strict=True)))


@lru_cache(maxsize=1_000)
def _is_shorter(old: Period | None, new: Period | None) -> bool:
    """Whether something is deleted earlier by the new one; None: for ever."""
    if new is None or old == new:
        return False
    return old is None or any(_ends(new, day) < _ends(old, day) for day in range(_DAYS))


def _ends(period: Period, day: int) -> datetime:
    return period.after(_FIRST + timedelta(days=day)) or datetime.max.replace(tzinfo=UTC)


def _holds(old: Site, new: Site, say: Words) -> Iterator[str]:
    for name, queue in old.queues.items():
        if name not in new.queues and needs_notice(queue.record):
            yield say("held queue gone", queue=name)


def _notices(old: Site, new: Site, say: Words) -> Iterator[str]:
    before, now = _heard(old), _heard(new)
    for name in before:
        if name not in now:
            yield say("notice gone", prompt=name)
        elif _words(old, name) != _words(new, name):
            yield say("notice changed", prompt=name)


def _heard(site: Site) -> list[str]:
    steps = (step for flow in site.flows.values() for step in flow.steps.values())
    return list(dict.fromkeys(step.prompt for step in steps if isinstance(step, Notice)))


def _words(site: Site, name: str) -> object:
    prompt = site.prompts.get(name)
    return (dict(prompt.texts), dict(prompt.recordings)) if prompt is not None else None


# ---------------------------------------------------------------------- settings
def _settings(settings: RecordingSettings, say: Words) -> dict[str, str]:
    """Every setting in words."""
    return {
        **_wishes(say("number"), settings.numbers, say),
        **_wishes(say("agent"), settings.agents, say),
        **_wishes(say("direction"), settings.directions, say),
        say("format"): settings.codec,
        say("kept for"): "; ".join(map(_rule, settings.keep)),
        **({say("dispositions"): ", ".join(settings.dispositions)} if settings.dispositions else {}),
        say("quiet hours"): str(settings.quiet),
        say("deletions an hour"): str(settings.deletions_an_hour),
        **(_backup(settings.backup, say) if settings.backup is not None else {}),
        say("days until full"): str(settings.alarms.days_until_full),
        say("disk free below"): f"{settings.alarms.free_below:g} %",
        say("stop recording below"): f"{settings.alarms.stop_below:g} %",
    }


def _wishes(whose: str, rules: Mapping[str, Rule], say: Words) -> dict[str, str]:
    return {f"{say('record')}, {whose} {name}": rule_in_words(rule) for name, rule in rules.items()}


def _rule(rule: RetentionRule) -> str:
    return f"{rule}, archive after {rule.archive_after}" if rule.archive_after is not None else str(rule)


def _place(place: Place) -> str:
    return " ".join(str(value) for value in astuple(place) if value)


def _backup(backup: BackupSettings, say: Words) -> dict[str, str]:
    """Places without what opens them."""
    return {
        **{f"{say('copies')} {target.name}": _place(target.place) for target in backup.targets},
        say("copies every"): f"{backup.every.total_seconds() / 3600:g} h",
        say("copies proved"): str(backup.proof),
        say("archive"): backup.archive or say("nothing"),
    }
