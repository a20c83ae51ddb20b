"""The verb `voicemail`: what the caller hears, and what becomes of what he says."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from acd.model import CallId
from ivr.call.effects import (
    FRESH,
    RESUMED,
    AskOpen,
    Done,
    DropMessage,
    Effect,
    HangUp,
    Input,
    KeepMessage,
    Opening,
    Play,
    Played,
    PlayFile,
    Pressed,
    Recorded,
    RecordMessage,
    Remember,
    Returned,
    WaitKey,
)
from ivr.call.machine import Machine
from ivr.call.place import Place
from ivr.call.story import CallInfo
from ivr.site import Site
from tests.unit.call.driver import BEGIN
from tests.unit.language.fixtures import good_site, load

FLOW = """
flow: principal
language: en
numbers: ["6017436967"]
start: buzon
steps:
  buzon:
    voicemail: servicio
    then: gracias
    nothing said: nada
    full: lleno
    failed: fallo
    tries: 2
  gracias:
    hang up: self-served
  nada:
    hang up: closed
  lleno:
    hang up: ended in IVR
  fallo:
    hang up: closed
"""
MAILBOX = """
mailboxes:
  servicio:
    label: Customer service
    extensions: ["101"]
    longest message: 30 s
"""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    folder = good_site(tmp_path)
    for flow in (folder / "flows").glob("*.yaml"):
        flow.unlink()
    (folder / "flows" / "principal.yaml").write_text(FLOW)
    (folder / "config" / "voicemail.yaml").write_text(MAILBOX)
    checked = load(folder)
    assert checked.site is not None, checked.problems
    return checked.site


@dataclass
class Speaker:
    """A caller at the mailbox. `says`: how each recording ends; `keys`: prompt or file -> keys, one a time."""

    says: list[Recorded]
    keys: dict[str, list[str]] = field(default_factory=dict)
    waits: list[str] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)

    def leave(self, site: Site, place: Place | None = None, returned: Returned = FRESH) -> list[Effect]:
        """The whole call; what was asked for, without facts."""
        info = CallInfo(call=CallId("n1-1.1"), did="6017436967")
        machine = Machine(site, site.flows["principal"], info, place, returned)
        effect = machine.start(BEGIN)
        while True:
            self.effects.append(effect)
            if machine.finished:
                return self.effects
            effect = machine.step(self._answer(effect), BEGIN)

    def _answer(self, effect: Effect) -> Input:
        match effect:
            case RecordMessage():
                return self.says.pop(0)
            case Play(prompt=name) | PlayFile(file=name):
                pressed = self.keys.get(name, [])
                key = (pressed.pop(0) or None) if pressed else None
                return Played(key=key, complete=key is None)
            case WaitKey():
                return Pressed(self.waits.pop(0) if self.waits else None)
            case AskOpen():
                return Opening("open")
        return Done()

    @property
    def heard(self) -> list[str]:
        return [e.prompt if isinstance(e, Play) else e.file for e in self.effects if isinstance(e, Play | PlayFile)]

    @property
    def done(self) -> list[str]:
        return [
            ("keep " if isinstance(e, KeepMessage) else "drop ") + e.file
            for e in self.effects
            if isinstance(e, KeepMessage | DropMessage)
        ]


def said(file: str, seconds: float = 9, ended: str = "key") -> Recorded:
    return Recorded(ended=ended, seconds=seconds, file=file, key="#" if ended == "key" else "")


def test_a_caller_who_just_speaks_leaves_a_message(site: Site) -> None:
    caller = Speaker([said("m1", ended="silence")])
    effects = caller.leave(site)
    assert caller.heard == ["phrase_leave_message", "phrase_message_review", "phrase_message_kept"]
    assert caller.done == ["keep m1"]
    (record,) = [e for e in effects if isinstance(e, RecordMessage)]
    assert (record.mailbox, record.longest, record.silence, record.keys) == ("servicio", 30, 4, "#")
    assert record.beep and not record.resume
    assert effects[-1] == HangUp("self-served")


def test_listening_and_recording_again_as_often_as_the_step_says(site: Site) -> None:
    caller = Speaker([said("m1"), said("m2")], {"phrase_message_review": ["2", "3", "3", "1"]})
    caller.leave(site)
    review = "phrase_message_review"
    assert caller.heard == ["phrase_leave_message", review, "m1", review, review, review, "phrase_message_kept"]
    assert caller.done == ["drop m1", "keep m2"]


def test_a_server_that_dies_while_it_keeps_the_message_asks_for_no_other(site: Site) -> None:
    caller = Speaker([said("m1", ended="silence")])
    effects = caller.leave(site)
    kept = next(at for at, effect in enumerate(effects) if isinstance(effect, KeepMessage))
    place = [effect.place for effect in effects[:kept] if isinstance(effect, Remember)][-1]
    again = Speaker([])
    effects = again.leave(site, place, RESUMED)
    assert again.heard == [] and effects[-1] == HangUp("self-served")


def test_a_key_while_listening_counts(site: Site) -> None:
    caller = Speaker([said("m1"), said("m2")], {"phrase_message_review": ["2"], "m1": ["3"]})
    caller.leave(site)
    assert caller.done == ["drop m1", "keep m2"]


def test_wrong_keys_keep_the_message_in_the_end(site: Site) -> None:
    caller = Speaker([said("m1")], {"phrase_message_review": ["7"] * 20})
    caller.leave(site)
    assert caller.done == ["keep m1"]


def test_without_review_the_message_is_kept_at_once(site: Site) -> None:
    step = site.flows["principal"].steps["buzon"]
    steps = {**site.flows["principal"].steps, "buzon": step.model_copy(update={"review": False})}
    object.__setattr__(site.flows["principal"], "steps", steps)
    caller = Speaker([said("m1")])
    caller.leave(site)
    assert caller.heard == ["phrase_leave_message", "phrase_message_kept"]


@pytest.mark.parametrize(
    ("recorded", "phrase", "end", "done"),
    [
        (said("m1", 1.02, "silence"), "phrase_nothing_said", "closed", ["drop m1"]),
        (said("m1", 0, "key"), "phrase_nothing_said", "closed", ["drop m1"]),
        (Recorded(ended="full"), "phrase_mailbox_full", "ended in IVR", []),
        (Recorded(ended="failed"), "phrase_message_failed", "closed", []),
        (Recorded(ended="failed", file="m1"), "phrase_message_failed", "closed", ["drop m1"]),
    ],
)
def test_the_exits_without_a_message(site: Site, recorded: Recorded, phrase: str, end: str, done: list[str]) -> None:
    caller = Speaker([recorded])
    assert caller.leave(site)[-1] == HangUp(end)
    assert caller.heard == ["phrase_leave_message", phrase] and caller.done == done


def test_who_hangs_up_while_speaking_has_left_the_message(site: Site) -> None:
    caller = Speaker([said("m1", ended="hang up")])
    effects = caller.leave(site)
    assert effects[-2:] == [KeepMessage(mailbox="servicio", file="m1"), HangUp("voicemail")]


def test_who_hangs_up_at_once_has_left_nothing(site: Site) -> None:
    caller = Speaker([said("m1", 0.5, ended="hang up")])
    effects = caller.leave(site)
    assert effects[-2:] == [DropMessage(mailbox="servicio", file="m1"), HangUp("ended in IVR")]


def _remembered(effects: list[Effect]) -> list[Place]:
    return [e.place for e in effects if isinstance(e, Remember)]


def test_after_a_crash_nobody_is_asked_to_speak_twice(site: Site) -> None:
    before = Speaker([said("m1")])
    places = _remembered(before.leave(site))
    assert [place.tries for place in places if place.step == "buzon"] == [0, 3]
    again = Speaker([said("m1", ended="silence")])
    effects = again.leave(site, places[0], RESUMED)
    (record,) = [e for e in effects if isinstance(e, RecordMessage)]
    assert record.resume and again.heard == ["phrase_message_review", "phrase_message_kept"]
    after = Speaker([])
    assert after.leave(site, places[1], RESUMED)[-1] == HangUp("self-served")
    assert after.done == [] and after.heard == []
