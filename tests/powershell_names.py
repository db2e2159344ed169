"""Which names of Windows a script uses, by its syntax tree: programs, cmdlets, types with members, registry values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from tree_sitter import Node

from tests.powershell import command_name, elements_of_command, home, member_name, of_type, only, words
from tests.powershell_types import Typing, Vocabulary
from tests.powershell_values import ANY, FREE, OWN, SCRIPT, SHORT, full_name

#: What every object has (about_Intrinsic_Members).
INTRINSIC = ("psbase", "PSObject")
#: Parameters of our own functions that name a registry key and a value in it.
KEY, VALUE = "key", "name"


class Known(Vocabulary, Protocol):
    """What extraction asks of the table besides."""

    def knows_member(self, member: str) -> bool:
        """Whether any type has such a member."""


@dataclass(slots=True)
class Names:
    """What a script uses. Pairs are (what has it, its name); a name is empty where the thing itself is meant."""

    programs: set[tuple[str, str]] = field(default_factory=set)
    cmdlets: set[tuple[str, str]] = field(default_factory=set)
    members: set[tuple[str, str]] = field(default_factory=set)
    registry: set[tuple[str, str]] = field(default_factory=set)
    com: set[str] = field(default_factory=set)
    cluster_parameters: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    environment: set[str] = field(default_factory=set)
    #: Places whose names cannot be told from the text, as `line N: text`.
    untold: set[str] = field(default_factory=set)


def read_names(root: Node, table: Known) -> Names:
    """All names that a script uses, each with what it belongs to."""
    return _Reading(root, table).names


class _Reading:
    def __init__(self, root: Node, table: Known) -> None:
        self._typing = Typing(root, table)
        self._table = table
        self.names = Names()
        #: The keys of all hashtables of the script: what may stand behind the value of another key.
        self._keys = {words(key) for key in of_type(root, "key_expression")}
        for node in of_type(root, "command"):
            self._command(node)
        for node in of_type(root, "member_access", "invokation_expression"):
            self._member(node)
        for node in of_type(root, "element_access"):
            self._index(node)
        for node in of_type(root, "type_literal"):
            self._type(node)
        for node in of_type(root, "variable"):
            if words(node).casefold().startswith("$env:"):
                self.names.environment.add(words(node)[len("$env:") :])

    def _untold(self, node: Node) -> None:
        self.names.untold.add(f"line {node.start_point[0] + 1}: {' '.join(words(node).split())[:100]}")

    # --- commands

    def _command(self, node: Node) -> None:
        name = command_name(node)
        if not name:
            return
        if name in self._typing.own:
            self._own_call(node)
        elif name.endswith(".exe"):
            self.names.programs.add((name, ""))
            arguments = (words(value) for _, value in elements_of_command(node) if value.type != "variable")
            self.names.programs.update((name, argument) for argument in arguments if argument.startswith(("/", "-")))
        else:
            self._cmdlet(node, name)

    def _cmdlet(self, node: Node, name: str) -> None:
        given = self._typing.parameters(node)
        self.names.cmdlets.add((name, ""))
        self.names.cmdlets.update((name, parameter) for parameter in given)
        splatted = [v for k, v in elements_of_command(node) if not k and words(v).startswith("@")]
        if any(not self._typing.hashes(variable) for variable in splatted):
            self._untold(node)
        if name == "Get-CimInstance":
            # A function that asks for whatever class it is given asks for one with each call.
            calls = [
                call
                for call in of_type(self._typing.root, "command")
                if home(node) and command_name(call) == home(node)
            ]
            for call in calls:
                with self._typing.within(call):
                    self._cim(node, given)
            if not calls:
                self._cim(node, given)
        for value in given.get("ComObject", []):
            self._texts_into(value, self.names.com)
        if name == "New-Object" and "ComObject" not in given:
            for kind in self._typing.types(node):
                self._note(kind, "new")
        if name == "Get-ClusterParameter":
            for value in given.get("Name", []):
                self._texts_into(value, self.names.cluster_parameters)

    def _texts_into(self, value: Node, into: set[str]) -> None:
        texts = self._typing.texts(value)
        if not texts or any("*" in text for text in texts):
            self._untold(value)
        into.update(texts)

    def _cim(self, node: Node, given: dict[str, list[Node]]) -> None:
        classes = self._typing.cim_classes(node)
        wanted = {text for value in given.get("Property", []) for text in self._typing.texts(value)}
        for condition in [*given.get("Filter", []), *given.get("Query", [])]:
            for text in self._typing.texts(condition):
                wanted |= set(re.findall(r"(\w+)\s*(?:=|<|>|!=|\bLIKE\b|\bIS\b)", re.sub(r"'[^']*'", "''", text)))
                selected = re.match(r"(?i)\s*SELECT\s+(.+?)\s+FROM\b", text)
                wanted |= set(re.findall(r"\w+", selected[1])) if selected else set()
        if not classes:
            self._untold(node)
        for name in classes:
            self._note(name, "")
            for each in wanted:
                self._note(name, each)

    def _own_call(self, node: Node) -> None:
        """A function of the script that takes a key reads the registry."""
        given = dict(self._typing.bound(node))
        if KEY not in given:
            return
        keys = self._typing.texts(given[KEY])
        values = self._typing.texts(given[VALUE]) if VALUE in given else {""}
        if not keys or not values:
            self._untold(node)
        self._registry(keys, values)

    def _registry(self, keys: set[str], values: set[str]) -> None:
        for key in keys:
            plain = re.sub(r"(?i)^(HKLM:?|HKEY_LOCAL_MACHINE)\\", "", key)
            self.names.registry.update((plain, value) for value in values)

    # --- members

    def _note(self, kind: str, member: str) -> None:
        self.names.members.add((re.sub(r"(?<=\w)\[[^\]].*\]$", "", kind), member))

    def _names_of_member(self, node: Node) -> Iterator[str]:
        named = member_name(node)
        if named.type == "simple_name":
            yield words(named)
        else:
            yield from (text for text in self._typing.texts(named) if "*" not in text)

    def _member(self, node: Node) -> None:
        receiver = only(node.children[0])
        members = list(self._names_of_member(node))
        if not members:
            self._untold(node)
        if receiver.type == "type_literal":
            for member in members:
                self._note(full_name(words(receiver)), member)
            self._static(node, members)
            return
        types = self._typing.types(receiver) - {""}
        for member in members:
            if member in INTRINSIC:
                self._note("(intrinsic)", member)
                continue
            if not types:
                self._untold(node)
            if node.type == "invokation_expression" and OWN in types:
                self._note("System.Collections.Hashtable", member)
            # What may be of several types is asked after by `-is` first.
            fitting = {kind for kind in types if self._typing.given(kind, member) is not None}
            fitting = fitting or types & (FREE | {ANY})
            for kind in (fitting or types) - FREE:
                self._instance(node, kind, member)

    def _instance(self, node: Node, kind: str, member: str) -> None:
        if kind in (ANY, SCRIPT, "System.Object"):
            if member not in self._keys and not self._table.knows_member(member):
                self._note(kind, member)
            return
        while kind.endswith("[]"):
            is_array = self._table.member("System.Array", member) is not None
            kind = "System.Array" if is_array else kind.removesuffix("[]")
        if kind in FREE or kind == ANY:
            return
        self._note(kind, member)
        arguments = [child for child in node.children if child.type == "argument_list"]
        if kind == "Microsoft.Win32.RegistryKey" and member == "OpenSubKey" and KEY not in self._parameters(node):
            self._registry(
                {text for each in of_type(arguments[0], "argument_expression_list") for text in self._first(each)}, {""}
            )
        if kind == "System.DirectoryServices.DirectoryEntry" and member in ("Invoke", "InvokeGet"):
            self._attributes(arguments[0])
        if kind == "System.Collections.Specialized.StringCollection" and member == "Add":
            self._attributes(arguments[0])

    def _first(self, arguments: Node) -> set[str]:
        return self._typing.texts(arguments.children[0])

    def _attributes(self, arguments: Node) -> None:
        for each in of_type(arguments, "argument_expression_list"):
            self.names.attributes |= {text.casefold() for text in self._first(each)}

    def _parameters(self, node: Node) -> set[str]:
        """The parameters of the function that a node is in."""
        return {variable for function, variable in self._typing.declared if function == home(node)}

    def _static(self, node: Node, members: list[str]) -> None:
        kind = full_name(words(only(node.children[0])))
        if kind == "Microsoft.Win32.Registry" and members == ["GetValue"] and KEY not in self._parameters(node):
            arguments = [
                only(child) for child in of_type(node, "argument_expression_list")[0].children if child.is_named
            ]
            self._registry(self._typing.texts(arguments[0]), self._typing.texts(arguments[1]))

    def _index(self, node: Node) -> None:
        """`$found.Properties['x']`: an attribute or a keyword, where it is not a hashtable's own key."""
        receiver = only(node.children[0])
        texts = {text for child in node.children[2:-1] for text in self._typing.texts(child)}
        for kind in self._typing.types(receiver) - FREE - {ANY}:
            if kind == "System.DirectoryServices.ResultPropertyCollection":
                self.names.attributes |= {text.casefold() for text in texts}
            elif texts and not kind.endswith("[]"):
                for text in texts:
                    self._note(kind, f"['{text}']")

    def _type(self, node: Node) -> None:
        name = words(node)[1:-1].removesuffix("[]").casefold()
        if name not in SHORT and not re.match(r"(parameter|validate|allow|cmdletbinding)", name):
            self._note(full_name(words(node)).removesuffix("[]"), "")
