"""The nodes: Windows, hardware, what is installed and what is pending; and the media on them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.building import GIB, a_node, a_plan, an_installation, good_facts, installed_facts
from tests.checks.asking import with_all_nodes, with_node
from tests.checks.states import Case
from vmm_wizard.facts.model import Disk, Facts, NoAnswer
from vmm_wizard.plan.model import Media, Plan, Ports

STATES = {
    "NOD-01": "pass warn fail unknown",
    "NOD-02": "pass warn fail unknown not_applicable",
    "NOD-03": "pass warn fail unknown not_applicable",
    "NOD-04": "pass fail unknown",
    "NOD-05": "pass warn fail unknown",
    "NOD-08": "pass warn fail unknown not_applicable",
    "NOD-09": "pass fail unknown",
    "NOD-10": "pass fail unknown not_applicable",
    "NOD-11": "pass fail unknown",
    "NOD-13": "pass fail",
    "MED-01": "pass warn fail unknown not_applicable",
    "MED-02": "pass warn fail unknown not_applicable",
}

GONE = NoAnswer("could not reach vmm01.contoso.lab:5985: refused", "unreachable")
INSTALLED = installed_facts()


def silent() -> Facts:
    """No node answers."""
    facts = good_facts()
    return replace(facts, nodes=dict.fromkeys(facts.nodes, GONE))


def part(name: str, **changes: Any) -> Facts:
    """Both nodes with one part of their facts changed."""
    return with_all_nodes(**{name: replace(getattr(a_node(), name), **changes)})


def disk(free: int) -> Facts:
    """Both nodes with so many bytes left."""
    return with_all_nodes(disks=(Disk("C:", free, 120 * GIB),))


def media(path: str) -> Plan:
    """The plan with the media in another place."""
    return a_plan(media=Media(path))


CASES = (
    Case("NOD-01", "pass", "build 20348"),
    Case("NOD-01", "warn", "newer than what this wizard knows", with_all_nodes(os_build=29000)),
    Case("NOD-01", "fail", "VMM 2022 runs on", with_all_nodes(os_build=17763)),
    Case("NOD-01", "unknown", GONE.reason, silent()),
    Case("NOD-02", "pass", "16 logical processors"),
    Case("NOD-02", "warn", "are recommended", with_all_nodes(memory_bytes=8 * GIB)),
    Case("NOD-02", "fail", "the least is 4 GB", with_all_nodes(memory_bytes=2 * GIB)),
    Case("NOD-02", "unknown", GONE.reason, silent()),
    Case("NOD-02", "not_applicable", "installed already", INSTALLED),
    Case("NOD-03", "pass", "80.0 GiB free"),
    Case("NOD-03", "warn", "10 GB are recommended", disk(6 * GIB)),
    Case("NOD-03", "fail", "the least is 4 GB", disk(GIB)),
    Case("NOD-03", "unknown", GONE.reason, silent()),
    Case("NOD-03", "not_applicable", "installed already", INSTALLED),
    Case("NOD-04", "pass", ".NET release 528449"),
    Case("NOD-04", "fail", "is needed", with_all_nodes(dotnet_release=378389)),
    Case("NOD-04", "unknown", "version could not be read", with_all_nodes(powershell_version="")),
    Case("NOD-05", "pass", "with Deployment Tools and Windows PE"),
    Case("NOD-05", "warn", "is not", part("adk", version="10.1.14393.0")),
    Case("NOD-05", "fail", "lacks Windows PE", part("adk", windows_pe=False)),
    Case("NOD-05", "unknown", GONE.reason, silent()),
    Case("NOD-08", "pass", "no sign of a pending restart"),
    Case("NOD-08", "warn", "PendingFileRenameOperations", part("reboot", file_renames=True)),
    Case("NOD-08", "fail", "pending for Windows Update", part("reboot", windows_update=True)),
    Case("NOD-08", "unknown", GONE.reason, silent()),
    Case("NOD-08", "not_applicable", "installed already", INSTALLED),
    Case("NOD-09", "pass", "not installed"),
    Case("NOD-09", "fail", "Hyper-V role is installed", with_all_nodes(hyperv_feature=True)),
    Case("NOD-09", "unknown", GONE.reason, silent()),
    Case("NOD-10", "pass", "no VMM agent"),
    Case("NOD-10", "fail", "a VMM agent is installed", with_all_nodes(agent_installed=True)),
    Case("NOD-10", "unknown", GONE.reason, silent()),
    Case(
        "NOD-10",
        "not_applicable",
        "see CLU-08",
        with_node(vmm=an_installation(), agent_installed=True),
        also=frozenset({"CLU-08"}),
    ),
    Case("NOD-11", "pass", "secure channel works"),
    Case("NOD-11", "fail", "is broken", with_all_nodes(secure_channel=False)),
    Case("NOD-11", "unknown", "could not be read", with_all_nodes(secure_channel=None)),
    Case("NOD-13", "pass", "IndigoTcpPort=8100"),
    Case("NOD-13", "fail", "are both 8100", plan=a_plan(ports=Ports(wds=8100))),
    Case("MED-01", "pass", "setup.exe 10.22.1287.0"),
    Case("MED-01", "warn", "and the plan says VMM 2022", part("media", product_version="10.19.1013.0")),
    Case("MED-01", "fail", "there is no", part("media", exists=False)),
    Case("MED-01", "unknown", GONE.reason, silent()),
    Case("MED-01", "not_applicable", "installed already", INSTALLED),
    Case("MED-02", "pass", "on a local disk"),
    Case("MED-02", "warn", "marked as downloaded", part("media", blocked=True)),
    Case("MED-02", "fail", "on a share", plan=media(r"\\files\vmm")),
    Case("MED-02", "unknown", GONE.reason, silent()),
    Case("MED-02", "not_applicable", "installed already", INSTALLED),
)
