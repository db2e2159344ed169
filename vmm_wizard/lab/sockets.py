"""What the lab's servers do alike with sockets and threads: keep a port, and end so that nobody waits for ever."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable

#: Real seconds for a handshake, for a request over TCP, and for threads to end when a server closes.
PATIENCE = 10.0


def bound_socket(address: str, port: int) -> socket.socket:
    """A TCP socket that has its port (0: a free one) and does not listen yet: it refuses, and nobody else gets it."""
    bound = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    if os.name != "nt":  # there it would let others take the port; here it allows to bind again at once
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((address, port))
    return bound


def cut(connection: socket.socket) -> None:
    """End a connection or a listener, also under a thread that waits in it: closing alone does not wake it."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


class Workers:
    """The threads of one server and the sockets that they wait in. `stop` is set when they are to end."""

    def __init__(self, name: str) -> None:
        self.stop = threading.Event()
        self._name = name
        self._lock = threading.Lock()
        self._held: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []

    def run(self, work: Callable[..., None], *arguments: object) -> None:
        """Do some work in a thread of its own."""
        thread = threading.Thread(target=work, args=arguments, name=self._name, daemon=True)
        with self._lock:
            self._threads = [known for known in self._threads if known.is_alive()]
            self._threads.append(thread)
            thread.start()

    def hold(self, connection: socket.socket) -> None:
        """Remember a socket that a thread waits in. Raises OSError when the server is closing."""
        with self._lock:
            if self.stop.is_set():
                raise OSError("the server is closing")
            self._held.add(connection)

    def release(self, *connections: socket.socket) -> None:
        """Nobody waits in these sockets any more."""
        with self._lock:
            self._held.difference_update(connections)

    def hang_up(self) -> None:
        """Cut the sockets that threads wait in; the server goes on."""
        with self._lock:
            held = list(self._held)
        for each in held:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self, *listeners: socket.socket) -> None:
        """Cut all sockets and these listeners, and wait for the threads to end."""
        with self._lock:
            self.stop.set()
            sockets = [*listeners, *self._held]
            threads = list(self._threads)
        for each in sockets:
            cut(each)
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(PATIENCE)
