"""SQL Server Browser: tells on a UDP port which TCP port each instance of a host listens on (MC-SQLR, SSRP)."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

_ASK_ALL = (0x02, 0x03)
_ASK_ONE = 0x04
_ANSWER = 0x05


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance as SQL Browser announces it."""

    server: str
    name: str
    version: str
    port: int
    is_clustered: bool = False

    def announcement(self) -> str:
        """The instance as a list of keys and values between semicolons."""
        clustered = "Yes" if self.is_clustered else "No"
        return (
            f"ServerName;{self.server};InstanceName;{self.name or 'MSSQLSERVER'};IsClustered;{clustered};"
            f"Version;{self.version};tcp;{self.port};;"
        )


def answer_to(request: bytes, instances: Iterable[Instance]) -> bytes:
    """The datagram to send back; empty when SQL Browser would keep silent."""
    if not request:
        return b""
    wanted = None
    if request[0] == _ASK_ONE:
        wanted = request[1:].partition(b"\x00")[0].decode("latin-1").casefold()
    elif request[0] not in _ASK_ALL:
        return b""
    matching = [row for row in instances if wanted in (None, (row.name or "MSSQLSERVER").casefold())]
    text = "".join(row.announcement() for row in matching).encode("latin-1", "replace")
    return bytes([_ANSWER]) + struct.pack("<H", len(text)) + text if text else b""


class SqlBrowser:
    """The UDP service of one host. `instances` is asked at each request; `silent` answers nobody."""

    def __init__(
        self, instances: Callable[[], Iterable[Instance]], *, address: str = "127.0.0.1", port: int = 0
    ) -> None:
        self._instances = instances
        self.silent = False
        self.address = address
        self._socket = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, port))
        self._socket.settimeout(0.2)
        self._closed = threading.Event()
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, name="sql browser", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop answering."""
        self._closed.set()
        self._thread.join(2.0)
        self._socket.close()

    def __enter__(self) -> SqlBrowser:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _serve(self) -> None:
        while not self._closed.is_set():
            try:
                request, client = self._socket.recvfrom(4096)
            except TimeoutError:
                continue
            except ConnectionResetError:
                continue  # Windows: an earlier answer met a closed port
            except OSError:
                return
            answer = b"" if self.silent else answer_to(request, self._instances())
            if answer:
                self._socket.sendto(answer, client)
