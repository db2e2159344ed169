"""Asks the domain whom it trusts, and who trusts it (SQL-18)."""

from __future__ import annotations

from vmm_wizard.facts.directory_channel import DirectoryUnusable
from vmm_wizard.facts.directory_domain import DomainView
from vmm_wizard.facts.directory_search import NoSuchObject
from vmm_wizard.facts.model import TrustFacts


def ask_trusts(view: DomainView) -> tuple[TrustFacts, ...] | None:
    """The trusts of the domain, one search; None when this account may not read where they are kept."""
    try:
        found = view.searcher.search(
            f"CN=System,{view.naming.base}",
            "one",
            "(objectClass=trustedDomain)",
            ("trustPartner", "flatName", "trustDirection"),
        )
    except NoSuchObject:
        return None
    except DirectoryUnusable:
        if view.channel.is_closed:
            raise
        return None
    return tuple(
        TrustFacts(row.text("trustPartner"), row.text("flatName"), row.number("trustDirection") or 0) for row in found
    )
