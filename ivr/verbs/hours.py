"""`hours`: open or closed."""

from typing import ClassVar

from pydantic import Field

from ivr.call.effects import AskOpen, Opening, Script
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
        """Ask, say what is to be said in an emergency, and go the way; a key pressed meanwhile is kept."""
        story.take_returned()
        opening = expect(Opening, (yield AskOpen(self.timetable)))
        if opening.state == "open":
            return self.open
        if opening.state == "closed":
            return self.closed
        if opening.file:
            played = yield from story.play_file(opening.file)
            story.key = played.key or story.key
        elif opening.prompt:
            played = yield from story.play(opening.prompt)
            story.key = played.key or story.key
        return self.emergency or self.closed
