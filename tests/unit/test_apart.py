"""Work of a process of its own: its answer, and why there is none."""

import json
import sys
from pathlib import Path

import pytest

from ivr.apart import NotAnswered, TookTooLong, answered

WORK = """
import os, time
from ivr.apart import answers

def work(asked):
    if "sleep" in asked:
        time.sleep(asked["sleep"])
    if "die" in asked:
        os._exit(1)
    with open("/proc/self/cmdline", "rb") as line:
        told = {"line": line.read().decode(), "nice": os.nice(0), "room": os.environ.get("ROOM", "")}
    return {"said": asked["say"], **told}

if __name__ == "__main__":
    answers(work)
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "work_apart.py").write_text(WORK)
    monkeypatch.setenv("PYTHONPATH", ":".join([str(tmp_path), str(Path(__file__).parents[2])]))
    return "work_apart"


def test_it_is_asked_and_answers_politely_and_nobody_sees_the_question(module: str) -> None:
    told = answered(module, {"say": "3001234567 ñ"}, 30, {"ROOM": "here"})
    assert told["said"] == "3001234567 ñ" and told["nice"] >= 10 and told["room"] == "here"
    assert "300123" not in told["line"] and module in told["line"]


def test_why_there_is_no_answer_is_said(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TookTooLong, match=r"after 0\.3 s"):
        answered(module, {"sleep": 30}, 0.3)
    with pytest.raises(NotAnswered, match="in the middle of it"):
        answered(module, {"die": True}, 30)
    with pytest.raises(NotAnswered, match="in the middle of it"):
        answered("no_such_module_of_ours", {}, 30)
    monkeypatch.setattr(sys, "executable", json.dumps("nowhere"))
    with pytest.raises(NotAnswered, match=r"no process can be started: .*No such file"):
        answered(module, {}, 30)
