"""Facts and decisions as JSON objects, and back.

`@event("caller joined", version=1)` registers a frozen dataclass. Its JSON form is a flat object whose
`"e"` is the name and `"v"` the version; every other key is a field. The type annotations steer the way back:
str, int, bool, None, NewType of these, Enum (by value), datetime (ISO 8601, UTC), tuple[X, ...], and other
registered dataclasses. A stored event whose name or version nobody knows raises `UnknownEvent`: a journal is
never half understood.
"""

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")

_by_name: dict[tuple[str, int], type] = {}
_name_of: dict[type, tuple[str, int]] = {}


class UnknownEvent(Exception):
    """The journal holds an event that this version does not know; it was written by a newer one."""


def event(name: str, version: int = 1) -> Callable[[type[T]], type[T]]:
    """Register a dataclass under a name and version that are written to the journal and never change."""

    def register(cls: type[T]) -> type[T]:
        key = (name, version)
        if key in _by_name:
            raise ValueError(f"event {name!r} v{version} is registered twice")
        _by_name[key] = cls
        _name_of[cls] = key
        return cls

    return register


def name_of(value: object) -> str:
    """The registered name of an event object."""
    return _name_of[type(value)][0]


def encode(value: object) -> dict[str, Any]:
    """The JSON object of a registered dataclass."""
    name, version = _name_of[type(value)]
    fields = {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}  # type: ignore[arg-type]
    return {"e": name, "v": version, **fields}


def decode(data: Mapping[str, Any]) -> Any:
    """The registered dataclass of a JSON object. Raises UnknownEvent."""
    cls = _by_name.get((data.get("e", ""), data.get("v", 0)))
    if cls is None:
        raise UnknownEvent(f"unknown event {data.get('e')!r} version {data.get('v')!r}")
    known = _annotations(cls)
    return cls(**{k: _typed(known[k], v) for k, v in data.items() if k in known})


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | int | bool):
        return value.value if isinstance(value, Enum) else value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds")
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    if type(value) in _name_of:
        return encode(value)
    raise TypeError(f"{type(value).__name__} has no place in the journal")


@cache
def _annotations(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _typed(annotation: Any, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, dict) and "e" in value:
        return decode(value)
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType):
        (annotation,) = [a for a in typing.get_args(annotation) if a is not type(None)]
        return _typed(annotation, value)
    if origin is tuple:
        inner = typing.get_args(annotation)[0]
        return tuple(_typed(inner, v) for v in value)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return annotation(value)
    if annotation is datetime:
        return datetime.fromisoformat(value)
    return value
