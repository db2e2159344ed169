"""How Windows is set up on the nodes: software, ports, policies, clocks and languages (NOD, NAM-04)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.building import NOW, a_node, good_facts, installed_facts
from tests.checks.asking import VMM02, with_all_nodes, with_node
from tests.checks.states import Case
from vmm_wizard.facts.model import (
    AppControlFacts,
    Facts,
    FirewallFacts,
    NtlmFacts,
    PortUse,
    SqlToolsFacts,
    TlsFacts,
    WinrmFacts,
    known,
)
from vmm_wizard.facts.windows_model import NOT_SET

STATES = {
    "NAM-04": "pass fail",
    "NOD-06": "pass warn not_applicable",
    "NOD-07": "pass warn unknown not_applicable",
    "NOD-12": "pass warn fail unknown not_applicable",
    "NOD-14": "pass fail unknown",
    "NOD-15": "pass warn unknown",
    "NOD-16": "pass warn unknown",
    "NOD-17": "pass warn unknown",
    "NOD-18": "pass warn unknown",
    "NOD-19": "pass warn not_applicable",
    "NOD-20": "pass warn unknown not_applicable",
}

KIT = a_node().adk
OFF = TlsFacts(NOT_SET, NOT_SET, NOT_SET, NOT_SET, "disabled")
HELD = {"HTTP/vmm01.contoso.lab": ("CN=svc-web,OU=Web,DC=contoso,DC=lab",)}


def with_holders(holders: dict[str, tuple[str, ...]]) -> Facts:
    """The good estate where these names are held besides."""
    names = known(good_facts().principal_names)
    return good_facts(principal_names=replace(names, holders={**names.holders, **holders}))


def unread(field: str) -> Any:
    """The good estate where one part of vmm01's facts could not be read."""
    return with_node(**{field: None})


CASES = (
    Case("NAM-04", "pass", "5 characters"),
    Case("NAM-04", "fail", "18 characters", with_node(host_name="vmm01-of-the-north")),
    Case("NAM-04", "fail", "after the next restart", with_node(pending_computer_name="VMM09")),
    Case("NOD-06", "pass", "are in"),
    Case("NOD-06", "warn", "20 of 24 files", with_node(adk=replace(KIT, wsim_uncopied=20))),
    Case("NOD-06", "not_applicable", "installed already", installed_facts()),
    Case("NOD-07", "pass", "ODBC Driver 17"),
    Case("NOD-07", "warn", "no command line utilities", with_node(sql_tools=SqlToolsFacts(("ODBC",), ()))),
    Case("NOD-07", "unknown", "could not be read", unread("sql_tools")),
    Case("NOD-07", "not_applicable", "installed already", installed_facts()),
    Case("NOD-12", "pass", "8100, 8101, 8102, 8103, 443"),
    Case("NOD-12", "warn", "http.sys", with_node(ports=(PortUse(443, 4, "System"),))),
    Case("NOD-12", "fail", "8102 by java", with_node(ports=(PortUse(8102, 1234, "java"),))),
    Case("NOD-12", "unknown", "could not be read", unread("ports")),
    Case("NOD-12", "not_applicable", "installed already", installed_facts()),
    Case("NOD-14", "pass", "WinRM answers as vmm01.contoso.lab"),
    Case("NOD-14", "fail", "cannot connect", with_node(winrm=WinrmFacts("cannot connect", False, "", ""))),
    Case("NOD-14", "fail", "is on CN=svc-web", with_holders(HELD)),
    Case("NOD-14", "unknown", "could not be read", unread("winrm")),
    Case("NOD-15", "pass", "level with dc01.contoso.lab"),
    Case("NOD-15", "warn", "90 s behind", with_node(utc_time=NOW - timedelta(seconds=90))),
    Case(
        "NOD-15", "unknown", "could not be read", replace(good_facts(), heard={"domain": NOW, "sql": NOW, VMM02: NOW})
    ),
    Case("NOD-16", "pass", "own defaults"),
    Case("NOD-16", "warn", "SchUseStrongCrypto (32 bit) not set", with_node(tls=OFF)),
    Case("NOD-16", "unknown", "could not be read", unread("tls")),
    Case("NOD-17", "pass", "rules that setup makes"),
    Case("NOD-17", "warn", "do not count", with_node(firewall=FirewallFacts(True, False, ("80", "RPC")))),
    Case("NOD-17", "unknown", "could not be read", unread("firewall")),
    Case("NOD-18", "pass", "no policy denies"),
    Case("NOD-18", "warn", "outgoing NTLM", with_node(ntlm=NtlmFacts(2, 0))),
    Case("NOD-18", "unknown", "could not be read", unread("ntlm")),
    Case("NOD-19", "pass", "en-US"),
    Case("NOD-19", "warn", f"{VMM02} has en-US and en-US", with_node(culture="de-DE")),
    Case("NOD-19", "not_applicable", "installed already", installed_facts()),
    Case("NOD-20", "pass", "neither"),
    Case("NOD-20", "warn", "AppLocker enforces", with_node(app_control=AppControlFacts(("Exe", "Appx"), True, 0))),
    Case("NOD-20", "warn", "Application Control", with_all_nodes(app_control=AppControlFacts((), False, 2))),
    Case("NOD-20", "unknown", "could not be read", unread("app_control")),
    Case("NOD-20", "not_applicable", "installed already", installed_facts()),
)
