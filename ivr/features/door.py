"""PINs: who enters one that is wrong too often must wait, and no PIN can be guessed by trying."""

import hmac
from collections.abc import Awaitable, Callable, Iterable

from ivr import log as logs
from ivr.features.dialog import TRIES, Dialog, Refused
from ivr.features.figures import FeatureFigures
from ivr.features.lockout import PHONE_TRIES, PIN_TRIES, Lockout
from ivr.install.secrets import Pins

log = logs.get(__name__)


class Door:
    """Asks for PINs. One for the whole server: it remembers who tried too often, until a restart."""

    def __init__(
        self,
        pins: Callable[[Iterable[tuple[str, str]]], Awaitable[Pins]],
        seconds: Callable[[], float],
        figures: FeatureFigures,
    ) -> None:
        """`pins` gives PINs by (kind, name), `seconds` a time that never goes back."""
        self._pins, self._seconds, self._figures = pins, seconds, figures
        self._lockout = Lockout()

    async def enter(self, dialog: Dialog, extension: str, kind: str, names: Iterable[str]) -> str:
        """The one of `names` whose PIN was entered. Raises Refused after it was said."""
        wanted = [(kind, name) for name in names]
        kept = await self._pins(wanted)
        for _ in range(TRIES):
            longest = max(map(len, (await self._open(dialog, extension, kind, wanted, kept)).values()))
            entered = await dialog.number(longest, "phrase_enter_pin")
            # Again: others may have tried meanwhile, and who calls many times at once has no more tries than the rest.
            open_ones = await self._open(dialog, extension, kind, wanted, kept)
            found = [name for name, pin in open_ones.items() if hmac.compare_digest(pin.encode(), entered.encode())]
            if found:
                self._lockout.passed(f"phone {extension}")
                self._lockout.passed(f"{kind} {found[0]}")
                self._figures.pins.labels(kind, "right").inc()
                return found[0]
            self._wrong(extension, kind, open_ones)
            await dialog.say("phrase_wrong_pin")
        raise Refused("wrong pin")

    async def _open(
        self, dialog: Dialog, extension: str, kind: str, wanted: Iterable[tuple[str, str]], kept: Pins
    ) -> dict[str, str]:
        """The PINs that may be tried from here now, by name. Raises Refused after it was said that there is none."""
        found = {name: kept[kind, name] for _, name in wanted if not self._locked(kind, name)}
        if not found or self._lockout.locked(f"phone {extension}", self._seconds()):
            self._figures.pins.labels(kind, "locked").inc()
            await dialog.say("phrase_locked")
            raise Refused("locked")
        return found

    def _locked(self, kind: str, name: str) -> bool:
        return self._lockout.locked(f"{kind} {name}", self._seconds())

    def _wrong(self, extension: str, kind: str, names: Iterable[str]) -> None:
        now = self._seconds()
        self._lockout.failed(f"phone {extension}", PHONE_TRIES, now)
        for name in names:
            self._lockout.failed(f"{kind} {name}", PIN_TRIES, now)
        self._figures.pins.labels(kind, "wrong").inc()
        log.warning("a wrong PIN", extension=extension, kind=kind, names=sorted(names))
