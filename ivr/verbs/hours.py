"""`hours`: open or closed."""

from typing import ClassVar

from pydantic import Field

from ivr.call.effects import AskTime, Script, Time
from ivr.call.story import Story, expect
from ivr.verbs.step import Step
from ivr.verbs.words import HoursName, Target


class Hours(Step):
    """Goes one way when the company is open and another when it is closed.

    The timetable stands in hours.yaml: a week, holidays, and dates that differ. The site's time zone counts.

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

    def script(self, story: Story) -> Script:
        """Ask for the time and decide."""
        story.take_returned()
        local = story.site.local(expect(Time, (yield AskTime())).at)
        is_open = story.site.hours[self.timetable].is_open(local, story.site.holidays)
        return self.open if is_open else self.closed
