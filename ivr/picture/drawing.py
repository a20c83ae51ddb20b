"""Flows as a picture: text for Graphviz's `dot`, and an SVG that screen readers understand. Pure.

From left to right. A step is a box: its verb and name, what it does, and a line for each exit. What many steps lead to,
and what leads back, is named in the exit's line (with a link) instead of drawn, so that no edge crosses the page.
"""

import html
import textwrap
from collections import deque
from collections.abc import Iterator, Mapping, Sequence

from ivr.picture.steps import Exit, ShownStep, in_words, shortened, shown
from ivr.site import Flow, Site
from ivr.site.targets import leaves

MOST_EDGES = 3
"""Steps that lead to one step by a drawn edge; of more, only the first does."""

MOST_NUMBERS = 8
"""Numbers of a flow that are listed."""

WIDTH = 38
"""Characters of a line in a box."""

# Fill and line of the boxes, by what the verb does; dark text on each has a contrast of more than 7 to 1.
_HEARD, _ASKED, _DECIDED = ("#e8f1fb", "#3a6ea5"), ("#fff3d6", "#a87400"), ("#f1e8fb", "#7145a8")
_PEOPLE, _MESSAGE, _OTHER = ("#e2f5e5", "#2c7a3d"), ("#fde8ee", "#a8325a"), ("#eeeeee", "#555555")
_LOOKS = {
    **dict.fromkeys(("play", "say", "notice", "language"), _HEARD),
    **dict.fromkeys(("ask", "collect", "extension"), _ASKED),
    **dict.fromkeys(("hours", "branch", "set", "look up"), _DECIDED),
    **dict.fromkeys(("queue", "dial"), _PEOPLE),
    "voicemail": _MESSAGE,
}
_SHAPES = {
    **dict.fromkeys(("ask", "collect", "extension"), "box"),
    **dict.fromkeys(("queue", "dial"), "box3d"),
    **dict.fromkeys(("call", "goto"), "component"),
    "voicemail": "note",
    "hang up": "octagon",
}
_STYLES = {
    **dict.fromkeys(("play", "say", "notice", "language"), "rounded,filled"),
    **dict.fromkeys(("hours", "branch", "set", "look up"), "diagonals,filled"),
}


class Picture:
    """One drawing of one or more flows."""

    def __init__(self, site: Site, flows: Sequence[Flow], links: Mapping[str, str] | None = None) -> None:
        """`links`: flow -> address of its own picture, for steps that lead to flows that are not in this one."""
        self._site = site
        self._flows = {flow.name: flow for flow in flows}
        self._links = links or {}
        self._steps = {flow.name: [shown(site, flow, name) for name in _in_order(flow)] for flow in flows}

    @property
    def title(self) -> str:
        """What the picture is of."""
        return f"{self._site.label}: {', '.join(self._flows)}"

    @property
    def description(self) -> str:
        """The picture in words, for those who cannot see it."""
        return " ".join(_in_words(self._flows[name], steps) for name, steps in self._steps.items())

    def dot(self) -> str:
        """The text for `dot`."""
        lines = [
            "digraph {",
            "  rankdir=LR; ranksep=0.55; nodesep=0.28; fontname=Arial; fontsize=15; compound=true;",
            f"  tooltip={_text(self.title)}; bgcolor=white; pad=0.3; splines=true; outputorder=edgesfirst;",
            '  node [fontname=Arial, fontsize=11, margin=0.06, style=filled, penwidth=1.3, fontcolor="#1b1b1b"];',
            '  edge [color="#555555", arrowsize=0.7, penwidth=1.2, fontname=Arial, fontsize=10];',
        ]
        for index, name in enumerate(reversed(self._steps)):  # dot draws the last one at the top
            lines += self._cluster(index, name)
        lines += self._between()
        return "\n".join((*lines, "}", ""))

    def _cluster(self, index: int, name: str) -> Iterator[str]:
        flow, steps = self._flows[name], self._steps[name]
        drawn = _drawn(flow, steps)
        yield f"  subgraph cluster_{index} {{"
        yield f"    label={_text(f'{name} ({flow.language})')}; labeljust=l; style=rounded;"
        yield '    color="#bbbbbb"; margin=14;'
        if flow.numbers:
            node, tooltip = _text(f"{name}:"), _text(", ".join(flow.numbers))
            looks = 'shape=cds, margin=0.14, fillcolor="#1f2a36", fontcolor=white'
            yield f"    {node} [{looks}, tooltip={tooltip}, label=<{self._numbers(flow)}>];"
            yield f"    {node} -> {_node(name, flow.start)}:w;"
        for step in steps:
            yield f"    {_node(name, step.name)} [{self._looks(flow, step, drawn)}];"
        for step in steps:
            for place, exit in enumerate(step.exits):
                if (step.name, exit.target) in drawn:
                    style = " [style=dashed]" if exit.labels == ("when hung up",) else ""
                    port = "e" if _alone(step) else f"x{place}:e"
                    yield f"    {_node(name, step.name)}:{port} -> {_node(name, exit.target)}:w{style};"
        yield "  }"

    def _between(self) -> Iterator[str]:
        """From steps to flows that are in this picture, too."""
        for name, steps in self._steps.items():
            for step in steps:
                if step.flow in self._flows and step.flow != name:
                    start = self._flows[step.flow].start
                    yield f"  {_node(name, step.name)} -> {_node(step.flow, start)} [style=dashed, constraint=false];"

    # ------------------------------------------------------------------ one box
    def _numbers(self, flow: Flow) -> str:
        """The numbers that lead to a flow."""
        shown_ones = flow.numbers if len(flow.numbers) <= MOST_NUMBERS else flow.numbers[: MOST_NUMBERS - 1]
        cells = [(n, shortened(self._site.numbers.get(n, ""), 24)) for n in shown_ones]
        if len(shown_ones) < len(flow.numbers):
            cells.append((f"+ {len(flow.numbers) - len(shown_ones)}", ""))
        rows = "".join(
            f'<TR><TD ALIGN="LEFT"><B>{_safe(number)}</B></TD><TD ALIGN="LEFT">{_safe(label)}</TD></TR>'
            for number, label in cells
        )
        return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">{rows}</TABLE>'

    def _looks(self, flow: Flow, step: ShownStep, drawn: frozenset[tuple[str, str]]) -> str:
        fill, line = _LOOKS.get(step.verb, _OTHER)
        shape = _SHAPES.get(step.verb, "box")
        style = _STYLES.get(step.verb, "filled")
        link = self._links.get(step.flow, "") if step.flow not in self._flows else f"#{step.flow}.{self._start(step)}"
        address = f", URL={_text(link)}" if step.flow and link else ""
        label, name = self._label(flow, step, drawn), _text(f"{flow.name}.{step.name}")
        return (
            f'id={name}, shape={shape}, style="{style}", fillcolor="{fill}", color="{line}", '
            f"tooltip={_text(step.whole or step.name)}{address}, label=<{label}>"
        )

    def _start(self, step: ShownStep) -> str:
        return self._flows[step.flow].start

    def _label(self, flow: Flow, step: ShownStep, drawn: frozenset[tuple[str, str]]) -> str:
        _, line = _LOOKS.get(step.verb, _OTHER)
        head = f'<FONT COLOR="{line}"><I>{_safe(step.verb)}</I></FONT>  <B>{_safe(step.name)}</B>'
        rows = [f'<TR><TD ALIGN="LEFT">{head}</TD></TR>']
        for text in step.lines:
            lines = "<BR/>".join(map(_safe, textwrap.wrap(text, WIDTH)))
            rows.append(f'<TR><TD ALIGN="LEFT" BALIGN="LEFT">{lines}</TD></TR>')
        for place, exit in enumerate(step.exits):
            is_drawn = (step.name, exit.target) in drawn
            if not (is_drawn and _alone(step)):
                rows.append(self._exit(flow, step, place, exit, is_drawn))
        return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2">{"".join(rows)}</TABLE>'

    def _exit(self, flow: Flow, step: ShownStep, place: int, exit: Exit, is_drawn: bool) -> str:
        """The line of an exit: its label on the right, where the edge begins; or with where it leads."""
        labels = "<BR/>".join(map(_safe, exit.labels))
        if is_drawn:
            return f'<TR><TD PORT="x{place}" ALIGN="RIGHT" BALIGN="RIGHT"><B>{labels}</B></TD></TR>'
        where = in_words(exit.target) if leaves(exit.target) else f"→ {exit.target}"
        link = "" if leaves(exit.target) else f" HREF={_text(f'#{flow.name}.{exit.target}')}"
        label = "" if _alone(step) else f"<B>{labels}</B>  "
        colour = "#1b1b1b" if leaves(exit.target) else "#1a4f8a"
        text = f'{label}<FONT COLOR="{colour}">{_safe(where)}</FONT>'
        return f'<TR><TD PORT="x{place}" ALIGN="RIGHT" BALIGN="RIGHT"{link}>{text}</TD></TR>'


def _alone(step: ShownStep) -> bool:
    """Whether a step has no other way out than an ordinary `then`."""
    return len(step.exits) == 1 and step.exits[0].labels == ("then",)


# ---------------------------------------------------------------------- what is drawn
def _in_order(flow: Flow) -> list[str]:
    """The steps as callers come to them, then those that nobody reaches."""
    seen, waiting = {flow.start: None}, deque([flow.start])
    while waiting:
        for target in flow.steps[waiting.popleft()].targets():
            if target.name not in seen:
                seen[target.name] = None
                waiting.append(target.name)
    return [*seen, *(name for name in flow.steps if name not in seen)]


def _drawn(flow: Flow, steps: Sequence[ShownStep]) -> frozenset[tuple[str, str]]:
    """The edges from step to step that are drawn: not those that lead back, and one alone to what many lead to."""
    depth = _depths(flow)
    into: dict[str, list[str]] = {}
    for step in steps:
        for exit in step.exits:
            if not leaves(exit.target) and depth[exit.target] > depth[step.name]:
                into.setdefault(exit.target, []).append(step.name)
    return frozenset(
        (source, target)
        for target, sources in into.items()
        for source in (sources if len(sources) <= MOST_EDGES else sources[:1])
    )


def _depths(flow: Flow) -> dict[str, int]:
    """How many steps lie before each on the longest way that never leads back."""
    depth = dict.fromkeys(flow.steps, 0)
    order: list[str] = []
    done, way = set[str](), set[str]()
    back: set[tuple[str, str]] = set()
    stack = [(name, True) for name in (*reversed(list(flow.steps)), flow.start)]
    while stack:
        name, entering = stack.pop()
        if not entering:
            way.discard(name)
            done.add(name)
            order.append(name)
            continue
        if name in done or name in way:
            continue
        way.add(name)
        stack.append((name, False))
        for target in flow.steps[name].targets():
            if target.name in way:
                back.add((name, target.name))
            elif target.name not in done:
                stack.append((target.name, True))
    for name in reversed(order):
        for target in flow.steps[name].targets():
            if (name, target.name) not in back:
                depth[target.name] = max(depth[target.name], depth[name] + 1)
    return depth


# ---------------------------------------------------------------------- text
def _in_words(flow: Flow, steps: Sequence[ShownStep]) -> str:
    numbers = f", answers {', '.join(flow.numbers)}" if flow.numbers else ""
    sentences = []
    for step in steps:
        exits = "; ".join(
            f"{', '.join(exit.labels)}: {exit.target if not leaves(exit.target) else in_words(exit.target)[2:]}"
            for exit in step.exits
        )
        sentences.append(f"{step.name} ({step.verb}){f': {exits}' if exits else ''}.")
    return _plain(f"Flow {flow.name}{numbers}, begins at {flow.start}. {' '.join(sentences)}")


def _plain(text: str) -> str:
    """What may stand in XML: a text of a file may hold anything."""
    return "".join(c for c in text if c.isprintable())


def _safe(text: str) -> str:
    """Text for a label that is written like HTML; a backslash has a meaning there, too."""
    return html.escape(_plain(text), quote=True).replace("\\", "&#92;&#8203;")


def _text(text: str) -> str:
    """A quoted text for `dot`, which knows backslashes."""
    clean = _plain(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{clean}"'


def _node(flow: str, step: str) -> str:
    return _text(f"{flow}.{step}")


def accessible(svg: str, title: str, description: str) -> str:
    """An SVG of `dot` with a title and a description that screen readers find."""
    begin = svg.index("<svg ")
    end = svg.index(">", begin)
    head = svg[begin:end] + ' role="img" aria-labelledby="picture-title picture-description"'
    texts = (
        f'<title id="picture-title">{_safe(title)}</title>\n<desc id="picture-description">{_safe(description)}</desc>'
    )
    return f"{svg[:begin]}{head}>\n{texts}{svg[end + 1 :]}"
