"""`queue`: wait for an agent."""

from typing import Annotated, ClassVar

from pydantic import Field

from ivr.call.effects import Complain, Done, JoinQueue, Kind, Script
from ivr.call.story import Story, expect
from ivr.site import HANG_UP
from ivr.verbs.step import Step
from ivr.verbs.words import QueueName, Target, whole


class Queue(Step):
    """Lets the caller wait, with music, until an agent of the queue answers.

    Who serves, how long phones ring and how long a caller waits at most stands in queues.yaml. The call is recorded
    if the queue says so and the caller heard a `notice` to its end. `nobody there`: no agent of the queue has a
    phone that can be reached. After a restart of the server the caller keeps the place in the queue.

    ```yaml
    servicio:
      queue: servicio
      after the talk: hang up
      nobody there: recepcion
      waited too long: recepcion
    ```
    """

    verb: ClassVar[str] = "queue"
    takes_time: ClassVar[bool] = True

    queue: QueueName = Field(alias="queue", description="the queue (queues.yaml)")
    nobody_there: Target = Field(alias="nobody there", description="the next step when no agent can be reached")
    waited_too_long: Target = Field(alias="waited too long", description="the next step after the longest wait")
    after_the_talk: Target = Field(
        default=HANG_UP, alias="after the talk", description="the next step when the agent hung up"
    )
    priority: Annotated[int, whole(0, 9)] = Field(default=0, description="callers with a higher one are served first")

    def script(self, story: Story) -> Script:
        """Join, or take the exit that the call comes back with."""
        returned = story.take_returned()
        if returned is not None and returned.kind is Kind.TALK:
            return self.after_the_talk
        if returned is not None and returned.kind is Kind.QUEUE:
            if returned.detail not in ("nobody there", "waited too long"):
                expect(Done, (yield Complain("unknown result", f"{story.flow.name}/{story.step}")))
            return self.nobody_there if returned.detail == "nobody there" else self.waited_too_long
        story.take_key()
        record = story.site.queues[self.queue].record and bool(story.notices)
        yield JoinQueue(queue=self.queue, priority=self.priority, record=record)
        raise RuntimeError("a terminal effect has no answer")
