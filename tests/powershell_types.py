"""Says of what type the parts of a script are, by its syntax tree and a table of types: what is `$disk.Size` part of?

Types are named as .NET, CIM (`root/cimv2:Win32_Service`), COM or the table's own names for a cmdlet's objects; `X[]` is
several of X. OWN is a hashtable of the script's own, JSON what arrived as JSON: their keys are looked up elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Protocol

from tree_sitter import Node

from tests.powershell import (
    above_of,
    command_name,
    elements_of_command,
    member_name,
    of_type,
    only,
    variable_name,
    words,
)
from tests.powershell_values import ANY, BOOL, INT, JSON, NULL, OWN, SCRIPT, STRING, Values, full_name

_NUMBERS = ("decimal_integer_literal", "hexadecimal_integer_literal", "real_literal")
_TRUTHS = ("comparison_expression", "logical_expression")
_BLOCKS = ("foreach_statement", "switch_statement", "if_statement", "try_statement", "while_statement", "for_statement")
_PASSING = ("where-object", "sort-object", "select-object")


class Vocabulary(Protocol):
    """What inference asks of the table."""

    def member(self, type_name: str, member: str) -> str | None:
        """The type that a member gives, None when the type has no such row."""

    def element(self, type_name: str) -> str | None:
        """The type of what is in a collection, None for anything else."""

    def result(self, cmdlet: str) -> str:
        """The type of a cmdlet's objects; empty when nothing is read of them."""

    def com(self, name: str) -> str:
        """The type behind a ProgID."""

    def automatic(self, variable: str) -> str | None:
        """The type of a variable that PowerShell sets."""


class Typing(Values):
    """The type of each expression of a script, as far as the table tells."""

    def __init__(self, root: Node, table: Vocabulary) -> None:
        self.table = table
        super().__init__(root)

    def elements(self, types: Iterable[str]) -> set[str]:
        """The types of what foreach or a pipeline takes out of values of these types."""
        found: set[str] = set()
        for name in types:
            element = name[:-2] if name.endswith("[]") else self.table.element(name)
            generic = re.fullmatch(r"[\w.]+\[(.+)\]", name)
            found.add(element or (generic[1].split(",")[-1] if generic and not name.endswith("[]") else name))
        return found

    def types(self, node: Node) -> set[str]:
        """The types that a piece of script may have; empty when nobody can say."""
        node = only(node)
        if node.type in _NUMBERS:
            return {INT}
        if node.type in _TRUTHS:
            return {STRING} if re.search(r"(?i)\s-[ci]?(replace|join|split)\s", words(node)) else {BOOL}
        if node.type in _BLOCKS:
            return {kind for row in self.statements(node) for kind in self.types(row)}
        visit = getattr(self, f"_types_of_{node.type}", None)
        return visit(node) if visit is not None else set()

    def _types_of_verbatim_string_characters(self, _: Node) -> set[str]:
        return {STRING}

    _types_of_expandable_string_literal = _types_of_verbatim_string_characters
    _types_of_format_expression = _types_of_verbatim_string_characters

    def _types_of_hash_literal_expression(self, _: Node) -> set[str]:
        return {OWN}

    def _types_of_script_block_expression(self, _: Node) -> set[str]:
        return {SCRIPT}

    def _types_of_expression_with_unary_operator(self, node: Node) -> set[str]:
        sign = words(node.children[0]).casefold()
        if sign in ("-not", "!"):
            return {BOOL}
        return {STRING} if sign == "-join" else self.types(node.children[-1])

    def _types_of_variable(self, node: Node) -> set[str]:
        text = words(node)
        name = variable_name(text)
        if text.casefold() in ("$true", "$false"):
            return {BOOL}
        if text.casefold() == "$null":
            return {NULL}
        if text.casefold().startswith("$env:"):
            return {STRING}
        if name == "_":
            return self._current(node)
        automatic = self.table.automatic(text.lstrip("$"))
        return {automatic} if automatic is not None else set(self.of_variable(node))

    def _current(self, node: Node) -> set[str]:
        """`$_`: an error in a catch, else what comes through the pipeline."""
        for above in above_of(node):
            if above.type == "catch_clause":
                return {"System.Management.Automation.ErrorRecord"}
            chain = self._chain(above) if above.type == "script_block_expression" else None
            if chain is not None:
                return chain
        return set()

    def _chain(self, block: Node) -> set[str] | None:
        inside: Node = block
        for above in above_of(block):
            if above.type == "pipeline_chain":
                stages = [child for child in above.children if child.type != "|"]
                before = stages[: next(i for i, stage in enumerate(stages) if stage == inside)]
                return self.elements(self._through(before)) if before else None
            if above.type in ("statement_list", "function_statement"):
                return None
            inside = above
        return None

    def _types_of_pipeline_chain(self, node: Node) -> set[str]:
        return self._through([child for child in node.children if child.type != "|"])

    def _through(self, stages: list[Node]) -> set[str]:
        flowing: set[str] = set()
        for stage in stages:
            command = only(stage)
            name = command_name(command).casefold() if command.type == "command" else ""
            expanded = [value for key, value in elements_of_command(command) if key.casefold() == "expandproperty"]
            if name == "foreach-object":
                blocks = of_type(command, "script_block_expression")
                flowing = {kind for row in self.statements(blocks[0]) for kind in self.types(row)} if blocks else set()
            elif name in _PASSING and expanded:
                names = {text for value in expanded for text in self.texts(value)}
                flowing = {self.table.member(kind, text) or "" for kind in self.elements(flowing) for text in names}
            elif name in _PASSING:
                flowing = self.elements(flowing)
            else:
                flowing = self.types(stage)
        return flowing

    def _types_of_parenthesized_expression(self, node: Node) -> set[str]:
        return {kind for child in node.children if child.is_named for kind in self.types(child)}

    def _types_of_sub_expression(self, node: Node) -> set[str]:
        return {kind for row in self.statements(node) for kind in self.types(row)}

    def _types_of_array_expression(self, node: Node) -> set[str]:
        found = {kind for row in self.statements(node) for kind in self.types(row)}
        return {f"{kind}[]" for kind in self.elements(found)} or {"System.Object[]"}

    def _types_of_array_literal_expression(self, node: Node) -> set[str]:
        return {f"{kind}[]" for child in node.children if child.is_named for kind in self.types(child)}

    def _types_of_cast_expression(self, node: Node) -> set[str]:
        return {full_name(words(node.children[0]))}

    def _types_of_additive_expression(self, node: Node) -> set[str]:
        return self.types(node.children[0])

    _types_of_multiplicative_expression = _types_of_additive_expression

    def _types_of_assignment_expression(self, node: Node) -> set[str]:
        above = node.parent
        inside = above is not None and any(
            each.type == "parenthesized_expression" for each in [above, *above_of(above)]
        )
        return self.types(node.children[-1]) if inside else set()

    def _types_of_element_access(self, node: Node) -> set[str]:
        held = self.types(node.children[0])
        base = only(node.children[0])
        literals = self.hashes(base) if base.type == "variable" else []
        values = {kind for each in literals for row in of_type(each, "hash_entry") for kind in self.types(row)}
        indexed = {self.table.member(kind, "[]") or kind for kind in self.elements(held)}
        return values or ({ANY} if held == {OWN} else indexed)

    def _types_of_type_literal(self, node: Node) -> set[str]:
        return {"System.Type"}

    def _types_of_member_access(self, node: Node) -> set[str]:
        receiver = only(node.children[0])
        named = member_name(node)
        if named.type != "simple_name":
            return set()
        member = words(named)
        if receiver.type == "type_literal":
            owner = full_name(words(receiver))
            if member == "new":
                return {owner}
            return {given for given in [self.table.member(owner, member)] if given}
        if member == "psbase":
            return self.types(receiver)
        if member == "PSObject":
            return {"System.Management.Automation.PSObject"}
        found: set[str] = set()
        for kind in self.types(receiver):
            if kind in (JSON, ANY):
                found.add(kind)
            elif kind == OWN:
                found.add(ANY)
            else:
                found.add(self.given(kind, member) or "")
        return found - {""}

    _types_of_invokation_expression = _types_of_member_access

    def given(self, kind: str, member: str) -> str | None:
        """The type of a member, None where there is none; one that only the elements have is that of each of them."""
        given = self.table.member("System.Array", member) if kind.endswith("[]") else None
        if given is None and kind.endswith("[]"):
            return self.given(kind[:-2], member)
        return given if given is not None else self.table.member(kind, member)

    def _types_of_command(self, node: Node) -> set[str]:
        name = command_name(node)
        if name in self.own:
            if name in self.calling:
                return set()
            with self.within(node):
                return {kind for row in self.statements(self.bodies[name]) for kind in self.types(row)}
        named = {key.casefold(): value for key, value in elements_of_command(node)}
        if name == "Get-CimInstance":
            return set(self.cim_classes(node))
        if name == "New-Object" and "comobject" in named:
            return {self.table.com(text) for text in self.texts(named["comobject"])}
        if name == "New-Object":
            return {full_name(f"[{words(value)}]") for key, value in elements_of_command(node)[:1] if not key}
        # What nobody looked up is a type of its own, of which the table knows no member.
        return {self.table.result(name) or f"(result of {name})"} if name else {ANY}

    def cim_classes(self, node: Node) -> set[str]:
        """The classes that a Get-CimInstance asks for, with their namespace."""
        given = self.parameters(node)
        spaces = {text for value in given.get("Namespace", []) for text in self.texts(value)} or {"root/cimv2"}
        classes = {text for value in given.get("ClassName", []) for text in self.texts(value)}
        for query in (text for value in given.get("Query", []) for text in self.texts(value)):
            classes.update(re.findall(r"(?i)\bFROM\s+(\w+)", query))
        slashed = {space.replace("\\", "/").casefold() for space in spaces}
        return {f"{space}:{name}" for space in slashed for name in classes}
