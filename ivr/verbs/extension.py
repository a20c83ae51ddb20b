"""`extension`: the caller dials an extension, or spells a name."""

import re
import unicodedata
from collections.abc import Generator, Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field

from ivr.call.effects import Done, Effect, Entered, Input, Kind, Pressed, Ring, Script, TakeDigits, Tell, WaitKey
from ivr.call.facts import DialBegun, InputTaken
from ivr.call.story import Story, expect
from ivr.site.targets import A_PERSON, HANG_UP
from ivr.verbs.dial import came_back
from ivr.verbs.step import Step
from ivr.verbs.words import PromptName, Target, between, whole, wrong

LETTERS = {"2": "abc", "3": "def", "4": "ghi", "5": "jkl", "6": "mno", "7": "pqrs", "8": "tuv", "9": "wxyz"}
"""The letters on a telephone's keys (ITU-T E.161)."""

NAME_KEY = "*"
"""Changes to spelling: the one key that is neither a digit nor the end of them."""

MOST_MATCHES = 4
"""Names that are read out; with more, the caller is asked for more letters."""

_SECOND = timedelta(seconds=1)
_KEY_OF = {letter: key for key, letters in LETTERS.items() for letter in letters}


def _ranges(value: Any) -> tuple[tuple[int, int], ...]:
    """`100 to 199, 300`."""
    if isinstance(value, tuple):
        return value
    ranges = []
    for part in str(value).split(","):
        match = re.fullmatch(r"([1-9][0-9]{1,5})(?: to ([1-9][0-9]{1,5}))?", part.strip())
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if first > last or match is None or len(match[1]) != len(match[2] or match[1]):
            raise wrong("write extensions as a range, for example 100 to 199, or several: 100 to 199, 300")
        ranges.append((first, last))
    return tuple(ranges)


class ExtensionStep(Step):
    """Lets the caller dial an extension of the house, or spell a name on the keys.

    Only extensions of site.yaml within `allowed` are rung; what else is dialled is answered with `not there`. With
    `by name`, key `*` changes to spelling: the caller presses the keys that have the first letters of the name or of
    the surname (three or more; `#` ends), hears up to four names that begin so, and chooses one. After `tries` times
    in all the call goes on at `gave up`.

    ```yaml
    marcar_extension:
      extension: pida_extension
      allowed: 100 to 106, 201
      by name: pida_nombre
      not there: extension_no_existe
      no answer: recepcion
      gave up: recepcion
    ```
    """

    verb: ClassVar[str] = "extension"
    takes_time: ClassVar[bool] = True

    prompt: PromptName = Field(alias="extension", description="the prompt that asks (prompts.yaml)")
    allowed: Annotated[tuple[tuple[int, int], ...], BeforeValidator(_ranges)] = Field(
        description="extensions that may be rung: 100 to 199, 300"
    )
    not_there: PromptName = Field(alias="not there", description="what a caller hears for any other extension")
    no_answer: Target = Field(alias="no answer", description="the next step when nobody answers")
    busy: Target = Field(default="", description="the next step when the phone is busy; left out: as `no answer`")
    after_the_talk: Target = Field(
        default=HANG_UP, alias="after the talk", description="the next step when the extension hung up"
    )
    gave_up: Target = Field(default=A_PERSON, alias="gave up", description="the next step after the last try")
    by_name: PromptName = Field(default="", alias="by name", description="the prompt that asks for the letters")
    tries: Annotated[int, whole(1, 9)] = Field(default=3, description="how often the caller is asked at most")
    ring: Annotated[timedelta, between(5 * _SECOND, 180 * _SECOND)] = Field(
        default=25 * _SECOND, alias="for", description="how long the phone rings"
    )
    wait: Annotated[timedelta, between(_SECOND, 60 * _SECOND)] = Field(
        default=6 * _SECOND, description="silence after a prompt, for the first key"
    )

    def without_caller(self) -> Iterator[Any]:
        """A silent caller only comes to `gave up`."""
        return (r for r in self.targets() if r.path == ("gave up",))

    def allows(self, extension: str) -> bool:
        """Whether an extension may be rung from here."""
        return any(len(extension) == len(str(last)) and first <= int(extension) <= last for first, last in self.allowed)

    def script(self, story: Story) -> Script:
        """Ask and ring, or take the exit that the call comes back with."""
        returned = story.take_returned()
        if returned is not None and returned.kind in (Kind.TALK, Kind.DIAL):
            return (yield from came_back(story, returned, returned.extension, self))
        extension = yield from self._chosen(story)
        fact = InputTaken(
            at=story.at,
            call=story.info.call,
            step=story.step,
            result="taken" if extension else "gave up",
            tries=story.tries,
        )
        expect(Done, (yield Tell(fact)))
        if not extension:
            return self.gave_up
        expect(Done, (yield Tell(DialBegun(at=story.at, call=story.info.call, extension=extension))))
        yield Ring(extension=extension, seconds=int(self.ring.total_seconds()))
        raise RuntimeError("a terminal effect has no answer")

    def _chosen(self, story: Story) -> Generator[Effect, Input, str]:
        """An extension that may be rung; empty when the tries are over."""
        possible = {n: e.label for n, e in story.site.extensions.items() if self.allows(n)}
        key = story.take_key()
        while story.tries < self.tries:
            if not key:
                key = (yield from story.play(self.prompt)).key or ""
            if self.by_name and key == NAME_KEY:
                found = yield from self._by_name(story, possible)
            else:
                most = max(len(str(last)) for _, last in self.allowed)
                entered = yield from self._take(key, most, "#")
                if self.by_name and entered.text == NAME_KEY:
                    found = yield from self._by_name(story, possible)
                else:
                    found = _any(possible) if not entered.known and entered.text else entered.text
            key = ""
            if found in possible:
                story.caller_acted()
                return found
            yield from story.play(self.not_there, "")
            story.tries += 1
            yield from story.remember()
        return ""

    def _take(self, begun: str, most: int, finish: str) -> Generator[Effect, Input, Entered]:
        seconds = self.wait.total_seconds()
        take = TakeDigits(begun=begun, most=most, finish=finish, first=seconds, between=min(seconds, 3.0))
        return expect(Entered, (yield take))

    def _by_name(self, story: Story, possible: Mapping[str, str]) -> Generator[Effect, Input, str]:
        """The extension of the name that the caller spells and chooses; empty = none."""
        key = (yield from story.play(self.by_name)).key or ""
        entered = yield from self._take(key, 8, "#")
        matches = list(possible) if not entered.known else matching(entered.text, possible)
        if not entered.text or (not 1 <= len(matches) <= MOST_MATCHES and entered.known):
            return ""
        key = ""
        for index, extension in enumerate(matches[:MOST_MATCHES], 1):
            # "Para Tesorería 1, marque uno."
            said = ("phrase_for", name_prompt(extension), f"phrase_press_{index}")
            key = key or (yield from story.play_words(said))
        key = key or expect(Pressed, (yield WaitKey(self.wait.total_seconds()))).key or ""
        chosen = int(key) - 1 if key.isdecimal() else -1
        return matches[chosen] if 0 <= chosen < min(len(matches), MOST_MATCHES) else ""


def name_prompt(extension: str) -> str:
    """The built-in prompt that says whose extension this is; a recording of this name in prompts.yaml replaces it."""
    return f"name_{extension}"


def matching(keys: str, labels: Mapping[str, str]) -> list[str]:
    """The extensions with a word in their label that begins with these keys; fewer than two keys match nobody."""
    if len(keys) < 2:
        return []
    return [extension for extension, label in labels.items() if any(w.startswith(keys) for w in spelled(label))]


def spelled(label: str) -> list[str]:
    """The keys of each word of a name, accents left out: "Tesorería 1" is 837673742 and 1."""
    plain = unicodedata.normalize("NFKD", label.lower()).encode("ascii", "ignore").decode()
    return ["".join(_KEY_OF.get(c, c) for c in word) for word in re.findall(r"[a-z0-9]+", plain)]


def _any(possible: Mapping[str, str]) -> str:
    """In a proof: one extension stands for all."""
    return next(iter(possible), "")
