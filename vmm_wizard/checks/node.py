"""Checks of the nodes: Windows, hardware, prerequisites, state (NOD)."""

from __future__ import annotations

from vmm_wizard.checks.registry import (
    Verdict,
    check,
    failed,
    node_check,
    not_applicable,
    passed,
    unknown,
    warned,
)
from vmm_wizard.checks.remedies import in_plan, on_node, powershell
from vmm_wizard.facts.model import Facts, NodeFacts
from vmm_wizard.facts.node_parts import part, vmm_of
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.releases import Support, adk_support, os_support, requirements

GIB = 2**30
#: Windows reports a little less memory than a machine has: firmware keeps some.
_REPORTED = 0.95
#: Reserved by VMM for WinRM over TLS (PORTS).
RESERVED_PORT = 5986


def _others(plan: Plan, facts: Facts, node: str) -> list[tuple[str, NodeFacts]]:
    """The other planned nodes that answered."""
    rows = ((other.key, facts.nodes.get(other.key)) for other in plan.nodes if other.key != node)
    return [(name, answer) for name, answer in rows if isinstance(answer, NodeFacts)]


@node_check("NOD-01", topic="node", source="REQ*")
def windows_version(plan: Plan, facts: Facts, node: str) -> Verdict:
    """By build number, a server that is no domain controller, and the same on all nodes. Newer builds only warn."""
    answer = facts.node(node)
    evidence = (
        f"{answer.os_caption or 'Windows'} build {answer.os_build} ({answer.installation_type or 'unknown kind'})"
    )
    other_server = in_plan("choose another node")
    if answer.product_type != 3:
        what = "a domain controller" if answer.product_type == 2 else "not a server"
        return failed(f"{evidence} is {what}", other_server)
    support = os_support(plan.release, answer.os_build)
    wanted = " or ".join(requirements(plan.release).os_names)
    if support is Support.NO:
        return failed(f"{evidence}; VMM {plan.release} runs on {wanted}", in_plan(f"choose nodes with {wanted}"))
    if support is Support.UNKNOWN:
        return warned(
            f"{evidence} is newer than what this wizard knows; VMM {plan.release} is documented for {wanted}",
            in_plan("look into Microsoft's current system requirements first"),
        )
    for name, other in _others(plan, facts, node):
        if other.os_build != answer.os_build or other.installation_type != answer.installation_type:
            return warned(
                f"{evidence}, but {name} has build {other.os_build} ({other.installation_type or 'unknown kind'})",
                on_node(node, "plan to bring all nodes to the same version and kind of Windows"),
            )
    return passed(evidence)


@node_check("NOD-02", topic="node", source="REQ*")
def hardware(plan: Plan, facts: Facts, node: str) -> Verdict:
    """Under the recommendation warns; under the least memory fails. Too few processors never fail: setup's own block
    is not confirmed."""
    need = requirements(plan.release).hardware
    answer = facts.node(node)
    memory = answer.memory_bytes / GIB
    evidence = f"{answer.logical_processors} logical processors, {memory:.1f} GiB of memory"
    remedy = on_node(node, f"size it up: {need.cpu_recommended} processors and {need.ram_recommended_gb} GB, while off")
    if memory < need.ram_minimum_gb * _REPORTED:
        return failed(f"{evidence}; the least is {need.ram_minimum_gb} GB", remedy)
    if answer.logical_processors < need.cpu_minimum:
        return warned(f"{evidence}; the least is {need.cpu_minimum} processors", remedy)
    if answer.logical_processors < need.cpu_recommended or memory < need.ram_recommended_gb * _REPORTED:
        return warned(f"{evidence}; {need.cpu_recommended} and {need.ram_recommended_gb} GB are recommended", remedy)
    return passed(evidence)


@node_check("NOD-03", topic="node", source="REQ*", needs=("program_files",))
def disk_space(plan: Plan, facts: Facts, node: str) -> Verdict:
    """On the drive to install to and on the system drive. The media is there already, so it needs no more room."""
    need = requirements(plan.release).hardware
    answer = facts.node(node)
    free = {disk.drive.upper()[:2]: disk.free_bytes / GIB for disk in answer.disks}
    install, system = plan.program_files[:2].upper(), answer.system_drive[:2].upper()
    if install not in free:
        return failed(
            f"there is no local disk {install} (there are {', '.join(sorted(free)) or 'none'})",
            in_plan("choose a program folder on a disk that every node has"),
        )
    wanted = [drive for drive in dict.fromkeys((install, system)) if drive in free]
    evidence = ", ".join(f"{drive} has {free[drive]:.1f} GiB free" for drive in wanted)
    least = min(free[drive] for drive in wanted)
    show = on_node(node, "make room; Get-Volume shows what is used")
    if least < need.disk_minimum_gb:
        return failed(f"{evidence}; the least is {need.disk_minimum_gb} GB", show)
    if least < need.disk_recommended_gb:
        return warned(f"{evidence}; {need.disk_recommended_gb} GB are recommended", show)
    return passed(evidence)


@node_check("NOD-04", topic="node", source="REQ*")
def runtimes(plan: Plan, facts: Facts, node: str) -> Verdict:
    """The release number of .NET 4.x in the registry, and PowerShell's version."""
    need = requirements(plan.release)
    answer = facts.node(node)
    evidence = f".NET release {answer.dotnet_release or 'absent'}, PowerShell {answer.powershell_version or 'unknown'}"
    if answer.dotnet_release < need.dotnet_release:
        return failed(
            f"{evidence}; .NET {need.dotnet} (release {need.dotnet_release}) is needed",
            on_node(node, f"install .NET Framework {need.dotnet} or later, then restart"),
        )
    version = _numbers(answer.powershell_version)
    if not version:
        return unknown(f"{evidence}; PowerShell's version could not be read")
    if version < _numbers(need.powershell):
        return failed(
            f"{evidence}; PowerShell {need.powershell} is needed",
            on_node(node, "install Windows Management Framework 5.1, then restart"),
        )
    return passed(evidence)


def _numbers(version: str) -> tuple[int, ...]:
    """`5.1.20348` as (5, 1, 20348); empty for what is no version."""
    parts = version.split(".")
    return tuple(int(part) for part in parts) if all(part.isdigit() for part in parts) else ()


@node_check("NOD-05", topic="node", source="REQ*")
def deployment_kit(plan: Plan, facts: Facts, node: str) -> Verdict:
    """Deployment Tools and Windows PE are both needed; a version that is not documented for the release warns."""
    kit = facts.node(node).adk
    wanted = requirements(plan.release).adk_name
    install = (
        f"download the {wanted} and its Windows PE add-on, then adksetup.exe /quiet /norestart /features "
        "OptionId.DeploymentTools; adkwinpesetup.exe /quiet /norestart /features "
        "OptionId.WindowsPreinstallationEnvironment; then restart"
    )
    if not kit.root:
        return failed("no Windows kit is installed", on_node(node, install))
    parts = {"Deployment Tools": kit.deployment_tools, "Windows PE": kit.windows_pe}
    missing = [name for name, there in parts.items() if not there]
    evidence = f"kit {kit.version or 'of unknown version'} in {kit.root}"
    if missing:
        return failed(f"{evidence} lacks {' and '.join(missing)}", on_node(node, install))
    support = adk_support(plan.release, kit.version)
    if support is not Support.YES:
        why = "is not the one for" if support is Support.NO else "is not one that this wizard knows for"
        return warned(f"{evidence} {why} VMM {plan.release}: {wanted}", on_node(node, install))
    return passed(f"{evidence}, with Deployment Tools and Windows PE")


@node_check("NOD-08", topic="node", source="HA1")
def no_pending_restart(plan: Plan, facts: Facts, node: str) -> Verdict:
    """Setup refuses or breaks on a pending restart. Pending file renames alone are often an agent's: they warn."""
    del plan
    reboot = facts.node(node).reboot
    signs = {
        "component servicing": reboot.component_servicing,
        "Windows Update": reboot.windows_update,
        "computer rename": reboot.computer_rename,
    }
    pending = [sign for sign, there in signs.items() if there]
    name = powershell(node.partition(".")[0])
    restart = on_node(
        node,
        f"Suspend-ClusterNode -Name {name} -Drain -Wait; Restart-Computer; afterwards Resume-ClusterNode -Name {name}",
    )
    if pending:
        return failed(f"a restart is pending for {', '.join(pending)}", restart)
    if reboot.file_renames:
        return warned("files are waiting to be renamed at the next restart (PendingFileRenameOperations)", restart)
    return passed("no sign of a pending restart")


@node_check("NOD-09", topic="node", source="PLAN")
def no_hyperv(plan: Plan, facts: Facts, node: str) -> Verdict:
    """VMM never goes onto a host that it would manage."""
    del plan
    answer = facts.node(node)
    if answer.hyperv_feature or answer.hyperv_service:
        what = "the Hyper-V role is installed" if answer.hyperv_feature else "the Hyper-V service (vmms) is there"
        return failed(what, in_plan("choose another server for VMM, in a cluster without virtual machines"))
    if answer.hyperv_feature is None:
        return passed("there is no Hyper-V service (vmms); the list of roles could not be read")
    return passed("the Hyper-V role is not installed")


@node_check("NOD-10", topic="node", source="PHX")
def no_agent(plan: Plan, facts: Facts, node: str) -> Verdict:
    """An agent without a management server means that another VMM manages this node, or once did: setup blocks."""
    del plan
    answer = facts.node(node)
    if vmm_of(answer) is not None:
        return not_applicable("the agent belongs to the management server on this node: see CLU-08")
    if answer.agent_installed:
        return failed(
            "a VMM agent is installed (SCVMMAgent), and no management server",
            on_node(
                node,
                "ask the owner of the VMM that manages this node to remove it there (Remove-SCVMHost); if there is "
                "none any more, uninstall Microsoft System Center Virtual Machine Manager Agent",
            ),
        )
    return passed("no VMM agent is installed")


@node_check("NOD-11", topic="node", source="REQ*")
def domain_member(plan: Plan, facts: Facts, node: str) -> Verdict:
    """Member of the plan's domain, as all nodes are, with a working secure channel."""
    answer = facts.node(node)
    if not answer.part_of_domain:
        return failed(
            f"the node is in workgroup {answer.domain}",
            on_node(node, f"Add-Computer -DomainName {powershell(plan.dns_domain)} -Restart"),
        )
    for name, other in _others(plan, facts, node):
        if other.domain.casefold() != answer.domain.casefold():
            return failed(
                f"the node is in {answer.domain}, {name} is in {other.domain}",
                in_plan("choose nodes of one domain"),
            )
    if plan.dns_domain and answer.domain.casefold() != plan.dns_domain:
        return failed(
            f"the node is in {answer.domain}, the plan is for {plan.dns_domain}", in_plan("choose nodes of that domain")
        )
    if not part(answer, answer.secure_channel, f"member of {answer.domain}; whether its secure channel works"):
        return failed(
            f"member of {answer.domain}, but its secure channel is broken",
            on_node(node, "Test-ComputerSecureChannel -Repair -Credential (Get-Credential)"),
        )
    return passed(f"member of {answer.domain}, secure channel works")


#: The ports as the wizard's page has them, so that who reads a finding finds the field.
_PORT_NAMES = {
    "IndigoTcpPort": "Console port",
    "IndigoHTTPSPort": "Windows PE",
    "IndigoNETTCPPort": "Deployment (WDS)",
    "IndigoHTTPPort": "Windows PE, time",
    "WSManTcpPort": "Agents on hosts",
    "BitsTcpPort": "File transfer",
}


def _named_ports(plan: Plan) -> list[tuple[str, int]]:
    return [(f'"{_PORT_NAMES[key]}" ({key})', port) for key, port in plan.ports.named()]


@check("NOD-13", topic="node", source="INST")
def ports_differ(plan: Plan, facts: Facts) -> Verdict:
    """Unique among themselves (PHX), valid, and none the reserved 5986 (PORTS)."""
    del facts
    named = _named_ports(plan)
    wrong = [f"{key} is {port}" for key, port in named if not 0 < port < 65536]
    if wrong:
        return failed(f"{', '.join(wrong)}: a port is a number from 1 to 65535", in_plan("choose other ports"))
    reserved = [key for key, port in named if port == RESERVED_PORT]
    if reserved:
        return failed(
            f"{', '.join(reserved)} is {RESERVED_PORT}, which VMM keeps for itself", in_plan("choose another")
        )
    by_port: dict[int, list[str]] = {}
    for key, port in named:
        by_port.setdefault(port, []).append(key)
    clashes = [f"{' and '.join(keys)} are both {port}" for port, keys in by_port.items() if len(keys) > 1]
    if clashes:
        return failed("; ".join(clashes), in_plan("give each its own port"))
    return passed(", ".join(f"{key}={port}" for key, port in plan.ports.named()))
