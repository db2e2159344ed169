"""The scanner that knows where each key stands, held against tomllib."""

import tomllib
from typing import Any

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from vmm_wizard.plan.toml_lines import Path, by_statement, scan


def leaves(data: Any, path: Path = ()) -> set[Path]:
    if isinstance(data, dict) and data:
        return set().union(*(leaves(value, (*path, name)) for name, value in data.items()))
    if isinstance(data, list) and data and all(isinstance(value, dict) for value in data):
        return set().union(*(leaves(value, (*path, index)) for index, value in enumerate(data)))
    return {path}


def test_each_key_has_its_line() -> None:
    found = scan('# comment\na = 1\n\n[t]\nb.c = "x"\n"quoted key" = true\n[[t.list]]\nd = 1\n[[t.list]]\nd = 2\n')
    assert found.mistakes == []
    assert found.line(("a",)) == 2
    assert found.line(("t",)) == 4
    assert found.line(("t", "b", "c")) == 5
    assert found.line(("t", "quoted key")) == 6
    assert found.line(("t", "list", 0, "d")) == 8
    assert found.line(("t", "list", 1, "d")) == 10


def test_elements_of_a_long_list_have_their_own_lines() -> None:
    found = scan('nodes = [\n  "a", # first\n\n  "b", "c",\n]\nnext = """\nx = 1\n"""\nlast = 1\n')
    assert [found.line(("nodes", index)) for index in range(3)] == [2, 4, 4]
    assert (found.line(("next",)), found.line(("last",))) == (6, 9)


def test_what_is_not_there_has_the_line_of_what_would_hold_it() -> None:
    found = scan("a = 1\n[t]\n")
    assert found.line(("t", "missing")) == 2
    assert found.line(("missing",)) == 0


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ("a = 1\na = 2\n", 2, "a"),
        ("[t]\nx = 1\n[t]\ny = 2\n", 3, "[t]"),
        ("a = 1\n[a]\n", 2, "a"),
        ("a = 1\n[[a]]\n", 2, "a"),
        ('a = 1\n[t]\np = "C:\\VMM"\nb = 1\n', 3, "t.p"),
        ("a = 1\nnonsense\nb = 2\n", 2, ""),
        ("a = [1, 2\nb = 2\n", 1, "a"),
        ("[t\nb = 2\n", 1, ""),
    ],
)
def test_a_broken_statement_is_named_and_the_rest_is_read(text: str, line: int, key: str) -> None:
    with pytest.raises(tomllib.TOMLDecodeError):
        tomllib.loads(text)
    found = scan(text)
    assert (found.mistakes[0].line, found.mistakes[0].key) == (line, key)


def test_two_broken_statements_are_both_named() -> None:
    found = scan("a = \nb = 1\nc = '\nd = 2\n")
    assert [mistake.line for mistake in found.mistakes] == [1, 3]
    assert found.data == {"b": 1, "d": 2}


def test_line_ends_of_windows_count_once() -> None:
    assert scan("a = 1\r\n\r\nb = '''\r\nx\r\n'''\r\nc = 2\r\n").line(("c",)) == 6


_names = st.sampled_from(["a", "b", "c d", "é", "x.y", "path"])
_scalars = (
    st.booleans()
    | st.integers(-5, 5)
    | st.text(st.sampled_from("ab =#[]\"'\\\n\t{},.é"), max_size=12)
    | st.lists(st.integers(0, 9) | st.text(st.sampled_from("a]['\"#\\,\n="), max_size=6), max_size=4)
)
_tables = st.recursive(
    st.dictionaries(_names, _scalars, max_size=4),
    lambda inner: st.dictionaries(
        _names,
        _scalars | inner | st.lists(st.dictionaries(_names, _scalars, max_size=3), min_size=1, max_size=2),
        max_size=4,
    ),
    max_leaves=8,
)


@given(_tables, st.booleans())
def test_what_is_cut_and_put_together_is_what_tomllib_reads(data: dict[str, Any], multiline: bool) -> None:
    document = tomlkit.document()
    for name, value in data.items():
        item = tomlkit.item(value)
        if multiline and isinstance(value, list) and isinstance(item, tomlkit.items.Array):
            item.multiline(True)
        document[name] = tomlkit.string(value, multiline=True) if multiline and isinstance(value, str) else item
    text = tomlkit.dumps(document)
    expected = tomllib.loads(text)
    found = by_statement(text)
    assert found.mistakes == []
    assert found.data == expected
    lines = text.split("\n")
    for path in leaves(expected):
        line = found.line(path)
        if path and expected:
            assert 0 < line <= len(lines)
    for path, line in found.lines.items():
        if isinstance(path[-1], str) and path[-1] in ("a", "b", "path"):
            assert path[-1] in lines[line - 1]


@given(st.text(st.sampled_from("ab=[]\"'\\\n\r\t{},.#1 "), max_size=60))
def test_no_text_makes_the_scanner_fail(text: str) -> None:
    found = scan(text)
    try:
        expected = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        assert found.mistakes
        assert all(0 < mistake.line <= text.count("\n") + 1 for mistake in found.mistakes)
    else:
        assert found.mistakes == []
        assert found.data == expected


def test_nesting_without_end_is_a_mistake_and_no_crash() -> None:
    assert scan(f"a = {'[' * 5000}{']' * 5000}\n").mistakes
