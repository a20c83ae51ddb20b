"""How long a person or a caller waits for the server: start to ready, after a kill -9, and `ivr check` of the site.

`python -m bench.start` prints the table. Asterisk runs already, as it does when the server alone is restarted.
"""

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from ivr.testing.instance import Instance

ROUNDS = 7


async def starts() -> tuple[list[float], list[float]]:
    """Seconds from the server's first instruction to a /readyz that says yes: after an orderly end, after kill -9."""
    orderly, killed = [], []
    with tempfile.TemporaryDirectory(prefix="cb-", ignore_cleanup_errors=True) as folder:
        instance = await Instance.start(Path(folder))
        try:
            for _ in range(ROUNDS):
                await instance.stop_server()
                begun = perf_counter()
                await instance.start_server()
                orderly.append(perf_counter() - begun)
                await instance.kill_server()
                begun = perf_counter()
                await instance.start_server()
                killed.append(perf_counter() - begun)
        finally:
            await instance.stop()
    return orderly, killed


def checks() -> list[float]:
    """Seconds of `ivr check` as a whole process."""
    took = []
    for _ in range(ROUNDS):
        begun = perf_counter()
        subprocess.run([Path(sys.executable).with_name("ivr"), "check"], check=True, stdout=subprocess.DEVNULL)
        took.append(perf_counter() - begun)
    return took


def main() -> list[dict[str, str]]:
    """Rows for bench/RESULTS.md."""
    orderly, killed = asyncio.run(starts())
    named = {"start to ready": orderly, "start to ready after kill -9": killed, "ivr check of the site": checks()}
    return [
        {
            "the server": name,
            "median s": f"{sorted(took)[len(took) // 2]:.2f}",
            "slowest s": f"{max(took):.2f}",
            "bound s": "1" if "check" in name else "2",
        }
        for name, took in named.items()
    ]


if __name__ == "__main__":
    for line in main():
        print(line)
