"""The reference page of tests of flows, made from the code."""

import inspect
from collections.abc import Mapping

from ivr.language.reference import GENERATED, table
from ivr.rehearsal import scenario_file
from ivr.rehearsal.scenario_file import Expected, FlowTests, Given, QueueFile


def pages() -> Mapping[str, str]:
    """File name -> text of the pages that `ivr docs` writes besides those of the language."""
    return {"tests.md": _tests()}


def _tests() -> str:
    parts = (
        "# Tests of flows",
        GENERATED,
        inspect.cleandoc(scenario_file.__doc__ or ""),
        table(FlowTests),
        "## What is so when the call comes in, and what the caller does",
        table(Given),
        "The caller listens to everything to its end, unless an item of `keys` says `during`. A queue or a phone of "
        "which nothing is written is where the call ends: `end: queue NAME`. A flow without numbers is tested as a "
        "subflow: it ends with `return` or `return EXIT`.",
        "### A queue",
        table(QueueFile),
        "## What must come of it: `expect`",
        table(Expected),
        "Of several differences the first is told. A fault of the flow itself (something that cannot be computed, a "
        "prompt without a text, a circle) fails every test in which it happens.",
    )
    return "\n\n".join(parts) + "\n"
