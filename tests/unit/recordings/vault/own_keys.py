"""Keys that are opened where they are asked for: what `recordings.vault.keyclient.Keys` promises, without a process."""

from collections.abc import Sequence

from recordings.vault.keyring import KeysLocked
from recordings.vault.keys import Identity, unwrap


class OwnKeys:
    """Opens keys without a service. Locked without identities."""

    def __init__(self, identities: Sequence[Identity]) -> None:
        self.identities = tuple(identities)

    async def open(self, recording: str, wrapped: bytes) -> bytes:
        """See `Keys`."""
        if not self.identities:
            raise KeysLocked("the keys are locked: there is no identity")
        return unwrap(wrapped, recording, self.identities)
