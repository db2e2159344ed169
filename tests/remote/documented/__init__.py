"""What the scripts use of Windows, a row a name, with the documentation where it was read: the TOML files beside this.

Each file is for one kind of thing. A row's `read_in` is `repository: path` of public documentation, or what a page is
called. `unconfirmed` holds the names that no public source confirms, each with the reason why it is used all the same.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tests.powershell_values import full_name

_FOLDER = Path(__file__).parent
#: Files whose rows are types with members.
_TYPES = ("dotnet", "dotnet_network", "cim", "com", "objects")


@dataclass(frozen=True, slots=True)
class Row:
    """One type, cmdlet, program or key: its names, each with the type that it gives (empty where nobody asks)."""

    read_in: str
    names: Mapping[str, str]
    element: str | None = None
    gives: str = ""
    because: str = ""
    unconfirmed: Mapping[str, str] = field(default_factory=dict)


def _rows(file: str) -> dict[str, Row]:
    read = tomllib.loads((_FOLDER / f"{file}.toml").read_text(encoding="utf-8"))
    found = {}
    for name, row in read.items():
        names = {key: full_name(f"[{kind}]") if kind else "" for key, kind in row.get("names", {}).items()}
        names |= dict.fromkeys([*row.get("plain", []), *row.get("unconfirmed", {})], "")
        element = full_name(f"[{row['element']}]") if "element" in row else None
        found[name] = Row(
            row["read_in"], names, element, row.get("gives", ""), row.get("because", ""), row.get("unconfirmed", {})
        )
    return found


@dataclass(frozen=True)
class Table:
    """All rows. It is the vocabulary by which `tests/powershell_types.py` tells types."""

    types: Mapping[str, Row]
    cmdlets: Mapping[str, Row]
    programs: Mapping[str, Row]
    registry: Mapping[str, Row]
    other: Mapping[str, Row]

    def member(self, type_name: str, member: str) -> str | None:
        """The type that a member gives, None when the type has no such row."""
        row = self.types.get(type_name) or self.types.get(type_name.partition("[")[0])
        if row is None:
            return None
        given = row.names.get(member)
        generic = type_name.partition("[")[2].removesuffix("]")
        return given.replace("(element)", generic) if given is not None else None

    def element(self, type_name: str) -> str | None:
        """The type of what is in a collection, None for anything else."""
        row = self.types.get(type_name)
        return row.element if row is not None else None

    def result(self, cmdlet: str) -> str:
        """The type of a cmdlet's objects; empty when nothing is read of them."""
        row = self.cmdlets.get(cmdlet)
        return full_name(f"[{row.gives}]") if row is not None and row.gives else ""

    def com(self, name: str) -> str:
        """The type behind a ProgID."""
        return self.other["ProgID"].names.get(name, "")

    def automatic(self, variable: str) -> str | None:
        """The type of a variable that PowerShell sets."""
        return self.other["automatic variable"].names.get(variable)

    def knows_member(self, member: str) -> bool:
        """Whether any type has such a member."""
        return any(member in row.names for row in self.types.values())


@cache
def table() -> Table:
    """The table as it stands in the files."""
    types = {name: row for file in _TYPES for name, row in _rows(file).items()}
    return Table(types, _rows("cmdlets"), _rows("programs"), _rows("registry"), _rows("other"))
