"""`dial`: ring one extension."""

from datetime import timedelta
from typing import Annotated, ClassVar, Protocol

from pydantic import Field

from ivr.call.effects import Done, Kind, Returned, Ring, Script, Tell
from ivr.call.facts import DialBegun, DialEnded
from ivr.call.story import Story, expect
from ivr.site import HANG_UP
from ivr.verbs.step import Step
from ivr.verbs.words import ExtensionName, Target, between


class Dial(Step):
    """Rings one extension, without a queue; the caller hears music until somebody answers.

    `busy` is also where the call goes when the phone refuses the call; without `busy`, that is as if nobody had
    answered. A phone that is switched off counts as `no answer`.

    ```yaml
    recepcion:
      dial: "100"
      for: 25 s
      no answer: nadie_contesta
    ```
    """

    verb: ClassVar[str] = "dial"
    takes_time: ClassVar[bool] = True

    extension: ExtensionName = Field(alias="dial", description="the extension (site.yaml)")
    no_answer: Target = Field(alias="no answer", description="the next step when nobody answers")
    busy: Target = Field(default="", description="the next step when the phone is busy; left out: as `no answer`")
    after_the_talk: Target = Field(
        default=HANG_UP, alias="after the talk", description="the next step when the extension hung up"
    )
    ring: Annotated[timedelta, between(timedelta(seconds=5), timedelta(minutes=3))] = Field(
        default=timedelta(seconds=25), alias="for", description="how long the phone rings"
    )

    def script(self, story: Story) -> Script:
        """Ring, or take the exit that the call comes back with."""
        returned = story.take_returned()
        if returned is not None and returned.kind in (Kind.TALK, Kind.DIAL):
            return (yield from came_back(story, returned, self.extension, self))
        story.take_key()
        expect(Done, (yield Tell(DialBegun(at=story.at, call=story.info.call, extension=self.extension))))
        yield Ring(extension=self.extension, seconds=int(self.ring.total_seconds()))
        raise RuntimeError("a terminal effect has no answer")


class Exits(Protocol):
    """The steps that follow when an extension was rung."""

    @property
    def no_answer(self) -> str: ...
    @property
    def busy(self) -> str: ...
    @property
    def after_the_talk(self) -> str: ...


def came_back(story: Story, returned: Returned, extension: str, exits: Exits) -> Script:
    """The call is back from an extension: tell how it went, and take the exit."""
    if returned.kind is Kind.TALK:
        return exits.after_the_talk
    result = RESULTS.get(returned.detail, "unreachable")
    expect(Done, (yield Tell(DialEnded(at=story.at, call=story.info.call, extension=extension, result=result))))
    if result == "answered":
        return exits.after_the_talk
    return (exits.busy or exits.no_answer) if result == "busy" else exits.no_answer


# DIALSTATUS (Asterisk, apps/app_dial.c); all others, such as CHANUNAVAIL and CONGESTION, are "unreachable".
RESULTS = {"ANSWER": "answered", "NOANSWER": "no answer", "CANCEL": "no answer", "BUSY": "busy"}
