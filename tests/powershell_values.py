"""What the variables of a script may hold: which texts, which hashtables, values of which types; by its syntax tree.

A script is read as a whole, not run: a variable holds whatever any line puts into it, in its function or in the script.
"""

from __future__ import annotations

import contextlib
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator

from tree_sitter import Node

from tests.powershell import (
    command_name,
    elements_of_command,
    functions,
    home,
    member_name,
    of_type,
    only,
    variable_name,
    words,
)

OWN, JSON, ANY, NULL, SCRIPT = "(own)", "(json)", "(any)", "(null)", "(script)"
FREE = frozenset({OWN, JSON, NULL})
STRING, INT, BOOL = "System.String", "System.Int32", "System.Boolean"

#: PowerShell's short names for types (about_Type_Accelerators), and those that it finds without "System.".
SHORT = {
    "string": STRING,
    "int": INT,
    "bool": BOOL,
    "long": "System.Int64",
    "uint32": "System.UInt32",
    "byte": "System.Byte",
    "char": "System.Char",
    "object": "System.Object",
    "switch": "System.Management.Automation.SwitchParameter",
    "regex": "System.Text.RegularExpressions.Regex",
    "scriptblock": "System.Management.Automation.ScriptBlock",
    "ref": "System.Management.Automation.PSReference",
    "void": "System.Void",
    "hashtable": OWN,
    "system.collections.idictionary": OWN,
    "timespan": "System.TimeSpan",
    "version": "System.Version",
    "array": "System.Array",
    "wmi": "System.Management.ManagementObject",
    "ordered": OWN,
    "xml": "System.Xml.XmlDocument",
}
#: Named without "System." all the same; `NullString` is an accelerator-free type of PowerShell's own.
NEAR = {"nullstring": "System.Management.Automation.Language.NullString"}

#: How often a type is handed on at most: from a cmdlet through variables and parameters to where it is used.
_PASSES = 6
#: Most characters of a constant text; a longer one was made of itself.
_LONGEST = 300


def full_name(text: str) -> str:
    """`[string[]]` as `System.String[]`, `[System.Collections.Generic.List[string]]` with its argument's full name."""
    if text.startswith("[(") or ":" in text:
        return text[1:-1]
    inner = text.strip().removeprefix("[").removesuffix("]").strip()
    if inner.endswith("[]"):
        return f"{full_name(f'[{inner[:-2]}]')}[]"
    generic = re.fullmatch(r"([\w.]+)\[(.+)\]", inner)
    if generic:
        arguments = ",".join(full_name(f"[{each}]") for each in generic[2].split(","))
        return f"{generic[1]}[{arguments}]"
    short = inner.casefold()
    if short in SHORT or short in NEAR:
        return SHORT.get(short) or NEAR[short]
    return inner if "." in inner else f"System.{inner}"


class Values(ABC):
    """What a script's variables may hold, and what its commands are given."""

    def __init__(self, root: Node) -> None:
        self.root = root
        self.own = functions(root)
        self.bodies = {home(child): row for row in of_type(root, "function_statement") for child in row.children[-1:]}
        self._types: dict[tuple[str, str], set[str]] = {}
        self._texts: dict[tuple[str, str], set[str]] = {}
        #: Each parameter that a function declares, with the function.
        self.declared: set[tuple[str, str]] = set()
        self._typed: set[tuple[str, str]] = set()
        self._given: dict[tuple[str, str], set[str]] = {}
        self.calling: list[str] = []
        self._hashes: dict[tuple[str, str], list[Node]] = {}
        # What one pass finds out tells the next one more. A text that is made of itself would never end.
        for _ in range(_PASSES):
            self._look()

    @contextlib.contextmanager
    def within(self, call: Node) -> Iterator[None]:
        """While this lasts, the called function's parameters hold what this one call gives them."""
        name = command_name(call)
        given = {(name, parameter): self.texts(value) for parameter, value in self.bound(call)}
        before, self._given = self._given, {**self._given, **given}
        self.calling.append(name)
        try:
            yield
        finally:
            self.calling.pop()
            self._given = before

    @abstractmethod
    def types(self, node: Node) -> set[str]:
        """The types that a piece of script may have; empty when nobody can say."""

    @abstractmethod
    def elements(self, types: Iterable[str]) -> set[str]:
        """The types of what foreach or a pipeline takes out of values of these types."""

    # --- variables

    def _look(self) -> None:
        self._hashes.clear()
        for node in of_type(self.root, "assignment_expression"):
            self._assign(node)
        for node in of_type(self.root, "foreach_statement"):
            variable = next(child for child in node.children if child.type == "variable")
            source = next(child for child in node.children if child.type == "pipeline")
            self._learn(variable, self.elements(self.types(source)), self.texts(source))
        for node in of_type(self.root, "script_parameter"):
            declared = [words(child) for child in of_type(node, "type_literal")]
            variable = next(child for child in node.children if child.type == "variable")
            self.declared.add((home(node), variable_name(words(variable))))
            kind = full_name(declared[-1]) if declared and declared[-1] != "[Parameter(Mandatory)]" else ""
            if kind.removesuffix("[]") != "System.Object":
                self._typed.add((home(node), variable_name(words(variable))))
                self._learn(variable, {kind or ANY}, ())
            elif not home(node):
                self._learn(variable, {JSON}, ())
        for node in of_type(self.root, "comparison_expression"):
            # Who asks whether something is of a type uses it as one.
            if len(node.children) == 3 and words(node.children[1]).casefold() == "-is":
                asked = only(node.children[0])
                if asked.type == "variable" and variable_name(words(asked)) != "_":
                    self._learn(asked, {full_name(words(only(node.children[2])))}, ())
        for node in of_type(self.root, "command"):
            if command_name(node) in self.own:
                self._call(node)

    def _assign(self, node: Node) -> None:
        left, right = only(node.children[0]), only(node.children[-1])
        if left.type == "cast_expression":
            self._learn(only(left.children[-1]), {full_name(words(left.children[0]))}, ())
        elif left.type == "variable" and words(left).casefold() != "$null":
            self._learn(left, self.types(right), self.texts(right))
            if right.type == "hash_literal_expression":
                self._hashes.setdefault((home(left), variable_name(words(left))), []).append(right)

    def _call(self, node: Node) -> None:
        name = command_name(node)
        for parameter, value in self.bound(node):
            if (name, parameter) not in self._typed:
                self._types.setdefault((name, parameter), set()).update(self.types(value))
            self._texts.setdefault((name, parameter), set()).update(self.texts(value))

    def bound(self, call: Node) -> list[tuple[str, Node]]:
        """The arguments of a call of the script's own function, by parameter (in lower case)."""
        body = self.bodies[command_name(call)]
        block = next((c for c in body.children if c.type in ("function_parameter_declaration", "param_block")), None)
        order = [
            variable_name(words(child))
            for row in (of_type(block, "script_parameter") if block is not None else of_type(body, "script_parameter"))
            for child in row.children
            if child.type == "variable"
        ]
        named = [(name.casefold(), value) for name, value in elements_of_command(call) if name]
        free = iter([name for name in order if name not in {name for name, _ in named}])
        return [*named, *((next(free, ""), value) for name, value in elements_of_command(call) if not name)]

    def _learn(self, variable: Node, types: Iterable[str], texts: Iterable[str]) -> None:
        key = (home(variable), variable_name(words(variable)))
        self._types.setdefault(key, set()).update(types)
        self._texts.setdefault(key, set()).update(texts)

    def of_variable(self, node: Node) -> set[str]:
        """The types of what a variable holds."""
        return self._of_variable(self._types, node)

    def _of_variable(self, held: dict[tuple[str, str], set[str]], node: Node) -> set[str]:
        name = variable_name(words(node))
        own = held.get((home(node), name))
        return own if own is not None else held.get(("", name), set())

    def hashes(self, variable: Node) -> list[Node]:
        """The hashtable literals that a variable may hold."""
        name = variable_name(words(variable))
        return self._hashes.get((home(variable), name)) or self._hashes.get(("", name), [])

    # --- constant texts

    def texts(self, node: Node) -> set[str]:
        """What a text may be; `*` stands for a part that is not constant. Empty for anything but text."""
        node = only(node)
        match node.type:
            case "verbatim_string_characters":
                return {words(node)[1:-1].replace("''", "'")}
            case "expandable_string_literal":
                return self._expanded(node)
            case "variable":
                given = self._given.get((home(node), variable_name(words(node))))
                return given if given is not None else set(self._of_variable(self._texts, node))
            case "array_literal_expression" | "array_expression" | "parenthesized_expression":
                return {text for child in node.children if child.is_named for text in self.texts(child)}
            case "element_access":
                base = only(node.children[0])
                literals = self.hashes(base) if base.type == "variable" else []
                values = [row.children[-1] for each in literals for row in of_type(each, "hash_entry")]
                return {text for value in values for text in self.texts(value)}
            case "if_statement" | "switch_statement":
                return {text for row in self.statements(node) for text in self.texts(row)}
        return set()

    def _expanded(self, node: Node) -> set[str]:
        pieces = re.split(r"(\$\([^()]*(?:\([^()]*\)[^()]*)*\)|\$\{\w+\}|\$[\w:]+)", words(node)[1:-1])
        found = {""}
        for piece in pieces:
            choices = {re.sub(r"`(.)", r"\1", piece)}
            if piece.startswith("$"):
                key = variable_name(piece)
                choices = self._given.get((home(node), key)) or self._texts.get((home(node), key), set())
                choices = choices or self._texts.get(("", key)) or {"*"}
            found = {f"{before}{choice}" for before in found for choice in choices}
        return {text for text in found if len(text) <= _LONGEST and text.count("*") <= 3}

    # --- commands

    def parameters(self, node: Node) -> dict[str, list[Node]]:
        """A command's named parameters with their values, those of splatted hashtables too."""
        found: dict[str, list[Node]] = {}
        for key, value in elements_of_command(node):
            if key:
                found.setdefault(key, []).append(value)
            elif value.type == "variable" and words(value).startswith("@"):
                for key, given in self._added(value):
                    found.setdefault(key, []).append(given)
                for literal in self.hashes(value):
                    for row in of_type(literal, "hash_entry"):
                        key = next(words(child) for child in row.children if child.type == "key_expression")
                        found.setdefault(key.strip("'\""), []).append(row.children[-1])
        return found

    def _added(self, variable: Node) -> Iterator[tuple[str, Node]]:
        """What `$question.Key = value` puts into a hashtable after its literal."""
        for node in of_type(self.root, "assignment_expression"):
            left = only(node.children[0])
            if left.type != "member_access" or home(left) != home(variable):
                continue
            owner = only(left.children[0])
            if owner.type == "variable" and variable_name(words(owner)) == variable_name(words(variable)):
                yield words(member_name(left)), node.children[-1]

    def statements(self, node: Node) -> list[Node]:
        """The expressions that a block gives back, and what it returns."""
        found: list[Node] = []
        for child in node.children:
            if child.type == "pipeline" and node.type == "statement_list":
                if only(child).type != "assignment_expression" and not words(child).startswith("[void]"):
                    found.append(child)
            elif child.type == "flow_control_statement":
                found.extend(part for part in child.children if part.type == "pipeline")
            elif child.type not in ("pipeline", "function_statement", "param_block", "function_parameter_declaration"):
                found.extend(self.statements(child))
        return found
