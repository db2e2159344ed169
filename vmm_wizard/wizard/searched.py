"""What the directory was asked for while somebody chose. Apart from the suggestions that are made of it: a wizard that
has just opened holds it, and suggests nothing yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vmm_wizard.facts.all_facts import NoAnswer
    from vmm_wizard.facts.discovery_model import FoundAccount, FoundContainer


@dataclass(frozen=True, slots=True)
class Asked:
    """What the directory was asked for while somebody chose: accounts by letters (case-folded), children by DN.

    `turned`: DNs whose line was opened or closed, against how it is at first.
    """

    accounts: Mapping[str, tuple[FoundAccount, ...] | NoAnswer] = field(default_factory=dict)
    children: Mapping[str, tuple[FoundContainer, ...] | NoAnswer] = field(default_factory=dict)
    turned: frozenset[str] = frozenset()

    def with_accounts(self, letters: str, answer: tuple[FoundAccount, ...] | NoAnswer) -> Asked:
        """The same, and what the directory said of these letters."""
        return replace(self, accounts={**self.accounts, letters.casefold(): answer})

    def with_children(self, dn: str, answer: tuple[FoundContainer, ...] | NoAnswer) -> Asked:
        """The same, and what lies below an object."""
        return replace(self, children={**self.children, dn: answer})

    def with_turned(self, dn: str) -> Asked:
        """The same, with a line opened that was closed, or closed that was open."""
        return replace(self, turned=self.turned ^ {dn})
