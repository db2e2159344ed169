"""A node that answers without an end, or with nonsense, is given up; the wizard lives on."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from typing import Any

import pytest

from tests.remote.targets import FACTS, HOST, at, opened
from tests.winrm_nodes import PracticeNode
from vmm_wizard.lab.winrm_server import CommandResult, WinrmServer
from vmm_wizard.plan.names import AccountName
from vmm_wizard.plan.secrets import Secret
from vmm_wizard.remote import bootstrap, connection, errors, winrs
from vmm_wizard.remote.session import Target, deadline_in
from vmm_wizard.remote.task import RemoteTask
from vmm_wizard.remote.task_run import PublicKey, TaskStatus, UnreadableAnswer, encrypt_secrets, read_status

PLACE = f"{HOST}:5985"


def test_a_script_that_writes_without_an_end_is_given_up(
    server: WinrmServer, node: PracticeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(winrs, "MOST_OUTPUT", 2**20)
    node.scripts["facts"] = lambda _request, _session: CommandResult(b"x" * (2**20 + 1))
    with opened(at(server)) as opened_session, pytest.raises(errors.AnswerUnreadable, match="more than 1 MiB"):
        opened_session.run(FACTS, {}, deadline=deadline_in(60))


def test_a_message_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MOST_BODY", 2**20)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        client, _ = listener.accept()
        with client, listener, contextlib.suppress(OSError):
            client.recv(65536)
            client.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                client.sendall(b"10000\r\n" + b" " * 0x10000 + b"\r\n")

    threading.Thread(target=serve, daemon=True).start()
    with pytest.raises(errors.AnswerUnreadable, match="more than 1 MiB"):
        opened(Target(HOST, "127.0.0.1", listener.getsockname()[1]))


def test_an_answer_nested_without_an_end_cannot_be_read(server: WinrmServer, node: PracticeNode) -> None:
    deep = "[" * 200_000
    said = f"\r\n{bootstrap.BEGIN}\r\n{deep}\r\n{bootstrap.END}\r\n".encode()
    node.scripts["facts"] = lambda _request, _session: CommandResult(said)
    with opened(at(server)) as opened_session, pytest.raises(errors.AnswerUnreadable, match="nested too deeply"):
        opened_session.run(FACTS, {}, deadline=deadline_in(60))


def a_status(**changes: object) -> dict[str, Any]:
    """What run-status.ps1 answers of a run that waits for its passwords."""
    good: dict[str, Any] = {
        "folder_exists": True,
        "task_state": "Running",
        "task_result": "0x00041301",
        "language_mode": "",
        "public_key": json.dumps({"modulus": "AQAB", "exponent": "AQAB"}),
        "secrets_waiting": False,
        "begun": "",
        "result": "",
        "report": "",
        "watch": "",
        "log_exists": False,
        "log_length": 0,
        "log_bytes": "",
        "setup_processes": [],
    }
    return good | changes


class TestRun:
    def task(self, server: WinrmServer) -> RemoteTask:
        return RemoteTask(
            lambda deadline, _cancel: opened(at(server)), PLACE, "run-1", AccountName.parse("CONTOSO\\vmm-setup")
        )

    @pytest.mark.parametrize(
        "answer",
        [{}, a_status(task_result="soon"), a_status(log_bytes="?"), a_status(result="[" * 200_000)],
        ids=["nothing", "no number", "no base64", "too deep"],
    )
    def test_a_status_that_makes_no_sense_is_an_error_of_the_node(
        self, server: WinrmServer, node: PracticeNode, answer: dict[str, Any]
    ) -> None:
        node.scripts["run-status"] = lambda _request, _session: {"result": answer}
        task = self.task(server)
        with pytest.raises(errors.AnswerUnreadable, match=PLACE):
            task.status()
        task.close()

    def test_passwords_are_not_encrypted_to_a_key_that_anybody_can_break(
        self, server: WinrmServer, node: PracticeNode
    ) -> None:
        status: TaskStatus = read_status(a_status())
        task = self.task(server)
        with pytest.raises(errors.AnswerUnreadable, match="public key"):
            task.send_secrets((Secret("canary"),), status)
        assert node.runs == []
        task.close()


@pytest.mark.parametrize("key", [PublicKey(0, 65537), PublicKey(2**1023 + 1, 65537), PublicKey(2**4095 + 1, 1)])
def test_a_key_that_is_none_of_the_wrappers_is_refused(key: PublicKey) -> None:
    with pytest.raises(UnreadableAnswer):
        encrypt_secrets((Secret("canary"),), key)
