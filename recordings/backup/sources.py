"""What is backed up: the port that the server fills."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

KEYS = "keys"
"""The snapshot of the recordings' wrapped data keys."""


@dataclass(frozen=True, slots=True)
class Audio:
    """A file that never changes, encrypted already. `name` is relative and reveals nothing; `sha256` of the file comes
    from the catalogue, so that an altered file is found and never sent."""

    name: str
    path: Path
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Something that is made anew each time: a database, the configuration, the prompts, the wrapped keys.

    `make(path)` writes it into that new file, which only the server's user can read and which goes away afterwards. The
    target gets it as it is: whoever does not trust the target writes it encrypted. The newest `keep` generations stay.

    The snapshot `keys` has one generation: destroying a recording's data key must destroy it in the backup too. For the
    same reason no other snapshot may contain wrapped keys; a database's has to leave their table out.
    """

    name: str
    make: Callable[[Path], None]
    keep: int = 7

    def __post_init__(self) -> None:
        if self.keep < 1:
            raise ValueError(f"snapshot {self.name}: at least one generation is kept, not {self.keep}")
        if self.name == KEYS and self.keep != 1:
            raise ValueError(
                "the snapshot of the keys has one generation: a destroyed key must not live on in old ones"
            )


class Source(Protocol):
    """What there is to back up."""

    def audio(self) -> Iterable[Audio]:
        """Every recording that is kept, little by little. Asked before the snapshots are made: rows and keys of all
        these are in them."""

    def snapshots(self) -> Sequence[Snapshot]:
        """The snapshots, in the order in which they are to be made."""
