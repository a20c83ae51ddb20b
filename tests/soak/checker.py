"""The child of the fuzz: loads a site as often as it is told, under a bound of memory, and says what came of it.

python -m tests.soak.checker MEGABYTES < lines with folders > lines of JSON
"""

import faulthandler
import json
import resource
import signal
import sys
import time
import traceback
from pathlib import Path

from tests.unit.language.remedies import has_remedy

MEGABYTE = 1_000_000


def main() -> None:
    """Answer each line."""
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    bound = int(sys.argv[1]) * MEGABYTE
    resource.setrlimit(resource.RLIMIT_AS, (bound, bound))
    for line in sys.stdin:
        began = time.process_time()
        try:
            answer = check(Path(line.rstrip("\n")))
        except BaseException as fault:
            last = traceback.format_exc()[-2000:]
            answer = {"outcome": "traceback", "fault": f"{type(fault).__name__}: {last}"}
        answer["seconds"] = time.process_time() - began
        answer["peak"] = peak()
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def peak() -> float:
    """The most memory that this program has held, in megabytes. `ru_maxrss` would count that of whoever started it."""
    status = Path("/proc/self/status").read_text()
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(kilobytes) * 1024 / MEGABYTE


def check(site: Path) -> dict[str, object]:
    """Load a site and run the tests of its flows, as `ivr check` does."""
    from datetime import date

    from ivr.language.load import load_site
    from ivr.rehearsal.scenarios import run_tests

    checked = load_site(site / "config", site / "flows", date(2026, 11, 23))
    problems = list(checked.problems)
    if (checked.site is None) != bool(checked.errors):
        return {"outcome": "neither errors nor a site"}
    if checked.site is not None:
        problems += run_tests(checked.site, site / "flows").problems
    for problem in problems:
        if problem.line < 1 or problem.column < 1 or not str(problem).isprintable() or len(str(problem)) > 4000:
            return {"outcome": "problem without a form", "fault": str(problem)[:500]}
        if not has_remedy(problem.message):
            return {"outcome": "problem without a remedy", "fault": str(problem)[:500]}
    return {"outcome": "site" if checked.site is not None else "errors", "problems": len(problems)}


if __name__ == "__main__":
    main()
