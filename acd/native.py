"""The engine as machine code: the same sources, compiled by mypyc, beside those that are not compiled.

`python -m acd.native DIR` puts a package `acd` into DIR; whoever has DIR before the sources on his path (PYTHONPATH)
decides about twice as fast. Needs mypy, a C compiler and Python's headers. Nothing is compiled beside the sources
themselves: what is left over from an older version would win over them.
"""

import shutil
import subprocess
import sys
from pathlib import Path

MODULES = (
    "absorb", "carry", "circles", "deadlines", "engine", "lanes", "living", "matching", "pools", "reasons", "rules",
    "state",
)  # fmt: skip
"""What a decision spends its time in."""


class NotCompiled(Exception):
    """With the compiler's own words."""


def compile_engine(into: Path) -> None:
    """Raises NotCompiled."""
    sources = Path(__file__).parent
    shutil.copytree(sources, into / "acd", ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    files = [f"acd/{name}.py" for name in MODULES]
    done = subprocess.run(
        [sys.executable, "-m", "mypyc", *files], cwd=into, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise NotCompiled((done.stdout + done.stderr)[-2000:])
    shutil.rmtree(into / "build", ignore_errors=True)


if __name__ == "__main__":
    compile_engine(Path(sys.argv[1]))
