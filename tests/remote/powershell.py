"""What the syntax tree of a script says: its parameters, the keys of its answers, and where secrets go in it."""

from __future__ import annotations

from collections.abc import Iterator

import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

_PARSER = Parser(Language(tree_sitter_powershell.language()))

#: What a secret comes out of: stdin, and the wrapper's key.
_SOURCES = {"readline", "decrypt"}
#: Members of what holds a secret that tell nothing of it.
_HARMLESS = {"count", "length", "id", "starttime", "exitcode", "waitforexit", "computehash", "dispose", "clear"}


def parse(text: str) -> Node:
    """The tree of a script. Raises ValueError where it is not PowerShell 5.1, as far as the grammar knows."""
    root = _PARSER.parse(text.encode()).root_node
    for node in walk(root):
        if node.type == "ERROR" or node.is_missing:
            raise ValueError(f"line {node.start_point[0] + 1}: {_text(node)[:60]!r}")
    return root


def walk(node: Node) -> Iterator[Node]:
    """A node and everything below it, in the order of the text."""
    yield node
    for child in node.children:
        yield from walk(child)


def _text(node: Node) -> str:
    return (node.text or b"").decode()


def _name(variable: Node) -> str:
    return _text(variable).strip("${}").casefold()


def parameters(root: Node) -> set[str]:
    """The names in the script's own param block."""
    block = next(node for node in walk(root) if node.type == "param_block")
    return {
        _text(variable).lstrip("$")
        for node in walk(block)
        if node.type == "script_parameter"
        for variable in node.children
        if variable.type == "variable"
    }


def keys_of(root: Node, variable: str) -> set[str]:
    """The keys of the hash literal that is assigned to a variable."""
    for node in walk(root):
        if node.type == "assignment_expression" and _text(node).startswith(f"${variable} = [ordered]@{{"):
            body = next(part for part in walk(node) if part.type == "hash_literal_body")
            return {_text(entry.children[0]) for entry in body.children if entry.type == "hash_entry"}
    raise AssertionError(f"nothing is assigned to ${variable}")


def leaks(root: Node) -> list[str]:
    """The commands that get a secret as an argument or from a pipeline: module logging would record it.

    A variable is taken for secret when it is assigned something that reads stdin, decrypts, or mentions a secret
    variable; so is the object on which a method is called with one.
    """
    secret = _secret_variables(root)
    found = []
    for node in walk(root):
        if node.type == "command" and _mentions(node, secret):
            found.append(_text(node))
        if node.type == "pipeline_chain" and any(child.type == "command" for child in node.named_children[1:]):
            found += [_text(node)] if _mentions(node, secret) else []
    return found


def _secret_variables(root: Node) -> set[str]:
    secret: set[str] = set()
    while True:
        before = set(secret)
        for node in walk(root):
            if node.type == "assignment_expression" and _mentions(node.children[-1], secret):
                secret.add(_first_variable(node.children[0]))
            elif node.type == "foreach_statement":
                variable, sequence = node.named_children[:2]
                if _mentions(sequence, secret):
                    secret.add(_name(variable))
            elif node.type == "invokation_expression" and _mentions_in_arguments(node, secret):
                receiver = node.children[0]
                if receiver.type == "variable":
                    secret.add(_name(receiver))
        if secret == before:
            return secret


def _first_variable(node: Node) -> str:
    return _name(next(part for part in walk(node) if part.type == "variable"))


def _mentions_in_arguments(node: Node, secret: set[str]) -> bool:
    members = {_text(part).casefold() for part in node.children if part.type == "member_name"}
    arguments = [part for part in node.children if part.type == "argument_list"]
    return not members & _HARMLESS and any(_mentions(part, secret) for part in arguments)


def _mentions(node: Node, secret: set[str]) -> bool:
    """Whether a part of the script can carry a secret."""
    if node.type == "variable":
        return _name(node) in secret
    if node.type in ("invokation_expression", "member_access"):
        members = {_text(part).casefold() for part in node.children if part.type == "member_name"}
        if members & _HARMLESS:
            return False
        if members & _SOURCES:
            return True
    return any(_mentions(child, secret) for child in node.children)
