"""What is wrong with the queues and agents of queues.yaml: who serves, names that do not exist, settings that do
nothing."""

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

from acd.config import RING_PROGRESSIVELY
from ivr.language.lookup_words import protected
from ivr.language.problems import Place, Problem, bounded, suggestion
from ivr.language.queue_needs import need_problems
from ivr.language.queue_staff import Staff
from ivr.language.queue_steps import step_problems
from ivr.language.queue_words import LOGGED_OUT
from ivr.language.queues import OfferFile, QueueFile, QueuesFile
from ivr.language.queues_made import offer_rules
from ivr.language.reader import Document, Path_
from ivr.text import quoted
from ivr.verbs.words import shown

if TYPE_CHECKING:
    from ivr.language.config import Configuration


def queue_problems(configuration: "Configuration") -> Iterator[Problem]:
    """All of them; the warnings about what nobody uses are told apart (`ivr.language.queue_unused`)."""
    document, model = configuration.queues.document, configuration.queues.model
    if document is None or model is None:
        return
    staff = Staff(model)
    check = _Check(configuration, document, model, staff)
    yield from bounded(check.agents())
    yield from bounded(need_problems(document, model, staff))
    yield from bounded(step_problems(document, model, staff))
    yield from bounded(chain.from_iterable(check.queue(name, queue) for name, queue in model.queues.items()))
    yield from bounded(check.offers())
    yield from bounded(check.screen_pops())


class _Check:
    """The queues, their agents, and what the other files have."""

    def __init__(self, configuration: "Configuration", document: Document, model: QueuesFile, staff: Staff) -> None:
        self._all, self._document, self._model, self._staff = configuration, document, model, staff

    # ---------------------------------------------------------------- people
    def agents(self) -> Iterator[Problem]:
        """Agents without a phone, and numbers outside that cannot be called."""
        extensions = self._all.site.names("extensions")
        site = self._all.site.model
        outside: dict[str, str] = {}
        for extension, agent in self._model.agents.items():
            path = ("agents", extension)
            if extensions is not None and extension not in extensions:
                hint = suggestion(extension, sorted(extensions))
                yield self._key("CONF022", path, f"extension {quoted(extension)} is not in site.yaml{hint}")
            if not agent.outside:
                continue
            number: Path_ = (*path, "outside")
            if site is not None and not any(trunk.outbound for trunk in site.trunks.values()):
                message = "no trunk has 'calls to outside'; add that to a trunk in site.yaml"
                yield self._value("ACD040", number, message)
            if site is not None and agent.outside in site.numbers:
                message = f"{quoted(agent.outside)} leads back to this line; write the number of the agent's own phone"
                yield self._value("ACD041", number, message)
            owner = outside.setdefault(agent.outside, extension)
            if owner != extension:
                message = f"agent {quoted(owner)} has this number already; delete one"
                yield self._value("CONF034", number, message)

    # ---------------------------------------------------------------- one queue
    def queue(self, name: str, queue: QueueFile) -> Iterator[Problem]:
        """What is wrong with one queue."""
        yield from self._logged_out(name, queue)
        yield from self._hours(name, queue)
        yield from self._prompts(name, queue)
        yield from self._last_agent(name, queue)
        yield from self._pointless(name, queue)
        if queue.screen_pop and queue.screen_pop not in self._model.screen_pops:
            hint = suggestion(queue.screen_pop, self._model.screen_pops, "; add it below 'screen pops'")
            message = f"there is no screen pop {quoted(queue.screen_pop)}{hint}"
            yield self._value("ACD042", ("queues", name, "screen pop"), message)

    def _logged_out(self, name: str, queue: QueueFile) -> Iterator[Problem]:
        if all(agent.begins != LOGGED_OUT for agent in self._model.agents.values()):
            return
        serving = self._staff.rings(queue)
        if serving and all(self._model.agents[agent].begins == LOGGED_OUT for agent in serving):
            message = (
                f"every agent of {quoted(name)} begins logged out; write 'begins: logged in' for one, or see to it "
                "that somebody logs in"
            )
            yield self._key("ACD022", ("queues", name), message)

    def _hours(self, name: str, queue: QueueFile) -> Iterator[Problem]:
        known = self._all.hours.names("hours")
        path = ("queues", name, "open")
        if not queue.open or known is None:
            return
        if queue.open not in known:
            hint = suggestion(queue.open, sorted(known))
            yield self._value("ACD020", path, f"there is no timetable {quoted(queue.open)} in hours.yaml{hint}")
            return
        hours = self._all.hours.model
        timetable = hours.hours[queue.open] if hours is not None else None
        if timetable is not None and not any(
            (*timetable.week.values(), *timetable.other_days.values(), timetable.holidays)
        ):
            message = (
                f"{quoted(queue.open)} is never open, so nobody can wait here; write its hours, or another timetable"
            )
            yield self._value("ACD021", path, message)

    def _prompts(self, name: str, queue: QueueFile) -> Iterator[Problem]:
        known = self._all.prompts.names("prompts")
        language = self._all.site.model.language if self._all.site.model is not None else None
        for setting, prompt in (("announce", queue.announce), ("whisper", queue.whisper)):
            path = ("queues", name, setting)
            if not prompt or known is None:
                continue
            if prompt not in known:
                message = f"there is no prompt {quoted(prompt)}{suggestion(prompt, sorted(known))}"
                yield self._value("CONF021", path, message)
            elif language is not None and self._all.lacks(prompt, language):
                message = f"the prompt {quoted(prompt)} has no text in {language}; add it in prompts.yaml"
                yield self._value("CONF027", path, message)
        if queue.announce and queue.announce_every is None:
            message = "'announce' needs 'announce every' beside it; add it"
            yield self._key("CONF028", ("queues", name, "announce"), message)
        if queue.announce_every is not None and not queue.announce and not queue.position:
            message = "'announce every' needs 'announce' beside it, or 'position: yes'; add one"
            yield self._key("CONF028", ("queues", name, "announce every"), message)

    def _last_agent(self, name: str, queue: QueueFile) -> Iterator[Problem]:
        path, chosen = ("queues", name, "last agent"), queue.last_agent
        if chosen.who == "off":
            for setting in sorted(chosen.model_fields_set - {"who"}):
                message = f"'{setting}' needs 'who' to be members or any; write that, or delete this line"
                yield self._key("CONF028", (*path, setting), message)
        elif chosen.wait >= queue.longest_wait:
            message = (
                f"a caller is kept for the last agent for {shown(chosen.wait)}, and leaves after "
                f"{shown(queue.longest_wait)} without a chance of another; write less, or a longer 'longest wait'"
            )
            yield self._value("ACD030", (*path, "wait"), message)

    # ---------------------------------------------------------------- what does nothing
    def _pointless(self, name: str, queue: QueueFile) -> Iterator[Problem]:
        for setting, why in self._without_effect(queue):
            path: Path_ = ("queues", name, setting)
            yield self._key("ACD031", path, f"'{setting}' does nothing here: {why}; delete this line")

    def _without_effect(self, queue: QueueFile) -> Iterator[tuple[str, str]]:
        given = queue.model_fields_set
        if "ring_another" in given and queue.strategy != RING_PROGRESSIVELY:
            yield "ring another after", f"it belongs to the strategy {RING_PROGRESSIVELY}"
        if "position" in given and queue.position and queue.announce_every is None:
            yield "position", "it is heard with 'announce every'"
        if queue.weight and not self._shares(queue):
            yield "weight", "it counts only among queues that share agents"
        if queue.strategy == "best skill" and not queue.needs and not any(step.needs for step in queue.widen):
            yield "strategy", "this queue asks for no skill"
        if "nobody_there" in given and queue.nobody_there >= queue.longest_wait:
            yield "nobody there after", f"nobody waits longer than {shown(queue.longest_wait)}"
        if "service_level" in given and queue.service_level.within >= queue.longest_wait:
            yield "service level", f"nobody waits longer than {shown(queue.longest_wait)}"

    def _shares(self, queue: QueueFile) -> bool:
        return any(self._staff.queues_of[agent] > 1 for agent in self._staff.rings(queue))

    # ---------------------------------------------------------------- what holds for all queues
    def offers(self) -> Iterator[Problem]:
        """Rules and reasons that contradict themselves."""
        written: dict[str, OfferFile] = {
            info.alias or field: getattr(self._model.offers, field)
            for field, info in type(self._model.offers).model_fields.items()
        }
        for failure, rule in offer_rules(self._model).items():
            if written[failure].pause_for is not None and not rule.pause_after:
                message = "'pause for' needs 'pause after' beside it: after how many in a row; add it"
                yield self._key("CONF028", ("offers", failure, "pause for"), message)
        seen: dict[str, int] = {}
        for number, label in self._model.pause_reasons.items():
            if seen.setdefault(label.casefold(), number) != number:
                message = f"{quoted(label)} has the number {seen[label.casefold()]} already; delete one"
                yield self._value("ACD043", ("pause reasons", str(number)), message)

    def screen_pops(self) -> Iterator[Problem]:
        """Addresses to which callers' data would travel readable."""
        for name, pop in self._model.screen_pops.items():
            if not protected((pop.post,)):
                message = "customers' data would cross the net readable by all; write https:// instead of http://"
                yield self._value("CONF062", ("screen pops", name, "post"), message)

    def _value(self, code: str, path: Path_, message: str) -> Problem:
        return Problem.at(self._document.place(path), code, message)

    def _key(self, code: str, path: Path_, message: str) -> Problem:
        return Problem.at(self._key_place(path), code, message)

    def _key_place(self, path: Path_) -> Place:
        return self._document.key_place(path)
