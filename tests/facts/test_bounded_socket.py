"""A server that drips, or never ends, cannot keep a probe: real sockets, and a controller that does just that."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.facts.asking_directory import RIGHT, access, account, controller_answering
from vmm_wizard.facts import directory_channel
from vmm_wizard.facts.bounded_socket import BoundedSocket, TooMuch
from vmm_wizard.facts.model import NoAnswer
from vmm_wizard.facts.passwords import prove_password

#: Seconds of patience in these tests, and the most that a call may take on a busy machine.
PATIENCE, AT_MOST = 0.3, 10.0


@pytest.fixture
def pair() -> Iterator[tuple[BoundedSocket, socket.socket]]:
    near, far = socket.socketpair()
    with near, far:
        yield BoundedSocket(near), far


def drip(connection: socket.socket, data: bytes) -> None:
    """Send one byte now and then, much more often than the reader's patience is long, until the reader has gone."""
    gone = threading.Event()
    with contextlib.suppress(OSError):
        for at in range(len(data)):
            connection.sendall(data[at : at + 1])
            gone.wait(PATIENCE / 10)


def read_on(near: BoundedSocket) -> None:
    while near.recv(100):
        pass


class TestBoundedSocket:
    def test_nothing_is_allowed_before_it_is_said(self, pair: tuple[BoundedSocket, socket.socket]) -> None:
        with pytest.raises(TimeoutError):
            pair[0].recv(1)

    def test_bytes_that_keep_coming_do_not_buy_time(self, pair: tuple[BoundedSocket, socket.socket]) -> None:
        near, far = pair
        threading.Thread(target=drip, args=(far, b"x" * 10_000), daemon=True).start()
        near.allow(PATIENCE, 10_000)
        begun = time.monotonic()
        with pytest.raises(TimeoutError):
            read_on(near)
        assert time.monotonic() - begun < AT_MOST

    def test_more_than_was_allowed_is_refused(self, pair: tuple[BoundedSocket, socket.socket]) -> None:
        near, far = pair
        far.sendall(b"x" * 11)
        near.allow(AT_MOST, 10)
        with pytest.raises(TooMuch):
            near.recv(11)


class TestController:
    #: The beginning of a message of 64 MiB.
    ENDLESS = b"\x30\x84\x04\x00\x00\x00"

    def test_one_that_drips_its_answer_is_late(self, tmp_path: Path) -> None:
        with controller_answering(tmp_path, lambda _: self.ENDLESS + bytes(10_000), drip) as book:
            begun = time.monotonic()
            said = prove_password(account(), RIGHT, access(), book, 1.0)
            took = time.monotonic() - begun
        assert isinstance(said, NoAnswer)
        assert (said.code, "did not answer in time" in said.reason) == ("timeout", True)
        assert took < AT_MOST

    def test_one_whose_answer_has_no_end_is_left(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(directory_channel, "_MOST_BYTES", 4096)
        with controller_answering(tmp_path, lambda _: self.ENDLESS + bytes(100_000)) as book:
            said = prove_password(account(), RIGHT, access(), book, AT_MOST)
        assert isinstance(said, NoAnswer)
        assert (said.code, "sent an answer of more than" in said.reason) == ("unreadable", True)
