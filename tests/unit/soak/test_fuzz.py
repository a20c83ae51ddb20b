"""A sample of the fuzz of `make soak`, and that the fuzz notices what it is there to notice."""

import sys
from pathlib import Path
from random import Random

import pytest

from tests.soak.fuzz import GOOD, MEGABYTES, Child, Fuzz
from tests.soak.mutations import CHANGES, MOST_BYTES, mutated

INPUTS = 300


def test_a_sample_of_files_changed_by_chance(tmp_path: Path) -> None:
    fuzz = Fuzz(tmp_path, 20261121, Child(), tmp_path / "evidence")
    assert fuzz.unchanged()["outcome"] == "site"
    found = fuzz.run(INPUTS)
    assert found.faults == []
    assert found.inputs == INPUTS
    assert set(found.files) == {str(path.relative_to(fuzz.site)) for path in fuzz.files}
    assert found.outcomes["errors"] > INPUTS / 2 and found.outcomes["site"] > 10
    assert found.peak < MEGABYTES


def test_every_kind_of_file_is_changed(tmp_path: Path) -> None:
    fuzz = Fuzz(tmp_path, 1, Child())
    kinds = {path.name.removeprefix("verbos") if ".test." in path.name else path.name for path in fuzz.files}
    wanted = {
        f"{name}.yaml" for name in ("site", "queues", "hours", "prompts", "lists", "lookups", "voicemail", "recordings")
    }
    assert kinds >= {*wanted, ".test.yaml", "principal.yaml", "verbos.yaml", "vip.csv", "pedidos.csv"}


@pytest.mark.parametrize(("name", "change"), CHANGES, ids=[name for name, _ in CHANGES])
def test_a_change_changes_something_and_can_be_repeated(name: str, change: object) -> None:
    content = (GOOD / "config" / "site.yaml").read_bytes()
    assert callable(change)
    results = [change(content, Random(seed)) for seed in range(20)]
    assert results == [change(content, Random(seed)) for seed in range(20)]
    assert any(result != content for result in results), name
    assert isinstance(change(b"", Random(1)), bytes)


def test_changes_are_bounded() -> None:
    content = (GOOD / "flows" / "principal.yaml").read_bytes()
    assert all(len(mutated(content, Random(seed), [content])[0]) <= MOST_BYTES for seed in range(200))


def child(code: str, seconds: float = 20.0) -> Child:
    return Child((sys.executable, "-c", code), seconds)


LOOP = "import sys, resource\nfor line in sys.stdin:\n    "


@pytest.mark.parametrize(
    ("code", "outcome", "said"),
    [
        (LOOP + "raise SystemExit(3)", "died", "exit 3"),
        (LOOP + "raise KeyError('here')", "died", "KeyError: 'here'"),
        (LOOP + "import os; os.abort()", "died", "exit -6"),
    ],
)
def test_a_child_that_dies_is_noticed(tmp_path: Path, code: str, outcome: str, said: str) -> None:
    answer = child(code).ask(tmp_path)
    assert answer["outcome"] == outcome and said in str(answer["fault"])


def test_a_child_that_hangs_is_ended_and_says_where_it_was(tmp_path: Path) -> None:
    hangs = "import faulthandler, signal\nfaulthandler.register(signal.SIGUSR1)\n"
    asked = child(f"{hangs}def goes_round():\n    while True: pass\n{LOOP}goes_round()", seconds=1.5)
    answer = asked.ask(tmp_path)
    assert answer["outcome"] == "hang" and "in goes_round" in str(answer["fault"])
    assert asked.ask(tmp_path)["outcome"] == "hang"  # a new child
    asked.close()


def test_a_bare_message_and_too_much_memory_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ivr.language import load
    from ivr.language.problems import Place, Problem
    from tests.soak.checker import check

    fuzz = Fuzz(tmp_path, 1, Child())
    bare = Problem.at(Place("site.yaml", 1, 1), "CONF014", "this is wrong")
    assert check(fuzz.site)["outcome"] == "site"
    monkeypatch.setattr(load, "load_site", lambda *_: load.Checked(None, (bare,)))
    assert check(fuzz.site) == {"outcome": "problem without a remedy", "fault": str(bare)}
    greedy = "import resource, json, sys\nresource.setrlimit(resource.RLIMIT_AS, (300_000_000,) * 2)\n"
    answer = child(f"{greedy}{LOOP}x = bytes(400_000_000)").ask(tmp_path)
    assert answer["outcome"] == "died" and "MemoryError" in str(answer["fault"])
