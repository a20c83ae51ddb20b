"""A simulated call as lines that a person reads. Pure."""

from collections.abc import Mapping

from ivr.rehearsal import events
from ivr.rehearsal.events import End, Event
from ivr.rehearsal.simulate import HIDDEN
from ivr.rehearsal.situation import Situation
from ivr.rehearsal.words import Words
from ivr.site import Site
from ivr.site.values import Unknown, Value, as_text
from ivr.text import printable

LONGEST = 2_000
"""Characters of a line that are shown."""


class Narration:
    """Tells events in the site's language."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._say = Words(site.language)

    def beginning(self, situation: Situation, flow: str) -> str:
        """What is so when the call comes in. `flow`: empty when a number was called."""
        say, facts = self._say, situation.facts
        label = self._site.numbers.get(situation.did, "")
        head = say("call of", flow=flow) if flow else say("call to", number=situation.did, label=label)
        who = say("withheld") if facts.anonymous else say("who", number=facts.number)
        more = [say("segment", name=facts.segment)] if facts.segment else []
        more += [say("lists", names=", ".join(sorted(facts.lists)))] if facts.lists else []
        more += [say("blocked")] if facts.blocked else []
        return f"{head}, {say.moment(situation.local)}. {'; '.join([who, *more])}."

    def line(self, event: Event) -> str:
        """One event; a step's name stands at the margin, everything else below it."""
        if isinstance(event, events.StepBegun):
            return f"{event.step} ({event.verb})"
        return "    " + printable(self._inside(event), LONGEST)

    def _inside(self, event: Event) -> str:
        match event:
            case events.Heard():
                return self._heard(event)
            case events.FileHeard():
                return self._say("file")
            case events.Keys(keys=keys, secret=secret):
                shown = HIDDEN * len(keys) if secret else keys
                return self._say("pressed", keys=shown) if keys else self._say("nothing pressed")
            case events.KeyTaken(key=key, then=then):
                return self._say("leads", key=key, then=then) if then else self._wrong(key)
            case events.Spoke(ended=ended, seconds=seconds):
                how = self._say(ended)
                return self._say("spoke", seconds=seconds, ended=how) if seconds else self._say("unrecorded", ended=how)
            case events.Left(mailbox=mailbox):
                return self._say("left", mailbox=self._mailbox(mailbox))
            case events.Waits() | events.Rings() | events.CameBack():
                return self._leaving(event)
            case _:
                return self._known(event)

    def _known(self, event: Event) -> str:
        match event:
            case events.Found(timetable=timetable, state=state):
                label = self._site.hours[timetable].label
                return self._say("opening", timetable=label, state=self._say(state))
            case events.WayTaken(way=way, then=then):
                return (
                    self._say("none holds", then=then) if way == "otherwise" else self._say("way", way=way, then=then)
                )
            case events.Asked(source=source, outcome=outcome):
                return self._say("asked", source=source, outcome=self._say(outcome))
            case events.LanguageIs(language=language):
                return self._say("language", language=language)
            case events.Complaint(problem=problem, detail=detail):
                return self._say("complaint", problem=problem, detail=detail)
        raise TypeError(type(event).__name__)

    def _heard(self, event: events.Heard) -> str:
        if event.missing:
            return self._say("missing", prompt=event.prompts[0], language=event.language)
        text = f"«{event.text}»"
        notes = [self._say("uncut")] if event.notice else []
        notes += [self._say("cut", key=event.key)] if event.key else []
        return f"{text} ({'; '.join(notes)})" if notes else text

    def _wrong(self, key: str) -> str:
        return self._say("wrong key", key=key) if key else self._say("again")

    def _leaving(self, event: events.Waits | events.Rings | events.CameBack) -> str:
        site, say = self._site, self._say
        match event:
            case events.Waits(queue=queue, record=record):
                agents = ", ".join(site.extensions[agent].label for agent in site.queues[queue].agents)
                text = say("waits", queue=site.queues[queue].label, agents=agents)
                return f"{text} ({say('recorded')})" if record else text
            case events.Rings(extension=extension, seconds=seconds):
                label = site.extensions[extension].label
                return say("rings", extension=extension, label=label, seconds=seconds)
            case events.CameBack(how=how):
                return say("back", how=say.how(how))

    def _mailbox(self, mailbox: str) -> str:
        return self._site.mailboxes[mailbox].label

    def ending(self, end: End, returned: str | None) -> str:
        """How the call ended. `returned`: the exit of a subflow, None when it did not return."""
        say = self._say
        how = say(f"end {end.kind}", name=end.name)
        if returned is not None:
            how = say("end return exit", name=returned) if returned else say("end return")
        if end.mailboxes:
            how = say("end message", how=how, mailbox=self._mailbox(end.mailboxes[-1]))
        return say("end", how=how)

    def variables(self, values: Mapping[str, Value | Unknown], hidden: frozenset[str]) -> str:
        """The values at the end; empty when there are none. `hidden`: names whose values are not shown."""
        shown = {
            name: HIDDEN * 3 if name in hidden else as_text(value)
            for name, value in values.items()
            if not isinstance(value, Unknown) and name != "language"
        }
        if not shown:
            return ""
        return self._say("values", values=printable(", ".join(f"{n} = {v}" for n, v in shown.items()), LONGEST))
