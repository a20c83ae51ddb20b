"""The verbs of the flow language, one file each: schema, exits, behaviour, and the page of the reference."""

from ivr.verbs.ask import Ask
from ivr.verbs.dial import Dial
from ivr.verbs.hang_up import HangUpStep
from ivr.verbs.hours import Hours
from ivr.verbs.notice import Notice
from ivr.verbs.play import Play
from ivr.verbs.queue import Queue
from ivr.verbs.step import Step

VERBS: dict[str, type[Step]] = {verb.verb: verb for verb in (Play, Notice, Ask, Hours, Queue, Dial, HangUpStep)}
"""Every verb by its word, in the order of the reference."""
