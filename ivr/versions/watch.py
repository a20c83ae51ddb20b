"""Brings a change of the site's files into force by itself: looks at them every two seconds, and waits until they rest.

Polling, not inotify: folders may lie on another machine or be mounted into a container, where nothing is notified.
"""

import asyncio

from ivr import log as logs
from ivr.clock import Clock
from ivr.versions.changes import Changes
from ivr.versions.copies import files_of
from ivr.versions.loading import Folders

log = logs.get(__name__)

LOOK_SECONDS = 2.0

Signature = tuple[tuple[str, int, int, int], ...]


def signature(folders: Folders) -> Signature:
    """Name, time, size and inode of every file. Blocking; it reads none of them."""
    found = []
    for folder in (folders.config, folders.flows):
        for file in files_of(folder):
            try:
                status = file.stat()
            except OSError:
                continue
            found.append((str(file), status.st_mtime_ns, status.st_size, status.st_ino))
    return tuple(found)


class Watch:
    """Looks until it is closed."""

    def __init__(self, changes: Changes, clock: Clock) -> None:
        self._changes, self._clock = changes, clock
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look; what stands in the folders now is dealt with."""
        self._task = asyncio.get_running_loop().create_task(self._look())

    async def close(self) -> None:
        """Look no more. A change that has begun is given up, or was saved and comes into force at the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _look(self) -> None:
        dealt_with = seen = await asyncio.to_thread(signature, self._changes.folders)
        while True:
            await self._clock.sleep(LOOK_SECONDS)
            now = await asyncio.to_thread(signature, self._changes.folders)
            if now != dealt_with and now == seen and self._may():
                dealt_with = now
                try:
                    await self._changes.folder_changed()
                except Exception:
                    log.exception("a change of the site's files could not be looked at")
            seen = now

    def _may(self) -> bool:
        """While a version is tried or changes are held back, they wait."""
        return not self._changes.standing.held and self._changes.editions.canary is None
