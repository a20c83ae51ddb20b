"""pydantic's errors as problems with a place, in an administrator's words."""

from types import NoneType, UnionType
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from ivr.language.problems import Place, Problem, suggestion
from ivr.language.reader import Document, Path_
from ivr.text import quoted

M = TypeVar("M", bound=BaseModel)

# The same endings for flows (FLOW) and configuration (CONF).
MISSING, UNKNOWN, KIND, VALUE, EXPRESSION = "011", "012", "013", "014", "019"


class Locate(Protocol):
    """The place of a path below the checked value: of its key, of its value, or of a character of the value's text."""

    def __call__(self, path: Path_, key: bool, offset: int = 0, /) -> Place: ...


def locator(document: Document, base: Path_ = ()) -> Locate:
    """Places in a document, below a path."""

    def locate(path: Path_, key: bool, offset: int = 0) -> Place:
        whole = (*base, *path)
        if offset:
            return document.place_within(whole, offset)
        return document.key_place(whole) if key else document.place(whole)

    return locate


def validate(model: type[M], data: Any, family: str, where: Locate, what: str) -> tuple[M | None, list[Problem]]:
    """The model of the data, or all its problems. `what` names it in messages: "a menu setting"."""
    try:
        return model.model_validate(data), []
    except ValidationError as fault:
        return None, [_problem(error, model, family, where, what) for error in fault.errors(include_url=False)]


def _problem(error: ErrorDetails, model: type[BaseModel], family: str, where: Locate, what: str) -> Problem:
    path = tuple(part for part in error["loc"] if part != "[key]" and not str(part).startswith("function-"))
    of_key = "[key]" in error["loc"]
    kind, last = error["type"], str(path[-1]) if path else ""
    if kind == "missing":
        info = _fields(model, path[:-1]).get(last)
        meaning = f" ({info.description})" if info is not None and info.description else ""
        message = f"{quoted(last)} is missing here; add '{last}: ...'{meaning}"
        return Problem.at(where(path[:-1], True), family + MISSING, message)
    if kind == "extra_forbidden":
        known = _fields(model, path[:-1])
        hint = suggestion(last, known, "; delete it")
        message = f"{quoted(last)} is not {what if len(path) == 1 else 'a setting here'}{hint}"
        return Problem.at(where(path, True), family + UNKNOWN, message)
    if error["input"] is None:
        return Problem.at(
            where(path, True), family + MISSING, f"{quoted(last)} has no value; write one after the colon"
        )
    place = where(path, of_key)
    if kind in _KINDS:
        return Problem.at(place, family + KIND, f"{_subject(path)} must be {_KINDS[kind]}")
    if kind == "too_short":
        return Problem.at(place, family + VALUE, f"{_subject(path)} is empty; write at least one")
    if kind == "too_long":
        most = error["ctx"]["max_length"]
        return Problem.at(place, family + VALUE, f"{_subject(path)} has too many entries; write at most {most}")
    if kind == "literal_error":
        words = error.get("ctx", {}).get("expected", "")
        return Problem.at(place, family + VALUE, f"{_shown(error['input'])} is not possible here; write {words}")
    if kind == "wrong_expression":
        return Problem.at(where(path, of_key, error["ctx"]["offset"]), family + EXPRESSION, error["msg"])
    if kind == "wrong_value" and (offset := error["ctx"].get("offset", 0)):
        place = where(path, of_key, offset)
    message = error["msg"] if kind == "wrong_value" else f"{_shown(error['input'])} is not possible here; correct it"
    return Problem.at(place, family + VALUE, message)


_KINDS = {
    "string_type": "one text; write it, in quotes when it begins with [ or {",
    "dict_type": "indented lines 'key: value' below it; write them",
    "model_type": "indented lines 'key: value' below it; write them",
    "model_attributes_type": "indented lines 'key: value' below it; write them",
    "list_type": "a list, for example [first, second]; write one",
}


def _shown(value: Any) -> str:
    """A value for a message; a list or settings would be too long."""
    return quoted(value) if isinstance(value, str) else "this"


def _subject(path: Path_) -> str:
    """How a message calls the value: its key, or its position in a list."""
    last = path[-1] if path else ""
    if isinstance(last, int):
        return f"item {last + 1} of {quoted(str(path[-2]))}" if len(path) > 1 else f"item {last + 1}"
    return quoted(last) if last else "this"


def _whole(annotation: Any) -> Any:
    """The type of a setting that may be left out."""
    inside = [part for part in getattr(annotation, "__args__", ()) if part is not NoneType]
    return inside[0] if isinstance(annotation, UnionType) and len(inside) == 1 else annotation


def _fields(model: type[BaseModel], path: Path_) -> dict[str, FieldInfo]:
    """The settings that are known below a path, by the names that files have for them."""
    current: Any = model
    for part in path:
        if isinstance(current, type) and issubclass(current, BaseModel):
            by_alias = {info.alias or name: info for name, info in current.model_fields.items()}
            info = by_alias.get(str(part))
            current = _whole(info.annotation) if info is not None else None
        else:
            inside = getattr(current, "__args__", ())
            current = _whole(inside[-1]) if inside else None
    if isinstance(current, type) and issubclass(current, BaseModel):
        return {info.alias or name: info for name, info in current.model_fields.items()}
    return {}
