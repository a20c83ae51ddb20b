"""Writes docs/PROOF.md from what the parts of the soak have kept."""

from collections.abc import Sequence
from pathlib import Path

from tests.soak.part import FOLDER, FULL_MINUTES, ROOT, Part, command, read

_HEAD = """\
# Proof

What `make soak` has measured: long random traffic of real SIP phones through a real Asterisk and the real server, and
what had to hold afterwards. This page is written by the soak itself; nobody edits it.

The callers and the phones of the agents are programs of this repository (`tests/soak/traffic.py`) that speak SIP and
RTP. Everybody speaks with a tone of their own, so who heard whom is known from the audio and not from the server. The
rules are judged from the journal by a second model of them, which shares no code with the engine
(`tests/property/shadow`), and by a program that only counts (`tests/soak/audit.py`). Records are held against
Asterisk's own record of its channels (`tests/soak/channels.py`).

| | |
| --- | --- |
"""

_SHORT = "> A soak of {minutes:g} minutes: too short for a proof; docs/PROOF.md keeps the last one of {full:g}.\n\n"


def write() -> Path | None:
    """The page; None when nothing was measured yet. A short soak's page stays beside its figures."""
    parts = sorted((read(file) for file in FOLDER.glob("*.json")), key=lambda part: part.order)
    if not parts:
        return None
    shortest = min(part.minutes for part in parts)
    page = ROOT / "docs" / "PROOF.md" if shortest >= FULL_MINUTES else FOLDER / "PROOF.md"
    text = render(parts)
    if shortest < FULL_MINUTES:
        text = text.replace("# Proof\n\n", "# Proof\n\n" + _SHORT.format(minutes=shortest, full=FULL_MINUTES), 1)
    page.write_text(text, encoding="utf-8")
    return page


def render(parts: Sequence[Part]) -> str:
    """The whole page."""
    joined: dict[str, list[str]] = {"command": [f"`{command()}`"]}
    for part in parts:
        for what, value in part.surroundings.items():
            if value not in joined.setdefault(what, []):
                joined[what].append(value)
    dates = joined.pop("date", [])
    joined["measured"] = [dates[0]] if len(dates) < 2 else [f"{dates[0]} to {dates[-1]}"]
    head = _HEAD + "".join(f"| {what} | {', '.join(values)} |\n" for what, values in joined.items())
    return head + "".join(_section(part) for part in parts)


def _section(part: Part) -> str:
    lines = [f"\n## {part.order}. {part.title}\n\n{part.about.strip()}\n"]
    revision = part.surroundings.get("revision", "")
    lines.append(f"Ran for {part.took / 60:.1f} minutes, seed {part.seed}, revision {revision}.\n")
    lines.append("| measured | value | had to be |\n| --- | --- | --- |")
    lines += [f"| {figure.what} | {figure.value} | {figure.must} |" for figure in part.figures]
    return "\n".join(lines) + "\n"
