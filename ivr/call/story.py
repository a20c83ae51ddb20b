"""What a step's script may see and change of the call that it serves. Pure."""

from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from acd.model import CallId
from ivr.call.effects import (
    ANY_KEY,
    RESUMED,
    Complain,
    Compute,
    Computed,
    Decide,
    Decided,
    Done,
    Effect,
    Input,
    Play,
    Played,
    PlayFile,
    Remember,
    Returned,
    Tell,
)
from ivr.call.facts import PromptMissing
from ivr.call.memory import Memory
from ivr.call.place import MAX_FRAMES, MAX_MENUS, MAX_NOTICES, Place
from ivr.expression import Expression
from ivr.site import Flow, Site, Variable
from ivr.site.values import Unknown, Value

I = TypeVar("I", bound=Input)  # noqa: E741

SOME_WORD = "(a recorded word)"
"""What a fact calls a word that is missing."""

CALL_SCOPE = "call."
"""Before the name of a variable of the whole call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallInfo:
    """The call as it came in. `caller` is the opaque key, never the number."""

    call: CallId
    did: str
    caller: str = ""
    blocked: bool = False
    """A caller list of the site says that this caller is not served."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A flow that waits for its subflow to return, at the step that called it."""

    flow: Flow
    step: str
    variables: dict[str, Value | Unknown]


@dataclass(slots=True, kw_only=True)
class Story:
    """The call on its way through a flow. One object a machine; a script changes it, the machine remembers it."""

    site: Site
    flow: Flow
    info: CallInfo
    at: datetime
    """True time of the latest input: facts carry it."""
    language: str
    """That prompts are played in; the step `language` changes it."""
    hung_up: bool = False
    """The caller has gone: what a step would let him hear is left out."""
    step: str = ""
    tries: int = 0
    steps: int = 0
    key: str = ""
    notices: tuple[str, ...] = ()
    menus: tuple[str, ...] = ()
    frames: tuple[Frame, ...] = ()
    variables: dict[str, Value | Unknown] = field(default_factory=dict)
    """Of the present flow. What is not there has no value."""
    call_variables: dict[str, Value | Unknown] = field(default_factory=dict)
    returned: Returned | None = None
    """Only for the first step after a return: what the call came back with."""
    results: Mapping[str, Value | Unknown] = field(default_factory=dict)
    """What the subflow gave that has just returned."""

    # ------------------------------------------------------------------ what is remembered
    def place(self) -> Place:
        """Where the call is now."""
        return Place(
            edition=self.site.edition,
            flow=self.flow.name,
            step=self.step,
            tries=self.tries,
            steps=self.steps,
            key=self.key,
            notices=self.notices,
            language=self.language if self.language != self.flow.language else "",
            frames=tuple((frame.flow.name, frame.step) for frame in self.frames),
            menus=self.menus,
        )

    def memory(self) -> Memory:
        """The values of all variables now."""
        return Memory((*(dict(f.variables) for f in self.frames), dict(self.variables)), dict(self.call_variables))

    def remember(self) -> Generator[Effect, Input, None]:
        """Write the present place and the variables onto the channel."""
        expect(Done, (yield Remember(self.place(), self.memory())))

    # ------------------------------------------------------------------ the caller
    def take_key(self) -> str:
        """The key that was kept, which is then forgotten; empty = none."""
        key, self.key = self.key, ""
        return key

    def take_returned(self) -> Returned | None:
        """What the call came back with; only the first question has an answer."""
        returned, self.returned = self.returned, None
        return returned

    @property
    def resumed(self) -> bool:
        """Whether the server was away in the middle of this very step."""
        return self.returned == RESUMED

    def caller_acted(self) -> None:
        """The caller pressed a key or talked: the flow is not going in circles."""
        self.steps = 0

    def notice_completed(self, prompt: str) -> None:
        """From now on this call may be recorded."""
        self.notices = (*(n for n in self.notices if n != prompt), prompt)[-MAX_NOTICES:]

    def at_menu(self, step: str) -> None:
        """The caller is at this menu; one that he was at before leads the way back again."""
        before = self.menus[: self.menus.index(step)] if step in self.menus else self.menus
        self.menus = (*before, step)[-MAX_MENUS:]

    def menu_before(self) -> str | None:
        """The menu that the caller passed before the present one, or None."""
        return self.menus[-2] if len(self.menus) > 1 else None

    # ------------------------------------------------------------------ what is heard
    def play(self, prompt: str, keys: str = ANY_KEY, notice: bool = False) -> Generator[Effect, Input, Played]:
        """Play a prompt in the call's language; one that is missing is told and skipped."""
        played = expect(Played, (yield Play(prompt=prompt, language=self.language, keys=keys, notice=notice)))
        if played.missing:
            expect(Done, (yield Tell(PromptMissing(at=self.at, call=self.info.call, prompt=prompt))))
        return played

    def play_words(self, prompts: Iterable[str], keys: str = ANY_KEY) -> Generator[Effect, Input, str]:
        """Play one prompt after the other until a key is pressed; gives the key, empty = none. One that is missing ends
        it: half an amount is worse than none."""
        for prompt in prompts:
            played = expect(Played, (yield Play(prompt=prompt, language=self.language, keys=keys)))
            if played.missing:
                # which word it was would tell a digit of what was entered
                expect(Done, (yield Tell(PromptMissing(at=self.at, call=self.info.call, prompt=SOME_WORD))))
            if played.key or played.missing:
                return played.key or ""
        return ""

    def play_file(self, file: str, keys: str = ANY_KEY) -> Generator[Effect, Input, Played]:
        """Play something that was recorded by telephone."""
        return expect(Played, (yield PlayFile(file, keys)))

    # ------------------------------------------------------------------ variables
    def known(self) -> dict[str, Value | Unknown]:
        """All values by the names that expressions use."""
        whole = {CALL_SCOPE + name: value for name, value in self.call_variables.items()}
        return {**self.variables, **whole, "language": self.language}

    def declared(self, name: str) -> Variable | None:
        """How a variable of this flow or (`call.NAME`) of the whole call is declared."""
        if name.startswith(CALL_SCOPE):
            return self.site.variables.get(name.removeprefix(CALL_SCOPE))
        return self.flow.declared.get(name)

    def give(self, name: str, value: Value | Unknown) -> None:
        """Give a variable a value; `call.NAME` is one of the whole call."""
        if name.startswith(CALL_SCOPE):
            self.call_variables[name.removeprefix(CALL_SCOPE)] = value
        else:
            self.variables[name] = value

    def compute(self, expression: Expression) -> Generator[Effect, Input, Value | Unknown | None]:
        """The value of an expression; None, which is told, where it has none."""
        value = expect(Computed, (yield Compute(expression, self.known()))).value
        if value is None:
            expect(Done, (yield Complain("cannot be computed", f"{self.flow.name}/{self.step}")))
        return value

    def decide(
        self, conditions: tuple[Expression, ...], **more: Value | Unknown
    ) -> Generator[Effect, Input, int | None]:
        """The index of the first condition that holds. `more`: values that are no variables yet."""
        return expect(Decided, (yield Decide(conditions, {**self.known(), **more}))).index

    # ------------------------------------------------------------------ other flows
    def enter(self, flow: Flow, given: Mapping[str, Value | Unknown]) -> bool:
        """Go into a subflow, which comes back to the present step. False when subflows are too deep."""
        if len(self.frames) >= MAX_FRAMES:
            return False
        self.frames = (*self.frames, Frame(self.flow, self.step, self.variables))
        self._begin(flow, given)
        return True

    def leave_for(self, flow: Flow, given: Mapping[str, Value | Unknown]) -> None:
        """Go on in another flow, for good."""
        self.frames = ()
        self._begin(flow, given)

    def come_back(self) -> bool:
        """Return from a subflow to the step that called it. False when nobody called."""
        if not self.frames:
            return False
        frame = self.frames[-1]
        self.results = {name: self.variables[name] for name in self.flow.results if name in self.variables}
        self.frames, self.flow, self.step, self.menus = self.frames[:-1], frame.flow, frame.step, ()
        self.variables = frame.variables
        return True

    def _begin(self, flow: Flow, given: Mapping[str, Value | Unknown]) -> None:
        self.flow, self.menus = flow, ()
        self.variables = {**defaults(flow.declared), **given}


def defaults(declared: Mapping[str, Variable]) -> dict[str, Value | Unknown]:
    """The values that variables begin with."""
    return {name: variable.default for name, variable in declared.items() if variable.default is not None}


def expect(kind: type[I], answer: Input) -> I:
    """The answer, which must be of this kind: anything else is a fault of the program that drives the machine."""
    if not isinstance(answer, kind):
        raise TypeError(f"the machine expected {kind.__name__}, got {type(answer).__name__}")
    return answer
