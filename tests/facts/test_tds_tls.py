"""TLS inside TDS packets: nothing but PRELOGIN leaves in clear, and large answers come through whole."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sql_estate import ADMIN, ADMIN_PASSWORD, HOST, SqlEstate, served
from vmm_wizard.addresses import Endpoint
from vmm_wizard.facts import tds_tls
from vmm_wizard.facts.questions import Trust
from vmm_wizard.facts.sql_client import connect_tds, open_tcp
from vmm_wizard.facts.tds_tls import TdsTlsSocket, TlsRefused
from vmm_wizard.plan.names import AccountName
from vmm_wizard.plan.secrets import Secret

#: PRELOGIN with one field, encryption "not supported", as python-tds sends it.
BODY = b"\x01\x00\x06\x00\x01\xff\x02"
PRELOGIN = struct.pack(">BBHHBB", 0x12, 1, 8 + len(BODY), 0, 0, 0) + BODY
LOGIN = struct.pack(">BBHHBB", 0x10, 1, 8 + 6, 0, 0, 0) + b"canary"


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.settimeout(5)
        yield ours, theirs


def channel(ours: socket.socket, seconds: float = 5.0) -> TdsTlsSocket:
    return TdsTlsSocket(ours, HOST, "", "", time.monotonic() + seconds)


def test_prelogin_goes_out_demanding_encryption_whatever_it_said(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    channel(ours).sendall(PRELOGIN)
    assert theirs.recv(100) == PRELOGIN[:-1] + b"\x01"


@pytest.mark.parametrize("first", [LOGIN, b"", b"\x01"])
def test_nothing_else_goes_out_first(ends: tuple[socket.socket, socket.socket], first: bytes) -> None:
    ours, theirs = ends
    with pytest.raises(TlsRefused, match="in clear"):
        channel(ours).sendall(first)
    ours.close()
    assert theirs.recv(100) == b""


@pytest.mark.parametrize("answer", [0, 2])
def test_a_server_that_will_not_encrypt_gets_no_login(ends: tuple[socket.socket, socket.socket], answer: int) -> None:
    ours, theirs = ends
    ours_wrapped = channel(ours)
    ours_wrapped.sendall(PRELOGIN)
    theirs.recv(100)
    theirs.sendall(PRELOGIN[:-1] + bytes([answer]))
    with pytest.raises(TlsRefused, match="does not offer encryption"):
        ours_wrapped.recv(8)
    with pytest.raises(TlsRefused, match="does not offer encryption"):
        ours_wrapped.sendall(LOGIN)
    ours.close()
    assert theirs.recv(100) == b""


def test_the_deadline_holds_for_every_call(ends: tuple[socket.socket, socket.socket]) -> None:
    wrapped = channel(ends[0], seconds=0.05)
    wrapped.settimeout(None)
    with pytest.raises(TimeoutError):
        wrapped.recv(1)


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=80))
def test_any_answer_to_prelogin_is_refused_or_the_connection_is_over(answer: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        wrapped = channel(ours)
        wrapped.sendall(PRELOGIN)
        theirs.sendall(answer)
        theirs.shutdown(socket.SHUT_WR)
        with pytest.raises((TlsRefused, ConnectionError)):
            wrapped.recv(8)


@pytest.fixture
def estate(tmp_path: Path) -> Iterator[SqlEstate]:
    with served(tmp_path) as running:
        yield running


def test_a_server_whose_answer_has_no_end_is_left(estate: SqlEstate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tds_tls, "MOST_BYTES", 2**20)
    ends = time.monotonic() + 20.0
    plain = open_tcp(Endpoint(HOST, "127.0.0.1", estate.port), ends)
    trust = Trust(str(estate.authority.file))
    connection = connect_tds(plain, HOST, AccountName.parse(ADMIN), Secret(ADMIN_PASSWORD), trust, ends)
    with pytest.raises(OSError, match="more than 1 MiB"):
        connection.run("SELECT @text AS text", {"text": "x" * 2**20})
    connection.close()


@pytest.mark.parametrize("length", [1, 4000, 4001, 300_000])
def test_texts_of_any_length_come_back_whole_over_tls(estate: SqlEstate, length: int) -> None:
    ends = time.monotonic() + 20.0
    plain = open_tcp(Endpoint(HOST, "127.0.0.1", estate.port), ends)
    trust = Trust(str(estate.authority.file))
    connection = connect_tds(plain, HOST, AccountName.parse(ADMIN), Secret(ADMIN_PASSWORD), trust, ends)
    text = ("äöü☃" * length)[:length]
    assert connection.run("SELECT @text AS text", {"text": text}) == [({"text": text},)]
    connection.close()
