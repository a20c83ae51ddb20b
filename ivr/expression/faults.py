"""What is wrong with an expression, and what it could not compute."""


class ExpressionError(ValueError):
    """An expression that cannot be used. `message` says what to write instead, for an administrator; `offset` counts
    the characters before the place, from 0."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


class EvaluationError(ValueError):
    """An expression that has no value now: a variable without a value, a division by zero, a text that is no number.

    `message` names words of the expression only, never a value: callers enter values, and this goes into logs.
    """

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
