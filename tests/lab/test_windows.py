"""What command lines find on a simulated node: our scripts by their whole text, a few greetings, nothing else."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.powershell import answer_keys, parse
from vmm_wizard.lab.clock import ManualClock
from vmm_wizard.lab.estate import Estate
from vmm_wizard.lab.logons import Credential
from vmm_wizard.lab.node import Node
from vmm_wizard.lab.winrm_shells import CommandResult, ShellSession
from vmm_wizard.plan.secrets import Secret
from vmm_wizard.remote import bootstrap
from vmm_wizard.remote.bootstrap import JSON, Script, load_script

ADMIN = "CONTOSO\\vmm-setup"
FACTS_PARAMETERS: dict[str, JSON] = {
    "SqlHost": "sql01.contoso.lab",
    "SqlInstance": "",
    "SqlPort": 0,
    "MediaPath": r"C:\VMM\Media",
    "ProgramFiles": r"C:\Program Files\Microsoft System Center\Virtual Machine Manager",
    "Ports": [8100, 8101, 8102, 8103, 443],
    "StaticAddresses": ["10.10.0.50", "10.20.0.50"],
    "FailurePatterns": ["FailureReason ="],
}


@pytest.fixture
def estate() -> Iterator[Estate]:
    estate = Estate(ManualClock())
    yield estate
    estate.close()


@pytest.fixture
def node(estate: Estate) -> Node:
    return estate.nodes["vmm01.contoso.lab"]


def credential(node: Node, account: str = ADMIN) -> Credential:
    found = node.logons.find(account)
    assert found is not None
    return found


def run(node: Node, *line: str, stdin: bytes = b"", account: str = ADMIN) -> CommandResult:
    session = ShellSession(credential(node, account))
    session.feed(stdin, True)
    return node.run(line[0], list(line[1:]), session)


def run_script(
    node: Node, script: Script, parameters: Mapping[str, JSON], secrets: tuple[Secret, ...] = ()
) -> CommandResult:
    stdin = bootstrap.write_stdin(script, parameters, secrets)
    return run(node, bootstrap.PROGRAM, *bootstrap.arguments(), stdin=stdin)


def answer(node: Node, name: str, parameters: Mapping[str, JSON], *secrets: str) -> dict[str, Any]:
    result = run_script(node, load_script(name), parameters, tuple(map(Secret, secrets)))
    document = bootstrap.read_answer(result.stdout)
    assert document is not None
    assert isinstance(document.get("result"), dict), document
    return document["result"]  # type: ignore[return-value]


def error(node: Node, name: str, parameters: Mapping[str, JSON]) -> str:
    document = bootstrap.read_answer(run_script(node, load_script(name), parameters).stdout)
    assert document is not None
    failure = document["error"]
    assert isinstance(failure, dict)
    return str(failure["message"])


# --- our own scripts


def test_a_script_of_ours_is_answered_from_the_nodes_state(node: Node) -> None:
    said = answer(node, "node-facts", FACTS_PARAMETERS)
    assert said["computer_name"] == "VMM01"
    assert said["user"] == ADMIN
    assert set(said) == answer_keys(parse(load_script("node-facts").text))


def test_a_script_with_one_changed_letter_is_refused(node: Node) -> None:
    real = load_script("node-facts")
    result = run_script(node, Script(real.name, real.text.replace("Stop", "stop", 1)), FACTS_PARAMETERS)
    assert bootstrap.read_answer(result.stdout) is None
    assert "knows no script" in bootstrap.error_text(result.stderr)
    assert result.exit_code == 1


@pytest.mark.parametrize("name", ["format-disk", "bootstrap", "wrapper", "../node-facts", ""])
def test_a_script_that_is_none_of_the_sessions_is_refused(node: Node, name: str) -> None:
    result = run_script(node, Script(name, load_script("node-facts").text), FACTS_PARAMETERS)
    assert bootstrap.read_answer(result.stdout) is None
    assert result.exit_code == 1


def test_stdin_that_is_no_request_is_refused(node: Node) -> None:
    result = run(node, bootstrap.PROGRAM, *bootstrap.arguments(), stdin=b"hello\n")
    assert result.exit_code == 1
    assert bootstrap.read_answer(result.stdout) is None


def test_a_parameter_that_the_script_does_not_declare_is_an_error(node: Node) -> None:
    assert error(node, "node-facts", {**FACTS_PARAMETERS, "Extra": 1}) == (
        "A parameter cannot be found that matches parameter name 'Extra'."
    )


def test_a_parameter_that_is_missing_is_an_error(node: Node) -> None:
    given = {name: value for name, value in FACTS_PARAMETERS.items() if name != "MediaPath"}
    assert error(node, "node-facts", given).endswith("missing mandatory parameters: MediaPath.")


def test_in_a_constrained_language_the_bootstrap_says_so_and_runs_nothing(node: Node) -> None:
    node.state.language_mode = "ConstrainedLanguage"
    result = run_script(node, load_script("node-facts"), FACTS_PARAMETERS)
    assert bootstrap.read_language_mode(result.stdout) == "ConstrainedLanguage"
    assert bootstrap.read_answer(result.stdout) is None
    assert result.exit_code == 3


def test_the_scripts_of_a_run_answer_with_the_keys_that_they_write(node: Node) -> None:
    password = credential(node).password
    content = base64.b64encode(b"not a job").decode()
    files: list[JSON] = [{"name": name, "content": content} for name in ("job.json", "wrapper.ps1")]
    status: dict[str, JSON] = {"RunId": "r1", "LogOffset": 0, "LogLimit": 10, "Log": "setup"}
    said = {
        "stage-run": answer(node, "stage-run", {"RunId": "r1", "Account": ADMIN, "Files": files}),
        "start-task": answer(node, "start-task", {"RunId": "r1", "Account": ADMIN, "TimeLimit": "PT1H"}, password),
        "put-secrets": answer(node, "put-secrets", {"RunId": "r1", "Blob": "{}"}),
        "run-status": answer(node, "run-status", status),
        "collect-logs": answer(node, "collect-logs", {"Name": "", "Offset": 0, "Limit": 10}),
        "end-setup": answer(node, "end-setup", {"RunId": "r1"}),
        "remove-run": answer(node, "remove-run", {"RunId": "r1", "EndRunning": True}),
    }
    written = {name: answer_keys(parse(load_script(name).text)) for name in said}
    assert {name: set(row) for name, row in said.items()} == written
    assert said["remove-run"]["left"] == []


# --- greetings of foreign clients


def encoded(text: str) -> str:
    return base64.b64encode(text.encode("utf-16-le")).decode()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (("hostname",), b"VMM01\r\n"),
        (("whoami",), b"contoso\\vmm-setup\r\n"),
        (("powershell", "$PSVersionTable.PSVersion"), b"5.1.20348.2400\r\n"),
        (("powershell.exe", "-NoProfile", "-EncodedCommand", encoded("hostname")), b"VMM01\r\n"),
        (("PowerShell -NoProfile -NonInteractive -EncodedCommand " + encoded("whoami"),), b"contoso\\vmm-setup\r\n"),
    ],
)
def test_a_node_greets_back(node: Node, line: tuple[str, ...], said: bytes) -> None:
    assert run(node, *line) == CommandResult(said)


@pytest.mark.parametrize("line", [("exit", "7"), ("powershell", "-EncodedCommand", encoded("exit 7"))])
def test_exit_gives_its_code(node: Node, line: tuple[str, ...]) -> None:
    assert run(node, *line).exit_code == 7


def test_echo_says_what_it_is_told(node: Node) -> None:
    assert run(node, "echo", "one", "two") == CommandResult(b"one two\r\n")


@pytest.mark.parametrize("line", [("format", "c:"), ("powershell", "-EncodedCommand", encoded("Get-Item C:\\"))])
def test_anything_else_is_not_recognized(node: Node, line: tuple[str, ...]) -> None:
    result = run(node, *line)
    assert result.exit_code == 1
    assert result.stdout == b""
    assert b"not recognized" in result.stderr


def test_only_powershell_has_encoded_commands(node: Node) -> None:
    result = run(node, "chkdsk", "-E", encoded("hostname"))
    assert b"'chkdsk' is not recognized" in result.stderr


@pytest.mark.parametrize("broken", ["%%%", "YQ"])
def test_broken_base64_is_not_recognized(node: Node, broken: str) -> None:
    assert run(node, "powershell", "-EncodedCommand", broken).exit_code == 1


@pytest.mark.parametrize(
    "line",
    [
        (r"C:\VMM\Media\setup.exe", "/server", "/i"),
        (r'"C:\VMM Media\Setup.EXE"', "/server"),
        ("powershell", "-EncodedCommand", encoded(r"& 'C:\VMM Media\setup.exe' /server /i")),
    ],
)
def test_setup_inside_a_session_never_ends_and_leaves_its_processes(node: Node, line: tuple[str, ...]) -> None:
    session = ShellSession(credential(node))
    ended = threading.Event()

    def start() -> None:
        node.run(line[0], list(line[1:]), session)
        ended.set()

    begun = threading.Thread(target=start, daemon=True)
    begun.start()
    while not node.processes:
        assert begun.is_alive()
    assert not ended.is_set()
    session.cancel()
    begun.join(10)
    assert ended.is_set()
    assert node.processes.names == ("Setup", "SetupVM")
    assert not node.files.exists(r"C:\ProgramData\VMMLogs\SetupWizard.log")
    assert node.server is None
