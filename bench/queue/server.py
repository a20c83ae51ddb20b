"""The server as it is, but agents' legs are Local channels: `python -m bench.queue.server` in place of `ivr serve`."""

import sys
from collections.abc import Mapping
from typing import Any

from ivr.asterisk.ami import AmiLink

_action = AmiLink.action


async def _local(self: AmiLink, name: str, fields: Mapping[str, Any] | None = None, timeout: float = 5.0) -> Any:
    channel = str((fields or {}).get("Channel", ""))
    if name == "Originate" and channel.startswith("PJSIP/"):
        fields = {**(fields or {}), "Channel": f"Local/{channel.removeprefix('PJSIP/')}@bench-agent/n"}
    return await _action(self, name, fields, timeout)


def main() -> None:
    """Serve."""
    AmiLink.action = _local  # type: ignore[method-assign]
    from ivr.cli import main as ivr

    sys.argv = ["ivr", "serve"]
    ivr()


if __name__ == "__main__":
    main()
