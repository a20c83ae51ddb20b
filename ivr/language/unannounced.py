"""Talks that may be recorded, and that a caller may come to without having heard the notice."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from ivr.language.problems import Place, Problem
from ivr.site.queues import QueueSettings
from ivr.site.recordings import RecordingSettings, Wished, said_in_words
from ivr.site.targets import A_PERSON
from ivr.text import quoted
from ivr.verbs.extension import ExtensionStep
from ivr.verbs.recording import RecordingStep
from ivr.verbs.step import Path as StepPath
from ivr.verbs.step import Reference, Step
from recordings.policy import Level, Said


@dataclass(frozen=True, slots=True)
class Talks:
    """Who may be recorded in the talks that a flow leads to. `numbers`: those that it answers."""

    recordings: RecordingSettings
    queues: Mapping[str, QueueSettings]
    numbers: tuple[str, ...]
    extensions: tuple[str, ...]
    reception: str

    def recorded(self, step: Step, reference: Reference, wished: Wished) -> Said | None:
        """Whose rule may have a talk recorded that begins here; None: nobody's, or no talk begins."""
        queue, agents = None, tuple[str, ...]()
        if reference.kind == "queue" and step.verb == "queue" and reference.name in self.queues:
            settings = self.queues[reference.name]
            queue, agents = Said(Level.QUEUE, reference.name, settings.record), settings.agents_ever or ("",)
        elif reference.kind == "extension":
            agents = (reference.name,)
        elif reference.kind == "step" and reference.name == A_PERSON:
            agents = (self.reception,)
        elif isinstance(step, ExtensionStep) and reference.path == ("extension",):
            agents = tuple(one for one in self.extensions if step.allows(one))
        return self.recordings.may_record(numbers=self.numbers or ("",), agents=agents, queue=queue, wished=wished)


def unannounced_problems(
    start: str, steps: Mapping[str, Step], talks: Talks, place: Callable[[str, StepPath], Place]
) -> Iterator[Problem]:
    """Every step that begins such a talk, told once."""
    met = _without_notice(start, steps)
    for name, step in steps.items():
        for reference in step.references():
            found = (talks.recorded(step, reference, wished) for wished in met.get(name, ()))
            by = next((one for one in found if one is not None), None)
            if by is not None:
                what = f"{quoted(by.name)} is recorded" if by.level is Level.QUEUE else _by(by)
                message = (
                    f"{what}, but a caller may come here without hearing a notice; "
                    "put one before it, else such calls are not recorded"
                )
                yield Problem.at(place(name, reference.path), "FLOW032", message)


def _by(said: Said) -> str:
    return f"a talk that begins here is recorded ({said_in_words(said)})"


def _without_notice(start: str, steps: Mapping[str, Step]) -> dict[str, list[Wished]]:
    """The steps that a caller may come to without having heard a notice, with what may have been wished until then."""
    met: dict[str, list[Wished]] = {start: [Wished()]}
    waiting = [(start, Wished())]
    while waiting:
        name, wished = waiting.pop()
        step = steps[name]
        if step.verb == "notice":
            continue
        if isinstance(step, RecordingStep):
            wished = wished.then(step.recording, name)
        for target in step.targets():
            known = met.setdefault(target.name, [])
            if wished not in known:
                known.append(wished)
                waiting.append((target.name, wished))
    return met
