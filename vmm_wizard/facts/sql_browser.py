"""Asks SQL Server Browser (UDP 1434) which TCP port a named instance listens on (MC-SQLR)."""

from __future__ import annotations

import re
import socket
import struct
import time

from vmm_wizard.addresses import AddressError, Addresses

_ASK_INSTANCE = b"\x04"
_ANSWER = 0x05
#: A datagram may get lost: ask this often within the time given.
_TRIES = 3


def read_answer(answer: bytes, instance: str) -> int | None:
    """The TCP port of `instance` in SQL Browser's answer, None when it has none. Raises ValueError for other bytes."""
    if len(answer) < 3 or answer[0] != _ANSWER:
        raise ValueError("not an answer of SQL Browser")
    (size,) = struct.unpack_from("<H", answer, 1)
    text = answer[3 : 3 + size].decode("latin-1")
    for entry in text.split(";;"):
        words = entry.split(";")
        fields = {words[i].casefold(): words[i + 1] for i in range(0, len(words) - 1, 2)}
        if fields.get("instancename", "").casefold() == instance.casefold():
            port = fields.get("tcp", "")
            return int(port) if re.fullmatch(r"\d{1,5}", port) and 0 < int(port) < 65536 else None
    return None


def instance_port(host: str, instance: str, addresses: Addresses, timeout: float) -> int:
    """The TCP port of a named instance, asked for within `timeout` seconds. Raises AddressError with one sentence."""
    endpoint = addresses.locate(host, "browser")
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
                client.send(_ASK_INSTANCE + instance.encode("ascii", "replace") + b"\x00")
                port = read_answer(client.recv(65536), instance)
            except TimeoutError:
                continue
            except ValueError:
                raise AddressError(f"what answers at {endpoint}/udp is not SQL Browser") from None
            except OSError:
                raise AddressError(f"could not reach SQL Browser at {endpoint}/udp: refused") from None
            if port is None:
                raise AddressError(f"SQL Browser at {endpoint}/udp names no TCP port for instance {instance}")
            return port
    raise AddressError(
        f"SQL Browser at {endpoint}/udp did not answer for instance {instance} within {timeout:g} s: "
        "is the service running, the instance's name right, and UDP 1434 open?"
    )
