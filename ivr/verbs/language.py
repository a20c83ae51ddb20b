"""`language`: the language in which the call goes on."""

from typing import ClassVar

from pydantic import Field

from ivr.call.effects import Done, Script, Tell
from ivr.call.facts import LanguageChosen
from ivr.call.story import Story, expect
from ivr.verbs.step import Step
from ivr.verbs.words import LanguageName, Target


class LanguageStep(Step):
    """Changes the language of everything that the caller hears from now on, in subflows and queues too.

    ```yaml
    ingles:
      language: en
      then: menu
    ```
    """

    verb: ClassVar[str] = "language"
    silent: ClassVar[bool] = True

    language: LanguageName = Field(alias="language", description="one of the site's languages (site.yaml)")
    then: Target = Field(description="the next step")

    def script(self, story: Story) -> Script:
        """Change it."""
        story.take_returned()
        story.language = self.language
        fact = LanguageChosen(at=story.at, call=story.info.call, language=self.language)
        expect(Done, (yield Tell(fact)))
        return self.then
