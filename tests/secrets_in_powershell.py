"""Follows secrets through a script's syntax tree: where text that was read from stdin or decrypted may end up.

Module logging (event 4103) writes down what cmdlets and functions are given, as arguments or through a pipeline; so a
secret may be the argument of a .NET or COM call and part of an assignment, and nothing else.
"""

from __future__ import annotations

from tree_sitter import Node

from tests.powershell import of_type, variable_name, words

#: Calls that bring a secret in (besides [Console]::In), and calls whose result tells nothing of it.
_SOURCES = ("OpenStandardInput", "Decrypt", "PtrToStringBSTR")
_CLEANING = ("ComputeHash", "Start", "Exists", "GetType")
#: Properties that tell how much there is, not what.
_HARMLESS = ("Count", "Length")
#: Calls that put an argument into the object they are called on, and calls that give nothing back.
_FILLING = ("Add", "Append", "Write", "Enqueue", "Push", "Insert", "AddRange")
_SILENT = ("Add", "Write", "Clear", "Dispose", "Close", "Enqueue", "Push", "Insert", "AddRange")


def leaks(root: Node) -> list[str]:
    """Each place where a secret reaches a command, a pipeline, the output or an error, as `line N: text`."""
    first = _Following(root, set())
    # Twice: what a loop or a function sees may have been set further down.
    return _Following(root, first.ever).found


class _Following:
    def __init__(self, root: Node, ever: set[str]) -> None:
        self.ever = set(ever)
        self.found: list[str] = []
        self._holding: set[str] = set()
        self._visit(root)

    def _visit(self, node: Node) -> None:
        visit = getattr(self, f"_visit_{node.type}", None)
        if visit is not None:
            visit(node)
        for child in node.children:
            self._visit(child)

    def _leak(self, node: Node) -> None:
        text = f"line {node.start_point[0] + 1}: {' '.join(words(node).split())[:80]}"
        if text not in self.found:
            self.found.append(text)

    # --- where a secret may not be

    def _visit_command(self, node: Node) -> None:
        if self._holds(node):
            self._leak(node)

    def _visit_pipeline_chain(self, node: Node) -> None:
        if any(child.type == "|" for child in node.children) and self._holds(node):
            self._leak(node)

    def _visit_flow_control_statement(self, node: Node) -> None:
        if self._holds(node):
            self._leak(node)

    def _visit_hash_entry(self, node: Node) -> None:
        # A hashtable is an answer or the arguments of a cmdlet.
        if self._holds(node):
            self._leak(node)

    def _visit_pipeline(self, node: Node) -> None:
        """A statement of its own gives its value to the script's output."""
        above = node.parent
        if above is None or above.type not in ("statement_list", "program") or not self._holds(node):
            return
        only = node
        while only.child_count == 1:
            only = only.children[0]
        if only.type in ("assignment_expression", "command"):
            return
        if only.type == "cast_expression" and words(only).startswith("[void]"):
            return
        if only.type == "invokation_expression" and _member(only) in _SILENT:
            return
        self._leak(node)

    # --- how it goes on

    def _visit_assignment_expression(self, node: Node) -> None:
        left, right = node.children[0], node.children[-1]
        key = _place(left)
        if not key:
            return
        plain = words(node.children[1]) == "="
        if self._holds(right):
            self._hold(key)
        elif plain and not self._in_function(node):
            self._holding -= {held for held in self._holding if held == key or held.startswith(f"{key}.")}

    def _visit_foreach_statement(self, node: Node) -> None:
        variable = next(child for child in node.children if child.type == "variable")
        source = next(child for child in node.children if child.type == "pipeline")
        if self._holds(source):
            self._hold(variable_name(words(variable)))

    def _visit_invokation_expression(self, node: Node) -> None:
        receiver = _place(node.children[0])
        arguments = [child for child in node.children if child.type == "argument_list"]
        if receiver and _member(node) in _FILLING and any(self._holds(child) for child in arguments):
            self._hold(receiver)
        if receiver and _member(node) == "Clear":
            self._holding.discard(receiver)

    def _hold(self, key: str) -> None:
        self._holding.add(key)
        self.ever.add(key)

    def _in_function(self, node: Node) -> bool:
        above = node.parent
        while above is not None:
            if above.type == "function_statement":
                return True
            above = above.parent
        return False

    def _known(self, node: Node) -> set[str]:
        return self.ever if self._in_function(node) else self._holding

    def _holds(self, node: Node) -> bool:
        """Whether the value of a piece of script has a secret in it."""
        if node.type in ("function_statement", "script_block_expression", "statement_block"):
            return False  # its statements are looked at one by one
        if node.type == "invokation_expression":
            method = _member(node)
            if method in _SOURCES:
                return True
            if method in _CLEANING:
                return False
        if node.type == "member_access":
            return self._member_holds(node)
        if node.type in ("variable", "braced_variable"):
            name = variable_name(words(node))
            return any(held == name or held.startswith(f"{name}.") for held in self._known(node))
        return any(self._holds(child) for child in node.children)

    def _member_holds(self, node: Node) -> bool:
        name = _member(node)
        if name in _HARMLESS:
            return False
        if _is_standard_input(node):
            return True
        key = _place(node)
        if key:
            held = self._known(node)
            return key in held or key.rpartition(".")[0] in held
        return any(self._holds(child) for child in node.children)


def _place(node: Node) -> str:
    """`name` or `name.member` for a variable or its member, also of an element; empty for anything else."""
    only = node
    while only.child_count == 1:
        only = only.children[0]
    if only.type in ("variable", "braced_variable"):
        return variable_name(words(only))
    if only.type in ("element_access", "invokation_expression"):
        return _place(only.children[0])
    if only.type == "cast_expression":
        return _place(only.children[-1])
    if only.type == "member_access":
        base = _place(only.children[0])
        return f"{base.partition('.')[0]}.{_member(only).casefold()}" if base else ""
    return ""


def _member(node: Node) -> str:
    names = [child for child in node.children if child.type == "member_name"]
    return words(names[-1]) if names else ""


def _is_standard_input(node: Node) -> bool:
    return words(node).casefold() in ("[console]::in", "[system.console]::in")


def sources(root: Node) -> int:
    """How many places of a script read standard input or decrypt."""
    calls = [node for node in of_type(root, "invokation_expression") if _member(node) in _SOURCES]
    return len(calls) + sum(_is_standard_input(node) for node in of_type(root, "member_access"))
