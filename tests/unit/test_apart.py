"""Work of a process of its own: its answer, and why there is none."""

import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from ivr.apart import NotAnswered, Resident, TookTooLong, answered

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
    return {"said": asked["say"], "pid": os.getpid(), **told}

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


def test_one_that_does_not_even_read_has_no_longer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "deaf.py").write_text("import time; time.sleep(30)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(TookTooLong, match=r"after 0\.3 s"):
        answered("deaf", {"say": "a question larger than a pipe" * 20_000}, 0.3)


def test_a_resident_answers_again_and_again(module: str) -> None:
    resident = Resident(module)
    try:
        first, second = (resident.ask({"say": "ñ" * 200_000, "number": number}, 30) for number in (1, 2))
        assert first == second and len(second["said"]) == 200_000
        resident.rest(60)
        assert resident.ask({"say": ""}, 30)["pid"] == first["pid"], "it has not rested for so long"
        resident.rest(0)
        assert resident.ask({"say": ""}, 30)["pid"] != first["pid"]
    finally:
        resident.end()
    resident.rest(0)
    resident.end()


def test_a_resident_that_died_is_started_anew(module: str) -> None:
    resident = Resident(module)
    try:
        pid = resident.ask({"say": ""}, 30)["pid"]
        os.kill(pid, signal.SIGKILL)
        while Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z":
            time.sleep(0.01)
        assert resident.ask({"say": "again"}, 30)["said"] == "again", "it died while nobody asked"
        with pytest.raises(NotAnswered, match="in the middle of it"):
            resident.ask({"die": True}, 30)
        with pytest.raises(TookTooLong, match=r"after 0\.3 s"):
            resident.ask({"sleep": 30}, 0.3)
        assert resident.ask({"say": "again"}, 30)["said"] == "again"
    finally:
        resident.end()
