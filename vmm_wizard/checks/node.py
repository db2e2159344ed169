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
from vmm_wizard.texts import text

GIB = 2**30
#: Windows reports a little less memory than a machine has: firmware keeps some.
_REPORTED = 0.95
#: Reserved by VMM for WinRM over TLS (PORTS).
RESERVED_PORT = 5986

#: What puts the kit and its add-on on a node.
_INSTALL_KIT = "adksetup.exe /quiet /norestart /features OptionId.DeploymentTools"
_INSTALL_WINPE = "adkwinpesetup.exe /quiet /norestart /features OptionId.WindowsPreinstallationEnvironment"


def _others(plan: Plan, facts: Facts, node: str) -> list[tuple[str, NodeFacts]]:
    """The other planned nodes that answered."""
    rows = ((other.key, facts.nodes.get(other.key)) for other in plan.nodes if other.key != node)
    return [(name, answer) for name, answer in rows if isinstance(answer, NodeFacts)]


@node_check("NOD-01", topic="node", source="REQ*")
def windows_version(plan: Plan, facts: Facts, node: str) -> Verdict:
    """By build number, a server that is no domain controller, and the same on all nodes. Newer builds only warn."""
    answer = facts.node(node)
    kind = answer.installation_type or text("evidence.NOD-01.unknown_kind")
    found = text("evidence.NOD-01.build", windows=answer.os_caption or "Windows", build=answer.os_build, kind=kind)
    if answer.product_type != 3:
        which = "domain_controller" if answer.product_type == 2 else "no_server"
        return failed(text(f"evidence.NOD-01.is.{which}", found=found), in_plan(text("evidence.NOD-01.mend_no_server")))
    support = os_support(plan.release, answer.os_build)
    wanted = text("evidence.shared.or").join(requirements(plan.release).os_names)
    if support is Support.NO:
        return failed(
            text("evidence.NOD-01.unsupported", found=found, release=plan.release, wanted=wanted),
            in_plan(text("evidence.NOD-01.mend_unsupported", wanted=wanted)),
        )
    if support is Support.UNKNOWN:
        return warned(
            text("evidence.NOD-01.newer", found=found, release=plan.release, wanted=wanted),
            in_plan(text("evidence.shared.look_into_requirements")),
        )
    for name, other in _others(plan, facts, node):
        if other.os_build != answer.os_build or other.installation_type != answer.installation_type:
            kind = other.installation_type or text("evidence.NOD-01.unknown_kind")
            return warned(
                text("evidence.NOD-01.unlike", found=found, other=name, build=other.os_build, kind=kind),
                on_node(node, text("evidence.NOD-01.mend_unlike")),
            )
    return passed(found)


@node_check("NOD-02", topic="node", source="REQ*")
def hardware(plan: Plan, facts: Facts, node: str) -> Verdict:
    """Under the recommendation warns; under the least memory fails. Too few processors never fail: setup's own block
    is not confirmed."""
    need = requirements(plan.release).hardware
    answer = facts.node(node)
    memory = answer.memory_bytes / GIB
    found = text("evidence.NOD-02.found", processors=answer.logical_processors, memory=f"{memory:.1f}")
    recommended = {"processors": need.cpu_recommended, "memory": need.ram_recommended_gb}
    remedy = on_node(node, text("evidence.NOD-02.mend", **recommended))
    if memory < need.ram_minimum_gb * _REPORTED:
        return failed(text("evidence.shared.least_gb", found=found, least=need.ram_minimum_gb), remedy)
    if answer.logical_processors < need.cpu_minimum:
        return warned(text("evidence.NOD-02.few_processors", found=found, least=need.cpu_minimum), remedy)
    if answer.logical_processors < need.cpu_recommended or memory < need.ram_recommended_gb * _REPORTED:
        return warned(text("evidence.NOD-02.below_recommended", found=found, **recommended), remedy)
    return passed(found)


@node_check("NOD-03", topic="node", source="REQ*", needs=("program_files",))
def disk_space(plan: Plan, facts: Facts, node: str) -> Verdict:
    """On the drive to install to and on the system drive. The media is there already, so it needs no more room."""
    need = requirements(plan.release).hardware
    answer = facts.node(node)
    free = {disk.drive.upper()[:2]: disk.free_bytes / GIB for disk in answer.disks}
    install, system = plan.program_files[:2].upper(), answer.system_drive[:2].upper()
    if install not in free:
        there = ", ".join(sorted(free)) or text("evidence.shared.none")
        return failed(
            text("evidence.NOD-03.no_disk", drive=install, there=there),
            in_plan(text("evidence.NOD-03.mend_no_disk")),
        )
    wanted = [drive for drive in dict.fromkeys((install, system)) if drive in free]
    found = ", ".join(text("evidence.NOD-03.free", drive=drive, free=f"{free[drive]:.1f}") for drive in wanted)
    least = min(free[drive] for drive in wanted)
    show = on_node(node, text("evidence.NOD-03.mend"))
    if least < need.disk_minimum_gb:
        return failed(text("evidence.shared.least_gb", found=found, least=need.disk_minimum_gb), show)
    if least < need.disk_recommended_gb:
        return warned(text("evidence.shared.recommended_gb", found=found, recommended=need.disk_recommended_gb), show)
    return passed(found)


@node_check("NOD-04", topic="node", source="REQ*")
def runtimes(plan: Plan, facts: Facts, node: str) -> Verdict:
    """The release number of .NET 4.x in the registry, and PowerShell's version."""
    need = requirements(plan.release)
    answer = facts.node(node)
    found = text(
        "evidence.NOD-04.found",
        dotnet=answer.dotnet_release or text("evidence.shared.absent"),
        powershell=answer.powershell_version or text("evidence.shared.unknown"),
    )
    if answer.dotnet_release < need.dotnet_release:
        return failed(
            text("evidence.NOD-04.old_dotnet", found=found, version=need.dotnet, release=need.dotnet_release),
            on_node(node, text("evidence.NOD-04.mend_old_dotnet", version=need.dotnet)),
        )
    version = _numbers(answer.powershell_version)
    if not version:
        return unknown(text("evidence.NOD-04.powershell_unreadable", found=found))
    if version < _numbers(need.powershell):
        return failed(
            text("evidence.NOD-04.old_powershell", found=found, version=need.powershell),
            on_node(node, text("evidence.NOD-04.mend_old_powershell")),
        )
    return passed(found)


def _numbers(version: str) -> tuple[int, ...]:
    """`5.1.20348` as (5, 1, 20348); empty for what is no version."""
    parts = version.split(".")
    return tuple(int(part) for part in parts) if all(part.isdigit() for part in parts) else ()


@node_check("NOD-05", topic="node", source="REQ*")
def deployment_kit(plan: Plan, facts: Facts, node: str) -> Verdict:
    """Deployment Tools and Windows PE are both needed; a version that is not documented for the release warns."""
    kit = facts.node(node).adk
    wanted = requirements(plan.release).adk_name
    install = on_node(node, text("evidence.NOD-05.mend", wanted=wanted, kit=_INSTALL_KIT, winpe=_INSTALL_WINPE))
    if not kit.root:
        return failed(text("evidence.NOD-05.missing"), install)
    parts = {"Deployment Tools": kit.deployment_tools, "Windows PE": kit.windows_pe}
    missing = [name for name, there in parts.items() if not there]
    found = text("evidence.NOD-05.found", version=kit.version or text("evidence.NOD-05.no_version"), folder=kit.root)
    if missing:
        lacking = text("evidence.shared.and").join(missing)
        return failed(text("evidence.NOD-05.lacks_parts", found=found, missing=lacking), install)
    support = adk_support(plan.release, kit.version)
    if support is not Support.YES:
        which = "of_release" if support is Support.NO else "known"
        return warned(text(f"evidence.NOD-05.not.{which}", found=found, release=plan.release, wanted=wanted), install)
    return passed(text("evidence.NOD-05.good", found=found))


@node_check("NOD-08", topic="node", source="HA1")
def no_pending_restart(plan: Plan, facts: Facts, node: str) -> Verdict:
    """Setup refuses or breaks on a pending restart. Pending file renames alone are often an agent's: they warn."""
    del plan
    reboot = facts.node(node).reboot
    signs = {
        "component_servicing": reboot.component_servicing,
        "windows_update": reboot.windows_update,
        "computer_rename": reboot.computer_rename,
    }
    pending = [text(f"evidence.NOD-08.for.{sign}") for sign, there in signs.items() if there]
    name = powershell(node.partition(".")[0])
    restart = text(
        "evidence.NOD-08.mend",
        restart=f"Suspend-ClusterNode -Name {name} -Drain -Wait; Restart-Computer",
        afterwards=f"Resume-ClusterNode -Name {name}",
    )
    if pending:
        return failed(text("evidence.NOD-08.pending", why=", ".join(pending)), on_node(node, restart))
    if reboot.file_renames:
        return warned(text("evidence.NOD-08.renames"), on_node(node, restart))
    return passed(text("evidence.NOD-08.good"))


@node_check("NOD-09", topic="node", source="PLAN")
def no_hyperv(plan: Plan, facts: Facts, node: str) -> Verdict:
    """VMM never goes onto a host that it would manage."""
    del plan
    answer = facts.node(node)
    if answer.hyperv_feature or answer.hyperv_service:
        which = "role" if answer.hyperv_feature else "service"
        return failed(text(f"evidence.NOD-09.there.{which}"), in_plan(text("evidence.NOD-09.mend")))
    if answer.hyperv_feature is None:
        return passed(text("evidence.NOD-09.no_service"))
    return passed(text("evidence.NOD-09.no_role"))


@node_check("NOD-10", topic="node", source="PHX")
def no_agent(plan: Plan, facts: Facts, node: str) -> Verdict:
    """An agent without a management server means that another VMM manages this node, or once did: setup blocks."""
    del plan
    answer = facts.node(node)
    if vmm_of(answer) is not None:
        return not_applicable(text("evidence.NOD-10.of_server"))
    if answer.agent_installed:
        return failed(text("evidence.NOD-10.left"), on_node(node, text("evidence.NOD-10.mend")))
    return passed(text("evidence.NOD-10.none"))


@node_check("NOD-11", topic="node", source="REQ*")
def domain_member(plan: Plan, facts: Facts, node: str) -> Verdict:
    """Member of the plan's domain, as all nodes are, with a working secure channel."""
    answer = facts.node(node)
    if not answer.part_of_domain:
        return failed(
            text("evidence.NOD-11.workgroup", workgroup=answer.domain),
            on_node(node, f"Add-Computer -DomainName {powershell(plan.dns_domain)} -Restart"),
        )
    for name, other in _others(plan, facts, node):
        if other.domain.casefold() != answer.domain.casefold():
            return failed(
                text("evidence.NOD-11.unlike", domain=answer.domain, other=name, others_domain=other.domain),
                in_plan(text("evidence.NOD-11.mend_unlike")),
            )
    if plan.dns_domain and answer.domain.casefold() != plan.dns_domain:
        return failed(
            text("evidence.NOD-11.not_of_plan", domain=answer.domain, planned=plan.dns_domain),
            in_plan(text("evidence.NOD-11.mend_not_of_plan")),
        )
    if not part(answer, answer.secure_channel, text("evidence.NOD-11.channel", domain=answer.domain)):
        return failed(
            text("evidence.NOD-11.channel_broken", domain=answer.domain),
            on_node(node, "Test-ComputerSecureChannel -Repair -Credential (Get-Credential)"),
        )
    return passed(text("evidence.NOD-11.good", domain=answer.domain))


#: The ports as setup names them, and as the wizard's page does, so that who reads a finding finds the field.
_ANSWERS = {
    "IndigoTcpPort": "ports.console",
    "IndigoHTTPSPort": "ports.winpe_https",
    "IndigoNETTCPPort": "ports.wds",
    "IndigoHTTPPort": "ports.winpe_http",
    "WSManTcpPort": "ports.winrm",
    "BitsTcpPort": "ports.bits",
}


def _named_ports(plan: Plan) -> list[tuple[str, int]]:
    return [(f'"{text(f"pages.label.{_ANSWERS[key]}")}" ({key})', port) for key, port in plan.ports.named()]


@check("NOD-13", topic="node", source="INST")
def ports_differ(plan: Plan, facts: Facts) -> Verdict:
    """Unique among themselves (PHX), valid, and none the reserved 5986 (PORTS)."""
    del facts
    named = _named_ports(plan)
    wrong = [text("evidence.NOD-13.is", port=key, number=port) for key, port in named if not 0 < port < 65536]
    if wrong:
        return failed(
            text("evidence.NOD-13.no_port", ports=", ".join(wrong)), in_plan(text("evidence.NOD-13.mend_no_port"))
        )
    reserved = [key for key, port in named if port == RESERVED_PORT]
    if reserved:
        return failed(
            text("evidence.NOD-13.reserved", ports=", ".join(reserved), number=RESERVED_PORT),
            in_plan(text("evidence.NOD-13.mend_reserved")),
        )
    by_port: dict[int, list[str]] = {}
    for key, port in named:
        by_port.setdefault(port, []).append(key)
    clashes = [
        text("evidence.NOD-13.clash", ports=text("evidence.shared.and").join(keys), number=port)
        for port, keys in by_port.items()
        if len(keys) > 1
    ]
    if clashes:
        return failed("; ".join(clashes), in_plan(text("evidence.NOD-13.mend_clash")))
    return passed(", ".join(f"{key}={port}" for key, port in plan.ports.named()))
