"""The version that a SQL Server tells whoever connects: read from its bytes, and from a server of the estate."""

from __future__ import annotations

import socket
import struct
import threading
from pathlib import Path

import pytest

from tests import sql_estate
from tests.facts.asking_directory import closed_port
from vmm_wizard.addresses import AddressBook, AddressError
from vmm_wizard.facts.sql_version import ask_version, read_version


def at(port: int) -> AddressBook:
    return AddressBook(Path("book.toml"), {"sql01.contoso.lab": {"address": "127.0.0.1", "tds": port}})


def test_it_is_found_among_the_options_of_an_answer() -> None:
    options = struct.pack(">BHH", 1, 11, 1) + struct.pack(">BHH", 0, 12, 6) + b"\xff"
    assert read_version(options + b"\x02\x10\x00\x03\xe8\x00\x00") == "16.0.1000"


@pytest.mark.parametrize("answer", [b"", b"\xff", b"\x00\x00\xff\x00\x06\xff", b"\x00\x00"])
def test_other_bytes_are_none(answer: bytes) -> None:
    with pytest.raises(ValueError, match="no version"):
        read_version(answer)


def test_a_server_of_the_estate_tells_it_without_a_logon(tmp_path: Path) -> None:
    with sql_estate.served(tmp_path) as served:
        assert ask_version("sql01.contoso.lab", 0, at(served.port), 10.0) == "16.0.4165"


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x04\x01\xff\xff\x00\x00\x00\x00"])
def test_something_else_at_the_port_is_a_sentence(said: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(64)
                connection.sendall(said)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        with pytest.raises(AddressError, match="told no version"):
            ask_version("sql01.contoso.lab", 0, at(listener.getsockname()[1]), 10.0)
        thread.join(10)


def test_nobody_at_the_port_is_one_too() -> None:
    with pytest.raises(AddressError, match="told no version"):
        ask_version("sql01.contoso.lab", 0, at(closed_port()), 10.0)
