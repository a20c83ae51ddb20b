"""What a step's script may see and change of the call that it serves. Pure."""

from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from acd.model import CallId
from ivr.call.effects import ANY_KEY, RESUMED, Done, Effect, Input, Play, Played, Remember, Returned, Tell
from ivr.call.facts import PromptMissing
from ivr.call.place import MAX_NOTICES, Place
from ivr.site import Flow, Site

I = TypeVar("I", bound=Input)  # noqa: E741


@dataclass(frozen=True, slots=True, kw_only=True)
class CallInfo:
    """The call as it came in. `caller` is the opaque key, never the number."""

    call: CallId
    did: str
    caller: str = ""


@dataclass(slots=True, kw_only=True)
class Story:
    """The call on its way through a flow. One object a machine; a script changes it, the machine remembers it."""

    site: Site
    flow: Flow
    info: CallInfo
    at: datetime
    """True time of the latest input: facts carry it."""
    step: str = ""
    tries: int = 0
    steps: int = 0
    key: str = ""
    notices: tuple[str, ...] = ()
    returned: Returned | None = None
    """Only for the first step after a return: what the call came back with."""

    def place(self) -> Place:
        """Where the call is now."""
        return Place(
            flow=self.flow.name,
            step=self.step,
            tries=self.tries,
            steps=self.steps,
            key=self.key,
            notices=self.notices,
        )

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

    def play(self, prompt: str, keys: str = ANY_KEY, notice: bool = False) -> Generator[Effect, Input, Played]:
        """Play a prompt in the flow's language; one that is missing is told and skipped."""
        played = expect(Played, (yield Play(prompt=prompt, language=self.flow.language, keys=keys, notice=notice)))
        if played.missing:
            expect(Done, (yield Tell(PromptMissing(at=self.at, call=self.info.call, prompt=prompt))))
        return played

    def remember(self) -> Generator[Effect, Input, None]:
        """Write the present place onto the channel."""
        expect(Done, (yield Remember(self.place())))


def expect(kind: type[I], answer: Input) -> I:
    """The answer, which must be of this kind: anything else is a fault of the program that drives the machine."""
    if not isinstance(answer, kind):
        raise TypeError(f"the machine expected {kind.__name__}, got {type(answer).__name__}")
    return answer
