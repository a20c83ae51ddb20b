"""How fast a vault is copied to a folder, each file read back; and a run that finds everything there already."""

import asyncio
import hashlib
import os
import shutil
import sqlite3
import statistics
import subprocess
import tempfile
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import perf_counter

from bench.recordings.archive import Archive, forgotten
from bench.recordings.million import filled
from ivr.backup.instance import Instance
from ivr.backup.worker import Job, Told, run
from ivr.site.recordings import BackupTarget, FolderPlace
from recordings.backup.folder import FolderTarget
from recordings.backup.state import AUDIO
from recordings.backup.targets import sealed

FILES, FILE_BYTES, ROUNDS = 300, 1 << 20, 3
THERE = int(os.environ.get("BENCH_COPIES", "100000"))
A_DAY = 500
Row = dict[str, str]


def job(archive: Archive, target: Path, name: str) -> Job:
    """To a folder that was prepared."""
    FolderTarget(target, name).prepare()
    return Job(BackupTarget(name=name, place=FolderPlace(path=str(target))), Instance.of(archive.environment))


def whole(one: Job) -> tuple[float, Told]:
    """Seconds of a run, which leaves nothing out."""
    began = perf_counter()
    told = run(one)
    took = perf_counter() - began
    if not told.state.whole:
        raise RuntimeError(told.state.why)
    return took, told


def first(folder: Path) -> Row:
    """Everything is new: the backup and `cp` in turns, each from the disk and onto the disk."""
    archive = Archive(folder / "var")
    asyncio.run(archive.filled(FILES, FILE_BYTES))
    archive.close()
    files = archive.files()
    size = sum(file.stat().st_size for file in files)
    took: dict[str, list[float]] = {"cp": [], "backup": []}
    for number in range(ROUNDS):
        for kind in took if number % 2 == 0 else reversed(took):
            target = folder / kind
            target.mkdir()
            forgotten(*files)
            if kind == "cp":
                began = perf_counter()
                subprocess.run(["cp", "-r", archive.paths.vault, target], check=True)
                subprocess.run(["sync", "-f", target], check=True)
                took[kind].append(perf_counter() - began)
            else:
                one = job(archive, target, f"round{number}")
                seconds, told = whole(one)
                took[kind].append(seconds)
                if told.state.sent != FILES:
                    raise RuntimeError(f"{told.state.sent} of {FILES} were sent")
            shutil.rmtree(target)
    ratios = [a / b for a, b in zip(took["backup"], took["cp"], strict=True)]
    return {
        "backup to a folder": f"{FILES} recordings of {FILE_BYTES >> 20} MB, all new",
        "MB/s": f"{size / 1e6 / statistics.median(took['backup']):.0f}",
        "cp -r and sync, MB/s": f"{size / 1e6 / statistics.median(took['cp']):.0f}",
        "median s": f"{statistics.median(took['backup']):.2f}",
        "÷ cp and sync": f"{statistics.median(ratios):.2f}",
    }


def again(folder: Path) -> Row:
    """Everything is there; the first run only learns that."""
    archive = Archive(folder / "var")
    archive.close()
    target = folder / "target"
    one = job(archive, target, "disco")
    base = archive.paths.var / "records.sqlite"
    filled(archive.environment.records, base, THERE, datetime.now(UTC) - timedelta(days=1), [], "randomblob")
    _there(base, target)
    whole(one)
    runs = [whole(one) for _ in range(ROUNDS)]
    if any(told.state.sent or told.state.items != THERE for _, told in runs):
        raise RuntimeError("something was sent that was there")
    took = [seconds for seconds, _ in runs]
    return {
        "backup to a folder": f"{THERE:,} recordings, nothing new; records of {base.stat().st_size / 1e6:,.0f} MB",
        "MB/s": "-",
        "cp -r and sync, MB/s": "-",
        "median s": f"{statistics.median(took):.2f}",
        "÷ cp and sync": "-",
    }


def _there(base: Path, target: Path) -> None:
    """Small files for all rows, at the target; rows that know them."""
    begun, rows = date(2024, 1, 1), []
    with closing(sqlite3.connect(base)) as store:
        names = [name for (name,) in store.execute("SELECT recording FROM recordings ORDER BY recording")]
        for number, name in enumerate(names):
            content = number.to_bytes(8, "big") * 8
            sha256 = hashlib.sha256(content).hexdigest()
            file = f"{begun + timedelta(days=number // A_DAY):%Y/%m/%d}/{number:032x}.cva"
            there = target / sealed(AUDIO + file, sha256)
            if number % A_DAY == 0:
                there.parent.mkdir(parents=True, exist_ok=True)
            there.write_bytes(content)
            rows.append((file, len(content), sha256, name))
        store.executemany("UPDATE recordings SET file = ?, bytes = ?, sha256 = ? WHERE recording = ?", rows)
        store.commit()


def main() -> list[Row]:
    """Rows for bench/RESULTS.md."""
    rows = []
    for measure in (first, again):
        with tempfile.TemporaryDirectory(prefix="bench-recordings-") as folder:
            rows.append(measure(Path(folder)))
    return rows


if __name__ == "__main__":
    for row in main():
        print(row)
