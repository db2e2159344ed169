"""PowerShell remoting against the practice node, over real sockets: where WinRS is refused, the same scripts run."""

from __future__ import annotations

import base64
import logging
import threading

import pytest

from tests.remote.targets import CANARY, FACTS, HOST, at, counted, login, opened
from tests.winrm_nodes import ADMIN, VISITOR, Certificates, PracticeNode, wait_forever
from vmm_wizard.lab.logons import Logons
from vmm_wizard.lab.winrm_server import CommandResult, WinrmServer
from vmm_wizard.plan.model import WinrmTransport
from vmm_wizard.plan.secrets import Secret
from vmm_wizard.remote import errors
from vmm_wizard.remote.session import Script, deadline_in

PLACE = "vmm01.contoso.lab:5985"


@pytest.fixture
def node() -> PracticeNode:
    """A node whose policy forbids WinRS shells."""
    node = PracticeNode(shells_allowed=False)
    node.scripts["facts"] = lambda request, _session: {"result": {"name": request.parameters["Name"]}}
    return node


class TestRun:
    def test_gives_back_the_object_of_a_script(self, server: WinrmServer) -> None:
        with opened(at(server)) as session:
            assert session.run(FACTS, {"Name": "größe 😀"}, deadline=deadline_in(20)) == {"name": "größe 😀"}

    def test_one_logon_serves_the_refused_shell_the_runspace_and_many_runs(
        self, server: WinrmServer, node: PracticeNode, logons: Logons
    ) -> None:
        with opened(at(server)) as session:
            for number in range(3):
                assert session.run(FACTS, {"Name": str(number)}, deadline=deadline_in(20)) == {"name": str(number)}
            assert len(server.shells) == 1
        assert len(server.shells) == 0
        assert len(node.runs) == 3
        credential = logons.find(ADMIN)
        assert credential is not None
        assert credential.last_via == ["winrm"]

    def test_over_https_it_is_the_same(self, node: PracticeNode, logons: Logons, certificates: Certificates) -> None:
        context, _ = certificates.context(HOST)
        server = WinrmServer(node, logons, context, name="VMM01")
        target = at(server, transport=WinrmTransport.HTTPS, ca_file=certificates.ca_file)
        with opened(target) as session:
            assert session.run(FACTS, {"Name": "x"}, deadline=deadline_in(20)) == {"name": "x"}
        server.close()

    def test_secrets_reach_the_script_and_are_encrypted_inside_of_the_messages_too(
        self, server: WinrmServer, node: PracticeNode, caplog: pytest.LogCaptureFixture
    ) -> None:
        # Both ends of PSRP log their messages as they are before the connection encrypts them.
        caplog.set_level(logging.DEBUG)
        with opened(at(server)) as session:
            session.run(FACTS, {"Name": "x"}, [Secret(CANARY), Secret("größe")], deadline=deadline_in(20))
        assert node.runs[0].secrets == (Secret(CANARY), Secret("größe"))
        assert CANARY not in " ".join(node.commands)
        assert "<SS N=" in caplog.text
        for form in (CANARY, base64.b64encode(CANARY.encode()).decode(), CANARY.encode("utf-16-le").hex()):
            assert form not in caplog.text

    def test_much_input_and_much_output_go_in_fragments(self, server: WinrmServer, node: PracticeNode) -> None:
        big, long = Script("facts", "#" + "x" * 700_000), "y" * 200_000
        with opened(at(server)) as session:
            assert session.run(big, {"Name": long}, deadline=deadline_in(30)) == {"name": long}
        assert node.runs[0].text == big.text

    def test_a_silent_script_is_waited_for(self, server: WinrmServer, node: PracticeNode) -> None:
        go = threading.Event()

        def slow(_request: object, _session: object) -> dict[str, object]:
            assert go.wait(20)
            return {"result": {"slow": True}}

        node.scripts["facts"] = slow  # type: ignore[assignment]
        with opened(at(server)) as session:
            threading.Timer(1.5, go.set).start()
            assert session.run(FACTS, {}, deadline=deadline_in(20)) == {"slow": True}


class TestEndings:
    def test_a_script_that_fails_says_where(self, server: WinrmServer, node: PracticeNode) -> None:
        node.scripts["facts"] = lambda *_: {"error": {"message": f"no {CANARY}", "type": "X", "line": 7}}
        with opened(at(server)) as session, pytest.raises(errors.ScriptFailed, match=r"facts, line 7: no \*\*\*"):
            session.run(FACTS, {}, [Secret(CANARY)], deadline=deadline_in(20))

    def test_what_the_bootstrap_could_not_run_is_said_by_its_errors(
        self, server: WinrmServer, node: PracticeNode
    ) -> None:
        node.scripts["facts"] = lambda *_: CommandResult(b"", b"something is missing", 1)
        with opened(at(server)) as session, pytest.raises(errors.AnswerUnreadable, match="something is missing"):
            session.run(FACTS, {}, deadline=deadline_in(20))

    def test_a_deadline_ends_a_script_on_the_node(self, server: WinrmServer, node: PracticeNode) -> None:
        node.scripts["facts"] = wait_forever(node)
        session = opened(at(server))
        with pytest.raises(errors.DeadlinePassed):
            session.run(FACTS, {}, deadline=deadline_in(0.5))
        session.close()
        assert node.stopped.wait(10)

    def test_a_cancel_ends_a_script_on_the_node(self, server: WinrmServer, node: PracticeNode) -> None:
        node.scripts["facts"] = wait_forever(node)
        cancel = threading.Event()
        threading.Thread(target=lambda: node.started.wait(20) and cancel.set(), daemon=True).start()
        with opened(at(server)) as session, pytest.raises(errors.Cancelled):
            session.run(FACTS, {}, deadline=deadline_in(30), cancel=cancel)
        assert node.stopped.wait(10)

    def test_a_restart_of_the_service_loses_the_runspace(self, server: WinrmServer, node: PracticeNode) -> None:
        node.scripts["facts"] = wait_forever(node)
        session = opened(at(server))
        threading.Thread(target=lambda: node.started.wait(20) and server.cut(), daemon=True).start()
        with pytest.raises(errors.NodeUnreachable):
            session.run(FACTS, {}, deadline=deadline_in(30))
        assert session.closed


class TestRefusals:
    def test_a_wrong_password_is_tried_once(self, server: WinrmServer, logons: Logons) -> None:
        with pytest.raises(errors.LogonRefused):
            opened(at(server), login(password="wrong"))
        assert counted(logons) == 1

    def test_an_account_without_rights_is_denied(self, server: WinrmServer, logons: Logons) -> None:
        with pytest.raises(errors.AccessDenied):
            opened(at(server), login(VISITOR))
        assert counted(logons, VISITOR) == 0

    def test_where_remoting_is_closed_as_well_one_sentence_says_both(
        self, server: WinrmServer, node: PracticeNode
    ) -> None:
        node.runspaces_allowed = False
        with pytest.raises(errors.ShellRefused) as refused:
            opened(at(server))
        assert str(refused.value) == (
            f"{PLACE} opened no remote shell: the policy AllowRemoteShellAccess forbids WinRS shells, and PowerShell "
            "remoting, by its endpoint Microsoft.PowerShell, denies access to CONTOSO\\vmm-setup "
            "(Get-PSSessionConfiguration -Name Microsoft.PowerShell shows to whom it is open): ask whoever keeps the "
            "node's policy for Windows Remote Shell, or its remoting endpoints"
        )

    @pytest.mark.parametrize(
        ("mode", "says"),
        [
            ("ConstrainedLanguage", "a policy of application control does that"),
            ("NoLanguage", "Just Enough Administration: ask whoever registered it"),
            ("RestrictedLanguage", "the configuration of its PowerShell endpoint does that"),
        ],
    )
    def test_a_restricted_mode_says_which_what_does_it_and_whom_to_ask(
        self, server: WinrmServer, node: PracticeNode, mode: str, says: str
    ) -> None:
        node.mode = mode
        with opened(at(server)) as session:
            for _ in range(2):
                with pytest.raises(errors.LanguageModeRefused) as refused:
                    session.run(FACTS, {}, deadline=deadline_in(20))
                assert refused.value.mode == mode
                assert str(refused.value).startswith(f"PowerShell on {PLACE} runs in {mode}")
                assert says in str(refused.value)
                assert "ask whoever" in str(refused.value)
        assert node.runs == []
