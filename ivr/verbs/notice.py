"""`notice`: the recording announcement, heard to its end."""

from typing import ClassVar

from pydantic import Field

from ivr.call.effects import Done, Script, Tell
from ivr.call.facts import NoticeHeard
from ivr.call.story import Story, expect
from ivr.verbs.step import Step
from ivr.verbs.words import PromptName, Target


class Notice(Step):
    """Plays an announcement that must be heard, such as that the call may be recorded.

    No key cuts it. A key pressed in it is kept and counts in the next menu. Only a call that heard a notice to its
    end is ever recorded. When the server was restarted meanwhile, an unfinished notice is played again from its
    beginning; a completed one is not repeated.

    ```yaml
    aviso:
      notice: anuncio_grabacion
      then: menu
    ```
    """

    verb: ClassVar[str] = "notice"

    prompt: PromptName = Field(alias="notice", description="the announcement (prompts.yaml)")
    then: Target = Field(description="the next step")

    def script(self, story: Story) -> Script:
        """Play to the end; tell the version that was heard. A missing notice was not heard."""
        if story.take_returned() is None or self.prompt not in story.notices:
            played = yield from story.play(self.prompt, keys="", notice=True)
            if played.key:
                story.key = played.key
                story.caller_acted()
            if played.complete and not played.missing:
                story.notice_completed(self.prompt)
                fact = NoticeHeard(at=story.at, call=story.info.call, prompt=self.prompt, version=played.version)
                expect(Done, (yield Tell(fact)))
        return self.then
