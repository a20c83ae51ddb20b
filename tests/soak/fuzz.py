"""Changes files of a site by chance and has a child process load it, with bounds of memory and time for each input."""

import json
import selectors
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.soak.mutations import mutated
from tests.soak.part import ROOT

MEGABYTES = 300
"""Address space of the child, Python and all libraries included."""

SECONDS = 10.0
"""For one input, the machine being busy; what is usual is a thousandth of it."""

GOOD = ROOT / "tests" / "good"
MORE = ROOT / "tests" / "soak" / "site"
CHECKER = (sys.executable, "-m", "tests.soak.checker", str(MEGABYTES))


@dataclass(slots=True)
class Found:
    """What came of the inputs so far."""

    inputs: int = 0
    files: Counter[str] = field(default_factory=Counter)
    changes: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    problems: int = 0
    slowest: float = 0.0
    peak: float = 0.0
    faults: list[str] = field(default_factory=list)


class Child:
    """The process that loads. A child that hangs or dies is replaced by the next question."""

    def __init__(self, command: Sequence[str] = CHECKER, seconds: float = SECONDS) -> None:
        self._command, self._seconds = command, seconds
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, site: Path) -> dict[str, object]:
        """The child's answer; `hang` or `died` when there is none."""
        if self._process is None:
            # What it prints on standard error is the traceback of a hang or a crash.
            self._process = subprocess.Popen(
                self._command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
        process = self._process
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(f"{site}\n".encode())
            process.stdin.flush()
        except BrokenPipeError:
            return {"outcome": "died", "fault": self.close()}
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            answered = selector.select(self._seconds)
        if not answered:
            return {"outcome": "hang", "fault": self.close()}
        line = process.stdout.readline()
        if not line:
            return {"outcome": "died", "fault": self.close()}
        answer: dict[str, object] = json.loads(line)
        return answer

    def close(self) -> str:
        """End it; what it said on standard error."""
        process, self._process = self._process, None
        if process is None:
            return ""
        if process.poll() is None:
            process.send_signal(signal.SIGUSR1)  # faulthandler writes where it is
            time.sleep(0.3)
            process.kill()
        _, said = process.communicate()
        return f"exit {process.returncode}: {said.decode(errors='replace')[-2000:]}"


class Fuzz:
    """A copy of the good site with every verb, and one changed file in it after the other."""

    def __init__(self, folder: Path, seed: int, child: Child, evidence: Path | None = None) -> None:
        self.site = folder / "site"
        shutil.copytree(GOOD, self.site)
        shutil.rmtree(self.site / "subflows")
        shutil.rmtree(self.site / "queues")
        shutil.copy(GOOD / "queues" / "everything.yaml", self.site / "config" / "queues.yaml")
        for file in (*(GOOD / "subflows").glob("*.yaml"), *MORE.glob("*.yaml")):
            shutil.copy(file, self.site / "flows")
        self.files = sorted(path for path in self.site.rglob("*") if path.is_file())
        self._good = {path: path.read_bytes() for path in self.files}
        self._source = Random(seed)
        self._child = child
        self._evidence = evidence
        self.found = Found()

    def unchanged(self) -> dict[str, object]:
        """What the child says of the site without a change."""
        return self._child.ask(self.site)

    def once(self) -> None:
        """One input: one file changed, seldom two."""
        chosen = self._source.sample(self.files, 2 if self._source.random() < 0.1 else 1)
        others = list(self._good.values())
        for path in chosen:
            content, changes = mutated(self._good[path], self._source, others)
            path.write_bytes(content)
            self.found.changes.update(changes)
            self.found.files[str(path.relative_to(self.site))] += 1
        answer = self._child.ask(self.site)
        self._note(answer, chosen)
        for path in chosen:
            path.write_bytes(self._good[path])

    def _note(self, answer: dict[str, object], chosen: Sequence[Path]) -> None:
        found = self.found
        found.inputs += 1
        outcome = str(answer["outcome"])
        found.outcomes[outcome] += 1
        found.problems += int(str(answer.get("problems", 0)))
        found.slowest = max(found.slowest, float(str(answer.get("seconds", 0.0))))
        found.peak = max(found.peak, float(str(answer.get("peak", 0.0))))
        if outcome not in ("site", "errors"):
            kept = ", ".join(self._keep(path) for path in chosen)
            found.faults.append(f"input {found.inputs} ({kept}): {outcome}: {answer.get('fault', '')}")

    def _keep(self, path: Path) -> str:
        """A copy of an input that something was wrong with."""
        name = f"{self.found.inputs}-{path.name}"
        if self._evidence is not None:
            self._evidence.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, self._evidence / name)
        return name

    def run(self, inputs: int, seconds: float = float("inf")) -> Found:
        """So many inputs, or so long."""
        ends = time.monotonic() + seconds
        while self.found.inputs < inputs and time.monotonic() < ends:
            self.once()
        self._child.close()
        return self.found
