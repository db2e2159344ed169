"""Sockets and threads of the lab's servers: a port that is kept refuses, and a server that ends waits for nobody."""

from __future__ import annotations

import contextlib
import socket
import threading

import pytest

from vmm_wizard.lab.sockets import Workers, bound_socket, cut


def test_a_bound_port_refuses_until_it_listens() -> None:
    bound = bound_socket("127.0.0.1", 0)
    where = bound.getsockname()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(where, timeout=10)
    bound.listen()
    socket.create_connection(where, timeout=10).close()
    cut(bound)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(where, timeout=10)


def test_a_port_can_be_had_again_at_once() -> None:
    first = bound_socket("127.0.0.1", 0)
    first.listen()
    where = first.getsockname()
    with socket.create_connection(where, timeout=10) as client:
        accepted, _ = first.accept()
        cut(first)
        again = bound_socket("127.0.0.1", where[1])
        assert again.getsockname() == where
        assert client.fileno() >= 0
    for each in (accepted, again):
        cut(each)


def test_workers_that_wait_in_a_socket_end_with_their_server() -> None:
    workers, (ours, theirs) = Workers("test"), socket.socketpair()
    waiting, ended = threading.Event(), threading.Event()

    def wait() -> None:
        workers.hold(ours)
        waiting.set()
        # Cut before it waits, or while it does: both end it.
        with contextlib.suppress(OSError):
            ours.recv(1)
        ended.set()

    workers.run(wait)
    assert waiting.wait(10)
    workers.close()
    assert ended.is_set()
    theirs.close()


def test_a_closing_server_takes_on_nobody_new() -> None:
    workers, (ours, theirs) = Workers("test"), socket.socketpair()
    workers.close()
    with pytest.raises(OSError, match="closing"):
        workers.hold(ours)
    ours.close()
    theirs.close()
