"""How Windows is set up on the nodes: names, software, ports, WinRM's loop, clocks, TLS, the firewall, NTLM, rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.building import NOW, a_node, a_plan, a_sql, an_installation, good_facts, installed_facts
from tests.checks.asking import (
    FAIL,
    NOT_APPLICABLE,
    PASS,
    UNKNOWN,
    VMM01,
    VMM02,
    WARN,
    about,
    failing,
    with_all_nodes,
    with_node,
)
from vmm_wizard.checks.registry import Status
from vmm_wizard.facts.all_facts import NOT_ASKED
from vmm_wizard.facts.model import (
    AppControlFacts,
    FirewallFacts,
    NoAnswer,
    NtlmFacts,
    PortUse,
    PrincipalNameFacts,
    SqlToolsFacts,
    TlsFacts,
    WinrmFacts,
)
from vmm_wizard.facts.windows_model import KERNEL_PROCESS, NOT_SET
from vmm_wizard.plan.model import Database, Ports, Release

SILENT = NoAnswer("could not reach vmm01.contoso.lab:5985: refused", "unreachable")
KIT = a_node().adk


# --- names


@pytest.mark.parametrize(
    ("computer", "host", "pending", "status"),
    [
        ("VMM01", "vmm01", "VMM01", PASS),
        ("VMM01", "VMM01", "vmm01", PASS),
        ("FIFTEEN-LETTERS", "fifteen-letters", "FIFTEEN-LETTERS", PASS),
        ("FIFTEEN-LETTERS", "fifteen-letters0", "FIFTEEN-LETTERS", FAIL),
        ("VMM01", "vmm01b", "VMM01", FAIL),
        ("VMM01", "vmm01", "VMM02", FAIL),
    ],
)
def test_computer_names(computer: str, host: str, pending: str, status: Status) -> None:
    facts = with_node(computer_name=computer, host_name=host, pending_computer_name=pending)
    assert about("NAM-04", facts).status is status


# --- software


def test_files_that_newer_kits_keep_apart_are_copied_from_vmm_2019_on() -> None:
    facts = with_all_nodes(adk=replace(KIT, wsim_uncopied=3))
    row = about("NOD-06", facts)
    assert row.status is WARN
    folder = r"C:\Program Files (x86)\Windows Kits\10\Assessment and Deployment Kit\Deployment Tools\WSIM"
    assert row.remedy.endswith(f"Copy-Item -Path '{folder}\\amd64\\*' -Destination '{folder}' -Recurse")
    assert about("NOD-06", facts, a_plan(release=Release.VMM_2019)).status is WARN
    assert about("NOD-06", facts, a_plan(release=Release.VMM_2016)).status is NOT_APPLICABLE


def test_a_kit_without_deployment_tools_is_left_to_its_own_check() -> None:
    assert about("NOD-06", with_node(adk=replace(KIT, root=""))).status is NOT_APPLICABLE
    assert about("NOD-06", with_node(adk=replace(KIT, deployment_tools=False))).status is NOT_APPLICABLE
    assert about("NOD-06", with_node(adk=replace(KIT, wsim_files=0))).status is PASS


@pytest.mark.parametrize(
    ("tools", "status", "says"),
    [
        (SqlToolsFacts(("ODBC 17",), ("Utilities 15",)), PASS, "ODBC 17, Utilities 15"),
        (SqlToolsFacts((), ("Utilities 15",)), WARN, "no ODBC driver for SQL Server: optional"),
        (SqlToolsFacts((), ()), WARN, "no ODBC driver for SQL Server and no command line utilities"),
    ],
)
def test_tools_of_sql_server_are_optional(tools: SqlToolsFacts, status: Status, says: str) -> None:
    row = about("NOD-07", with_node(sql_tools=tools))
    assert (row.status, says in row.evidence) == (status, True)


@pytest.mark.parametrize(
    ("control", "status"),
    [
        (AppControlFacts((), True, 0), PASS),
        (AppControlFacts(("Exe",), False, 1), PASS),
        (AppControlFacts(("Appx",), True, 0), PASS),
        (AppControlFacts(("Dll",), True, 0), WARN),
        (AppControlFacts((), False, 2), WARN),
    ],
)
def test_rules_for_programs_count_when_they_are_enforced(control: AppControlFacts, status: Status) -> None:
    assert about("NOD-20", with_node(app_control=control)).status is status


# --- ports


@pytest.mark.parametrize(
    ("uses", "status"),
    [
        ((), PASS),
        ((PortUse(3389, 900, "svchost"),), PASS),
        ((PortUse(5985, KERNEL_PROCESS, "System"),), PASS),
        ((PortUse(443, KERNEL_PROCESS, "System"),), WARN),
        ((PortUse(443, 1234, "nginx"),), WARN),
        ((PortUse(8103, KERNEL_PROCESS, "System"),), FAIL),
        ((PortUse(443, KERNEL_PROCESS, "System"), PortUse(8100, 1234, "java")), FAIL),
    ],
)
def test_ports_in_use(uses: tuple[PortUse, ...], status: Status) -> None:
    assert about("NOD-12", with_node(ports=uses)).status is status


def test_the_plans_own_ports_count_and_not_the_usual_ones() -> None:
    facts = with_node(ports=(PortUse(8100, 1234, "java"), PortUse(9443, KERNEL_PROCESS, "System")))
    plan = a_plan(ports=Ports(console=9100, bits=9443))
    row = about("NOD-12", facts, plan)
    assert row.status is WARN
    assert "9443 by Windows itself, that is http.sys (4)" in row.evidence
    assert about("NOD-12", facts, a_plan(ports=Ports(console=9100))).status is PASS


def test_a_node_that_is_done_listens_rightly_and_the_next_one_is_judged() -> None:
    facts = with_all_nodes(installed_facts(done=1), ports=(PortUse(8100, 1234, "vmmservice"),))
    assert about("NOD-12", facts).status is NOT_APPLICABLE
    assert about("NOD-12", facts, subject=VMM02).status is FAIL


# --- WinRM


def test_a_loop_that_fails_is_mended_by_whoever_set_the_filters() -> None:
    row = about("NOD-14", with_node(winrm=WinrmFacts("refused", False, "", "")))
    assert row.evidence == "asked as vmm01.contoso.lab: refused"
    assert "winrm quickconfig; then Test-WSMan 'vmm01.contoso.lab'" in row.remedy
    governed = about("NOD-14", with_node(winrm=WinrmFacts("refused", True, "", "")))
    assert governed.evidence.endswith("(a GPO lets it listen on IPv4 nowhere, IPv6 nowhere)")
    assert "AD team, in that GPO: fill in its IPv4 and IPv6 filter" in governed.remedy
    assert "quickconfig" not in governed.remedy


def test_a_policy_with_filters_that_let_the_node_answer_is_no_matter() -> None:
    assert about("NOD-14", with_node(winrm=WinrmFacts("", True, "*", ""))).status is PASS


@pytest.mark.parametrize(
    ("name", "holder", "status"),
    [
        ("HTTP/vmm01.contoso.lab", "CN=VMM01,CN=Computers,DC=contoso,DC=lab", PASS),
        ("http/VMM01", "CN=vmm01,OU=Servers,DC=contoso,DC=lab", PASS),
        ("HTTP/vmm01", "CN=svc-web,CN=Users,DC=contoso,DC=lab", FAIL),
        ("HTTP/vmm01.contoso.lab", "CN=VMM01B,CN=Computers,DC=contoso,DC=lab", FAIL),
        ("HTTP/vmm02.contoso.lab", "CN=svc-web,CN=Users,DC=contoso,DC=lab", PASS),
        ("SCVMM/vmm01", "CN=svc-web,CN=Users,DC=contoso,DC=lab", PASS),
    ],
)
def test_the_nodes_http_name_is_on_nobody_else(name: str, holder: str, status: Status) -> None:
    facts = good_facts(principal_names=PrincipalNameFacts({name: (holder,)}))
    assert about("NOD-14", facts).status is status


def test_a_directory_that_does_not_answer_leaves_the_loop_unknown_but_not_its_failure() -> None:
    silent = good_facts(principal_names=SILENT)
    assert about("NOD-14", silent).status is UNKNOWN
    assert about("NOD-14", with_node(silent, winrm=WinrmFacts("refused", False, "", ""))).status is FAIL


# --- clocks


@pytest.mark.parametrize(
    ("seconds", "status", "says"),
    [
        (0, PASS, "level with dc01.contoso.lab, level with sql01.contoso.lab"),
        (59, PASS, "59 s ahead of dc01.contoso.lab"),
        (-60, WARN, "60 s behind dc01.contoso.lab"),
        (299, WARN, "300 s too much"),
        (300, WARN, "Kerberos refuses tickets from 300 s on"),
    ],
)
def test_clocks(seconds: int, status: Status, says: str) -> None:
    row = about("NOD-15", with_node(utc_time=NOW + timedelta(seconds=seconds)))
    assert (row.status, says in row.evidence) == (status, True)


def test_answers_of_different_moments_are_compared_by_when_they_were_heard() -> None:
    later = NOW + timedelta(minutes=20)
    facts = with_node(utc_time=later)
    assert about("NOD-15", facts).status is WARN
    assert about("NOD-15", replace(facts, heard={**facts.heard, VMM01: later})).status is PASS


def test_a_clock_that_nobody_told_is_unknown_unless_another_is_wrong_already() -> None:
    facts = good_facts(sql=SILENT)
    assert about("NOD-15", facts).status is UNKNOWN
    assert about("NOD-15", with_node(facts, utc_time=NOW + timedelta(seconds=90))).status is WARN
    assert about("NOD-15", good_facts(sql=a_sql(utc_time=None))).status is UNKNOWN
    assert about("NOD-15", good_facts(domain=SILENT)).status is UNKNOWN
    nameless = replace(a_plan(), database=Database())
    assert about("NOD-15", good_facts(sql=NOT_ASKED), nameless).status is PASS, "no SQL Server was named yet"


# --- TLS, firewall, NTLM


@pytest.mark.parametrize(
    ("values", "tls10", "status"),
    [
        ((NOT_SET,) * 4, "default", PASS),
        ((NOT_SET,) * 4, "enabled", PASS),
        ((NOT_SET,) * 4, "disabled", WARN),
        ((1, 1, 1, 0), "disabled", WARN),
        ((1, 1, 1, 1), "disabled", PASS),
    ],
)
def test_dotnet_and_tls(values: tuple[int, int, int, int], tls10: Any, status: Status) -> None:
    assert about("NOD-16", with_node(tls=TlsFacts(*values, tls10))).status is status


def test_what_dotnet_lacks_is_named_and_set_in_both_views() -> None:
    row = about("NOD-16", with_node(tls=TlsFacts(1, 1, 0, NOT_SET, "disabled")))
    assert "SystemDefaultTlsVersions (32 bit) 0, SchUseStrongCrypto (32 bit) not set" in row.evidence
    assert row.remedy.count("Set-ItemProperty") == 4
    assert r"'HKLM:\SOFTWARE\WOW6432Node\Microsoft\.NETFramework\v4.0.30319'" in row.remedy


@pytest.mark.parametrize(
    ("wall", "status"),
    [
        (FirewallFacts(False, False, ()), PASS),
        (FirewallFacts(True, True, ()), PASS),
        (FirewallFacts(True, False, ()), WARN),
        (FirewallFacts(True, False, ("8101", "RPC", "80-90")), WARN),
        (FirewallFacts(True, False, ("8100",)), PASS),
        (FirewallFacts(True, False, ("8100-8103",)), PASS),
        (FirewallFacts(True, False, ("any",)), PASS),
    ],
)
def test_the_firewall(wall: FirewallFacts, status: Status) -> None:
    assert about("NOD-17", with_node(firewall=wall)).status is status


def test_the_firewall_is_asked_about_the_plans_own_console_port() -> None:
    facts = with_node(firewall=FirewallFacts(True, False, ("8100",)))
    assert about("NOD-17", facts, a_plan(ports=Ports(console=9100))).status is WARN


@pytest.mark.parametrize(
    ("ntlm", "says"),
    [
        (NtlmFacts(2, 0), "outgoing NTLM (RestrictSendingNTLMTraffic=2)"),
        (NtlmFacts(0, 1), "incoming NTLM of domain accounts (RestrictReceivingNTLMTraffic=1)"),
        (NtlmFacts(0, 2), "incoming NTLM (RestrictReceivingNTLMTraffic=2)"),
        (NtlmFacts(2, 2), "=2) and incoming"),
    ],
)
def test_denied_ntlm_says_which_way(ntlm: NtlmFacts, says: str) -> None:
    assert says in about("NOD-18", with_node(ntlm=ntlm)).evidence


def test_audited_ntlm_is_allowed() -> None:
    assert about("NOD-18", with_node(ntlm=NtlmFacts(1, 0))).status is PASS


# --- languages


@pytest.mark.parametrize("changes", [{"ui_culture": "de-DE"}, {"culture": "de-DE"}])
def test_nodes_of_two_languages_warn_each_naming_the_other(changes: dict[str, Any]) -> None:
    facts = with_node(**changes)
    assert VMM02 in about("NOD-19", facts).evidence
    assert VMM01 in about("NOD-19", facts, subject=VMM02).evidence


def test_one_language_for_all_is_well_whatever_it_is() -> None:
    assert about("NOD-19", with_all_nodes(ui_culture="ja-JP", culture="ja-JP")).status is PASS


# --- silence, and what cannot be mended by lowering security


@pytest.mark.parametrize("number", [6, 7, 12, 14, 15, 16, 17, 18, 19, 20])
def test_a_silent_node_is_unknown_with_its_reason_and_the_other_is_judged(number: int) -> None:
    facts = good_facts()
    facts = replace(facts, nodes={**facts.nodes, VMM01: SILENT})
    row = about(f"NOD-{number:02}", facts)
    assert (row.status, row.evidence) == (UNKNOWN, SILENT.reason)
    assert about(f"NOD-{number:02}", facts, subject=VMM02).status is PASS


def test_a_faulty_setting_fails_alone() -> None:
    assert failing(with_node(ports=(PortUse(8100, 1, "x"),))) == {"NOD-12"}
    assert failing(with_node(winrm=WinrmFacts("refused", False, "", ""))) == {"NOD-14"}


def test_what_an_installed_node_still_needs_is_judged_there() -> None:
    facts = with_node(
        installed_facts(),
        winrm=WinrmFacts("refused", False, "", ""),
        ntlm=NtlmFacts(2, 2),
        vmm=an_installation(service_state="Running"),
    )
    assert about("NOD-14", facts).status is FAIL
    assert about("NOD-18", facts).status is WARN
