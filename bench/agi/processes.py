"""Starts the servers and the load, and reads what they cost."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


@dataclass(frozen=True)
class Calls:
    """What a run of the load saw."""

    good: int
    p50_us: float
    p99_us: float
    seconds: float


class Server:
    """A running server under test."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int) -> None:
        self.process, self.port = process, port

    def cpu_seconds(self) -> float:
        """CPU used so far by all threads, from the scheduler's own nanoseconds."""
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9

    def rss_kb(self) -> int:
        """Resident memory."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        raise RuntimeError("the server is gone")


def compiled(folder: Path) -> tuple[Path, Path]:
    """The load generator and the C reference, built in `folder`. Raises when there is no C compiler."""
    for name in ("load", "reference"):
        subprocess.run(["gcc", "-O2", "-o", folder / name, HERE / f"{name}.c"], check=True)
    return folder / "load", folder / "reference"


@contextlib.contextmanager
def serving(command: Sequence[str | Path]) -> Iterator[Server]:
    """Start a server that prints its port, and end it."""
    process = subprocess.Popen(
        ["setpriv", "--pdeathsig", "TERM", "--", *command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT
    )
    try:
        assert process.stdout is not None
        yield Server(process, int(process.stdout.readline()))
    finally:
        process.kill()
        process.wait()


def python_server(kind: str) -> list[str]:
    """The command of one of `bench.agi.servers`."""
    return [sys.executable, "-m", "bench.agi.servers", kind]


def drive(load: Path, server: Server, mode: str, calls: int, rate: int) -> Calls:
    """Run the load; see load.c for the modes."""
    done = subprocess.run(
        [load, str(server.port), mode, str(calls), str(rate)], check=True, capture_output=True, text=True, timeout=120
    )
    good, p50, p99, seconds = done.stdout.split()
    if int(good) != calls:
        raise RuntimeError(f"only {good} of {calls} calls were served in full")
    return Calls(int(good), float(p50), float(p99), float(seconds))


def idle_kb(load: Path, server: Server, sessions: int) -> int:
    """Growth of the server's memory with `sessions` calls open and waiting."""
    before = server.rss_kb()
    with subprocess.Popen(
        [load, str(server.port), "idle", str(sessions)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        if int(process.stdout.readline()) != sessions:
            raise RuntimeError("not every session was served")
        grown = server.rss_kb() - before
        assert process.stdin is not None
        process.stdin.close()
    return grown
