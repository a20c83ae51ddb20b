"""A comparison of two versions of a site, for people and for programs. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ivr.comparison.diff import MOST_SITUATIONS, Label, Walked, Way, walk
from ivr.comparison.settings_diff import Change, settings_changes
from ivr.rehearsal.words import Words
from ivr.site import Site
from ivr.text import printable

SHOWN_NUMBERS = 3
LONGEST = 300
"""Characters of a prompt's text that are shown."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What differs. `old` and `new` give names their labels."""

    old: Site
    new: Site
    settings: tuple[Change, ...]
    walked: Walked
    say: Words

    @property
    def same(self) -> bool:
        """Whether callers, agents and administrators notice nothing."""
        return not self.settings and not self.walked.ways

    def lines(self) -> Iterator[str]:
        """The comparison for people."""
        sections: dict[str, list[str]] = {}
        for section, line in self.settings:
            sections.setdefault(section, []).append(f"  {printable(line, 1_000)}")
        if self.walked.ways:
            sections["ways"] = [line for way in self.walked.ways for line in self._way(way)]
        for section in ("ways", *(name for name in sections if name != "ways")):
            if section in sections:
                yield self.say(section)
                yield from sections[section]
        if self.same:
            yield self.say("same")
        if self.walked.cut_short:
            yield self.say("cut short", count=self.walked.situations)

    def as_json(self) -> dict[str, object]:
        """The comparison for programs; texts are in the site's language."""
        return {
            "same": self.same,
            "cut short": self.walked.cut_short,
            "settings": [{"about": section, "text": line} for section, line in self.settings],
            "ways": [
                {
                    "numbers": list(way.numbers),
                    "way": [self._label(label) for label in way.way],
                    "before": self._what(way.old, self.old, way.goes_on),
                    "now": self._what(way.new, self.new, way.goes_on),
                }
                for way in self.walked.ways
            ],
        }

    # ------------------------------------------------------------------ a way
    def _way(self, way: Way) -> Iterator[str]:
        shown = ", ".join(way.numbers[:SHOWN_NUMBERS])
        if len(way.numbers) > SHOWN_NUMBERS:
            shown = self.say("and more", numbers=shown, count=len(way.numbers) - SHOWN_NUMBERS)
        steps = [self._label(label) for label in way.way] or [self.say("on arrival")]
        yield f"  {shown}: {printable('; '.join(steps), 1_000)}"
        for which, items, site in (("old", way.old, self.old), ("new", way.new, self.new)):
            yield f"    {self.say(which)}: {printable(self._what(items, site, way.goes_on), 1_000)}"

    def _label(self, label: Label) -> str:
        say, (kind, about), answer = self.say, label.question, label.answer
        match kind:
            case "key":
                return say("at step", step=label.step, what=say("pressed", keys=answer) if answer else say("no key"))
            case "digits":
                return say("at step", step=label.step, what=say("enters" if answer else "enters nothing"))
            case "open":
                return say("opening", timetable=self._name("hours", about), state=say(answer))
            case "if":
                return say("holds" if answer == "yes" else "does not hold", condition=about)
            case "queue":
                return say("in queue", name=self._name("queues", about), how=say.how(answer))
            case "phone":
                return say("at phone", name=about, how=say(answer))
        if kind == "message":
            return say(answer)
        return say("source", source=about, outcome=say(answer))

    def _what(self, items: Sequence[object], site: Site, goes_on: bool) -> str:
        texts = [text for item in items if isinstance(item, tuple) and (text := self._item(item, site))]
        return ", ".join(dict.fromkeys(texts)) or self.say("nothing more" if goes_on else "nothing")

    def _item(self, item: Sequence[object], site: Site) -> str:
        say = self.say
        match item:
            case ("hears", _, str(text)):
                return say("hears", what=f"«{printable(text, LONGEST)}»")
            case ("queue", str(name), bool(record)):
                queue = say("is queue", name=site.queues[name].label)
                return f"{queue} ({say('recorded')})" if record else queue
            case ("extension", str(name)):
                return say("is extension", name=f"{name} ({site.extensions[name].label})")
            case ("end", str(kind), str(name)):
                return say(f"is {kind}", name=say(name))
            case ("message", str(name)):
                return say("is message", name=site.mailboxes[name].label)
            case ("key", _):
                return say("asks key")
            case ("digits", _):
                return say("asks digits")
            case ("source", str(name)):
                return say("is source", name=name)
        return ""  # a queue and a phone are told where they begin to ring; what decides the way is told in it

    def _name(self, kind: str, name: str) -> str:
        for site in (self.new, self.old):
            found = getattr(site, kind).get(name)
            if found is not None:
                return str(found.label)
        return name


def compare(old: Site, new: Site, most: int = MOST_SITUATIONS) -> Comparison:
    """Compare two versions, told in the language of the newer one."""
    say = Words(new.language)
    return Comparison(
        old=old, new=new, settings=tuple(settings_changes(old, new, say)), walked=walk(old, new, most), say=say
    )
