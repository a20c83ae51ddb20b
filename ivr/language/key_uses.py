"""Keys of a telephone that a step wants for two things, and keys that can do nothing."""

from collections.abc import Callable, Iterator, Mapping

from ivr.language.problems import Place, Problem
from ivr.text import quoted
from ivr.verbs.ask import Ask
from ivr.verbs.collect import Collect
from ivr.verbs.step import Path, Step

PlaceOf = Callable[[str, Path], Place]


def key_problems(steps: Mapping[str, Step], place: PlaceOf) -> Iterator[Problem]:
    """What is wrong with the keys of every step."""
    for name, step in steps.items():
        for path, message in _clashes(step):
            yield Problem.at(place(name, path), "FLOW060", message)
        if isinstance(step, Ask) and step.back and not _menu_before(name, steps):
            message = (
                f"no caller comes to this menu from another one, so key {quoted(step.back)} leads nowhere; "
                "delete 'back', or give the menu a key that leads to the step you mean"
            )
            yield Problem.at(place(name, ("back",)), "FLOW061", message)


def _clashes(step: Step) -> Iterator[tuple[Path, str]]:
    match step:
        case Ask():
            if step.back and step.back in step.keys:
                yield ("back",), f"key {quoted(step.back)} is one of the menu's keys already; write another"
            if "repeat" in step.model_fields_set and step.repeat in step.keys:
                yield ("repeat",), f"key {quoted(step.repeat)} is one of the menu's keys already; write another"
            elif step.back and step.back == step.repeat:
                setting = "repeat" if "repeat" in step.model_fields_set else "back"
                yield (
                    (setting,),
                    f"key {quoted(step.back)} would lead back and read the menu out again; write another",
                )
        case Collect() if step.finish.isdecimal():
            yield ("finish",), f"nobody could enter the digit {step.finish}, because it ends the digits; write # or *"
        case _:
            return


def _menu_before(name: str, steps: Mapping[str, Step]) -> bool:
    """Whether another menu leads to this one. In a flow that others call, its own menus count alone, too."""
    leading: dict[str, set[str]] = {}
    for step_name, step in steps.items():
        for target in step.exits():
            leading.setdefault(target.name, set()).add(step_name)
    seen, waiting = {name}, [name]
    while waiting:
        for before in leading.get(waiting.pop(), ()):
            if before not in seen:
                if isinstance(steps[before], Ask):
                    return True
                seen.add(before)
                waiting.append(before)
    return False
