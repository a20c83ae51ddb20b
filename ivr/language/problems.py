"""What is wrong in a file: one shape for flows and configuration, `file:line:col: CODE message`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from ivr.text import printable
from ivr.text import suggestion as suggestion

MAX_MESSAGE = 500  # characters
MOST_PROBLEMS = 100
"""Of one check in one file; who made more mistakes made the same one often."""


class Severity(Enum):
    """An error keeps the site from being used; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands: line and column count from 1; 0:0 = the file as a whole."""

    file: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to put right. The message says what is wrong and what to write instead."""

    file: str
    line: int
    column: int
    code: str
    message: str
    severity: Severity = Severity.ERROR

    @classmethod
    def at(cls, place: Place, code: str, message: str) -> "Problem":
        """A problem at a place; its severity is that of its code. Names from a file may stand in the message: what
        does not print is replaced, and the whole is bounded."""
        from ivr.language.codes import WARNINGS

        severity = Severity.WARNING if code in WARNINGS else Severity.ERROR
        return cls(place.file, place.line, place.column, code, printable(message, MAX_MESSAGE), severity)

    def __str__(self) -> str:
        """The line that people and editors read."""
        return f"{self.file}:{self.line}:{self.column}: {self.code} {self.message}"

    def as_json(self) -> dict[str, str | int]:
        """The same for programs: one object of `ivr check --format json`."""
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "code": self.code,
            "message": self.message,
            "severity": self.severity.value,
        }


def bounded(problems: Iterable[Problem]) -> Iterator[Problem]:
    """The first problems of a check, and that there may be more: to look for the nearest name takes its time."""
    for count, problem in enumerate(problems, 1):
        yield problem
        if count == MOST_PROBLEMS:
            place = Place(problem.file, problem.line, problem.column)
            message = "there may be more faults like this one; correct the first ones and check again"
            yield Problem.at(place, problem.code, message)
            return
