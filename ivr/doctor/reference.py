"""The reference page of `ivr doctor`, made from the code."""

from collections.abc import Mapping

from ivr.doctor.finding import CODES
from ivr.language.reference import GENERATED


def pages() -> Mapping[str, str]:
    """File name -> text."""
    return {"doctor.md": _page()}


def _page() -> str:
    rows = "\n".join(f"| `{code}` | {meaning} |" for code, meaning in CODES.items())
    return (
        f"# What `ivr doctor` finds\n\n{GENERATED}\n\n"
        "A fault is to be put right now, a warning soon; either makes the exit status 1. A note only tells: what could "
        "not be looked at, or what is so on purpose. Every finding says where it is and what to do.\n\n"
        f"| code | what it means |\n| --- | --- |\n{rows}\n"
    )
