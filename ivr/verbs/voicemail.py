"""`voicemail`: the caller leaves a message."""

from collections.abc import Generator
from typing import Annotated, ClassVar

from pydantic import Field

from ivr.call.effects import (
    Done,
    DropMessage,
    Effect,
    HangUp,
    Input,
    KeepMessage,
    Pressed,
    Recorded,
    RecordMessage,
    Script,
    WaitKey,
)
from ivr.call.story import Story, expect
from ivr.site.mailboxes import Mailbox
from ivr.verbs.step import Step
from ivr.verbs.words import MailboxName, Target, YesNo, whole

GREETING = "phrase_leave_message"
REVIEW, KEPT = "phrase_message_review", "phrase_message_kept"
NOTHING, FULL, FAILED = "phrase_nothing_said", "phrase_mailbox_full", "phrase_message_failed"

END_KEY = "#"
KEEP_KEY, LISTEN_KEY, AGAIN_KEY = "1", "2", "3"
REVIEW_SECONDS = 5.0
MOST_QUESTIONS = 6
"""How often the review is read out; then the message is kept."""


class Voicemail(Step):
    """Lets the caller leave a message in a mailbox.

    The caller hears the mailbox's greeting (a key skips it) and a tone, and speaks until `#`, a silence, or the longest
    message that the mailbox takes (voicemail.yaml). With `review`, he may then keep the message (1, or no key), listen
    to it (2) or record it again (3), at most `tries` times in all. Whoever hangs up while or after speaking has left
    the message, too; what is shorter than the mailbox's `shortest message` is none. A call that left a message and
    talked to nobody counts as voicemail.

    When the server was restarted meanwhile, nobody is asked to speak twice: the message goes on to its review.
    `nothing said`, `full` and `failed` (the disk, a fault) are said to the caller; left out, they lead to `then`.

    ```yaml
    buzon:
      voicemail: servicio
      then: despedida
      full: recepcion
    ```
    """

    verb: ClassVar[str] = "voicemail"

    mailbox: MailboxName = Field(alias="voicemail", description="the mailbox (voicemail.yaml)")
    then: Target = Field(description="the next step when the message is kept")
    nothing_said: Target = Field(
        default="", alias="nothing said", description="the next step without a message; left out: as `then`"
    )
    full: Target = Field(default="", description="the next step when the mailbox is full; left out: as `then`")
    failed: Target = Field(default="", description="the next step when nothing can be recorded; left out: as `then`")
    review: YesNo = Field(default=True, description="whether the caller may listen to the message and record it again")
    tries: Annotated[int, whole(1, 9)] = Field(default=3, description="how often the caller may record it at most")

    def script(self, story: Story) -> Script:
        """Greet, record, review, keep. `story.tries` counts recordings; one beyond `tries` = the message is kept."""
        resumed = story.take_returned() is not None
        if resumed and story.tries > self.tries:
            return self.then
        box = story.site.mailboxes[self.mailbox]
        story.take_key()
        if not resumed:
            yield from story.play(box.greeting or GREETING)
        while True:
            recorded = yield from self._record(box, resumed)
            resumed = False
            if recorded.ended in ("full", "failed") or recorded.seconds < box.shortest.total_seconds():
                return (yield from self._without(story, recorded))
            story.tries = min(story.tries + 1, self.tries)
            if recorded.ended == "hang up":
                yield from self._keep(story, recorded)
                yield HangUp("voicemail")
            if not self.review or (yield from self._good(story, recorded, again=story.tries < self.tries)):
                break
            expect(Done, (yield DropMessage(mailbox=self.mailbox, file=recorded.file)))
            yield from story.remember()
        yield from self._keep(story, recorded)
        yield from story.play(KEPT)
        return self.then

    def _record(self, box: Mailbox, resumed: bool) -> Generator[Effect, Input, Recorded]:
        record = RecordMessage(
            mailbox=self.mailbox,
            longest=box.longest.total_seconds(),
            silence=box.silence.total_seconds(),
            keys=END_KEY,
            resume=resumed,
        )
        return expect(Recorded, (yield record))

    def _keep(self, story: Story, recorded: Recorded) -> Generator[Effect, Input, None]:
        # Remembered before it is done: who dies in between has the message on the disk, and takes it in later.
        story.caller_acted()
        story.tries = self.tries + 1
        if recorded.ended != "hang up":
            yield from story.remember()
        expect(Done, (yield KeepMessage(mailbox=self.mailbox, file=recorded.file)))

    def _without(self, story: Story, recorded: Recorded) -> Script:
        """There is no message: say why, and take the exit."""
        if recorded.file:
            expect(Done, (yield DropMessage(mailbox=self.mailbox, file=recorded.file)))
        if recorded.ended == "hang up":
            yield HangUp("ended in IVR")
        prompt, target = {"full": (FULL, self.full), "failed": (FAILED, self.failed)}.get(
            recorded.ended, (NOTHING, self.nothing_said)
        )
        yield from story.play(prompt)
        return target or self.then

    def _good(self, story: Story, recorded: Recorded, again: bool) -> Generator[Effect, Input, bool]:
        """Whether the message is to be kept; False = record it again."""
        for _ in range(MOST_QUESTIONS):
            key = (yield from story.play(REVIEW)).key
            key = key or expect(Pressed, (yield WaitKey(REVIEW_SECONDS))).key
            if key == LISTEN_KEY:
                key = (yield from story.play_file(recorded.file)).key or LISTEN_KEY
            if key == AGAIN_KEY and again:
                return False
            if not key or key in (KEEP_KEY, END_KEY):
                return True
            yield from story.remember()
        return True
