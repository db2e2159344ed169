"""Reading JSON into frozen dataclasses: what was written comes back, and every misfit is named with its place."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmm_wizard.facts.reading import Unreadable, read


@dataclass(frozen=True, slots=True)
class Part:
    """An inner object."""

    name: str
    kind: Literal["big", "small"]


@dataclass(frozen=True, slots=True)
class Whole:
    """One field of each shape that facts have."""

    text: str
    number: int
    flag: bool
    maybe: bool | None
    part: Part
    other: Part | None
    parts: tuple[Part, ...]
    texts: tuple[str, ...] | None
    time: datetime


PARTS = st.builds(Part, st.text(), st.sampled_from(["big", "small"]))
TIMES = st.datetimes(datetime(1970, 1, 2), datetime(9990, 1, 1)).map(lambda naive: naive.replace(tzinfo=UTC))  # noqa: DTZ001
WHOLES = st.builds(
    Whole,
    st.text(),
    st.integers(),
    st.booleans(),
    st.none() | st.booleans(),
    PARTS,
    st.none() | PARTS,
    st.lists(PARTS, max_size=3).map(tuple),
    st.none() | st.lists(st.text(), max_size=3).map(tuple),
    TIMES,
)

GOOD: dict[str, Any] = {
    "text": "a",
    "number": 1,
    "flag": True,
    "maybe": None,
    "part": {"name": "p", "kind": "big"},
    "other": None,
    "parts": [{"name": "q", "kind": "small"}],
    "texts": [],
    "time": "2026-03-02T12:00:00Z",
}


@given(WHOLES)
def test_what_was_written_comes_back(whole: Whole) -> None:
    text = json.dumps(asdict(whole), default=lambda time: time.isoformat())
    assert read(Whole, json.loads(text)) == whole


def test_times_come_back_in_utc() -> None:
    given_time = datetime(2026, 3, 2, 14, 0, tzinfo=timezone(timedelta(hours=2)))
    assert read(Whole, {**GOOD, "time": given_time.isoformat()}).time == datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"text": None}, "text: expected a text, read nothing"),
        ({"text": 3}, "text: expected a text, read 3"),
        ({"number": True}, "number: expected a whole number, read True"),
        ({"number": 1.5}, "number: expected a whole number, read 1.5"),
        ({"number": "1"}, "number: expected a whole number, read '1'"),
        ({"flag": 1}, "flag: expected true or false, read 1"),
        ({"maybe": "yes"}, "maybe: expected true or false, read 'yes'"),
        ({"part": None}, "part: expected an object, read nothing"),
        ({"part": []}, "part: expected an object, read a list"),
        ({"part": {"name": "p"}}, "part.kind: missing"),
        ({"part": {"name": "p", "kind": "huge"}}, "part.kind: expected one of big, small, read 'huge'"),
        ({"parts": {}}, "parts: expected a list, read an object"),
        ({"parts": "ab"}, "parts: expected a list, read 'ab'"),
        (
            {"parts": [{"name": "p", "kind": "big"}, {"name": 1, "kind": "big"}]},
            "parts[1].name: expected a text, read 1",
        ),
        ({"texts": ["a", None]}, "texts[1]: expected a text, read nothing"),
        ({"time": "yesterday"}, "time: expected a time such as 2026-03-02T12:00:00Z, read 'yesterday'"),
        ({"time": "2026-03-02T12:00:00"}, "time: expected a time such as 2026-03-02T12:00:00Z, read "),
        ({"extra": 1}, "extra: unknown"),
    ],
)
def test_a_misfit_is_named_with_its_place(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read(Whole, {**GOOD, **change})
    assert str(refused.value).startswith(sentence)
    assert sentence.startswith(refused.value.place)


def test_a_missing_field_is_named_even_where_nothing_would_do() -> None:
    with pytest.raises(Unreadable, match=r"^maybe: missing$"):
        read(Whole, {name: value for name, value in GOOD.items() if name != "maybe"})


@pytest.mark.parametrize("value", [None, [], "text", 3])
def test_what_is_no_object_is_refused(value: object) -> None:
    with pytest.raises(Unreadable, match=r"^expected an object"):
        read(Whole, value)


def test_a_long_value_is_cut_in_the_message() -> None:
    with pytest.raises(Unreadable) as refused:
        read(Whole, {**GOOD, "number": "x" * 5000})
    assert len(str(refused.value)) < 120
