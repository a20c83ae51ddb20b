"""What hours.yaml says about overrides: the words of an emergency, and the code that phones dial."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ivr.language.problems import Problem, suggestion
from ivr.text import quoted

if TYPE_CHECKING:
    from ivr.language.config import Configuration


def override_problems(configuration: "Configuration") -> Iterator[Problem]:
    """Prompts of emergencies that are not there, and codes that two timetables have."""
    document, model = configuration.hours.document, configuration.hours.model
    if document is None or model is None:
        return
    owner: dict[int, str] = {}
    for name, timetable in model.hours.items():
        yield from _emergency_problems(configuration, name, timetable.emergency)
        if timetable.code is not None and owner.setdefault(timetable.code, name) != name:
            message = f"the timetable {quoted(owner[timetable.code])} has this code already; write another"
            yield Problem.at(document.place(("hours", name, "telephone code")), "CONF080", message)
    for place, (name, timetable) in enumerate(model.hours.items(), 1):
        if timetable.code is None and place in owner:
            message = (
                f"the place of {quoted(name)} is {place}, which is the telephone code of {quoted(owner[place])}; "
                "write a 'telephone code' here too"
            )
            yield Problem.at(document.key_place(("hours", name)), "CONF080", message)


def _emergency_problems(configuration: "Configuration", name: str, prompt: str) -> Iterator[Problem]:
    document, known = configuration.hours.document, configuration.prompts.names("prompts")
    assert document is not None
    if not prompt or known is None:
        return
    place = document.place(("hours", name, "emergency"))
    language = configuration.site.model.language if configuration.site.model is not None else None
    if prompt not in known:
        yield Problem.at(place, "CONF021", f"there is no prompt {quoted(prompt)}{suggestion(prompt, sorted(known))}")
    elif language is not None and configuration.lacks(prompt, language):
        message = f"the prompt {quoted(prompt)} has no text in {language}; add it in prompts.yaml"
        yield Problem.at(place, "CONF027", message)
