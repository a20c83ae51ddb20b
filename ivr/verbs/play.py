"""`play`: a prompt that a key cuts."""

from typing import ClassVar

from pydantic import Field

from ivr.call.effects import Script
from ivr.call.story import Story
from ivr.verbs.step import Step
from ivr.verbs.words import PromptName, Target


class Play(Step):
    """Plays a prompt to the caller, and goes on.

    A key cuts the prompt, is kept, and counts in the next menu: callers who know the menu need not listen.
    When the server was restarted meanwhile, a prompt that had begun is not repeated.

    ```yaml
    bienvenida:
      play: bienvenida
      then: menu
    ```
    """

    verb: ClassVar[str] = "play"

    prompt: PromptName = Field(alias="play", description="the prompt (prompts.yaml)")
    then: Target = Field(description="the next step")

    def script(self, story: Story) -> Script:
        """Play once; a begun prompt is not repeated on resumption."""
        if story.take_returned() is None:
            played = yield from story.play(self.prompt)
            if played.key:
                story.key = played.key
                story.caller_acted()
        return self.then
