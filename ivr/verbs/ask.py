"""`ask`: the menu."""

from collections.abc import Generator, Iterator
from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import Field

from ivr.call.effects import ANY_KEY, Done, Effect, Input, Pressed, Script, Tell, WaitKey
from ivr.call.facts import KeyChosen, KeyWrong
from ivr.call.story import Story, expect
from ivr.site.targets import A_PERSON
from ivr.verbs.step import Reference, Step
from ivr.verbs.words import Key, KeyTargets, PromptName, Target, YesNo, between, whole


class Ask(Step):
    """Asks for a key, and goes where the key leads.

    The caller may press the key while the prompt is playing. A key pressed before the menu (in a `play` or a
    `notice`) goes straight on, without the prompt, if the menu has it. Without a key within `wait`, the caller hears
    `no key`; with one that the menu does not have, `wrong key`; then the menu again. After `tries` times in all, the
    call goes on at `then`: to a person (reception), if nothing else is written there. Key `*` reads the menu out
    again, unless the menu has another use for it; `back` names a key that leads to the menu before this one. When the
    server was restarted meanwhile, the menu is played again and the tries are kept.

    ```yaml
    menu:
      ask: menu_principal
      keys:
        1: servicio
        2: tesoreria
        0: recepcion
      no key: no_le_escuche
      wrong key: opcion_invalida
      tries: 3
      then: recepcion
    ```
    """

    verb: ClassVar[str] = "ask"

    prompt: PromptName = Field(alias="ask", description="the prompt that reads the menu out (prompts.yaml)")
    keys: KeyTargets = Field(min_length=1, description="key: the step that it leads to")
    no_key: PromptName = Field(alias="no key", description="what a caller hears who pressed nothing")
    wrong_key: PromptName = Field(alias="wrong key", description="what a caller hears after a key the menu lacks")
    then: Target = Field(default=A_PERSON, description="the step after the last try")
    repeat: Key = Field(default="*", description="the key that reads the menu out again")
    back: Key = Field(default="", description="the key that leads back to the menu before this one")
    tries: Annotated[int, whole(1, 9)] = Field(default=3, description="how often the menu is read out at most")
    wait: Annotated[timedelta, between(timedelta(seconds=1), timedelta(seconds=30))] = Field(
        default=timedelta(seconds=5), description="silence after the prompt, for the caller to press a key"
    )
    can_be_cut: YesNo = Field(default=True, alias="can be cut", description="whether a key cuts the prompt")

    def without_caller(self) -> Iterator[Reference]:
        """A silent caller only comes to `then`."""
        return (r for r in self.targets() if r.path == ("then",))

    def script(self, story: Story) -> Script:
        """Ask until a key of the menu is pressed or the tries are over."""
        story.take_returned()
        story.at_menu(story.step)
        key = story.take_key()
        while key not in self.keys:
            if key and key == self.back and (before := story.menu_before()) is not None:
                story.caller_acted()
                return before
            key = yield from self._read_out(story)
            if key in self.keys:
                break
            if key and key in (self.repeat, self.back):
                story.caller_acted()
                yield from story.remember()
                continue
            wrong = KeyWrong(at=story.at, call=story.info.call, step=story.step, key=key)
            expect(Done, (yield Tell(wrong)))
            story.tries += 1
            yield from story.remember()
            key = (yield from story.play(self.wrong_key if key else self.no_key)).key or ""
            if story.tries >= self.tries and key not in self.keys:
                return self.then
        story.caller_acted()
        target = self.keys[key]
        expect(Done, (yield Tell(KeyChosen(at=story.at, call=story.info.call, step=story.step, key=key, then=target))))
        return target

    def _read_out(self, story: Story) -> Generator[Effect, Input, str]:
        """Play the menu, and wait for a key; empty = none."""
        played = yield from story.play(self.prompt, ANY_KEY if self.can_be_cut else "", not self.can_be_cut)
        return played.key or expect(Pressed, (yield WaitKey(self.wait.total_seconds()))).key or ""
