"""`hang up`: the end."""

from typing import ClassVar, Literal

from pydantic import Field

from ivr.call.effects import HangUp, Script
from ivr.call.story import Story
from ivr.verbs.step import Step


class HangUpStep(Step):
    """Ends the call, and says how it counts in the figures.

    `closed`: the company was closed. `self-served`: the caller got what he wanted from the flow itself.
    `ended in IVR`: neither. Where that does not matter, write `then: hang up`, without a step of its own.

    ```yaml
    fin_cerrado:
      hang up: closed
    ```
    """

    verb: ClassVar[str] = "hang up"

    reason: Literal["closed", "ended in IVR", "self-served"] = Field(
        alias="hang up", description="how the call counts: closed, ended in IVR or self-served"
    )

    def script(self, story: Story) -> Script:
        """End the call."""
        story.take_returned()
        yield HangUp(self.reason)
        raise RuntimeError("a terminal effect has no answer")
