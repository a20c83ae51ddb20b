"""Brings some finished recordings into the vault, in a process of its own (ivr.apart): compressing takes the processor
from nobody who talks. It stays for a while: to begin takes it half a second, a short talk much less."""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ivr.apart import Resident, answers
from recordings.encode import Codec, NotAudio
from recordings.keeping import Kept, keep
from recordings.vault.folder import Vault
from recordings.vault.keys import Recipient

if TYPE_CHECKING:
    from recordings.catalogue import Recording  # with it comes the whole of SQLAlchemy

SECONDS_EACH = 600.0
"""A talk of ten hours takes about a minute; beyond this something is wrong."""


REST_SECONDS = 60.0
"""After so long without work it ends: it has some 60 MB."""

_process = Resident("ivr.recordings.worker")


class Spoilt(Exception):
    """The file holds nothing that can be kept. The message says why."""


def keep_all(
    wanted: "Mapping[str, Recording]", *, folder: Path, vault: Path, recipients: Sequence[str], codec: Codec
) -> list[Kept | Spoilt | OSError]:
    """Blocking. What became of each, in their order; `wanted`: by the names that they are to have in the vault. Raises
    NotAnswered."""
    asked = {
        "folder": str(folder),
        "vault": str(vault),
        "recipients": list(recipients),
        "codec": codec.value,
        "wanted": [{"recording": r.recording, "file": r.file, "into": into} for into, r in wanted.items()],
    }
    return [_result(one) for one in _process.ask(asked, SECONDS_EACH * len(wanted))]


def rest(seconds: float = REST_SECONDS) -> None:
    """End the process, if it has had nothing to do for so long."""
    _process.rest(seconds)


def _result(told: Mapping[str, Any]) -> Kept | Spoilt | OSError:
    if "spoilt" in told:
        return Spoilt(told["spoilt"])
    if "trouble" in told:
        return OSError(told["trouble"])
    return Kept(**{**told, **{name: base64.b64decode(told[name]) for name in ("peaks", "wrapped")}})


def _work(asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    vault = Vault(Path(asked["vault"]))
    recipients = [Recipient(text) for text in asked["recipients"]]
    return [_one(asked, one, vault, recipients) for one in asked["wanted"]]


def _one(asked: Mapping[str, Any], one: Mapping[str, str], vault: Vault, recipients: list[Recipient]) -> dict[str, Any]:
    raw = Path(asked["folder"]) / one["file"]
    if not raw.exists():
        return {"trouble": f"{one['file']} is gone; see: ivr recordings verify"}
    try:
        kept = keep(
            raw,
            recording=one["recording"],
            file=one["into"],
            vault=vault,
            recipients=recipients,
            codec=Codec(asked["codec"]),
        )
    except NotAudio as error:
        return {"spoilt": str(error)}
    except OSError as error:
        return {"trouble": str(error)}
    values = {name: getattr(kept, name) for name in Kept.__slots__}
    return {**values, **{name: base64.b64encode(values[name]).decode() for name in ("peaks", "wrapped")}}


if __name__ == "__main__":
    answers(_work)
