"""`recording`: whether the talks of this call are recorded from now on."""

from typing import ClassVar, Literal

from pydantic import Field

from ivr.call.effects import Done, Script, Tell
from ivr.call.facts import RecordingWished
from ivr.call.story import Story, expect
from ivr.verbs.step import Step
from ivr.verbs.words import Target


class RecordingStep(Step):
    """Says whether the talks of this call are recorded from now on. `declined` is the caller's own word: after it
    nothing is recorded, whatever anybody else wishes, until the caller has `agreed`. The others are the wish of this
    step, which counts before that of agent, queue and number (config/recordings.yaml, queues.yaml): `force`, `yes`,
    `on demand` (the agent begins it), `no` and `never`.

    ```yaml
    sin_grabacion:
      recording: declined
      then: menu
    ```
    """

    verb: ClassVar[str] = "recording"
    silent: ClassVar[bool] = True

    recording: Literal["declined", "agreed", "force", "yes", "on demand", "no", "never"] = Field(
        alias="recording", description="`declined`, `agreed`, `force`, `yes`, `on demand`, `no` or `never`"
    )
    then: Target = Field(description="the next step")

    def script(self, story: Story) -> Script:
        """Tell it."""
        story.take_returned()
        fact = RecordingWished(at=story.at, call=story.info.call, step=story.step, wish=self.recording)
        expect(Done, (yield Tell(fact)))
        return self.then
