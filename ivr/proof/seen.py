"""What was met on the way through all calls: what no call may meet, and what at least one call should."""

from ivr.call import effects, facts
from ivr.call.effects import Effect
from ivr.call.place import RECEPTION, Place
from ivr.call.story import Story
from ivr.proof.choices import Choice
from ivr.proof.findings import Call, Finding
from ivr.proof.space import Node
from ivr.site import Site
from ivr.site.recordings import Wished, said_in_words
from ivr.site.targets import A_PERSON, HANG_UP, exit_of
from ivr.speech import can_speak
from ivr.text import quoted
from ivr.verbs.extension import ExtensionStep
from ivr.verbs.say import Say
from recordings.policy import Level, Said

At = tuple[str, str]

_TOLD_ELSEWHERE = ("cannot be computed", "variables lost", "went in circles")


class Seen:
    """Everything met in the calls of one site. Each fault is kept once for each step, with the first call to it."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._findings: dict[object, Finding] = {}
        self.gone = False
        """Whether what is met now is done for a caller who has hung up."""
        self.steps: set[At] = set()
        self.undone: set[At] = set()
        self.keys: set[tuple[str, str, str]] = set()
        self.ways: set[tuple[str, str, str]] = set()
        self.exits: set[tuple[str, str, str]] = set()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The faults, in the order in which they were met."""
        return tuple(self._findings.values())

    def told(self, node: Node, choices: tuple[Choice, ...], story: Story, effect: Effect) -> None:
        """A fact, or a complaint."""
        flow, step = story.flow.name, story.step
        if isinstance(effect, effects.Complain):
            if effect.problem in _TOLD_ELSEWHERE:
                return
            what = effect.detail.partition(": ")[2] or effect.detail
            if effect.problem == "cannot be said":
                message = f"the value cannot be said: {what}; say it otherwise, or ask before"
                self._add("PROOF009", node, choices, story, message)
            else:
                message = f"here an administrator would be told: {effect.problem} ({what}); correct the flow"
                self._add("PROOF014", node, choices, story, message)
            return
        if not isinstance(effect, effects.Tell):
            return
        match effect.fact:
            case facts.KeyChosen(key=key):
                self.keys.add((flow, step, key))
            case facts.BranchTaken(way=way):
                self.ways.add((flow, step, way))
            case _:
                pass

    def asked(self, node: Node, choices: tuple[Choice, ...], story: Story, effect: Effect) -> None:
        """Something was to be heard or found out."""
        if isinstance(effect, effects.Play):
            self._heard(node, choices, story, effect.prompt, effect.language)
        elif isinstance(effect, effects.Compute):
            step = story.flow.steps[story.step]
            if isinstance(step, Say) and not can_speak(story.language):
                message = f"there are no words in {story.language} to say a value; leave the step out in this language"
                self._add("PROOF009", node, choices, story, message)

    def _heard(self, node: Node, choices: tuple[Choice, ...], story: Story, prompt: str, language: str) -> None:
        found = self._site.prompts.get(prompt)
        if found is None or language not in found.languages:
            message = f"the prompt {quoted(prompt)} cannot be heard in {language}; add it in prompts.yaml"
            self._add("PROOF008", node, choices, story, message, about=(prompt, language))

    def failed(self, node: Node, choices: tuple[Choice, ...], story: Story, fault: str) -> None:
        """An expression has no value."""
        message = f"{fault}; give it a value on every way to here, or ask before"
        self._add("PROOF010", node, choices, story, message, about=fault)

    def broken(self, node: Node, choices: tuple[Choice, ...], story: Story, fault: Exception) -> None:
        """The call could not go on."""
        message = f"the call cannot go on here ({type(fault).__name__}: {fault}); correct the step"
        self._add("PROOF014", node, choices, story, message)

    def undoing(self, story: Story) -> None:
        """A step is done for a caller who has gone."""
        self.steps.add((story.flow.name, story.step))
        self.undone.add((story.flow.name, story.step))

    def entered(self, node: Node, place: Place) -> None:
        """A step was entered from that of a state."""
        flow, step = node.at
        self.steps.add((place.flow, place.step))
        if node.place is None:
            return
        if len(place.frames) < len(node.place.frames):
            for frame in node.place.frames[len(place.frames) :]:
                self._returned(flow, step)
                flow, step = frame
        self.exits.add((flow, step, place.step))

    def _returned(self, flow: str, step: str) -> None:
        found = self._site.flows[flow].steps[step]
        self.exits |= {(flow, step, r.name) for r in found.exits() if exit_of(r.name) is not None}

    def ended(
        self, node: Node, choices: tuple[Choice, ...], story: Story,
        effect: effects.JoinQueue | effects.Ring | effects.HangUp, numbers: tuple[str, ...], wished: Wished,
    ) -> None:  # fmt: skip
        """The flow lets go of the call. `numbers`: those that may have been called; `wished`: about its recording."""
        if not isinstance(effect, effects.JoinQueue):
            word = HANG_UP if isinstance(effect, effects.HangUp) else A_PERSON
            self.exits.add((*(node.at if story.step == RECEPTION else (story.flow.name, story.step)), word))
        if isinstance(effect, effects.HangUp):
            return
        if not story.notices:
            self._unannounced(node, choices, story, effect, numbers, wished)
        queue = self._site.queues.get(effect.queue) if isinstance(effect, effects.JoinQueue) else None
        if queue is not None and queue.announce:
            self._heard(node, choices, story, queue.announce, story.language)

    def _unannounced(
        self, node: Node, choices: tuple[Choice, ...], story: Story,
        effect: effects.JoinQueue | effects.Ring, numbers: tuple[str, ...], wished: Wished,
    ) -> None:  # fmt: skip
        """A call comes to people without having heard a notice."""
        said = None
        if isinstance(effect, effects.JoinQueue):
            queue = self._site.queues[effect.queue]
            said, agents = Said(Level.QUEUE, effect.queue, queue.record), queue.agents_ever or ("",)
            whom = f"the queue {quoted(effect.queue)}"
        else:
            step = story.flow.steps.get(story.step)
            agents = (effect.extension,)
            if isinstance(step, ExtensionStep):  # in a proof one of its extensions stands for all
                agents = tuple(filter(step.allows, self._site.extensions))
            whom = f"the extension {quoted(effect.extension)}"
        by = self._site.recordings.may_record(numbers=numbers, agents=agents, queue=said, wished=wished)
        if by is None:
            return
        what = f"{whom}, to be recorded ({said_in_words(by)}),"
        if by.level is Level.QUEUE:
            what = f"the recorded queue {quoted(by.name)}"
        message = (
            f"a call comes to {what} without having heard a notice to its end; "
            "put a `notice` before it, in every language"
        )
        self._add("PROOF007", node, choices, story, message)

    def _add(
        self, code: str, node: Node, choices: tuple[Choice, ...], story: Story, message: str, about: object = None
    ) -> None:
        key = (code, story.flow.name, story.step, about)
        if key not in self._findings:
            call = Call(node, gone=True) if self.gone else Call(node, (), choices)
            self._findings[key] = Finding(code, story.flow.name, story.step, message, (), call)
