"""Addresses of a subnet that nobody is known to have: what was heard and what DNS says is left out.

Nothing is sent to the addresses themselves. That none answers and none has a record is no proof that one is free.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterator
from typing import Final

from vmm_wizard.addresses import AddressError, Addresses
from vmm_wizard.facts.model import NoAnswer
from vmm_wizard.texts import text

#: How many free addresses are looked for in a network, and how many are asked about for that at the most.
WANTED: Final = 6
MOST_ASKED: Final = 64


def free_addresses(
    subnet: str, taken: Collection[str], near: str, addresses: Addresses, wanted: int = WANTED
) -> tuple[str, ...] | NoAnswer:
    """Up to `wanted` addresses of an IPv4 `subnet` that are not among `taken` and have no name in DNS, in order from
    behind `near` (an address of that subnet, or empty). NoAnswer when DNS cannot be asked: then nothing is known."""
    found: list[str] = []
    known = {ipaddress.ip_address(written) for written in taken if _is_address(written)}
    for asked, candidate in enumerate(_candidates(ipaddress.IPv4Network(subnet), near, known)):
        if len(found) == wanted or asked == MOST_ASKED:
            break
        try:
            names = addresses.names_of(str(candidate))
        except AddressError as error:
            return NoAnswer(text("reasons.free_addresses.not_known", subnet=subnet, error=error), "unreachable")
        if not names:
            found.append(str(candidate))
    return tuple(found)


def _candidates(
    network: ipaddress.IPv4Network, near: str, known: Collection[object]
) -> Iterator[ipaddress.IPv4Address]:
    """The hosts of a network from behind `near` on, then those before it. Its first and last hosts come never: there
    routers are, by habit."""
    first, last = int(network.network_address) + 2, int(network.broadcast_address) - 2
    start = first
    if _is_address(near) and ipaddress.ip_address(near) in network:
        start = int(ipaddress.ip_address(near)) + 1
    for number in (*range(max(start, first), last + 1), *range(first, min(start, last + 1))):
        candidate = ipaddress.IPv4Address(number)
        if candidate not in known:
            yield candidate


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
