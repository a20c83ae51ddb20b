"""What it costs to bring talks into the vault, and how fast the vault is verified."""

import asyncio
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from time import perf_counter, sleep

from bench.recordings.archive import Archive, forgotten
from bench.recordings.talk import talk
from ivr import apart
from ivr.clock import LoopClock
from ivr.recordings.keeper import SOME, Keeper
from ivr.recordings.worker import rest
from recordings.catalogue import Recording, SqlCatalogue
from recordings.encode import Codec

TALKS, TALK_SECONDS = 2 * SOME, 60
FILES, FILE_BYTES, ROUNDS = 128, 8 << 20, 3
IVR = Path(sys.executable).with_name("ivr")
Row = dict[str, str]


class Nobody:
    """A ledger that is not measured."""

    async def note(self, what: str, recording: str, **detail: object) -> None:
        """Nothing is written."""


class Watcher(threading.Thread):
    """Sees how many processes are at work at once, and how nice they are."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most, self.nice, self._over = 0, set[int](), threading.Event()

    def run(self) -> None:
        while not self._over.is_set():
            working = list(apart._at_work)
            self.most = max(self.most, len(working))
            for process in working:
                if (found := _nice(process.pid)) is not None:
                    self.nice.add(found)
            sleep(0.02)

    def end(self) -> None:
        self._over.set()
        self.join()


def _nice(pid: int) -> int | None:
    """How nice a process is; None when it has gone."""
    try:
        return os.getpriority(os.PRIO_PROCESS, pid)
    except ProcessLookupError:
        return None


def kept(codec: Codec) -> Row:
    """So many talks wait, and are brought into the vault."""
    with tempfile.TemporaryDirectory(prefix="bench-recordings-") as folder:
        archive = Archive(Path(folder) / "var")
        audio, ended = talk(TALK_SECONDS, 2), LoopClock().now()
        catalogue = SqlCatalogue(archive.store.engine)
        for number in range(TALKS):
            file = archive.paths.recordings / f"c{number}_1.raw"
            file.write_bytes(audio)
            row = Recording(recording=file.stem, call=f"c{number}", leg="1", queue="servicio", agent="101",
                            finished=ended, length_us=TALK_SECONDS * 1_000_000, bytes=len(audio), sha256="",
                            file=file.name)  # fmt: skip
            catalogue.add(row)
        keeper = Keeper(catalogue, Nobody(), LoopClock(), folder=archive.paths.recordings, vault=archive.paths.vault,
                        recipients=lambda: [archive.recipient.text], codec=lambda: codec)  # fmt: skip
        watcher, before, began = Watcher(), _children(), perf_counter()
        watcher.start()
        done = asyncio.run(_all(keeper))
        took = perf_counter() - began
        rest(0)  # of a process that has ended its time is known
        cpu = _children() - before
        watcher.end()
        archive.close()
    if done != TALKS:
        raise RuntimeError(f"{done} of {TALKS} talks are in the vault")
    hours, own = TALKS * TALK_SECONDS / 3600, os.getpriority(os.PRIO_PROCESS, 0)
    return {
        f"into the vault, {TALKS} talks of {TALK_SECONDS} s": codec.value,
        "CPU s an hour of talk": f"{cpu / hours:.1f}",
        "hours of talk in an hour": f"{hours * 3600 / took:.0f}",
        "processes at once": str(watcher.most),
        "nicer by": " ".join(str(nice - own) for nice in sorted(watcher.nice - {own})) or "0",
    }


async def _all(keeper: Keeper) -> int:
    done = 0
    while some := await keeper.look():
        done += some
    return done


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def verified() -> Iterable[Row]:
    """The whole command against programs that only hash, in turns; the files are read from the disk each time."""
    with tempfile.TemporaryDirectory(prefix="bench-recordings-") as folder:
        archive = Archive(Path(folder) / "var")
        asyncio.run(archive.filled(FILES, FILE_BYTES))
        archive.close()
        files = archive.files()
        size = sum(file.stat().st_size for file in files)
        commands: dict[str, Sequence[str | Path]] = {
            "ivr recordings verify": [IVR, "recordings", "verify"],
            "sha256sum": ["sha256sum", *files],
            "openssl dgst -sha256": ["openssl", "dgst", "-sha256", *files],
        }
        took: dict[str, list[float]] = {name: [] for name in commands}
        for number in range(ROUNDS):
            for name in commands if number % 2 == 0 else reversed(commands):
                forgotten(*files)
                began = perf_counter()
                subprocess.run(
                    commands[name], check=True, stdout=subprocess.DEVNULL, env={**os.environ, **archive.variables}
                )
                took[name].append(perf_counter() - began)
    for name, seconds in took.items():
        ratios = [own / other for own, other in zip(took["ivr recordings verify"], seconds, strict=True)]
        yield {
            f"verify, {len(files)} files of {FILE_BYTES >> 20} MB from the disk": name,
            "MB/s": f"{size / 1e6 / statistics.median(seconds):.0f}",
            "median s": f"{statistics.median(seconds):.2f}",
            "verify took so many times as long": f"{statistics.median(ratios):.2f}",
        }


def main() -> list[Row]:
    """Rows for bench/RESULTS.md."""
    return [kept(Codec.OPUS), kept(Codec.WAV), *verified()]


if __name__ == "__main__":
    for row in main():
        print(row)
