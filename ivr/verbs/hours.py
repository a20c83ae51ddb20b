"""`hours`: open or closed."""

from collections.abc import Generator
from typing import ClassVar

from pydantic import Field

from ivr.call.effects import AskOpen, Effect, Input, Opening, Script
from ivr.call.story import Story, expect
from ivr.verbs.step import Step
from ivr.verbs.words import HoursName, Target


class Hours(Step):
    """Goes one way when the company is open and another when it is closed.

    The timetable stands in hours.yaml: a week, holidays, and dates that differ. The site's time zone counts. While
    somebody has overridden the timetable (by telephone or with `ivr override`), that counts instead: open, closed, or
    an emergency, whose message the caller hears before the call goes on at `emergency`.

    ```yaml
    horario:
      hours: oficina
      open: menu
      closed: cerrado
    ```
    """

    verb: ClassVar[str] = "hours"

    timetable: HoursName = Field(alias="hours", description="the timetable (hours.yaml)")
    open: Target = Field(description="the next step when it is open")
    closed: Target = Field(description="the next step when it is closed")
    emergency: Target = Field(
        default="", description="the next step after the message of an emergency; left out: as `closed`"
    )

    def script(self, story: Story) -> Script:
        """Ask, say what is to be said in an emergency, and go the way; a key pressed meanwhile is kept. A message that
        had begun before a restart of the server is not repeated."""
        resumed = story.take_returned() is not None
        opening = expect(Opening, (yield AskOpen(self.timetable)))
        if opening.state == "open":
            return self.open
        if opening.state == "emergency":
            if not resumed:
                yield from self._message(story, opening)
            return self.emergency or self.closed
        return self.closed

    def _message(self, story: Story, opening: Opening) -> Generator[Effect, Input, None]:
        """What was recorded for this emergency; where it is gone, the timetable's own words."""
        prompt, key = opening.prompt, None
        if opening.file:
            played = yield from story.play_file(opening.file)
            key = played.key
            prompt = story.site.hours[self.timetable].emergency if played.missing else ""
        if prompt:
            key = (yield from story.play(prompt)).key
        if key:
            story.key = key
            story.caller_acted()
