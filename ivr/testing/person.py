"""A caller or an agent at a phone: says and presses what a test wants, and knows by name what it hears.

ana = Person("Ana", await phone.call("6017436967", shown_number="3000000001"), ears)
await ana.call.answered()
await ana.hears("bienvenida")
await ana.press("3")
assert ana.story()[:2] == ["bienvenida", "anuncio_grabacion"]
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from ivr.testing.ears import Ears, Heard, merged, music_gaps, tones
from ivr.testing.phone import Call
from ivr.testing.stalls import STALLS

T = TypeVar("T")

_LOOK = 0.05
"""Seconds between two looks at what was heard."""


class NotHeard(AssertionError):
    """What a person waited for was not heard in time; the message tells what was heard instead."""


class Person:
    """One end of a call, with ears."""

    def __init__(self, name: str, call: Call, ears: Ears) -> None:
        self.name = name
        self.call = call
        self._listener = ears.follow()
        self._listened = 0

    # ---- hearing

    def listen(self) -> list[Heard]:
        """Everything recognised until now, the sound that still goes on included."""
        audio = self.call.media.heard
        samples = audio.samples(self._listened / 8000)
        if len(samples):
            self._listened += len(samples)
            self._listener.feed(samples)
        current = self._listener.current
        return merged([*self._listener.heard, *([current] if current else [])])

    def finish(self) -> list[Heard]:
        """Everything recognised, after the call."""
        self.listen()
        self._listener.finish()
        return merged(self._listener.heard)

    async def hears(self, name: str, seconds: float = 15, *, after: float = 0.0) -> Heard:
        """Until the sound begins to be heard (`after` a position in seconds); NotHeard when it does not come."""

        def found() -> Heard | None:
            return next((heard for heard in self.listen() if heard.name == name and heard.end > after), None)

        return await self._until(found, f"{name} to begin", seconds)

    async def hears_whole(self, name: str, seconds: float = 20, *, after: float = 0.0) -> Heard:
        """Until the sound was heard from its beginning to its end."""

        def found() -> Heard | None:
            played = (heard for heard in self.listen() if heard.name == name and heard.end > after)
            return next((heard for heard in played if heard.whole), None)

        return await self._until(found, f"{name} to its end", seconds)

    def sounded(self, hertz: float, *, after: float = 0.0) -> float:
        """For how many seconds a tone was heard, after a position in seconds."""
        return tones(self.call.media.heard.samples(after), [hertz])[hertz]

    async def hears_tone(self, hertz: float, seconds: float = 5, *, lasting: float = 0.3, after: float = 0.0) -> float:
        """Until the other side's tone was heard for `lasting` seconds in all; returns how long it was."""

        def found() -> float | None:
            sounded = self.sounded(hertz, after=after)
            return sounded if sounded >= lasting else None

        return await self._until(found, f"a tone of {hertz:g} Hz", seconds)

    def story(self) -> list[str]:
        """The names of what was heard in order; `name!` was cut before its end. Music is told once for each time."""
        names: list[str] = []
        for heard in self.listen():
            music = heard.name.startswith("music")
            label = heard.name if heard.whole or music else f"{heard.name}!"
            if not (music and names and names[-1] == label):
                names.append(label)
        return names

    def music_gaps(self) -> list[tuple[float, float]]:
        """Gaps in the music (see `ivr.testing.ears.music_gaps`), but those while the machine stood still."""
        heard = self.listen()
        gaps = music_gaps(heard, {stretch.name for stretch in heard if stretch.name.startswith("music")})
        return [(at, long) for at, long in gaps if not STALLS.between(self.when(at), self.when(at) + long)]

    def when(self, position: float) -> float:
        """The loop time of a position in what was heard: to compare what two persons heard at the same moment."""
        began = self.call.media.heard.began
        if began is None:
            raise NotHeard(f"{self.name} has heard nothing at all")
        return began + position

    @property
    def now(self) -> float:
        """The present moment as a position in what is heard."""
        return self.call.media.heard.position(asyncio.get_running_loop().time())

    # ---- doing

    async def press(self, keys: str) -> None:
        """Press keys and wait until they are sent."""
        await self.call.press(keys)

    def say(self, hertz: float, seconds: float) -> None:
        """Speak: a tone, so that the other side can tell who it is."""
        self.call.media.tone(hertz, seconds)

    async def hang_up(self) -> None:
        """End the call."""
        await self.call.hang_up()

    async def _until(self, found: Callable[[], T | None], what: str, seconds: float) -> T:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while True:
            result = found()
            if result is not None:
                return result
            if loop.time() > deadline:
                raise NotHeard(f"{self.name} waited {seconds:g} s for {what}; {self._told()}")
            await asyncio.sleep(_LOOK)

    def _told(self) -> str:
        heard = ", ".join(f"{h.name} {h.at:.1f}-{h.end:.1f} s" for h in self.listen()) or "nothing known"
        return f"heard {heard}; the call is {self.call.state.value}, {self.call.media.heard.seconds:.1f} s heard"
