"""The verbs of the flow language, one file each: schema, exits, behaviour, and the page of the reference."""

from ivr.verbs.ask import Ask
from ivr.verbs.branch import Branch
from ivr.verbs.call import Call
from ivr.verbs.collect import Collect
from ivr.verbs.dial import Dial
from ivr.verbs.extension import ExtensionStep
from ivr.verbs.goto import Goto
from ivr.verbs.hang_up import HangUpStep
from ivr.verbs.hours import Hours
from ivr.verbs.language import LanguageStep
from ivr.verbs.look_up import LookUpStep
from ivr.verbs.notice import Notice
from ivr.verbs.play import Play
from ivr.verbs.queue import Queue
from ivr.verbs.recording import RecordingStep
from ivr.verbs.say import Say
from ivr.verbs.set import Set
from ivr.verbs.step import Step
from ivr.verbs.voicemail import Voicemail

VERBS: dict[str, type[Step]] = {
    verb.verb: verb
    for verb in (
        Play,
        Say,
        Notice,
        Ask,
        Collect,
        Hours,
        Branch,
        Set,
        LookUpStep,
        Queue,
        Dial,
        ExtensionStep,
        Voicemail,
        LanguageStep,
        RecordingStep,
        Call,
        Goto,
        HangUpStep,
    )
}
"""Every verb by its word, in the order of the reference."""
