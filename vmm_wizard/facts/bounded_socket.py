"""A socket that keeps to a time and an amount, whatever the other side does with them.

A socket's own timeout begins anew with every byte that arrives: a server that sends one now and then keeps its reader
for ever. And a length in a message is what the server says it is.
"""

from __future__ import annotations

import socket
import time


class TooMuch(ValueError):
    """The other side sent more than was allowed."""


class BoundedSocket:
    """Passes on to a connected socket what ldap3 calls. Nothing is allowed before the first `allow`.

    Raises TimeoutError once the time is over and TooMuch beyond the amount.
    """

    def __init__(self, below: socket.socket) -> None:
        self._below = below
        self._until = 0.0
        self._left = 0

    def allow(self, seconds: float, amount: int) -> None:
        """From now on: `seconds` for all calls together, and `amount` bytes to receive."""
        self._until = time.monotonic() + seconds
        self._left = amount

    def recv(self, size: int) -> bytes:
        """At most `size` bytes; empty at the end of the connection."""
        self._arm()
        data = self._below.recv(size)
        self._left -= len(data)
        if self._left < 0:
            raise TooMuch("more than was allowed")
        return data

    def sendall(self, data: bytes) -> None:
        """Send all of it."""
        self._arm()
        self._below.sendall(data)

    def _arm(self) -> None:
        remaining = self._until - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("timed out")
        self._below.settimeout(remaining)

    def fileno(self) -> int:
        """The system's number of the socket, to wait for it."""
        return self._below.fileno()

    def shutdown(self, how: int) -> None:
        """End one or both directions."""
        self._below.shutdown(how)

    def close(self) -> None:
        """Close the socket below."""
        self._below.close()
