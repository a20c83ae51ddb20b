"""Where a step may lead to: another step of its flow, or one of the words that are no step."""

HANG_UP = "hang up"
"""Ends the call."""

A_PERSON = "a person"
"""Rings reception."""

RETURN = "return"
"""Leaves a subflow; `return EXIT` by one of its named exits."""


def leaves(target: str) -> bool:
    """Whether a target is not a step of the flow."""
    return target in (HANG_UP, A_PERSON) or exit_of(target) is not None


def exit_of(target: str) -> str | None:
    """The exit by which a target leaves a subflow, empty for a plain `return`; None for every other target."""
    word, _, name = target.partition(" ")
    return name if word == RETURN else None
