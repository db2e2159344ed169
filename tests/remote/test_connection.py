"""Certificates, deadlines, cancels and lost connections of a session, over real sockets."""

from __future__ import annotations

import json
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator

import pytest

from tests.remote.targets import FACTS, HOST, at, login, opened
from tests.winrm_nodes import ADMIN, Certificates, PracticeNode, wait_forever
from vmm_wizard.lab.clock import ManualClock
from vmm_wizard.lab.logons import Logons
from vmm_wizard.lab.winrm_server import Shells, WinrmServer
from vmm_wizard.plan.model import WinrmTransport
from vmm_wizard.remote import errors
from vmm_wizard.remote.connection import ticket_is_for
from vmm_wizard.remote.session import Script, Session, Target, deadline_in


class TestCertificates:
    @pytest.fixture
    def serve(
        self, node: PracticeNode, logons: Logons, certificates: Certificates
    ) -> Iterator[Callable[[str], tuple[WinrmServer, str]]]:
        servers = []

        def start(host: str) -> tuple[WinrmServer, str]:
            context, fingerprint = certificates.context(host)
            server = WinrmServer(node, logons, context)
            servers.append(server)
            return server, fingerprint

        yield start
        for server in servers:
            server.close()

    def test_the_name_is_checked_though_the_socket_goes_to_an_address(
        self, serve: Callable[[str], tuple[WinrmServer, str]], certificates: Certificates
    ) -> None:
        server, _ = serve(HOST)
        with opened(at(server, transport=WinrmTransport.HTTPS, ca_file=certificates.ca_file)) as session:
            assert session.run(FACTS, {"Name": "x"}, deadline=deadline_in(20)) == {"name": "x"}

    @pytest.mark.parametrize("name", ["vmm02.contoso.lab", "127.0.0.1"])
    def test_a_certificate_for_another_name_is_refused_before_any_logon(
        self,
        serve: Callable[[str], tuple[WinrmServer, str]],
        certificates: Certificates,
        logons: Logons,
        name: str,
    ) -> None:
        server, _ = serve(name)
        with pytest.raises(errors.CertificateRefused, match=HOST):
            opened(at(server, transport=WinrmTransport.HTTPS, ca_file=certificates.ca_file))
        assert server.requests == 0

    def test_an_unknown_authority_is_refused_whatever_the_environment_says(
        self,
        serve: Callable[[str], tuple[WinrmServer, str]],
        certificates: Certificates,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        server, _ = serve(HOST)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", certificates.ca_file)
        monkeypatch.setenv("CURL_CA_BUNDLE", certificates.ca_file)
        with pytest.raises(errors.CertificateRefused):
            opened(at(server, transport=WinrmTransport.HTTPS))
        assert server.requests == 0

    def test_a_pinned_fingerprint_takes_the_place_of_chain_and_name(
        self, serve: Callable[[str], tuple[WinrmServer, str]]
    ) -> None:
        server, fingerprint = serve("old-name.example")
        with opened(at(server, transport=WinrmTransport.HTTPS, pinned_sha256=fingerprint)) as session:
            assert session.run(FACTS, {"Name": "x"}, deadline=deadline_in(20)) == {"name": "x"}

    def test_another_fingerprint_is_refused(self, serve: Callable[[str], tuple[WinrmServer, str]]) -> None:
        server, _ = serve(HOST)
        with pytest.raises(errors.CertificateRefused, match="fingerprint"):
            opened(at(server, transport=WinrmTransport.HTTPS, pinned_sha256="ab" * 32))
        assert server.requests == 0

    def test_a_port_without_tls_is_no_certificate_problem(self, server: WinrmServer) -> None:
        with pytest.raises(errors.NodeUnreachable):
            opened(at(server, transport=WinrmTransport.HTTPS))


class TestConnection:
    def test_a_closed_port_is_refused(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        with pytest.raises(errors.NodeUnreachable, match=rf"could not reach {HOST}:5985: refused"):
            opened(Target(HOST, "127.0.0.1", port, shown_port=5985))

    def test_a_silent_node_ends_at_the_deadline(self, server: WinrmServer) -> None:
        server.silent = True
        with pytest.raises(errors.DeadlinePassed, match="timed out"):
            Session.open(at(server), login(), deadline_in(0.2))

    def test_a_silent_tls_node_ends_at_the_deadline(
        self, node: PracticeNode, logons: Logons, certificates: Certificates
    ) -> None:
        server = WinrmServer(node, logons, certificates.context(HOST)[0])
        server.silent = True
        with pytest.raises(errors.DeadlinePassed):
            Session.open(at(server, transport=WinrmTransport.HTTPS), login(), deadline_in(0.2))
        server.close()

    def test_a_cancel_ends_the_wait_for_a_silent_node(self, server: WinrmServer) -> None:
        server.silent = True
        cancel = threading.Event()
        threading.Timer(0.1, cancel.set).start()
        with pytest.raises(errors.Cancelled):
            Session.open(at(server), login(), deadline_in(60), cancel)

    def test_a_proxy_in_the_environment_is_not_used(self, server: WinrmServer, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setitem(os.environ, name, "http://127.0.0.1:1")
        opened(at(server)).close()

    def test_a_restart_of_winrm_closes_the_session_and_spends_no_second_logon(
        self, server: WinrmServer, node: PracticeNode, logons: Logons
    ) -> None:
        node.scripts["long"] = wait_forever(node)
        session = opened(at(server))

        def restart() -> None:
            node.started.wait(20)
            server.cut()
            server.accept()

        cutter = threading.Thread(target=restart)
        cutter.start()
        # Whichever comes first: the connection's end, or an answer that knows no such shell any more.
        with pytest.raises(errors.NodeUnreachable, match=r"lost|shell is gone"):
            session.run(Script("long", ""), {}, deadline=deadline_in(20))
        cutter.join()
        assert session.closed
        credential = logons.find(ADMIN)
        assert credential is not None
        assert credential.last_via == ["winrm"]
        with opened(at(server)) as again:
            assert again.run(FACTS, {"Name": "x"}, deadline=deadline_in(20)) == {"name": "x"}

    def test_a_shell_that_idled_out_closes_the_session(self, server: WinrmServer) -> None:
        session = opened(at(server))
        server.shells.drop_all()
        with pytest.raises(errors.NodeUnreachable, match="shell is gone"):
            session.run(FACTS, {}, deadline=deadline_in(20))
        assert session.closed

    def test_a_cancelled_run_is_terminated_on_the_node_and_the_session_goes_on(
        self, server: WinrmServer, node: PracticeNode
    ) -> None:
        node.scripts["long"] = wait_forever(node)
        cancel = threading.Event()
        with opened(at(server)) as session:

            def stop() -> None:
                node.started.wait(20)
                cancel.set()

            threading.Thread(target=stop).start()
            with pytest.raises(errors.Cancelled):
                session.run(Script("long", ""), {}, deadline=deadline_in(60), cancel=cancel)
            assert node.stopped.wait(20)
            fresh = threading.Event()
            assert session.run(FACTS, {"Name": "x"}, deadline=deadline_in(20), cancel=fresh) == {"name": "x"}

    def test_a_run_ends_at_its_deadline(self, server: WinrmServer, node: PracticeNode) -> None:
        node.scripts["long"] = wait_forever(node)
        with opened(at(server)) as session:
            with pytest.raises(errors.DeadlinePassed):
                session.run(Script("long", ""), {}, deadline=deadline_in(0.3))
            assert node.stopped.wait(20)
        assert len(server.shells) == 0

    def test_sixteen_sessions_at_once(self, node: PracticeNode, logons: Logons) -> None:
        shells = Shells(node, ManualClock())
        servers = [WinrmServer(node, logons, shells=shells) for _ in range(4)]
        results: list[object] = []

        def work(number: int) -> None:
            with opened(at(servers[number % 4])) as session:
                results.append(session.run(FACTS, {"Name": str(number)}, deadline=deadline_in(60)))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for server in servers:
            server.close()
        assert sorted(json.dumps(result) for result in results) == sorted(
            json.dumps({"name": str(number)}) for number in range(16)
        )


def test_over_http_the_systems_authorities_are_not_read(server: WinrmServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """That takes three times as long as all the rest of a logon."""
    read: list[object] = []
    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", lambda *_: read.append(1))
    opened(at(server)).close()
    assert read == []


@pytest.mark.parametrize(
    ("principal", "account", "fits"),
    [
        ("vmm-setup@CONTOSO.LAB", ADMIN, True),
        ("vmm-setup@CONTOSO.LAB", "VMM-Setup@contoso.lab", True),
        ("vmm-setup@CONTOSO.LAB", "contoso.lab\\vmm-setup", True),
        ("other@CONTOSO.LAB", ADMIN, False),
        ("vmm-setup@FABRIKAM.LAB", ADMIN, False),
        ("vmm-setup@FABRIKAM.LAB", "vmm-setup@contoso.lab", False),
    ],
)
def test_a_ticket_is_used_for_its_own_account_only(principal: str, account: str, fits: bool) -> None:
    assert ticket_is_for(principal, account) is fits
