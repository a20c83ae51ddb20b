"""`queue`: wait for an agent."""

from collections.abc import Generator, Iterator
from decimal import Decimal
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from ivr.call.effects import Complain, Done, Effect, Input, JoinQueue, Kind, Returned, Script, Tell
from ivr.call.facts import KeyChosen
from ivr.call.story import Story, expect
from ivr.expression import Expression, parse
from ivr.expression.nodes import Literal
from ivr.site import HANG_UP
from ivr.site.values import Type
from ivr.verbs.step import Step, Use
from ivr.verbs.words import ExpressionText, KeyTargets, QueueName, Target, YesNo, wrong

MOST_PRIORITY = 9

NOBODY_THERE, WAITED_TOO_LONG = "nobody there", "waited too long"
EXITS = (NOBODY_THERE, WAITED_TOO_LONG, "full", "nobody logged in", "the last one left", "closed", "emergency")
"""Where a caller goes on whose wait is over without an agent: settings of the step, words of `acd.reasons.EXITS`."""


def _possible(priority: Expression) -> Expression:
    """A priority that stands in the file is one of the possible ones; one that is computed is made so."""
    number = priority.root.value if isinstance(priority.root, Literal) else None
    if isinstance(number, Decimal) and not (0 <= number <= MOST_PRIORITY and number == int(number)):
        raise wrong(f"{priority.text} is not possible: write a whole number from 0 to {MOST_PRIORITY}, or a variable")
    return priority


class Queue(Step):
    """Lets the caller wait, with music, until an agent of the queue answers.

    Who serves, how long phones ring and how long a caller waits at most stands in queues.yaml. The call is recorded
    if the queue says so and the caller heard a `notice` to its end. After a restart of the server the caller keeps the
    place in the queue.

    `keys` count while the caller waits, also during an announcement; every other key changes nothing. Who leaves so
    and comes back to the same queue in this call has the place of before. Who comes from another queue keeps the time
    waited there, unless this step says `keep the time waited: no`.

    `nobody there`: no agent of the queue has a phone that can be reached. `nobody logged in`: no agent is logged in
    when the caller comes; `the last one left`: the last one logged out while the caller waited. `closed` and
    `emergency`: the queue's timetable (`open` in queues.yaml), or what overrides it; who waits then leaves, too. Left
    out, `full` is as `waited too long`, and each of the others as `nobody there`.

    `priority` may be computed: `priority: 5`, or a variable that a `branch` or a look-up has set. What the caller's
    list gives (lists.yaml) is added; 9 is the highest.

    ```yaml
    servicio:
      queue: servicio
      keys:
        9: buzon
        "*": menu
      after the talk: hang up
      nobody there: recepcion
      waited too long: recepcion
      closed: cerrado
    ```
    """

    verb: ClassVar[str] = "queue"
    takes_time: ClassVar[bool] = True

    queue: QueueName = Field(alias="queue", description="the queue (queues.yaml)")
    nobody_there: Target = Field(alias=NOBODY_THERE, description="the next step when no agent can be reached")
    waited_too_long: Target = Field(alias=WAITED_TOO_LONG, description="the next step after the longest wait")
    after_the_talk: Target = Field(
        default=HANG_UP, alias="after the talk", description="the next step when the agent hung up"
    )
    full: Target = Field(
        default="", description="the next step when too many wait already; left out: as `waited too long`"
    )
    nobody_logged_in: Target = Field(
        default="",
        alias="nobody logged in",
        description="the next step when no agent is logged in; left out: as `nobody there`",
    )
    the_last_one_left: Target = Field(
        default="",
        alias="the last one left",
        description="the next step when the last agent logs out meanwhile; left out: as `nobody there`",
    )
    closed: Target = Field(
        default="", description="the next step when the queue is closed, or closes; left out: as `nobody there`"
    )
    emergency: Target = Field(
        default="", description="the next step in an emergency, also one that begins; left out: as `nobody there`"
    )
    keys: KeyTargets = Field(default_factory=dict, description="key, pressed while waiting: the step that it leads to")
    priority: Annotated[ExpressionText, AfterValidator(_possible)] = Field(
        default=parse("0"),
        description=f"a number or an expression, 0 to {MOST_PRIORITY}; callers with a higher one are served first",
    )
    keep_the_time_waited: YesNo = Field(
        default=True,
        alias="keep the time waited",
        description="whether the time counts that the call has waited in another queue",
    )

    def uses(self) -> Iterator[Use]:
        """The priority."""
        yield Use(("priority",), self.priority, (Type.NUMBER,))

    def then_at(self, exit: str) -> str:
        """The step that one of `EXITS` leads to."""
        written: str = getattr(self, exit.replace(" ", "_"))
        return written or (self.waited_too_long if exit == "full" else self.nobody_there)

    def ways_written(self) -> tuple[str, ...]:
        """Those of `EXITS` that are not left out."""
        return tuple(exit for exit in EXITS if getattr(self, exit.replace(" ", "_")))

    def script(self, story: Story) -> Script:
        """Join, or take the exit that the call comes back with."""
        returned = story.take_returned()
        if returned is not None and returned.kind is Kind.TALK:
            return self.after_the_talk
        if returned is not None and returned.kind is Kind.QUEUE:
            if returned.detail not in EXITS:
                expect(Done, (yield Complain("unknown result", f"{story.flow.name}/{story.step}")))
                return self.nobody_there
            return self.then_at(returned.detail)
        if returned is not None and returned.kind is Kind.KEY:
            if returned.detail in self.keys:
                return (yield from self._left(story, returned))
            yield from story.remember()  # a key of another version of the flow: used up
        story.take_key()
        yield JoinQueue(
            queue=self.queue,
            priority=(yield from self._priority(story)),
            keeps=self.keep_the_time_waited,
            keys="".join(self.keys),
        )
        raise RuntimeError("a terminal effect has no answer")

    def _left(self, story: Story, returned: Returned) -> Script:
        """The caller pressed a key that leads away."""
        story.caller_acted()
        key, then = returned.detail, self.keys[returned.detail]
        expect(Done, (yield Tell(KeyChosen(at=story.at, call=story.info.call, step=story.step, key=key, then=then))))
        return then

    def _priority(self, story: Story) -> Generator[Effect, Input, int]:
        """A whole number from 0 to MOST_PRIORITY; what cannot be computed is 0."""
        root = self.priority.root
        value = root.value if isinstance(root, Literal) else (yield from story.compute(self.priority))
        return min(MOST_PRIORITY, max(0, int(value))) if isinstance(value, Decimal) else 0
