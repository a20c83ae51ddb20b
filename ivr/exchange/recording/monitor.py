"""What Asterisk is told about the recording of a leg (MixMonitor), which it makes by itself."""

import structlog

from ivr.asterisk.ami import AmiError, AmiLink, AmiRefused
from ivr.exchange.recording.leg import channel_of

log = structlog.get_logger(__name__)


class MixMonitor:
    """False: it was not done, or nobody knows."""

    def __init__(self, link: AmiLink) -> None:
        self._link = link

    async def silence(self, leg: str) -> bool:
        """From now on silence, on both sides."""
        return await self._mute(leg, True)

    async def hear(self, leg: str) -> bool:
        """From now on voices, in the same file."""
        return await self._mute(leg, False)

    async def _mute(self, leg: str, silent: bool) -> bool:
        fields = {"Channel": channel_of(leg), "Direction": "both", "State": str(int(silent))}
        try:
            await self._link.action("MixMonitorMute", fields)
        except AmiError as error:
            log.warning("a recording could not be changed", leg=leg, silent=silent, why=str(error))
            return False
        return True

    async def end(self, leg: str) -> bool:
        """For good; its file is complete."""
        try:
            await self._link.action("StopMixMonitor", {"Channel": channel_of(leg)})
        except AmiRefused as refused:
            log.debug("no recording was ended", leg=leg, why=str(refused))  # it rings, or has hung up
            return False
        except AmiError as error:
            log.warning("a recording could not be ended", leg=leg, why=str(error))
            return False
        return True
