"""Which keys of a telephone make a difference at a step: keys that no reachable menu tells apart are tried once.

A key pressed in a prompt is kept until a step takes it. So at a step that only passes keys on, the difference is that
of all the steps that may take the key next, in other flows too.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from ivr.call.effects import ANY_KEY
from ivr.site import Site
from ivr.site.targets import exit_of, leaves
from ivr.verbs.ask import Ask
from ivr.verbs.call import Call
from ivr.verbs.collect import Collect
from ivr.verbs.extension import NAME_KEY, ExtensionStep
from ivr.verbs.goto import Goto
from ivr.verbs.step import Step
from ivr.verbs.voicemail import Voicemail

PASSING = frozenset({"play", "say", "notice", "hours", "branch", "set", "look up", "language", "call", "goto"})
DROPPING = frozenset({"queue", "dial", "hang up"})

At = tuple[str, str]
"""A flow and a step."""

_WRONG = ""
_BEGUN = "begun"  # of no use, but it is answered as wrong digits are
_Labels = tuple[tuple[str, ...], ...]  # of each key of ANY_KEY, what the steps know it as
_NOTHING: _Labels = tuple(() for _ in ANY_KEY)


@dataclass(frozen=True, slots=True)
class Key:
    """One key for all that are like it. `wrong`: no step that may take it has a use for it."""

    key: str
    wrong: bool


class Keys:
    """The keys to try at each step of a site."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._callers: dict[str, list[At]] = {}
        for flow in site.flows.values():
            for name, step in flow.steps.items():
                if isinstance(step, Call):
                    self._callers.setdefault(step.flow, []).append((flow.name, name))
        steps = {(f.name, name): step for f in site.flows.values() for name, step in f.steps.items()}
        self._kept = self._all_labels(steps)
        self._inside = {at: _labels(step, _label) for at, step in steps.items() if step.verb not in PASSING}
        self._back: dict[str, bool] = {}
        self._tried: dict[tuple[At, str], tuple[Key, ...]] = {}

    def at(self, flow: str, step: str, listened: str) -> tuple[Key, ...]:
        """The keys to try where these are listened to."""
        key = ((flow, step), listened)
        if key not in self._tried:
            labels = self._inside.get((flow, step)) or self._kept.get((flow, step), _NOTHING)
            first: dict[tuple[str, ...], str] = {}
            for pressed, label in zip(ANY_KEY, labels, strict=True):
                if pressed in listened:
                    first.setdefault(label, pressed)
            self._tried[key] = tuple(Key(pressed, set(label) <= {_BEGUN}) for label, pressed in first.items())
        return self._tried[key]

    def leads_back(self, flow: str) -> bool:
        """Whether a menu of a flow has a key that leads to the menu before; else it does not matter which that was."""
        if flow not in self._back:
            steps = self._site.flows[flow].steps.values()
            self._back[flow] = any(isinstance(step, Ask) and bool(step.back) for step in steps)
        return self._back[flow]

    def kept(self, flow: str, step: str, key: str) -> str:
        """The key that stands for one that was kept when the step is entered; empty when no step would use it."""
        labels = self._kept.get((flow, step), _NOTHING)
        label = labels[ANY_KEY.index(key)] if key else ()
        return ANY_KEY[labels.index(label)] if label else ""

    def _all_labels(self, steps: Mapping[At, Step]) -> Mapping[At, _Labels]:
        labels = {at: _NOTHING if step.verb in PASSING else _labels(step, _kept_label) for at, step in steps.items()}
        leading: dict[At, list[At]] = {}
        passing = [at for at, step in steps.items() if step.verb in PASSING]
        for at in passing:
            for after in self._after(at, steps[at]):
                leading.setdefault(after, []).append(at)
        waiting = list(labels)
        while waiting:
            at = waiting.pop()
            for before in leading.get(at, ()):
                joined = _joined(labels[before], labels[at])
                if joined != labels[before]:
                    labels[before] = joined
                    waiting.append(before)
        return labels

    def _after(self, at: At, step: Step) -> Iterator[At]:
        """The steps that may follow."""
        if isinstance(step, Call | Goto):
            flow = self._site.flows[step.flow]
            yield flow.name, flow.start
        if isinstance(step, Goto | Call):
            return
        yield from self._led_to(at, step)

    def _led_to(self, at: At, step: Step) -> Iterator[At]:
        seen: set[str] = set()
        waiting = [(at[0], reference.name) for reference in step.exits()]
        while waiting:
            flow, target = waiting.pop()
            if exit_of(target) is not None:
                if flow not in seen:
                    seen.add(flow)
                    for caller in self._callers.get(flow, ()):
                        back = self._site.flows[caller[0]].steps[caller[1]]
                        waiting += [(caller[0], reference.name) for reference in back.exits()]
            elif not leaves(target):
                yield flow, target


def _labels(step: Step, label: Callable[[Step, str], str]) -> _Labels:
    return tuple((found,) if (found := label(step, key)) else () for key in ANY_KEY)


def _label(step: Step, key: str) -> str:
    """What a step that takes keys knows one as; a verb that nobody told us of knows every key."""
    match step:
        case Ask():
            return key if key in step.keys or key in (step.repeat, step.back) else _WRONG
        case Collect():
            own_use = key in ("1", step.finish)  # 1 confirms
            return (key if own_use else "digit") if key.isdecimal() else _BEGUN
        case ExtensionStep():
            own_use = key == "1" or (bool(step.by_name) and key == NAME_KEY)  # 1 chooses a name
            return key if own_use else "digit" if key.isdecimal() else _BEGUN
        case Voicemail():
            return key if key in "123#" else _WRONG
        case _:
            return _WRONG if step.verb in DROPPING else key


def _kept_label(step: Step, key: str) -> str:
    """The same for a key that was pressed before."""
    match step:
        case Ask():
            return key if key in step.keys or key == step.back else _WRONG
        case Voicemail():
            return _WRONG
        case _:
            return _label(step, key)


def _joined(one: _Labels, other: _Labels) -> _Labels:
    return tuple(tuple(sorted({*a, *b})) for a, b in zip(one, other, strict=True))
