"""The node's WinRM service as pywinrm and a plain HTTP client see it."""

from __future__ import annotations

import base64
import http.client
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from winrm.exceptions import InvalidCredentialsError, WinRMOperationTimeoutError, WinRMTransportError, WSManFaultError
from winrm.protocol import Protocol

from tests.winrm_nodes import ADMIN, PASSWORD, VISITOR, Certificates, PracticeNode, contoso_logons
from vmm_wizard.lab import wsman_messages as wsman
from vmm_wizard.lab.clock import ManualClock
from vmm_wizard.lab.logons import Logons
from vmm_wizard.lab.winrm_server import WinrmServer

HOST = "localhost"


@pytest.fixture
def node() -> PracticeNode:
    return PracticeNode()


@pytest.fixture
def logons() -> Logons:
    return contoso_logons()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def server(node: PracticeNode, logons: Logons, clock: ManualClock) -> Iterator[WinrmServer]:
    server = WinrmServer(node, logons, clock=clock, max_shells=3, piece=1000, idle_timeout=180.0)
    yield server
    server.close()


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return Certificates(tmp_path)


@pytest.fixture
def tls(node: PracticeNode, logons: Logons, certificates: Certificates) -> Iterator[WinrmServer]:
    server = WinrmServer(node, logons, certificates.context(HOST)[0])
    yield server
    server.close()


def pywinrm(server: WinrmServer, account: str = ADMIN, password: str = PASSWORD, **options: Any) -> Any:
    scheme = "https" if server.context else "http"
    given_options = {"transport": "ntlm", "message_encryption": "auto", "proxy": None, "ca_trust_path": None, **options}
    return Protocol(f"{scheme}://{HOST}:{server.port}/wsman", username=account, password=password, **given_options)


def run(protocol: Any, command: str, *arguments: str) -> tuple[bytes, bytes, int]:
    shell = protocol.open_shell()
    answer: tuple[bytes, bytes, int] = protocol.get_command_output(
        shell, protocol.run_command(shell, command, arguments)
    )
    protocol.close_shell(shell, close_session=False)
    return answer


def post(server: WinrmServer, body: bytes, headers: dict[str, str] | None = None) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("POST", "/wsman", body, headers or {})
    return connection.getresponse()


def post_as_admin(server: WinrmServer, body: bytes, ca_file: str) -> tuple[int, bytes]:
    context = ssl.create_default_context(cafile=ca_file)
    connection = http.client.HTTPSConnection(HOST, server.port, context=context)
    basic = base64.b64encode(f"{ADMIN}:{PASSWORD}".encode()).decode()
    connection.request("POST", "/wsman", body, {"Authorization": f"Basic {basic}"})
    response = connection.getresponse()
    return response.status, response.read()


def is_over(connection: socket.socket) -> bool:
    """Whether the other side has ended the connection, politely or not."""
    with connection:
        try:
            return connection.recv(1) == b""
        except ConnectionResetError:
            return True


class TestLogon:
    def test_ntlm_with_message_encryption_over_http(self, server: WinrmServer) -> None:
        assert run(pywinrm(server), "whoami") == (b"CONTOSO\\vmm-setup\r\n", b"", 0)

    @pytest.mark.parametrize("transport", ["ntlm", "basic"])
    def test_ntlm_and_basic_over_https(self, tls: WinrmServer, certificates: Certificates, transport: str) -> None:
        protocol = pywinrm(tls, transport=transport, ca_trust_path=certificates.ca_file)
        assert run(protocol, "whoami") == (b"CONTOSO\\vmm-setup\r\n", b"", 0)

    def test_ntlm_with_message_encryption_over_https(self, tls: WinrmServer, certificates: Certificates) -> None:
        protocol = pywinrm(tls, message_encryption="always", ca_trust_path=certificates.ca_file)
        assert run(protocol, "whoami")[2] == 0

    def test_basic_over_http_is_not_looked_at(self, server: WinrmServer, logons: Logons) -> None:
        with pytest.raises(InvalidCredentialsError):
            run(pywinrm(server, password="wrong", transport="basic"), "whoami")
        assert [credential.counted for credential in logons.credentials] == [0, 0, 0]
        assert "Basic" not in str(post(server, b"").headers)

    def test_an_unencrypted_message_over_http_is_refused(self, server: WinrmServer, node: PracticeNode) -> None:
        with pytest.raises(WSManFaultError, match="Unencrypted"):
            run(pywinrm(server, message_encryption="never"), "whoami")
        assert node.commands == []

    @pytest.mark.parametrize("transport", ["ntlm", "basic"])
    def test_a_wrong_password_counts_once(
        self, tls: WinrmServer, certificates: Certificates, logons: Logons, transport: str
    ) -> None:
        with pytest.raises(InvalidCredentialsError):
            run(pywinrm(tls, password="wrong", transport=transport, ca_trust_path=certificates.ca_file), "whoami")
        assert [credential.counted for credential in logons.credentials] == [1, 0, 0]

    def test_three_wrong_passwords_lock_the_right_one_out(self, server: WinrmServer, logons: Logons) -> None:
        for _ in range(3):
            with pytest.raises(InvalidCredentialsError):
                run(pywinrm(server, password="wrong"), "whoami")
        with pytest.raises(InvalidCredentialsError):
            run(pywinrm(server), "whoami")
        assert [credential.counted for credential in logons.credentials] == [3, 0, 0]

    def test_an_account_without_rights_gets_access_denied(self, server: WinrmServer) -> None:
        with pytest.raises(WSManFaultError) as caught:
            run(pywinrm(server, VISITOR), "whoami")
        assert caught.value.wsman_fault_code == 5

    def test_identify_needs_no_logon(self, server: WinrmServer) -> None:
        body = (
            b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><Identify/></s:Body></s:Envelope>'
        )
        response = post(server, body, {"WSMANIDENTIFY": "unauthenticated"})
        assert response.status == 200
        assert b"ProductVendor" in response.read()

    @pytest.mark.parametrize("value", ["Negotiate", "Negotiate !!", "Negotiate TlRMTVNTUAAD", "Basic eA==", "Bearer x"])
    def test_nonsense_for_a_logon_is_a_401(self, server: WinrmServer, value: str) -> None:
        assert post(server, b"", {"Authorization": value}).status == 401


class TestShell:
    def test_stdin_arrives_whole_after_its_end(self, server: WinrmServer) -> None:
        protocol = pywinrm(server)
        shell = protocol.open_shell()
        command = protocol.run_command(shell, "more", console_mode_stdin=False)
        protocol.send_command_input(shell, command, b"one ")
        protocol.send_command_input(shell, command, b"two", end=True)
        assert protocol.get_command_output(shell, command) == (b"one two", b"", 0)
        with pytest.raises(WSManFaultError) as caught:
            protocol.send_command_input(shell, command, b"three")
        assert caught.value.wsman_fault_code == wsman.BROKEN_PIPE

    def test_output_comes_in_pieces(self, server: WinrmServer) -> None:
        protocol = pywinrm(server)
        shell = protocol.open_shell()
        command = protocol.run_command(shell, "more", console_mode_stdin=False)
        protocol.send_command_input(shell, command, bytes(range(250)) * 10, end=True)
        pieces = []
        is_done = False
        while not is_done:
            out, _, _, is_done = protocol.get_command_output_raw(shell, command)
            pieces.append(out)
        assert [len(piece) for piece in pieces] == [1000, 1000, 500]
        assert b"".join(pieces) == bytes(range(250)) * 10

    def test_silence_is_an_operation_timeout(self, server: WinrmServer, node: PracticeNode) -> None:
        protocol = pywinrm(server)
        shell = protocol.open_shell()
        command = protocol.run_command(shell, "wait")
        protocol.operation_timeout_sec = 0
        with pytest.raises(WinRMOperationTimeoutError):
            protocol.get_command_output_raw(shell, command)
        protocol.cleanup_command(shell, command)
        assert node.stopped.wait(20)

    def test_deleting_a_shell_ends_what_runs_in_it(self, server: WinrmServer, node: PracticeNode) -> None:
        protocol = pywinrm(server)
        shell = protocol.open_shell()
        protocol.run_command(shell, "wait")
        protocol.close_shell(shell)
        assert node.stopped.wait(20)
        assert len(server.shells) == 0

    def test_text_in_utf_16_arrives_as_it_is(self, server: WinrmServer) -> None:
        assert run(pywinrm(server), "echo", "ä")[0].decode("utf-16") == "ä"

    def test_exit_codes_and_unknown_commands(self, server: WinrmServer) -> None:
        assert run(pywinrm(server), "exit", "7") == (b"", b"", 7)
        assert run(pywinrm(server), "nonsense")[2] == 1

    def test_a_command_line_is_refused_where_cmd_refuses_it(self, server: WinrmServer, node: PracticeNode) -> None:
        fits = "x" * (8191 - len("echo "))
        assert run(pywinrm(server), "echo", fits)[0].decode("utf-16") == fits
        assert run(pywinrm(server), "echo", fits + "x") == (b"", b"The command line is too long.\r\n", 1)
        assert len(node.commands) == 1

    def test_without_cmd_a_command_line_may_be_longer(self, server: WinrmServer) -> None:
        protocol = pywinrm(server)
        shell = protocol.open_shell()
        command = protocol.run_command(shell, "echo", ["x" * 9000], skip_cmd_shell=True)
        assert protocol.get_command_output(shell, command)[2] == 0

    def test_too_many_shells_are_refused(self, server: WinrmServer) -> None:
        protocol = pywinrm(server)
        shells = [protocol.open_shell() for _ in range(3)]
        with pytest.raises(WSManFaultError) as caught:
            protocol.open_shell()
        assert caught.value.wsman_fault_code == wsman.TOO_MANY_SHELLS
        protocol.close_shell(shells[0], close_session=False)
        protocol.open_shell()

    def test_the_policy_against_shells(self, server: WinrmServer, node: PracticeNode) -> None:
        node.shells_allowed = False
        with pytest.raises(WSManFaultError) as caught:
            pywinrm(server).open_shell()
        assert caught.value.wsman_fault_code == wsman.SHELLS_NOT_ALLOWED

    def test_an_idle_shell_times_out_by_the_estates_clock(self, server: WinrmServer, clock: ManualClock) -> None:
        protocol = pywinrm(server)
        shell = protocol.open_shell()
        clock.advance(179)
        protocol.run_command(shell, "whoami")
        clock.advance(181)
        with pytest.raises(WSManFaultError) as caught:
            protocol.run_command(shell, "whoami")
        assert caught.value.wsman_fault_code == wsman.SHELL_NOT_FOUND

    def test_a_shell_with_a_running_command_is_not_idle(
        self, server: WinrmServer, clock: ManualClock, node: PracticeNode
    ) -> None:
        protocol = pywinrm(server)
        shell = protocol.open_shell()
        protocol.run_command(shell, "wait")
        clock.advance(1000)
        assert run(pywinrm(server), "whoami")[2] == 0
        assert not node.stopped.is_set()
        protocol.close_shell(shell)

    def test_the_first_powershell_of_a_shell_writes_progress_to_stderr(
        self, node: PracticeNode, logons: Logons
    ) -> None:
        server = WinrmServer(node, logons, progress_noise=True)
        protocol = pywinrm(server)
        shell = protocol.open_shell()
        first, second = (
            protocol.get_command_output(shell, protocol.run_command(shell, "powershell", ["-Version"]))
            for _ in range(2)
        )
        assert b'S="progress"' in first[1]
        assert second[1] == b""
        server.close()

    def test_a_fault_of_the_backend_is_an_error_of_the_command(self, server: WinrmServer) -> None:
        _, stderr, code = run(pywinrm(server), "fail")
        assert (code, b"RuntimeError" in stderr) == (1, True)


class TestMessages:
    @pytest.mark.parametrize(
        "body",
        [
            b"<oops",
            b"",
            b"<a/>",
            b"\xff\xfe",
            b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>",
            b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header/></s:Envelope>',
        ],
    )
    def test_what_is_no_envelope_is_a_fault(self, body: bytes) -> None:
        with pytest.raises(wsman.Fault) as caught:
            wsman.read_request(body)
        assert caught.value.code == wsman.SCHEMA_VALIDATION

    @given(st.binary(max_size=400))
    @settings(max_examples=200)
    def test_no_bytes_bring_the_reader_down(self, body: bytes) -> None:
        with pytest.raises(wsman.Fault):
            wsman.read_request(body)

    def test_malformed_xml_is_answered_with_a_fault(self, tls: WinrmServer, certificates: Certificates) -> None:
        status, answer = post_as_admin(tls, b"<s:Envelope", certificates.ca_file)
        assert status == 500
        assert f'Code="{wsman.SCHEMA_VALIDATION}"'.encode() in answer

    def test_an_unknown_action_is_a_fault(self, server: WinrmServer) -> None:
        protocol = pywinrm(server)
        header = protocol.build_wsman_header(f"{wsman.SHELL}/Dance", f"{wsman.SHELL}/cmd", protocol.open_shell())
        import xmltodict  # type: ignore[import-untyped]

        with pytest.raises(WSManFaultError) as caught:
            protocol.send_message(xmltodict.unparse({"env:Envelope": {**header, "env:Body": {}}}))
        assert caught.value.wsman_fault_code == wsman.ACTION_NOT_SUPPORTED

    def test_an_envelope_over_500_kilobytes_is_refused(self, server: WinrmServer) -> None:
        protocol = pywinrm(server)
        shell = protocol.open_shell()
        command = protocol.run_command(shell, "more", console_mode_stdin=False)
        with pytest.raises(WinRMTransportError) as caught:
            protocol.send_command_input(shell, command, b"x" * 400_000)
        assert caught.value.code == 413

    def test_an_altered_message_is_refused(self, server: WinrmServer) -> None:
        protocol = pywinrm(server)
        protocol.open_shell()
        transport = protocol.transport
        prepared = transport.encryption.prepare_encrypted_request(transport.session, transport.endpoint, b"<x/>")
        prepared.body = prepared.body.replace(b"octet-stream\r\n\x10\0\0\0\x01", b"octet-stream\r\n\x10\0\0\0\x02")
        assert transport.session.send(prepared).status_code == 400

    @pytest.mark.parametrize(("length", "status"), [("-1", 400), ("x", 400), ("99999999", 413)])
    def test_odd_lengths_are_refused(self, server: WinrmServer, length: str, status: int) -> None:
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(f"POST /wsman HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode())
            assert connection.recv(100).startswith(f"HTTP/1.1 {status} ".encode())

    def test_other_paths_do_not_exist(self, server: WinrmServer) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        connection.request("POST", "/", b"")
        assert connection.getresponse().status == 404


class TestRestart:
    def test_a_cut_ends_connections_shells_and_commands_and_refuses_new_ones(
        self, server: WinrmServer, node: PracticeNode
    ) -> None:
        protocol = pywinrm(server)
        protocol.run_command(protocol.open_shell(), "wait")
        idle = socket.create_connection(("127.0.0.1", server.port))
        server.cut()
        assert node.stopped.wait(20)
        assert is_over(idle)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", server.port))
        assert len(server.shells) == 0

    def test_it_comes_back_on_the_same_port(self, server: WinrmServer) -> None:
        port = server.port
        for _ in range(3):
            server.cut()
            server.accept()
        assert server.port == port
        assert run(pywinrm(server), "whoami")[2] == 0

    def test_a_silent_service_accepts_and_says_nothing(self, server: WinrmServer) -> None:
        server.silent = True
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(b"POST /wsman HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
            connection.settimeout(0.05)
            with pytest.raises(TimeoutError):
                connection.recv(1)

    def test_closing_ends_its_threads(self, node: PracticeNode, logons: Logons) -> None:
        before = set(threading.enumerate())
        server = WinrmServer(node, logons)
        assert run(pywinrm(server), "whoami")[2] == 0
        server.close()
        server.close()
        for thread in set(threading.enumerate()) - before:
            thread.join(20)
        assert set(threading.enumerate()) <= before
