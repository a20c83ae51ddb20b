"""The compiled engine decides as the sources do: the same days, lived by both, leave the same journals."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from acd.native import compile_engine

ROOT = Path(__file__).parents[2]
DAYS, FACTS = 30, 1500
LIVE = f"""
import hashlib, acd.rules
from tests.property.lot import day_of
print(acd.rules.__file__.endswith(".so"))
for number in range({DAYS}):
    print(hashlib.sha256("\\n".join(day_of(number, {FACTS}).journal).encode()).hexdigest())
"""


def lived(path: str) -> list[str]:
    """Whether the engine was compiled, and the hash of each day's journal; each day keeps every rule."""
    words, there = [sys.executable, "-P", "-c", LIVE], {**os.environ, "PYTHONPATH": path}
    return subprocess.run(words, env=there, check=True, capture_output=True, text=True).stdout.split()


@pytest.mark.soak
def test_the_compiled_engine_decides_the_same(tmp_path: Path) -> None:
    compile_engine(tmp_path)
    compiled, sources = lived(f"{tmp_path}{os.pathsep}{ROOT}"), lived(str(ROOT))
    assert (compiled[0], sources[0]) == ("True", "False")
    assert compiled[1:] == sources[1:] and len(set(sources[1:])) == DAYS
