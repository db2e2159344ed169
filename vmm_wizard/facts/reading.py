"""Reads JSON values into frozen dataclasses: exactly their fields and types, and an error that names the place."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from vmm_wizard.texts import text

T = TypeVar("T")

#: What the catalogue calls each type.
_WORDS = {str: "text", int: "number", bool: "flag", datetime: "time"}


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
        raise Unreadable(place, text("reasons.reading.no_object", read=_shown(value)))
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
        raise Unreadable(_below(place, missing[0]), text("reasons.reading.missing"))
    unknown = [name for name in value if name not in wanted]
    if unknown:
        raise Unreadable(_below(place, unknown[0]), text("reasons.reading.unknown"))


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
            allowed = ", ".join(get_args(hint))
            raise Unreadable(place, text("reasons.reading.no_choice", allowed=allowed, read=_shown(value)))
        return value
    if isinstance(hint, type) and is_dataclass(hint):
        return read(hint, value, place)
    if hint is datetime:
        return _read_time(value, place)
    # In Python true is an int; in JSON it is none.
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise _misfit(hint, value, place)
    return value


def _misfit(hint: Any, value: object, place: str) -> Unreadable:
    kind = text(f"reasons.reading.kinds.{_WORDS[hint]}")
    return Unreadable(place, text("reasons.reading.no_kind", kind=kind, read=_shown(value)))


def _read_list(hint: Any, value: object, place: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise Unreadable(place, text("reasons.reading.no_list", read=_shown(value)))
    return tuple(_read(hint, item, f"{place}[{number}]") for number, item in enumerate(value))


def _read_time(value: object, place: str) -> datetime:
    try:
        time = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise _misfit(datetime, value, place)
    return time.astimezone(UTC)


def _below(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _shown(value: object) -> str:
    """A value in a message: what it is, and no more of it than fits."""
    if value is None:
        return text("reasons.reading.nothing")
    if isinstance(value, Mapping | list):
        return text("reasons.reading.an_object") if isinstance(value, Mapping) else text("reasons.reading.a_list")
    written = repr(value)
    return written if len(written) <= 60 else f"{written[:57]}..."
