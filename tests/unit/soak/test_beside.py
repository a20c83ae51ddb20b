"""Several computations at once."""

import os

import pytest

from tests.soak.beside import beside


def fails() -> None:
    raise ValueError("nothing to compute")


def test_each_is_a_process_and_their_results_come_in_order() -> None:
    here = {"seen": 1}
    first, second, whose = beside(lambda: here["seen"], lambda: "ñ" * 200_000, os.getpid)
    assert (first, second) == (1, "ñ" * 200_000) and whose != os.getpid()


def test_one_that_fails_is_told_with_its_place() -> None:
    with pytest.raises(RuntimeError, match=r"(?s)in fails.*nothing to compute"):
        beside(int, fails)
    with pytest.raises(RuntimeError, match="it died"):
        beside(lambda: os._exit(3), int)
