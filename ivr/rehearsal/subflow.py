"""A flow that nobody calls by telephone, tried by itself: a flow around it calls it and sees how it returns. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ivr.rehearsal.events import Event, StepBegun
from ivr.site import Flow
from ivr.site.values import Type, as_text, from_text
from ivr.verbs.call import Call
from ivr.verbs.hang_up import HangUpStep
from ivr.verbs.step import Step

_CALLS, _BACK = "tested", "back"


def caller_of(flow: Flow, parameters: Mapping[str, str]) -> Flow:
    """A flow that does nothing but call another one, with these parameters; where it comes back, it ends."""
    ended = HangUpStep.model_validate({"hang up": "ended in IVR"})
    literals = {name: _literal(text, flow.parameters[name].type) for name, text in parameters.items()}
    exits = {exit: _step_of(exit) for exit in flow.exits}
    settings = {
        "call": flow.name,
        "with": literals,
        "results": {result: result for result in flow.results},
        "exits": exits,
        "then": _BACK,
    }
    steps: dict[str, Step] = {_CALLS: Call.model_validate(settings), _BACK: ended}
    steps.update(dict.fromkeys(exits.values(), ended))
    return Flow(
        name=f"test_of_{flow.name}"[:40],
        language=flow.language,
        numbers=(),
        start=_CALLS,
        steps=steps,
        file=flow.file,
        variables={name: replace(flow.declared[name], default=None) for name in flow.results},
    )


def exit_taken(around: Flow, told: Sequence[Event]) -> str | None:
    """The exit by which a subflow came back, empty for a plain `return`; None when it did not. `around` is the flow
    that `caller_of` made."""
    last = next((event for event in reversed(told) if isinstance(event, StepBegun)), None)
    if last is None or last.flow != around.name or last.step == _CALLS:
        return None
    step = around.steps[_CALLS]
    assert isinstance(step, Call)
    return next((exit for exit, then in step.by_exit.items() if then == last.step), "")


def _step_of(exit: str) -> str:
    return f"{_BACK}_{exit}"[:40]


def _literal(text: str, type_: Type) -> str:
    """A value as an expression has it."""
    return f'"{text}"' if type_ is Type.TEXT else as_text(from_text(text, type_))
