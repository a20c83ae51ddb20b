"""What a caller's channel carries for us: the place in the flow, and the sealed values of variables.

The values are written before the place that names them, into the bank (`KEPTA1`, `KEPTB1`, ...) that is not in use: a
server that dies in between leaves the older place with the older values.
"""

from collections.abc import Callable
from dataclasses import replace

from ivr.asterisk.agi.session import Session
from ivr.call.memory import EMPTY, Memory
from ivr.call.place import MAX_CHUNKS, Place
from ivr.exchange.house import Seal

PIECE = 1000
"""Characters a variable: Asterisk reads an AGI command of at most 2,047."""


def _variable(bank: str, piece: int) -> str:
    return f"KEPT{bank.upper()}{piece}"


async def read_memory(session: Session, place: Place | None, seal: Seal) -> Memory | None:
    """The values that a place names; None when they cannot be read."""
    if place is None or not place.kept:
        return EMPTY
    bank, count = place.kept[0], int(place.kept[1])
    pieces = [await session.get_variable(_variable(bank, piece)) for piece in range(1, count + 1)]
    text = seal.open("".join(piece or "" for piece in pieces))
    return Memory.decode(text) if text is not None else None


class Carried:
    """Writes place and values, for one visit."""

    def __init__(
        self,
        session: Session,
        seal: Seal,
        complain: Callable[[str, str], None],
        *,
        place: Place | None = None,
        memory: Memory | None = EMPTY,
        undo: bool = False,
        returned: bool = False,
    ) -> None:
        """What the channel has: `place` and the `memory` that was read by it, `undo` (variable UNDO); `returned`:
        RETURNED and TICKET, to be used up."""
        self._session = session
        self._seal = seal
        self._complain = complain
        self._kept = place.kept if place is not None else ""
        self._written = memory.encode() if memory is not None else None  # None: what is there cannot be read
        self._returned = returned
        self._undo = undo

    async def write(self, place: Place, memory: Memory, undo: bool) -> None:
        """Write what has changed. The used-up RETURNED goes with the place: a crash in between would repeat a dial.
        `undo`: the step has something to undo when the caller hangs up in it."""
        await self._keep(memory, place)
        names = {"PLACE": replace(place, kept=self._kept).encode()}
        if undo != self._undo:
            names["UNDO"], self._undo = str(int(undo)), undo
        if self._returned:
            names |= {"RETURNED": "", "TICKET": ""}
            self._returned = False
        if len(names) == 1:
            await self._session.set_variable("PLACE", names["PLACE"])
        else:
            await self._session.execute("MSet", ",".join(f"{name}={value}" for name, value in names.items()))

    async def nothing_to_undo(self) -> None:
        """The flow itself ends the call: what a step has to undo is for callers who hang up in it."""
        if self._undo:
            self._undo = False
            await self._session.set_variable("UNDO", "0")

    async def _keep(self, memory: Memory, place: Place) -> None:
        text = memory.encode()
        if text == self._written:
            return
        self._written = text
        sealed = self._seal.close(text) if text else ""
        pieces = [sealed[start : start + PIECE] for start in range(0, len(sealed), PIECE)]
        if len(pieces) > MAX_CHUNKS:
            # Without values the call goes on here; with the older ones it would go wrong, or begin anew.
            self._complain("too much to remember", f"{place.flow}/{place.step}")
            pieces = []
        if not pieces:
            self._kept = ""
            return
        bank = "b" if self._kept.startswith("a") else "a"
        for number, piece in enumerate(pieces, 1):
            await self._session.set_variable(_variable(bank, number), piece)
        self._kept = f"{bank}{len(pieces)}"
