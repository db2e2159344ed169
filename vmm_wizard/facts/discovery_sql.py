"""What SQL Servers that were found say of themselves before any logon: by SQL Browser, and at their ports."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from vmm_wizard.addresses import AddressError, Addresses
from vmm_wizard.facts.at_once import ask_all
from vmm_wizard.facts.discovery_model import FoundInstance

if TYPE_CHECKING:
    from vmm_wizard.facts.sql_browser import Announced

#: Seconds for SQL Browser of one host, and for all hosts together.
BROWSER_SECONDS: Final = 3.0
ALL_SECONDS: Final = 20.0
#: Hosts whose SQL Browser is asked at the most.
MOST_BROWSERS: Final = 64


def with_browsers(instances: tuple[FoundInstance, ...], addresses: Addresses) -> tuple[FoundInstance, ...]:
    """The instances with what SQL Browser of their hosts says of them, and those that only it knows."""
    from vmm_wizard.facts.sql_browser import all_instances

    def ask(host: str) -> tuple[Announced, ...]:
        try:
            return all_instances(host, addresses, BROWSER_SECONDS)
        except AddressError:
            # Its absence is usual: a default instance needs none.
            return ()

    hosts = tuple(dict.fromkeys(row.host for row in instances))[:MOST_BROWSERS]
    told = ask_all(hosts, ask, ALL_SECONDS)
    found: list[FoundInstance] = []
    for host in dict.fromkeys(row.host for row in instances):
        own = [row for row in instances if row.host == host]
        found += merged(own, told.get(host, ()))
    return tuple(found)


def with_versions(instances: tuple[FoundInstance, ...], addresses: Addresses) -> tuple[FoundInstance, ...]:
    """The instances, those whose version SQL Browser did not tell with what their port says of itself."""
    from vmm_wizard.facts.sql_version import ask_version

    def ask(row: FoundInstance) -> str:
        try:
            return ask_version(row.host, row.port, addresses, BROWSER_SECONDS)
        except AddressError:
            return ""

    # Without a port, a named instance is nowhere to be asked.
    silent = tuple(row for row in instances if not row.version and (row.port or not row.instance))[:MOST_BROWSERS]
    versions = ask_all(silent, ask, ALL_SECONDS)
    return tuple(replace(row, version=row.version or versions.get(row, "")) for row in instances)


def merged(own: Sequence[FoundInstance], told: Iterable[Announced]) -> list[FoundInstance]:
    """One host's instances, those of the directory first, each with what SQL Browser said of it."""
    found, accounts = list(own), own[0].accounts if own else ()
    for row in told:
        name = "" if row.instance.casefold() == "mssqlserver" else row.instance
        at = next((number for number, known in enumerate(found) if known.instance.casefold() == name.casefold()), None)
        before = found[at] if at is not None else FoundInstance(own[0].host, name, accounts=accounts)
        after = replace(
            before,
            port=row.port or before.port,
            version=row.version,
            is_clustered=row.is_clustered,
            by_browser=True,
        )
        if at is None:
            found.append(after)
        else:
            found[at] = after
    return found
