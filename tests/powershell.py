"""Reads PowerShell by its syntax tree, for tests that hold scripts to rules: no PowerShell is needed, none runs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

_LANGUAGE = Language(tree_sitter_powershell.language())

#: What PowerShell 7 has and Windows PowerShell 5.1 has not, as tokens.
_NEW_TOKENS = frozenset({"&&", "||", "??", "??=", "?.", "?["})


@cache
def parse(text: str) -> Node:
    """The root of a script's syntax tree."""
    return Parser(_LANGUAGE).parse(text.encode()).root_node


def walk(node: Node) -> Iterator[Node]:
    """A node and all below it, in the order of the text."""
    waiting = [node]
    while waiting:
        found = waiting.pop()
        yield found
        waiting.extend(reversed(found.children))


def of_type(node: Node, *types: str) -> list[Node]:
    """All nodes of these types, in the order of the text."""
    return list(_of_type(node, types))


@cache
def _of_type(node: Node, types: tuple[str, ...]) -> tuple[Node, ...]:
    # A script's whole tree is asked for the same few types hundreds of times.
    return tuple(found for found in walk(node) if found.type in types)


def words(node: Node) -> str:
    """The text of a node."""
    assert node.text is not None
    return node.text.decode()


def misfits(node: Node) -> list[str]:
    """What the parser could not read, with its line."""
    return [
        f"line {found.start_point[0] + 1}: {words(found)[:60]!r}"
        for found in walk(node)
        if found.is_error or found.is_missing
    ]


def parameters(root: Node) -> frozenset[str]:
    """The names in a script's own param block."""
    blocks = [child for child in root.children if child.type == "param_block"]
    declared = [row for block in blocks for row in of_type(block, "script_parameter")]
    return frozenset(words(child)[1:] for row in declared for child in row.children if child.type == "variable")


def variables(node: Node) -> set[str]:
    """Names of the variables that a piece of script mentions, also inside strings, in lower case."""
    found = set()
    for each in of_type(node, "variable", "braced_variable"):
        found.add(variable_name(words(each)))
    return found


def variable_name(text: str) -> str:
    """`$script:Name` and `${Name}` and `@name` as `name`."""
    return text.lstrip("$@").strip("{}").rpartition(":")[2].casefold()


def functions(root: Node) -> frozenset[str]:
    """The names of the functions that a script defines."""
    names = [each for row in of_type(root, "function_statement") for each in of_type(row, "function_name")]
    return frozenset(words(name) for name in names)


def literal_keys(root: Node) -> list[frozenset[str]]:
    """The keys of each ordered hashtable literal: what a script says, as opposed to @{} that it uses."""
    found = []
    for literal in of_type(root, "hash_literal_expression"):
        body = [row for child in literal.children if child.type == "hash_literal_body" for row in child.children]
        entries = [row for row in body if row.type == "hash_entry"]
        keys = [child for entry in entries for child in entry.children if child.type == "key_expression"]
        if _is_ordered(literal):
            found.append(frozenset(words(key) for key in keys))
    return found


def _is_ordered(literal: Node) -> bool:
    above = literal.parent
    while above is not None and above.type != "cast_expression":
        if above.type in ("hash_entry", "statement_list", "pipeline"):
            return False
        above = above.parent
    return above is not None and words(above).startswith("[ordered]")


def answer_keys(root: Node) -> frozenset[str]:
    """The keys of the literal that is assigned to $answer, which each script gives back."""
    for assignment in of_type(root, "assignment_expression"):
        if words(assignment).startswith("$answer = [ordered]@{"):
            return literal_keys(assignment)[0]
    raise AssertionError("no $answer = [ordered]@{")


def newer_syntax(root: Node) -> list[str]:
    """What Windows PowerShell 5.1 cannot read, with its line."""
    found = []
    for node in walk(root):
        # 7's ternary and pipeline chains are tokens of their own; what the grammar does not know is a misfit.
        if node.type in _NEW_TOKENS or node.type == "ternary_expression":
            found.append(f"line {node.start_point[0] + 1}: {node.type}")
    return [*found, *misfits(root)]


# --- the parts of a statement

#: Nodes whose single child is not the same thing as they are.
_WHOLE = frozenset(
    {
        "command",
        "expandable_string_literal",
        "variable",
        "type_literal",
        "hash_literal_expression",
        "array_expression",
        "script_block_expression",
    }
)


def only(node: Node) -> Node:
    """A node without what merely wraps it."""
    while node.child_count == 1 and node.named_child_count == 1 and node.type not in _WHOLE:
        node = node.children[0]
    return node


def member_name(node: Node) -> Node:
    """The node that names the member in `a.b` or `a.b()`."""
    return only(next(child for child in node.children if child.type == "member_name"))


def command_name(node: Node) -> str:
    """A command's name, empty for `& $block`."""
    named = [only(child) for child in node.children if child.type in ("command_name", "command_name_expr")]
    return next((words(child) for child in named if child.type == "command_name"), "")


def elements_of_command(node: Node) -> list[tuple[str, Node]]:
    """A command's arguments: (`-Parameter` or empty, value); a switch has itself as its value."""
    parts = [
        only(part)
        for child in node.children
        if child.type == "command_elements"
        for part in child.children
        if part.type != "command_argument_sep"
    ]
    found: list[tuple[str, Node]] = []
    waiting: Node | None = None
    for part in parts:
        if part.type == "command_parameter":
            if waiting is not None:
                found.append((words(waiting)[1:], waiting))
            waiting = part
        elif waiting is not None:
            found.append((words(waiting)[1:], part))
            waiting = None
        else:
            found.append(("", part))
    if waiting is not None:
        found.append((words(waiting)[1:], waiting))
    return found


def above_of(node: Node) -> Iterator[Node]:
    above = node.parent
    while above is not None:
        yield above
        above = above.parent


@cache
def home(node: Node) -> str:
    """The function that a node is in, empty for the script itself."""
    for above in above_of(node):
        if above.type == "function_statement":
            return next(words(child) for child in above.children if child.type == "function_name")
    return ""
