"""A disk that is full, or that nobody can write to, while real calls are recorded (tests/live/small_disk.py)."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.live.small_disk import SAID_SECONDS
from tests.pages import ROOT
from tests.unit.recordings.test_full_disk import way_in

pytestmark = pytest.mark.soak
SECONDS = 240
BUFFER_SECONDS = 1.0
"""Of stereo, that Asterisk may not have written when the disk is full at once."""


def play(name: str) -> dict[str, Any]:
    """What was seen in a play. Skips where nobody may mount a disk."""
    # A short path: Asterisk's control socket must fit into 107 bytes.
    with tempfile.TemporaryDirectory(prefix="cl-", ignore_cleanup_errors=True) as folder:
        (Path(folder) / "try").mkdir()
        command = (*way_in(Path(folder) / "try"), sys.executable, "-m", "tests.live.small_disk", name, f"{folder}/line")
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return seen


def whole(kept: list[dict[str, float]], least: float) -> None:
    """Each plays, is as long as is told of it, and has the caller's voice."""
    for one in kept:
        assert one["long"] == pytest.approx(one["told"], abs=0.01) and one["long"] >= least, one
        assert one["voice"] >= SAID_SECONDS - BUFFER_SECONDS, one


@pytest.fixture(scope="module")
def filled() -> dict[str, Any]:
    return play("fills")


def test_it_is_told_before_recordings_end_in_good_order(filled: dict[str, Any]) -> None:
    assert filled["recorded at first"] == filled["recorded after the alarm"] == 4
    assert len(filled["kept while the talks go on"]) == 4, "what there is of each is in the vault at once"
    assert "for want of room" in filled["why the first ended"]


def test_four_talks_go_on_and_hear_each_other(filled: dict[str, Any]) -> None:
    assert filled["hear each other on the full disk"] == 4 and filled["hear each other afterwards"] == 3


def test_on_the_full_disk_nobody_begins_recorded_and_afterwards_everybody(filled: dict[str, Any]) -> None:
    assert "no room" in filled["why the fifth is not recorded"] and filled["of the fifth"] == []
    assert len(filled["kept"]) == 5


def test_everything_recorded_until_then_is_kept_and_verify_is_clean(filled: dict[str, Any]) -> None:
    whole(filled["kept"], SAID_SECONDS)
    assert [one["told"] for one in filled["kept"][:4]] == filled["kept while the talks go on"]
    assert filled["left as Asterisk wrote it"] == filled["in quarantine"] == []
    assert filled["verify finds"] == []


def test_a_disk_that_is_full_at_once_ends_no_talk_and_what_was_written_is_kept() -> None:
    seen = play("full_at_once")
    assert seen["bytes free"] == 0
    assert seen["hear each other on the full disk"] == seen["hear each other afterwards"] == 4
    whole(seen["kept"], SAID_SECONDS)
    assert seen["left as Asterisk wrote it"] == seen["in quarantine"] == []
    lost = [one for one in seen["verify finds"] if ": length: " not in one]
    assert lost == [], "at most it says that the end of a talk is missing"


def test_where_nothing_can_be_written_calls_go_on_unrecorded() -> None:
    seen = play("read_only")
    assert seen["hear each other"] == 1
    assert "no room" in seen["why it is not recorded"] and seen["of the second"] == []
    whole(seen["kept"], SAID_SECONDS)
    assert seen["left as Asterisk wrote it"] == seen["in quarantine"] == [] and seen["verify finds"] == []
