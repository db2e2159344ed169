"""Asks the forest who holds service principal names, and where the role's service connection points are."""

from __future__ import annotations

from vmm_wizard.facts.directory_channel import DirectoryUnusable
from vmm_wizard.facts.directory_domain import DomainView
from vmm_wizard.facts.directory_search import Found, Searcher, equals
from vmm_wizard.facts.model import PrincipalNameFacts


def ask_principal_names(view: DomainView, names: tuple[str, ...], role: str) -> PrincipalNameFacts:
    """Who holds each of `names` (one search for all of them), and the connection points of the computer `role`.

    The whole forest is searched where it has more than one domain and the controller is a global catalog.
    """
    holders: dict[str, tuple[str, ...]] = dict.fromkeys(names, ())
    if holders:
        wanted = "".join(equals("servicePrincipalName", text) for text in holders)
        hits = _search_forest(view, f"(|{wanted})" if len(holders) > 1 else wanted)
        for text in holders:
            holders[text] = tuple(row.dn for row in hits if _holds(row, text))
    return PrincipalNameFacts(holders, _connection_points(view, role))


def _search_forest(view: DomainView, wanted: str) -> list[Found]:
    """Search the forest by its global catalog where that says more than the domain, else the domain."""
    naming = view.naming
    attributes = ("servicePrincipalName",)
    if naming.other_domains and view.open_catalog is not None:
        try:
            catalog = view.open_catalog()
        except DirectoryUnusable:
            # Not every controller is a global catalog; the domain alone is what can be said then.
            return view.searcher.search(naming.base, "subtree", wanted, attributes)
        try:
            return Searcher(catalog, view.searcher.seconds).search("", "subtree", wanted, attributes)
        finally:
            catalog.close()
    return view.searcher.search(naming.base, "subtree", wanted, attributes)


def _holds(row: Found, name: str) -> bool:
    return name.casefold() in {text.casefold() for text in row.texts("servicePrincipalName")}


def _connection_points(view: DomainView, name: str) -> tuple[str, ...]:
    """The service connection points below the role's computer object (PHX: consoles find the server by them)."""
    if not name:
        return ()
    role = equals("sAMAccountName", f"{name}$")
    for computer in view.searcher.search(view.naming.base, "subtree", f"(&(objectClass=computer){role})"):
        points = view.searcher.search(computer.dn, "subtree", "(objectClass=serviceConnectionPoint)")
        return tuple(point.dn for point in points)
    return ()
