"""The keys of the catalogue that a module makes only when it says them, as far as its code tells.

`text(f"checks.{check}.title")` looks a key up that stands nowhere in the code: a user would be the first to see that it
is missing. What a part of such a key can be is read here where the code writes it out: a choice between two words, a
name that is given a word before, a table of words, a parameter of a function that is called in the same module.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

#: So many names, parameters and tables are followed behind one another.
_DEPTH = 6
_Words = frozenset[str] | None


@dataclass(frozen=True)
class Made:
    """A call with such a key. `pattern`: the key with a `*` where its parts go; `keys`: what it can be, None where the
    code of the module does not tell."""

    place: str
    pattern: str
    keys: frozenset[str] | None


def made_in(code: str, place: str) -> Iterator[Made]:
    """The calls of `text` and `counted` in a module with such a key."""
    tree = ast.parse(code)
    for call in ast.walk(tree):
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in ("text", "counted")):
            continue
        if call.args and isinstance(call.args[0], ast.JoinedStr):
            ends = (".one", ".other") if call.func.id == "counted" else ("",)
            yield _made(_Reader(tree), call.args[0], f"{place}:{call.lineno}", ends)


def _made(reader: _Reader, key: ast.JoinedStr, place: str, ends: Sequence[str]) -> Made:
    function = reader.function_of(key)
    parts: list[_Words] = []
    pattern = ""
    for part in key.values:
        if isinstance(part, ast.FormattedValue):
            parts.append(reader.words(part.value, function, 0))
            pattern += "*"
        elif isinstance(part, ast.Constant):
            parts.append(frozenset({str(part.value)}))
            pattern += str(part.value)
    told = [part for part in parts if part is not None]
    keys = frozenset("".join(row) for row in itertools.product(*told, ends)) if len(told) == len(parts) else None
    return Made(place, pattern, keys)


class _Reader:
    """What an expression of one module can be, as words; None where that is not written out there."""

    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree

    def function_of(self, node: ast.expr) -> ast.AST:
        """The innermost function around a node; the module where there is none."""
        around = [
            row
            for row in ast.walk(self._tree)
            if isinstance(row, ast.FunctionDef | ast.AsyncFunctionDef)
            and row.lineno <= node.lineno <= (row.end_lineno or 0)
        ]
        return max(around, key=lambda row: row.lineno, default=self._tree)

    def words(self, said: ast.expr, function: ast.AST, depth: int) -> _Words:
        """All that `said` can be in `function`."""
        if depth > _DEPTH:
            return None
        match said:
            case ast.Constant(value=str() | int() as value):
                return frozenset({str(value)})
            case ast.IfExp():
                return self._either((said.body, said.orelse), function, depth)
            case ast.BinOp(op=ast.Add()):
                first, second = (self.words(part, function, depth + 1) for part in (said.left, said.right))
                return None if first is None or second is None else frozenset(a + b for a in first for b in second)
            case ast.Subscript():
                return self._table(said.value, function, depth)
            case ast.Call(func=ast.Attribute(attr="get"), args=[_, ast.expr() as otherwise]):
                assert isinstance(said.func, ast.Attribute)
                first, second = (
                    self._table(said.func.value, function, depth),
                    self.words(otherwise, function, depth + 1),
                )
                return None if first is None or second is None else first | second
            case ast.Name():
                return self._named(said.id, function, depth)
        return None

    def _either(self, parts: Sequence[ast.expr], function: ast.AST, depth: int) -> _Words:
        found = [self.words(part, function, depth + 1) for part in parts]
        told = [words for words in found if words is not None]
        return frozenset().union(*told) if told and len(told) == len(found) else None

    def _table(self, table: ast.expr, function: ast.AST, depth: int) -> _Words:
        """The values of a dictionary that is written out, here or under a name."""
        if isinstance(table, ast.Dict):
            return self._either(table.values, function, depth)
        for row in (*ast.walk(function), *self._tree.body):
            if isinstance(row, ast.Assign | ast.AnnAssign) and isinstance(row.value, ast.Dict):
                target = row.targets[0] if isinstance(row, ast.Assign) else row.target
                if ast.unparse(target) == ast.unparse(table):
                    return self._either(row.value.values, function, depth)
        return None

    def _named(self, name: str, function: ast.AST, depth: int) -> _Words:
        given: list[ast.expr] = []
        for row in ast.walk(function):
            if isinstance(row, ast.For | ast.comprehension) and name in _names(row.target):
                return None
            if isinstance(row, ast.Assign) and name in _names(row.targets[0]):
                target = row.targets[0]
                if isinstance(target, ast.Name):
                    given.append(row.value)
                elif isinstance(target, ast.Tuple) and isinstance(row.value, ast.Tuple):
                    given.append(row.value.elts[[ast.unparse(part) for part in target.elts].index(name)])
                else:
                    return None
        if given:
            return self._either(given, function, depth)
        return self._parameter(name, function, depth) if isinstance(function, ast.FunctionDef) else None

    def _parameter(self, name: str, function: ast.FunctionDef, depth: int) -> _Words:
        """What the calls of a private function give for a parameter."""
        names = [row.arg for row in function.args.args if row.arg not in ("self", "cls")]
        if not function.name.startswith("_") or name not in names:
            return None
        found: list[_Words] = []
        for call in ast.walk(self._tree):
            if isinstance(call, ast.Call) and ast.unparse(call.func).rpartition(".")[2] == function.name:
                place = names.index(name)
                by_name = [word.value for word in call.keywords if word.arg == name]
                values = by_name or call.args[place : place + 1]
                found.append(self.words(values[0], self.function_of(call), depth + 1) if values else None)
        told = [words for words in found if words is not None]
        return frozenset().union(*told) if told and len(told) == len(found) else None


def _names(target: ast.expr) -> set[str]:
    return {row.id for row in ast.walk(target) if isinstance(row, ast.Name)}
