"""Asks SQL Server Browser (UDP 1434) which TCP port a named instance listens on (MC-SQLR)."""

from __future__ import annotations

import re
import socket
import struct
import time
from dataclasses import dataclass

from vmm_wizard.addresses import AddressError, Addresses, Endpoint
from vmm_wizard.texts import text

_ASK_ALL = b"\x03"
_ASK_INSTANCE = b"\x04"
_ANSWER = 0x05
#: A datagram may get lost: ask this often within the time given.
_TRIES = 3


#: An answer to "all" that grew by more than this many instances is not one.
_MOST_INSTANCES = 64


@dataclass(frozen=True, slots=True)
class Announced:
    """An instance as SQL Browser announces it; `port` 0: it names no TCP port, `is_clustered` None: nor whether."""

    instance: str
    version: str
    port: int
    is_clustered: bool | None


def read_all(answer: bytes) -> tuple[Announced, ...]:
    """Every instance in SQL Browser's answer. Raises ValueError for other bytes."""
    if len(answer) < 3 or answer[0] != _ANSWER:
        raise ValueError("not an answer of SQL Browser")
    (size,) = struct.unpack_from("<H", answer, 1)
    text = answer[3 : 3 + size].decode("latin-1")
    found = []
    for entry in text.split(";;")[:_MOST_INSTANCES]:
        words = entry.split(";")
        fields = {words[i].casefold(): words[i + 1] for i in range(0, len(words) - 1, 2)}
        if fields.get("instancename"):
            port, clustered = fields.get("tcp", ""), fields.get("isclustered", "").casefold()
            is_port = re.fullmatch(r"\d{1,5}", port) and 0 < int(port) < 65536
            version = fields.get("version", "")
            found.append(
                Announced(
                    fields["instancename"],
                    version if re.fullmatch(r"[0-9.]{1,40}", version) else "",
                    int(port) if is_port else 0,
                    {"yes": True, "no": False}.get(clustered),
                )
            )
    return tuple(found)


def read_answer(answer: bytes, instance: str) -> int | None:
    """The TCP port of `instance` in SQL Browser's answer, None when it has none. Raises ValueError for other bytes."""
    named = (row for row in read_all(answer) if row.instance.casefold() == instance.casefold())
    return next((row.port or None for row in named), None)


def all_instances(host: str, addresses: Addresses, timeout: float) -> tuple[Announced, ...]:
    """All instances that a host's SQL Browser announces within `timeout` seconds. Raises AddressError."""
    endpoint = addresses.locate(host, "browser")
    answer = _ask(endpoint, _ASK_ALL, timeout)
    if answer is None:
        raise AddressError(text("reasons.sql_browser.no_answer", endpoint=endpoint, timeout=timeout))
    try:
        return read_all(answer)
    except ValueError:
        raise AddressError(text("reasons.sql_browser.other", endpoint=endpoint)) from None


def instance_port(host: str, instance: str, addresses: Addresses, timeout: float) -> int:
    """The TCP port of a named instance, asked for within `timeout` seconds. Raises AddressError with one sentence."""
    endpoint = addresses.locate(host, "browser")
    answer = _ask(endpoint, _ASK_INSTANCE + instance.encode("ascii", "replace") + b"\x00", timeout)
    if answer is None:
        raise AddressError(
            text("reasons.sql_browser.no_answer_for", endpoint=endpoint, instance=instance, timeout=timeout)
        )
    try:
        port = read_answer(answer, instance)
    except ValueError:
        raise AddressError(text("reasons.sql_browser.other", endpoint=endpoint)) from None
    if port is None:
        raise AddressError(text("reasons.sql_browser.no_port", endpoint=endpoint, instance=instance))
    return port


def _ask(endpoint: Endpoint, request: bytes, timeout: float) -> bytes | None:
    """The datagram that comes back, None when none does in `timeout` seconds. Raises AddressError when refused."""
    family = socket.AF_INET6 if ":" in endpoint.address else socket.AF_INET
    deadline = time.monotonic() + timeout
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        client.connect((endpoint.address, endpoint.port))
        for attempt in range(_TRIES):
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                break
            client.settimeout(remaining / (_TRIES - attempt))
            try:
                client.send(request)
                return client.recv(65536)
            except TimeoutError:
                continue
            except OSError:
                raise AddressError(text("reasons.sql_browser.refused", endpoint=endpoint)) from None
    return None
