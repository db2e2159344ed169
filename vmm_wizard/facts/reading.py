"""Reads JSON values into frozen dataclasses: exactly their fields and types, and an error that names the place."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")

_WORDS = {str: "a text", int: "a whole number", bool: "true or false", datetime: "a time such as 2026-03-02T12:00:00Z"}


class Unreadable(ValueError):
    """A value does not fit. `place` is its path in the document, such as `cluster.nodes[1].state`."""

    def __init__(self, place: str, what: str) -> None:
        super().__init__(f"{place}: {what}" if place else what)
        self.place = place


def read(kind: type[T], value: object, place: str = "") -> T:
    """`value`, as `json` gives it, as an instance of the dataclass `kind`. Raises Unreadable at the first misfit.

    A missing key is one, and so is an unknown one: both ends are ours, and what one of them does not know is a fault.
    """
    if not isinstance(value, Mapping):
        raise Unreadable(place, f"expected an object, read {_shown(value)}")
    wanted: Mapping[str, Any] = _types(kind)  # type: ignore[arg-type]  # a type is hashable
    _require_keys(wanted, value, place)
    return kind(**{name: _read(hint, value[name], _below(place, name)) for name, hint in wanted.items()})


@cache
def _types(kind: type) -> dict[str, Any]:
    """Field names of a dataclass and their types."""
    hints = get_type_hints(kind)
    return {row.name: hints[row.name] for row in fields(kind)}


def _require_keys(wanted: Mapping[str, Any], value: Mapping[str, object], place: str) -> None:
    missing = [name for name in wanted if name not in value]
    if missing:
        raise Unreadable(_below(place, missing[0]), "missing")
    unknown = [name for name in value if name not in wanted]
    if unknown:
        raise Unreadable(_below(place, unknown[0]), "unknown")


def _read(hint: Any, value: object, place: str) -> Any:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        (hint,) = (option for option in get_args(hint) if option is not type(None))
        return _read(hint, value, place)
    if origin is tuple:
        return _read_list(get_args(hint)[0], value, place)
    if origin is Literal:
        if value not in get_args(hint):
            raise Unreadable(place, f"expected one of {', '.join(get_args(hint))}, read {_shown(value)}")
        return value
    if isinstance(hint, type) and is_dataclass(hint):
        return read(hint, value, place)
    if hint is datetime:
        return _read_time(value, place)
    # In Python true is an int; in JSON it is none.
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise Unreadable(place, f"expected {_WORDS[hint]}, read {_shown(value)}")
    return value


def _read_list(hint: Any, value: object, place: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise Unreadable(place, f"expected a list, read {_shown(value)}")
    return tuple(_read(hint, item, f"{place}[{number}]") for number, item in enumerate(value))


def _read_time(value: object, place: str) -> datetime:
    try:
        time = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise Unreadable(place, f"expected {_WORDS[datetime]}, read {_shown(value)}")
    return time.astimezone(UTC)


def _below(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _shown(value: object) -> str:
    """A value in a message: what it is, and no more of it than fits."""
    if value is None:
        return "nothing"
    if isinstance(value, Mapping | list):
        return "an object" if isinstance(value, Mapping) else "a list"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
