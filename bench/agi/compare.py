"""Our FastAGI server against its peers: ten commands a call (five times SET VARIABLE, GET VARIABLE).

CPU is that of the server's process, all threads, user and kernel. Rounds are interleaved, each with fresh processes;
figures are medians over the rounds, ratios medians of the rounds' ratios. *Saturated*: 50 calls at once, as fast as
the server can. *Paced*: 150 calls a second. *Real Asterisk*: 80 calls a second from Local channels of an Asterisk 22.
*Idle*: growth of resident memory by 1,000 sessions that wait for a reply. `C, epoll` is the limit: nothing else in it.
"""

import contextlib
import statistics
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from bench.agi.asterisk import Switchboard, running, tree
from bench.agi.processes import Server, compiled, drive, idle_kb, python_server, serving

ROUNDS = 9
OURS, PEERS = "centralita", ("panoramisk on uvloop", "panoramisk")
KINDS = {
    OURS: "ours",
    "panoramisk on uvloop": "panoramisk-uvloop",
    "panoramisk": "panoramisk",
    "Twisted LineReceiver": "line-receiver",
}
SATURATED, PACED, LIVE, IDLE = 2_000, 300, 40, 1_000

Samples = dict[str, dict[str, list[float]]]


def measure(name: str, server: Server, load: Path, samples: Samples) -> None:
    """One server in one round."""
    found = samples[name]
    drive(load, server, "calls", 200, 20)
    cpu = server.cpu_seconds()
    drive(load, server, "calls", SATURATED, 50)
    found["saturated"].append((server.cpu_seconds() - cpu) / SATURATED * 1e3)
    cpu = server.cpu_seconds()
    calls = drive(load, server, "paced", PACED, 150)
    found["paced"].append((server.cpu_seconds() - cpu) / PACED * 1e3)
    found["p50"].append(calls.p50_us / 1e3)
    found["p99"].append(calls.p99_us / 1e3)
    found["idle"].append(idle_kb(load, server, IDLE) / 1024)


def measure_live(servers: dict[str, Server], asterisk: Switchboard, samples: Samples) -> None:
    """All servers in turn, driven by Asterisk."""
    for name, server in servers.items():
        cpu = server.cpu_seconds()
        asterisk.calls(server.port, LIVE, 80)
        samples[name]["live"].append((server.cpu_seconds() - cpu) / LIVE * 1e3)


def rounds() -> Samples:
    """Everything, `ROUNDS` times."""
    samples: Samples = defaultdict(lambda: defaultdict(list))
    root = tree()
    if root is None:
        print("no provisioned Asterisk (make provision): the run against a real one is left out", file=sys.stderr)
    with contextlib.ExitStack() as outer:
        load, reference = compiled(Path(outer.enter_context(tempfile.TemporaryDirectory())))
        asterisk = outer.enter_context(running(root)) if root else None
        for _ in range(ROUNDS):
            with contextlib.ExitStack() as stack:
                commands = {"C, epoll": [str(reference)], **{name: python_server(kind) for name, kind in KINDS.items()}}
                servers = {name: stack.enter_context(serving(command)) for name, command in commands.items()}
                if asterisk is not None:
                    for server in servers.values():
                        asterisk.calls(server.port, 20, 80)  # the first calls import and allocate
                    for _ in range(3):
                        measure_live(servers, asterisk, samples)
                for name, server in servers.items():
                    measure(name, server, load, samples)
    return samples


def ratio(samples: Samples, kind: str, peer: str) -> str:
    """Ours against a peer, round by round; "-" where it was not measured."""
    pairs = zip(samples[OURS][kind], samples[peer][kind], strict=True)
    found = [ours / theirs for ours, theirs in pairs]
    return f"{statistics.median(found):.2f}" if found else "-"


def main() -> list[dict[str, str]]:
    """The rows: each server's figures, then our ratios to panoramisk."""
    samples = rounds()

    def figure(name: str, kind: str, digits: int) -> str:
        return f"{statistics.median(samples[name][kind]):.{digits}f}" if samples[name][kind] else "-"

    rows = [
        {
            "server": name,
            "CPU ms a call, saturated": figure(name, "saturated", 3),
            "paced": figure(name, "paced", 3),
            "real Asterisk": figure(name, "live", 3),
            "paced: p50 ms": figure(name, "p50", 2),
            "p99 ms": figure(name, "p99", 2),
            "MB per 1,000 idle": figure(name, "idle", 1),
        }
        for name in list(samples)
    ]
    rows += [
        {
            "CPU of centralita ÷ that of": peer,
            "saturated": ratio(samples, "saturated", peer),
            "paced": ratio(samples, "paced", peer),
            "real Asterisk": ratio(samples, "live", peer),
        }
        for peer in PEERS
    ]
    return rows


if __name__ == "__main__":
    for row in main():
        print("  ".join(f"{title}: {value}" for title, value in row.items()))
