"""What a node says of how Windows is set up there, over real connections: its settings, and what only admins read."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.node_estate import READER, ServedNodes, a_question, an_installation, served_nodes
from tests.settings_building import untouched_settings
from vmm_wizard.facts.model import (
    AppControlFacts,
    FirewallFacts,
    LoggingFacts,
    NodeFacts,
    NtlmFacts,
    OpenConsole,
    PortUse,
    StagedFile,
    TlsFacts,
    WinrmFacts,
)
from vmm_wizard.facts.nodes import ask_node
from vmm_wizard.facts.windows_model import KERNEL_PROCESS, NOT_SET
from vmm_wizard.plan.names import AccountName


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedNodes]:
    with served_nodes(tmp_path) as nodes:
        yield nodes


def facts(served: ServedNodes, **changes: object) -> NodeFacts:
    question = a_question(**changes)
    answer = ask_node(question, served.password(str(question.account)), served.addresses, 20.0)
    assert isinstance(answer, NodeFacts), answer
    return answer


def test_an_untouched_node_says_what_the_good_facts_say(served: ServedNodes) -> None:
    said = facts(served)
    good = untouched_settings()
    told = {name: getattr(said, name) for name in good}
    assert told["sql_tools"].command_line == ("Microsoft Command Line Utilities 15 for SQL Server",)
    assert {**told, "sql_tools": None} == {**good, "sql_tools": None}
    assert (said.culture, said.host_name) == ("en-US", "vmm01")
    assert (said.adk.wsim_files, said.adk.wsim_uncopied) == (24, 0)


@pytest.mark.parametrize(
    ("changes", "field", "expected"),
    [
        ({"winrm_loop_error": "no"}, "winrm", WinrmFacts("no", False, "", "")),
        ({"winrm_policy": True, "winrm_ipv4_filter": "*"}, "winrm", WinrmFacts("", True, "*", "")),
        ({"dotnet_tls": True, "tls10_client": "disabled"}, "tls", TlsFacts(1, 1, 1, 1, "disabled")),
        ({"local_firewall_rules": False}, "firewall", FirewallFacts(True, False, ())),
        ({"firewall": False, "policy_ports": ["any"]}, "firewall", FirewallFacts(False, True, ("any",))),
        ({"ntlm_sending": 2}, "ntlm", NtlmFacts(2, NOT_SET)),
        ({"applocker": ["Exe"]}, "app_control", AppControlFacts(("Exe",), True, 0)),
        ({"code_integrity": 2}, "app_control", AppControlFacts((), False, 2)),
        ({"log_command_lines": True, "transcripts": True}, "logging", LoggingFacts(True, False, False, True)),
        ({"installer_busy": True}, "installer_busy", True),
        ({"consoles": ["VmmAdminUI"]}, "consoles", (OpenConsole("VmmAdminUI", 3000),)),
        ({"culture": "de-DE"}, "culture", "de-DE"),
    ],
)
def test_a_changed_setting_is_told(
    served: ServedNodes, changes: dict[str, object], field: str, expected: object
) -> None:
    for name, value in changes.items():
        assert hasattr(served.node.state.settings, name)
        setattr(served.node.state.settings, name, value)
    assert getattr(facts(served), field) == expected


def test_only_ports_that_were_asked_for_are_told_and_http_sys_is_the_kernel(served: ServedNodes) -> None:
    served.node.state.settings.listening = {"443": "System", "8101": "java", "3389": "svchost"}
    assert facts(served).ports == (PortUse(443, KERNEL_PROCESS, "System"), PortUse(8101, 9101, "java"))
    assert facts(served, ports=(8100,)).ports == ()


def test_a_running_vmm_listens_on_its_console_port(served: ServedNodes) -> None:
    served.node.install(an_installation())
    served.estate.cluster.create_vmm_role("vmm", ["10.10.0.50", "10.20.0.50"], "vmm01.contoso.lab")
    assert [row.process for row in facts(served).ports or ()] == ["vmmservice"]


def test_a_long_host_name_is_told_beside_the_computer_name_that_was_cut_off(served: ServedNodes) -> None:
    served.node.state.host_name = "vmm01-of-the-north"
    said = facts(served)
    assert (said.host_name, said.dns_host_name) == ("vmm01-of-the-north", "vmm01-of-the-north.contoso.lab")


def test_answer_files_of_runs_are_told_by_their_bytes(served: ServedNodes) -> None:
    path = r"C:\ProgramData\vmm-wizard\r1\VMServer.ini"
    served.node.files.write(path, b"[OPTIONS]\r\n")
    served.node.files.write(r"C:\ProgramData\vmm-wizard\r1\wrapper.ps1", b"x")
    assert facts(served).staged == (StagedFile(path, base64.b64encode(b"[OPTIONS]\r\n").decode()),)


def test_a_clock_that_is_ahead_is_told(served: ServedNodes) -> None:
    served.node.state.settings.clock_ahead = 600
    ahead = facts(served).utc_time - served.estate.clock.date()
    assert timedelta(seconds=540) < ahead < timedelta(seconds=660)


def test_what_only_an_administrator_reads_is_not_told_to_others(served: ServedNodes) -> None:
    served.node.state.remote_management_users = {served.credential(READER).sid}
    said = facts(served, account=AccountName.parse(READER))
    assert (said.shell, said.app_control, said.installer_busy, said.consoles, said.staged) == (None,) * 5
    assert said.winrm == WinrmFacts("", False, "", "")
