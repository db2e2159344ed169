"""Our end of WinRM against the practice node, over real sockets."""

from __future__ import annotations

import base64
import socket
import threading

import pytest

from tests.remote.targets import CANARY, FACTS, HOST, at, counted, login, opened
from tests.winrm_nodes import (
    ADMIN,
    ADMIN_UPN,
    VISITOR,
    Certificates,
    PracticeNode,
)
from vmm_wizard.lab.logons import Logons
from vmm_wizard.lab.winrm_server import CommandResult, WinrmServer
from vmm_wizard.lab.wsman_messages import clixml_errors, clixml_progress
from vmm_wizard.plan.model import Authentication, WinrmTransport
from vmm_wizard.plan.secrets import Secret
from vmm_wizard.remote import bootstrap, errors
from vmm_wizard.remote.session import Script, Target, deadline_in


class Tap:
    """Passes bytes on to a server and keeps what the client said; ends a connection on which `cut_on` was said."""

    def __init__(self, port: int, cut_on: bytes = b"") -> None:
        self.said = bytearray()
        self.connections = 0
        self._cut_on = cut_on
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            upstream = socket.create_connection(("127.0.0.1", self._port))
            threading.Thread(target=self._pass, args=(client, upstream, self.said), daemon=True).start()
            threading.Thread(target=self._pass, args=(upstream, client, bytearray()), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, kept: bytearray) -> None:
        try:
            while data := source.recv(65536):
                kept += data
                if self._cut_on and self._cut_on in kept:
                    source.shutdown(socket.SHUT_RDWR)
                    break
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self) -> None:
        self._listener.close()


class TestRun:
    def test_gives_back_the_object_of_a_script(self, server: WinrmServer) -> None:
        with opened(at(server)) as session:
            assert session.run(FACTS, {"Name": "größe 😀"}, deadline=deadline_in(20)) == {"name": "größe 😀"}

    def test_an_object_as_json_text_is_the_object_too(self, server: WinrmServer, node: PracticeNode) -> None:
        node.scripts["facts"] = lambda _request, _session: {"result": '{"written":true}'}
        with opened(at(server)) as session:
            assert session.run(FACTS, {}, deadline=deadline_in(20)) == {"written": True}

    def test_one_shell_and_one_logon_serve_many_runs(
        self, server: WinrmServer, node: PracticeNode, logons: Logons
    ) -> None:
        with opened(at(server)) as session:
            for number in range(5):
                assert session.run(FACTS, {"Name": str(number)}, deadline=deadline_in(20)) == {"name": str(number)}
            assert len(server.shells) == 1
        assert len(node.runs) == 5
        credential = logons.find(ADMIN)
        assert credential is not None
        assert credential.last_via == ["winrm"]

    def test_a_user_principal_name_logs_on_as_well(self, server: WinrmServer) -> None:
        with opened(at(server), login(ADMIN_UPN)) as session:
            assert session.run(FACTS, {"Name": "x"}, deadline=deadline_in(20)) == {"name": "x"}

    def test_secrets_reach_the_script_and_nothing_else(self, server: WinrmServer, node: PracticeNode) -> None:
        tap = Tap(server.port)
        with opened(at(server, port=tap.port)) as session:
            session.run(FACTS, {"Name": "x"}, [Secret(CANARY)], deadline=deadline_in(20))
        tap.close()
        assert node.runs[0].secrets == (Secret(CANARY),)
        assert CANARY not in " ".join(node.commands)
        for form in (CANARY.encode(), base64.b64encode(CANARY.encode()), CANARY.encode("utf-16-le"), b"param("):
            assert form not in tap.said

    def test_much_input_is_split_below_the_envelope_limit(self, server: WinrmServer, node: PracticeNode) -> None:
        big = Script("facts", "#" + "x" * 700_000)
        with opened(at(server)) as session:
            session.run(big, {"Name": "x"}, deadline=deadline_in(30))
        assert node.runs[0].text == big.text

    def test_much_output_is_put_together(self, server: WinrmServer) -> None:
        with opened(at(server)) as session:
            long = "y" * 200_000
            assert session.run(FACTS, {"Name": long}, deadline=deadline_in(30)) == {"name": long}

    def test_noise_around_the_answer_does_not_matter(self, server: WinrmServer, node: PracticeNode) -> None:
        answer = bootstrap.write_answer({"result": {"ok": True}})
        noisy = b"WARNING: hello\r\n{}\r\n" + answer + b"bye\r\n"
        node.scripts["facts"] = lambda _request, _session: CommandResult(noisy, clixml_progress(), 0)
        with opened(at(server)) as session:
            assert session.run(FACTS, {}, deadline=deadline_in(20)) == {"ok": True}

    def test_an_answer_in_utf_16_is_read(self, server: WinrmServer, node: PracticeNode) -> None:
        answer = bootstrap.write_answer({"result": {"ok": True}}).decode().encode("utf-16")
        node.scripts["facts"] = lambda _request, _session: CommandResult(answer)
        with opened(at(server)) as session:
            assert session.run(FACTS, {}, deadline=deadline_in(20)) == {"ok": True}

    def test_a_failing_script_says_its_message_and_line_and_the_session_goes_on(
        self, server: WinrmServer, node: PracticeNode
    ) -> None:
        node.scripts["broken"] = lambda _request, _session: {
            "error": {"message": f"no such folder\r\n{CANARY}", "type": "System.IO.IOException", "line": 3}
        }
        with opened(at(server)) as session:
            with pytest.raises(errors.ScriptFailed) as caught:
                session.run(Script("broken", ""), {}, [Secret(CANARY)], deadline=deadline_in(20))
            assert caught.value.line == 3
            assert caught.value.message == "no such folder ***"
            assert str(caught.value).startswith(f"{HOST}:5985: broken, line 3: ")
            assert session.run(FACTS, {"Name": "x"}, deadline=deadline_in(20)) == {"name": "x"}

    def test_a_restricted_language_mode_is_named(self, server: WinrmServer, node: PracticeNode) -> None:
        said = b'{"languageMode":"ConstrainedLanguage"}\r\n'
        node.scripts["facts"] = lambda _request, _session: CommandResult(said, exit_code=3)
        with opened(at(server)) as session, pytest.raises(errors.LanguageModeRefused, match="ConstrainedLanguage"):
            session.run(FACTS, {}, deadline=deadline_in(20))

    @pytest.mark.parametrize(
        ("result", "said"),
        [
            (CommandResult(b"", clixml_progress() + clixml_errors("it broke"), 1), "it broke"),
            (CommandResult(b"", b"'powershell.exe' is not recognized\r\n", 1), "is not recognized"),
            (CommandResult(b"\r\n<<<vmm-wizard answer\r\n{oops\r\nvmm-wizard answer>>>\r\n"), "facts"),
            (CommandResult(bootstrap.write_answer({"result": [1, 2]})), "no object"),
            (CommandResult(bootstrap.write_answer({"result": "[1, 2]"})), "not a JSON object"),
            (CommandResult(), "nothing"),
        ],
    )
    def test_anything_else_is_an_unreadable_answer(
        self, server: WinrmServer, node: PracticeNode, result: CommandResult, said: str
    ) -> None:
        node.scripts["facts"] = lambda _request, _session: result
        with opened(at(server)) as session, pytest.raises(errors.AnswerUnreadable, match=said):
            session.run(FACTS, {}, deadline=deadline_in(20))


class TestLogon:
    @pytest.mark.parametrize("encrypted", [False, True], ids=["http", "https"])
    def test_a_wrong_password_is_one_bad_logon(
        self, node: PracticeNode, logons: Logons, certificates: Certificates, encrypted: bool
    ) -> None:
        context = certificates.context(HOST)[0] if encrypted else None
        transport = WinrmTransport.HTTPS if encrypted else WinrmTransport.HTTP
        server = WinrmServer(node, logons, context)
        with pytest.raises(errors.LogonRefused) as caught:
            opened(at(server, transport=transport, ca_file=certificates.ca_file), login(password=CANARY))
        server.close()
        assert counted(logons) == 1
        assert ADMIN in str(caught.value)
        assert CANARY not in repr(caught.value)

    def test_a_connection_lost_during_the_proof_is_not_made_again(self, server: WinrmServer, logons: Logons) -> None:
        proof = base64.b64encode(b"NTLMSSP\0\x03")[:14]
        tap = Tap(server.port, cut_on=proof)
        with pytest.raises(errors.NodeUnreachable, match="lost"):
            opened(at(server, port=tap.port), login(password=CANARY))
        tap.close()
        assert tap.connections == 1
        assert tap.said.count(proof) == 1
        assert counted(logons) == 0

    def test_an_unknown_account_is_refused_once(self, server: WinrmServer, logons: Logons) -> None:
        with pytest.raises(errors.LogonRefused):
            opened(at(server), login("CONTOSO\\nobody"))
        assert logons.unknown_logons == {"CONTOSO\\nobody": 1}

    def test_a_disabled_account_is_refused_without_a_count(self, server: WinrmServer, logons: Logons) -> None:
        with pytest.raises(errors.LogonRefused):
            opened(at(server), login("CONTOSO\\gone"))
        assert counted(logons, "CONTOSO\\gone") == 0

    def test_an_account_without_rights_is_told_from_a_wrong_password(self, server: WinrmServer, logons: Logons) -> None:
        with pytest.raises(errors.AccessDenied, match="visitor"):
            opened(at(server), login(VISITOR))
        assert counted(logons, VISITOR) == 0

    def test_kerberos_without_the_extra_says_so_and_asks_nobody(self, server: WinrmServer) -> None:
        pytest.importorskip("winrm")
        try:
            import winrm.vendor.requests_kerberos  # noqa: F401
        except ImportError:
            with pytest.raises(errors.LogonNotOffered, match="kerberos"):
                opened(at(server, authentication=Authentication.KERBEROS))
            assert server.requests == 0
        else:
            pytest.skip("the Kerberos extra is installed")

    def test_a_server_that_only_wants_basic_never_sees_the_password(self) -> None:
        answer = b'HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm="WSMAN"\r\nContent-Length: 0\r\n\r\n'
        port, said = answering(answer)
        with pytest.raises(errors.LogonNotOffered):
            opened(Target(HOST, "127.0.0.1", port), login(password=CANARY))
        assert base64.b64encode(f"{ADMIN}:{CANARY}".encode()) not in said
        assert b"authorization" not in said.lower()

    def test_a_redirect_is_not_followed(self) -> None:
        port, said = answering(b"HTTP/1.1 302 Go\r\nLocation: http://127.0.0.1:1/wsman\r\nContent-Length: 0\r\n\r\n")
        with pytest.raises(errors.AnswerUnreadable):
            opened(Target(HOST, "127.0.0.1", port))
        assert said.count(b"POST") == 1


def answering(answer: bytes) -> tuple[int, bytearray]:
    """(port, what was said) of a server that gives every request the same answer."""
    listener = socket.create_server(("127.0.0.1", 0))
    said = bytearray()

    def serve() -> None:
        client, _ = listener.accept()
        with client, listener:
            while data := client.recv(65536):
                said.extend(data)
                client.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    return listener.getsockname()[1], said


class TestShell:
    def test_a_full_quota_is_a_refused_shell(self, node: PracticeNode, logons: Logons) -> None:
        server = WinrmServer(node, logons, max_shells=1)
        first = opened(at(server))
        with pytest.raises(errors.ShellRefused, match="quota"):
            opened(at(server))
        first.close()
        opened(at(server)).close()
        server.close()

    def test_closing_leaves_no_shell_behind(self, server: WinrmServer) -> None:
        session = opened(at(server))
        assert len(server.shells) == 1
        session.close()
        session.close()
        assert len(server.shells) == 0
        with pytest.raises(errors.NodeUnreachable, match="closed"):
            session.run(FACTS, {}, deadline=deadline_in(5))
