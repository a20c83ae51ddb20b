"""Steps that widen a queue's circle: those that add nobody or come too late, and conditions that never or always
hold."""

from collections.abc import Iterator
from itertools import combinations, pairwise

from ivr.language.problems import Problem, suggestion
from ivr.language.queue_staff import Staff
from ivr.language.queue_words import SECOND, str_condition
from ivr.language.queues import QueueFile, QueuesFile, WidenFile
from ivr.language.reader import Document, Path_
from ivr.site import Condition
from ivr.text import quoted
from ivr.verbs.words import shown


def step_problems(document: Document, model: QueuesFile, staff: Staff) -> Iterator[Problem]:
    """Of every queue."""
    for name, queue in model.queues.items():
        if queue.widen:
            yield from _Steps(document, model, staff, name).problems()


class _Steps:
    """The steps of one queue."""

    def __init__(self, document: Document, model: QueuesFile, staff: Staff, name: str) -> None:
        self._document, self._model, self._staff, self._name = document, model, staff, name
        self._queue: QueueFile = model.queues[name]
        self._rings = staff.rings(self._queue)

    def problems(self) -> Iterator[Problem]:
        """All of them."""
        for index, step in enumerate(self._queue.widen):
            yield from self._people(index, step)
            yield from self._time(index, step)
            yield from self._conditions(index, step)
        for index, (one, other) in enumerate(pairwise(self._queue.widen), 1):
            yield from self._order(index, one, other)

    def _people(self, index: int, step: WidenFile) -> Iterator[Problem]:
        names_faulty = False
        for position, name in enumerate(step.also):
            path = (*self._path(index), "also", position)
            if name == self._name:
                message = f"{quoted(name)} is this queue itself; delete it"
            elif name in step.also[:position]:
                message = f"{quoted(name)} stands here twice; delete one"
            elif name not in self._model.agents and name not in self._model.queues:
                known = self._model.agents if name.isdecimal() else self._model.queues
                message = f"{quoted(name)} is neither an agent nor a queue{suggestion(name, known)}"
            else:
                continue
            names_faulty = True
            code = "ACD005" if "neither" in message else "ACD014"
            yield Problem.at(self._document.place(path), code, message)
        if not step.needs and not step.also:
            message = "this step does not say whom it adds; add 'needs' (skills), or 'also' (agents or queues)"
            yield Problem.at(self._document.place(self._path(index)), "ACD001", message)
        elif not names_faulty and index + 1 not in self._rings.values() and self._possible(index):
            message = (
                "everybody of this step serves before it already; delete it, or write a lower level or other names"
            )
            yield Problem.at(self._document.place(self._path(index)), "ACD010", message)

    def _possible(self, index: int) -> bool:
        """Whether anybody is meant at all; where nobody is, another problem says so."""
        step = list(self._staff.widenings(self._queue))[index]
        return bool(step.agents) or bool(self._staff.with_any(step.needs))

    def _time(self, index: int, step: WidenFile) -> Iterator[Problem]:
        path = (*self._path(index), "after")
        if step.after >= self._queue.longest_wait:
            message = (
                f"nobody waits so long: callers leave after {shown(self._queue.longest_wait)}; write less, or a longer "
                "'longest wait'"
            )
            yield Problem.at(self._document.place(path), "ACD013", message)
        if not step.after and not step.when:
            message = "this step holds from the start; put its agents into the queue's own 'needs' or 'agents'"
            yield Problem.at(self._document.place(path), "ACD012", message)

    def _order(self, index: int, one: WidenFile, other: WidenFile) -> Iterator[Problem]:
        path = (*self._path(index), "after")
        if other.after < one.after:
            message = f"the step before it comes at {shown(one.after)}; put the steps in the order of their times"
            yield Problem.at(self._document.place(path), "ACD011", message)
        elif other.after == one.after and set(other.when) <= set(one.when):
            message = "it opens together with the step before it; make one step of both, or write another time"
            yield Problem.at(self._document.place(path), "ACD012", message)

    # ---------------------------------------------------------------- conditions
    def _conditions(self, index: int, step: WidenFile) -> Iterator[Problem]:
        for position, condition in enumerate(step.when):
            why = self._never(step, condition)
            if why:
                message = f"this can never hold: {why}; correct it, or delete the step"
                yield self._at(index, position, "ACD015", message)
            elif why := self._always(step, condition):
                yield self._at(index, position, "ACD016", f"this always holds: {why}; correct it, or delete it")
        for (_, one), (second, other) in combinations(enumerate(step.when), 2):
            if one.what != other.what:
                continue
            least, most = (other, one) if one.most else (one, other)
            if one.most == other.most:
                message = f"{quoted(str_condition(one))} stands before it; delete the one that says less"
                yield self._at(index, second, "ACD016", message)
            elif least.value > most.value:
                message = f"this can never hold together with {quoted(str_condition(one))}; correct one of them"
                yield self._at(index, second, "ACD015", message)

    def _at(self, index: int, position: int, code: str, message: str) -> Problem:
        path: Path_ = (*self._path(index), "when")
        listed = (*path, position)
        return Problem.at(self._document.place(listed if listed in self._document.values else path), code, message)

    def _never(self, step: WidenFile, condition: Condition) -> str:
        """Why a condition cannot hold while this caller waits; empty = it may."""
        value, most = condition.value, condition.most
        match condition.what:
            case "waiting" if most and value == 0:
                return "the caller waits too, so there is always one"
            case "waiting" if not most and self._queue.most_callers is not None and value > self._queue.most_callers:
                return f"'most callers' is {self._queue.most_callers}"
            case "longest wait" if most and value * SECOND < step.after:
                return f"the caller has waited {shown(step.after)} then"
            case "longest wait" if not most and value * SECOND >= self._queue.longest_wait:
                return f"callers leave after {shown(self._queue.longest_wait)}"
            case "idle" if not most and value > len(self._rings):
                return f"this queue has {len(self._rings)} agents, all steps included"
        return ""

    def _always(self, step: WidenFile, condition: Condition) -> str:
        """Why a condition holds at every moment at which it is asked; empty = it need not."""
        value, most = condition.value, condition.most
        match condition.what:
            case "waiting" if not most and value <= 1:
                return "the caller waits too"
            case "waiting" if most and self._queue.most_callers is not None and value >= self._queue.most_callers:
                return f"'most callers' is {self._queue.most_callers}"
            case "longest wait" if not most and value * SECOND <= step.after:
                return f"the caller has waited {shown(step.after)} then"
            case "longest wait" if most and value * SECOND >= self._queue.longest_wait:
                return f"callers leave after {shown(self._queue.longest_wait)}"
            case "idle" if most and value >= len(self._rings):
                return f"this queue has {len(self._rings)} agents, all steps included"
            case "idle" if not most and value == 0:
                return "there is no number below 0"
            case "service level" if value == (100 if most else 0):
                return "it goes from 0 to 100 %"
        return ""

    def _path(self, index: int) -> Path_:
        return ("queues", self._name, "widen", index)
