"""Files changed by chance.

Every kind of file of a site (flows and their tests, prompts, hours, queues, site, lists and their tables, look-ups and
their tables, voicemail) is changed by chance, as an administrator's hands or a hostile one's would: blocks, tokens,
characters, bytes, encodings, aliases, depth, size (`tests/soak/mutations.py`). After each change the whole site is
loaded by a child process as `ivr check` loads it, with the tests of its flows. It must answer with errors or with a
site, each error in its one form and with a remedy, within its time, and never use more memory than it may have: the
child's whole address space, Python and its libraries included, is bounded (`RLIMIT_AS`). One child takes all inputs.
"""

import tempfile
import time
from pathlib import Path

from tests.soak.fuzz import MEGABYTES, SECONDS, Child, Fuzz
from tests.soak.mutations import MOST_BYTES
from tests.soak.part import FOLDER, SEED, Part

NAME, ORDER, SHARE = "fuzz", 5, 1.0
MOST_INPUTS = 1_000_000


def test_files_changed_by_chance(part: Part) -> None:
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="cl-") as folder:
        fuzz = Fuzz(Path(folder), SEED, Child(), FOLDER / "failed" / NAME)
        assert fuzz.unchanged()["outcome"] == "site"
        found = fuzz.run(MOST_INPUTS, part.seconds)
    assert found.inputs > 100
    part.found("inputs", found.inputs)
    part.found("- by file", ", ".join(f"{file} {count}" for file, count in sorted(found.files.items())))
    part.found("- by change", ", ".join(f"{name} {count:,}" for name, count in sorted(found.changes.items())))
    part.found("largest file", f"{MOST_BYTES // 1_000_000} MB")
    part.found("inputs that gave errors", found.outcomes["errors"])
    part.found("inputs that gave a site", found.outcomes["site"])
    part.found("errors and warnings told", found.problems)
    for outcome in ("traceback", "hang", "died", "neither errors nor a site"):
        part.must(f"inputs that ended in: {outcome}", found.outcomes[outcome], 0)
    part.none("inputs that ended in anything but errors or a site", found.faults)
    part.at_most("longest time for an input", found.slowest, SECONDS, " s")
    part.at_most("highest memory of the child (resident)", found.peak, MEGABYTES, " MB")
    part.finish(time.monotonic() - began)
