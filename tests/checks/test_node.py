"""Windows, hardware, prerequisites and state of the nodes; the media on them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.building import GIB, a_node, a_plan, an_installation, good_facts
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
    finding,
    findings,
    with_all_nodes,
    with_node,
)
from vmm_wizard.checks.node import _ANSWERS
from vmm_wizard.checks.registry import Status
from vmm_wizard.facts.model import AdkFacts, Disk, Facts, MediaFacts, NoAnswer, RebootFacts
from vmm_wizard.plan.model import Media, Ports, Release
from vmm_wizard.wizard.pages import LABELS

SILENT = NoAnswer("could not reach vmm01.contoso.lab:5985: refused", "unreachable")
GOOD_KIT = a_node().adk
GOOD_MEDIA = a_node().media


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, PASS),
        ({"os_build": 17763}, FAIL),
        ({"os_build": 26100}, FAIL),
        ({"os_build": 30000}, WARN),
        ({"product_type": 2}, FAIL),
        ({"product_type": 1}, FAIL),
        ({"installation_type": "Server Core"}, PASS),
    ],
)
def test_windows_by_build_and_kind(changes: dict[str, Any], status: Status) -> None:
    assert about("NOD-01", with_all_nodes(**changes)).status is status


def test_nodes_of_different_windows_warn_each_naming_the_other() -> None:
    facts = with_node(installation_type="Server Core")
    assert VMM02 in about("NOD-01", facts).evidence
    assert about("NOD-01", facts).status is WARN
    assert about("NOD-01", facts, subject=VMM02).status is WARN
    mixed = with_node(with_all_nodes(os_build=17763), os_build=14393)
    assert about("NOD-01", mixed, a_plan(release=Release.VMM_2019)).status is WARN


@pytest.mark.parametrize(
    ("processors", "memory", "status"),
    [
        (16, 16 * GIB - 200 * 2**20, PASS),
        (8, 8 * GIB, WARN),
        (16, 8 * GIB, WARN),
        (4, 32 * GIB, WARN),
        (16, 2 * GIB, FAIL),
    ],
)
def test_processors_and_memory(processors: int, memory: int, status: Status) -> None:
    assert about("NOD-02", with_node(logical_processors=processors, memory_bytes=memory)).status is status


def disks(c_free: float, d_free: float | None = None) -> tuple[Disk, ...]:
    rows = [Disk("C:", int(c_free * GIB), 200 * GIB)]
    return tuple(rows if d_free is None else [*rows, Disk("D:", int(d_free * GIB), 200 * GIB)])


@pytest.mark.parametrize(
    ("rows", "folder", "status"),
    [
        (disks(10), r"C:\VMM", PASS),
        (disks(9), r"C:\VMM", WARN),
        (disks(3), r"C:\VMM", FAIL),
        (disks(50, 3), r"d:\VMM", FAIL),
        (disks(3, 50), r"D:\VMM", FAIL),
        (disks(50), r"E:\VMM", FAIL),
    ],
)
def test_room_on_the_install_and_the_system_disk(rows: tuple[Disk, ...], folder: str, status: Status) -> None:
    assert about("NOD-03", with_node(disks=rows), a_plan(program_files=folder)).status is status


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, PASS),
        ({"dotnet_release": 393295}, PASS),
        ({"dotnet_release": 379893}, FAIL),
        ({"dotnet_release": 0}, FAIL),
        ({"powershell_version": "5.0.10586"}, FAIL),
        ({"powershell_version": "5.1"}, PASS),
        ({"powershell_version": ""}, UNKNOWN),
    ],
)
def test_runtimes(changes: dict[str, Any], status: Status) -> None:
    assert about("NOD-04", with_node(**changes)).status is status


def test_powershell_five_is_enough_for_older_releases() -> None:
    facts = with_node(powershell_version="5.0.10586")
    assert about("NOD-04", facts, a_plan(release=Release.VMM_2019)).status is PASS


@pytest.mark.parametrize(
    ("kit", "status"),
    [
        (GOOD_KIT, PASS),
        (AdkFacts("", "", False, False, 0, 0), FAIL),
        (replace(GOOD_KIT, windows_pe=False), FAIL),
        (replace(GOOD_KIT, deployment_tools=False), FAIL),
        (replace(GOOD_KIT, version="10.1.17763.1"), WARN),
        (replace(GOOD_KIT, version="10.1.99999.1"), WARN),
        (replace(GOOD_KIT, version=""), WARN),
    ],
)
def test_deployment_kits(kit: AdkFacts, status: Status) -> None:
    assert about("NOD-05", with_node(adk=kit)).status is status


def test_a_kit_without_windows_pe_says_what_lacks() -> None:
    row = about("NOD-05", with_node(adk=replace(GOOD_KIT, windows_pe=False)))
    assert "lacks Windows PE" in row.evidence
    assert "OptionId.WindowsPreinstallationEnvironment" in row.remedy


@pytest.mark.parametrize(
    ("reboot", "status"),
    [
        (RebootFacts(False, False, False, False), PASS),
        (RebootFacts(False, False, True, False), WARN),
        (RebootFacts(True, False, False, False), FAIL),
        (RebootFacts(False, True, True, False), FAIL),
        (RebootFacts(False, False, False, True), FAIL),
    ],
)
def test_pending_restarts(reboot: RebootFacts, status: Status) -> None:
    assert about("NOD-08", with_node(reboot=reboot)).status is status


def test_a_pending_restart_fails_alone_and_roles_are_moved_before_it() -> None:
    facts = with_node(reboot=RebootFacts(True, False, False, False))
    assert failing(facts) == {"NOD-08"}
    remedy = about("NOD-08", facts).remedy
    assert remedy.index("Suspend-ClusterNode -Name 'vmm01' -Drain") < remedy.index("Restart-Computer")


@pytest.mark.parametrize(
    ("feature", "service", "status"),
    [(False, False, PASS), (None, False, PASS), (True, False, FAIL), (None, True, FAIL), (False, True, FAIL)],
)
def test_hyperv_hosts(feature: bool | None, service: bool, status: Status) -> None:
    assert about("NOD-09", with_node(hyperv_feature=feature, hyperv_service=service)).status is status


def test_an_agent_without_a_server_fails_and_one_beside_it_is_cluster_08s() -> None:
    assert about("NOD-10").status is PASS
    assert failing(with_node(agent_installed=True)) == {"NOD-10"}
    both = with_node(agent_installed=True, vmm=an_installation())
    assert about("NOD-10", both).status is NOT_APPLICABLE


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, PASS),
        ({"domain": "CONTOSO.LAB"}, PASS),
        ({"part_of_domain": False, "domain": "WORKGROUP"}, FAIL),
        ({"domain": "fabrikam.lab"}, FAIL),
        ({"secure_channel": False}, FAIL),
        ({"secure_channel": None}, UNKNOWN),
    ],
)
def test_membership_of_the_domain(changes: dict[str, Any], status: Status) -> None:
    assert about("NOD-11", with_node(**changes)).status is status
    assert about("NOD-11", with_all_nodes(**changes)).status is status


@pytest.mark.parametrize(
    ("ports", "status"),
    [
        (Ports(), PASS),
        (Ports(console=8101), FAIL),
        (Ports(bits=5986), FAIL),
        (Ports(wds=0), FAIL),
        (Ports(console=1, winpe_https=2, wds=3, winpe_http=4, winrm=5, bits=65535), PASS),
    ],
)
def test_the_six_ports(ports: Ports, status: Status) -> None:
    assert finding("NOD-13", plan=a_plan(ports=ports)).status is status


def test_a_clash_of_ports_is_named_as_on_the_page_and_in_setups_file() -> None:
    row = finding("NOD-13", plan=a_plan(ports=Ports(winpe_http=8100)))
    assert '"Console port" (IndigoTcpPort) and "Windows PE, time" (IndigoHTTPPort) are both 8100' in row.evidence
    assert set(_ANSWERS.values()) == {key for key in LABELS if key.startswith("ports.")}


# --- media


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, PASS),
        ({"exists": False}, FAIL),
        ({"product_version": "10.19.2591.0"}, WARN),
        ({"product_version": "11.0.0.0"}, WARN),
        ({"product_version": ""}, WARN),
    ],
)
def test_the_media_on_a_node(changes: dict[str, Any], status: Status) -> None:
    assert about("MED-01", with_all_nodes(media=replace(GOOD_MEDIA, **changes))).status is status


def test_media_that_differs_between_nodes_warns() -> None:
    facts = with_node(media=replace(GOOD_MEDIA, sha256="cd" * 32))
    row = about("MED-01", facts)
    assert row.status is WARN
    assert VMM02 in row.evidence


def on(path: str) -> list[Status]:
    return [row.status for row in findings("MED-02", plan=a_plan(media=Media(path)))]


@pytest.mark.parametrize("path", [r"\\files\vmm", "//files/vmm", r"VMM", r"\VMM"])
def test_a_path_that_is_a_share_or_no_full_path_fails_once(path: str) -> None:
    assert on(path) == [FAIL]


def kind(**changes: Any) -> Facts:
    media: MediaFacts = replace(GOOD_MEDIA, **changes)
    return with_node(media=media)


def test_drives_of_each_kind() -> None:
    assert about("MED-02").status is PASS
    assert about("MED-02", kind(kind="network")).status is FAIL
    assert about("MED-02", kind(kind="removable")).status is WARN
    blocked = about("MED-02", kind(blocked=True))
    assert blocked.status is WARN
    assert blocked.remedy.index("Get-AuthenticodeSignature") < blocked.remedy.index("Unblock-File")
    assert on("C:\\" + "m" * 200) == [WARN, WARN]


@pytest.mark.parametrize(
    "check",
    ["NOD-01", "NOD-02", "NOD-03", "NOD-04", "NOD-05", "NOD-08", "NOD-09", "NOD-10", "NOD-11", "MED-01", "MED-02"],
)
def test_a_silent_node_is_unknown_with_its_reason_and_the_other_is_judged(check: str) -> None:
    facts = good_facts()
    facts = replace(facts, nodes={**facts.nodes, VMM01: SILENT})
    row = about(check, facts)
    assert row.status is UNKNOWN
    assert row.evidence == SILENT.reason
    assert about(check, facts, subject=VMM02).status is PASS
