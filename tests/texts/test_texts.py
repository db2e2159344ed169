"""The catalogue of sentences: complete, used, and with a value for each of its places."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Formatter

import pytest

import vmm_wizard
from vmm_wizard import texts
from vmm_wizard.texts import counted, sentences, text

CODE = Path(vmm_wizard.__file__).parent


@dataclass(frozen=True)
class Use:
    """A call of `text` or `counted`; `is_start`: the key goes on with something that is known only when it runs;
    `by_import`: it stands outside of any function."""

    key: str
    is_start: bool
    names: frozenset[str] | None
    place: str
    by_import: bool

    def means(self, key: str) -> bool:
        return key.startswith(self.key) if self.is_start else key == self.key


@cache
def uses() -> tuple[Use, ...]:
    templates = (use for file in sorted(CODE.rglob("*.jinja")) for use in _uses_in_template(file))
    return (*(use for file in sorted(CODE.rglob("*.py")) for use in _uses_in(file)), *templates)


def _uses_in_template(file: Path) -> Iterator[Use]:
    for call in re.finditer(r'\btext\("([\w.]+)"([^)]*)\)', file.read_text(encoding="utf-8")):
        yield Use(call[1], False, frozenset(re.findall(r"(\w+)=", call[2])), file.name, False)


def _uses_in(file: Path) -> Iterator[Use]:
    code = file.read_text(encoding="utf-8")
    if "from vmm_wizard.texts import" not in code and "said=" not in code:
        return
    tree = ast.parse(code)
    for node, by_import in _walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "option":
            # Its help is looked up when it is shown.
            said = next(str(ast.literal_eval(word.value)) for word in node.keywords if word.arg == "said")
            yield Use(said, False, frozenset(), f"{file.relative_to(CODE)}:{node.lineno}", False)
            continue
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("text", "counted")):
            continue
        if not node.args:
            continue
        key, place = node.args[0], f"{file.relative_to(CODE)}:{node.lineno}"
        names = _names(node, tree)
        if node.func.id == "counted":
            names = None if names is None else names | {"number"}
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            yield Use(
                key.value + ("." if node.func.id == "counted" else ""),
                node.func.id == "counted",
                names,
                place,
                by_import,
            )
        elif isinstance(key, ast.JoinedStr) and isinstance(key.values[0], ast.Constant):
            yield Use(str(key.values[0].value), True, names, place, by_import)


def _names(call: ast.Call, tree: ast.Module) -> frozenset[str] | None:
    """The values that a call names, also by a dictionary that is written out before it in the same function; None when
    they are known only when it runs."""
    names: set[str] = set()
    for word in call.keywords:
        keys = [ast.Constant(word.arg)] if word.arg is not None else _keys(word.value, call.lineno, tree)
        if not all(isinstance(key, ast.Constant) for key in keys):
            return None
        names.update(str(key.value) for key in keys if isinstance(key, ast.Constant))
    return frozenset(names)


def _keys(given: ast.expr, line: int, tree: ast.Module) -> list[ast.expr | None]:
    """The keys of the dictionary that a name stands for in a line; one of None where that cannot be told."""
    rows = list(ast.walk(tree))
    functions = (row for row in rows if isinstance(row, ast.FunctionDef))
    begin = max((row.lineno for row in functions if row.lineno <= line <= (row.end_lineno or 0)), default=0)
    written = {
        row.lineno: row.value.keys
        for row in rows
        if isinstance(row, ast.Assign)
        and isinstance(row.value, ast.Dict)
        and begin < row.lineno < line
        and ast.unparse(row.targets[0]) == ast.unparse(given)
    }
    return written[max(written)] if written else [None]


def _walk(node: ast.AST, by_import: bool = True) -> Iterator[tuple[ast.AST, bool]]:
    """All nodes, each with whether an import carries it out."""
    yield node, by_import
    body: object = node.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) else None
    for child in ast.iter_child_nodes(node):
        yield from _walk(child, by_import and child is not body and not (isinstance(body, list) and child in body))


def every_sentence() -> dict[str, str]:
    return {key: said for topic in texts.topics() for key, said in sentences(topic).items()}


def places(said: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in Formatter().parse(said) if name)


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("text('a.b', c=1)", {"c"}),
        ("both = {'c': 1, 'd': 2}\n    text('a.b', **both, e=3)", {"c", "d", "e"}),
        ("both = {'c': 1}\n    both = {'d': 2}\n    text('a.b', **both)", {"d"}),
        ("text('a.b', **both)", None),
        ("both = dict(c=1)\n    text('a.b', **both)", None),
        ("both = {name: 1}\n    text('a.b', **both)", None),
    ],
)
def test_which_values_a_call_names(code: str, names: set[str] | None) -> None:
    tree = ast.parse(f"def f():\n    {code}")
    call = next(node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "text")
    assert _names(call, tree) == names


class TestTheCatalogue:
    def test_has_what_the_code_says(self) -> None:
        said = every_sentence()
        assert [use for use in uses() if not any(use.means(key) for key in said)] == []

    def test_has_no_place_without_a_value(self) -> None:
        for key, said in every_sentence().items():
            for use in uses():
                if use.means(key) and use.names is not None:
                    assert places(said) <= use.names, (use, key)

    def test_has_nothing_that_is_never_said(self) -> None:
        unused = [key for key in every_sentence() if not any(use.means(key) for use in uses())]
        assert unused == []

    def test_is_not_read_by_an_import_but_for_what_the_wizard_paints_first(self) -> None:
        """That first paint, and `--help`, would pay for it."""
        read = [use.place for use in uses() if use.by_import]
        assert [place for place in read if not place.startswith(("tui/", "wizard/"))] == []

    @pytest.mark.parametrize("topic", texts.topics())
    def test_is_the_same_read_table_by_table_and_as_a_whole(self, topic: str) -> None:
        whole = tomllib.loads((CODE / "texts" / "en" / f"{topic}.toml").read_text(encoding="utf-8"))
        assert dict(texts._flat(whole, topic)) == dict(sentences(topic))
        assert all(text(key) == said for key, said in sentences(topic).items())


def says(monkeypatch: pytest.MonkeyPatch, **languages: dict[str, str]) -> None:
    """A catalogue of these sentences, by language, in place of ours."""
    monkeypatch.setattr(texts, "_sentence", lambda key, topic, language: languages.get(language, {}).get(key))


class TestAText:
    def test_has_its_values_in_its_places(self, monkeypatch: pytest.MonkeyPatch) -> None:
        says(monkeypatch, en={"a.b": "{name} is {state}"})
        assert text("a.b", name="vmm01", state="Up") == "vmm01 is Up"

    def test_is_chosen_by_number(self, monkeypatch: pytest.MonkeyPatch) -> None:
        says(monkeypatch, en={"a.n.one": "one node", "a.n.other": "{number} nodes"})
        assert (counted("a.n", 1), counted("a.n", 2), counted("a.n", 0)) == ("one node", "2 nodes", "0 nodes")

    def test_that_a_language_lacks_is_said_in_english(self, monkeypatch: pytest.MonkeyPatch) -> None:
        says(monkeypatch, xx={"a.b": "Ende"}, en={"a.b": "end", "a.c": "begin"})
        monkeypatch.setenv("VMM_WIZARD_LANGUAGE", "xx")
        assert (text("a.b"), text("a.c")) == ("Ende", "begin")

    @pytest.mark.parametrize("language", ["xx", "../en", "en/..", ""])
    def test_of_a_language_that_is_not_there_is_english(self, monkeypatch: pytest.MonkeyPatch, language: str) -> None:
        monkeypatch.setenv("VMM_WIZARD_LANGUAGE", language)
        assert text("quit.title") == "Quit?"

    def test_without_a_key_is_an_error_of_ours(self) -> None:
        with pytest.raises(KeyError, match=r"quit\.nothing"):
            text("quit.nothing")
