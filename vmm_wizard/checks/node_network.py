"""Checks of how the nodes talk: ports, WinRM, the firewall, TLS and NTLM (NOD)."""

from __future__ import annotations

from vmm_wizard.checks.registry import Verdict, failed, node_check, passed, warned
from vmm_wizard.checks.remedies import AD_TEAM, Remedy, ask, by_policy, in_plan, on_node, powershell
from vmm_wizard.facts.model import Facts, PortUse, TlsFacts, WinrmFacts, known
from vmm_wizard.facts.node_parts import part
from vmm_wizard.facts.windows_model import KERNEL_PROCESS, NOT_SET
from vmm_wizard.plan.model import Plan

#: What each value of the NTLM policies denies (Microsoft, security policy settings).
_DENIED_SENDING = {2: "outgoing NTLM"}
_DENIED_RECEIVING = {1: "incoming NTLM of domain accounts", 2: "incoming NTLM"}


@node_check("NOD-12", topic="node", source="INST")
def ports_free(plan: Plan, facts: Facts, node: str) -> Verdict:
    """A port of VMM's own services in use fails. The one for BITS can be shared through http.sys: that only warns."""
    answer = facts.node(node)
    uses = [use for use in part(answer, answer.ports, "which ports are in use") if use.port in plan.ports.own]
    taken = [use for use in uses if use.port != plan.ports.bits]
    look = on_node(node, "Get-NetTCPConnection -State Listen | Sort-Object LocalPort; stop that program, or ")
    if taken:
        return failed(
            f"in use already: {', '.join(map(_who, taken))}",
            in_plan("choose another port for each", on_node(node, look.step + "choose other ports in the plan")),
        )
    if uses:
        shared = all(use.process_id == KERNEL_PROCESS for use in uses)
        why = "IIS and others share a port through http.sys, and VMM's file transfer has to share it too"
        return warned(
            f"{', '.join(map(_who, uses))} in use: {why if shared else 'VMM transfers files through it'}",
            on_node(
                node,
                "netsh http show servicestate shows who has it; move that to another server, or choose another port "
                "for BITS in the plan",
            ),
        )
    return passed(f"free: {', '.join(map(str, plan.ports.own))}")


def _who(use: PortUse) -> str:
    process = "Windows itself, that is http.sys" if use.process_id == KERNEL_PROCESS else use.process or "a process"
    return f"{use.port} by {process} ({use.process_id})"


@node_check("NOD-14", topic="node", source="KBSHARE")
def winrm_loop(plan: Plan, facts: Facts, node: str) -> Verdict:
    """Setup talks to the node's own WinRM by its full name; by Kerberos, for which nobody else may hold its names."""
    del plan
    answer = facts.node(node)
    winrm = part(answer, answer.winrm, "whether WinRM answers the node itself")
    if winrm.loop_error:
        return failed(f"asked as {answer.dns_host_name}: {winrm.loop_error}{_filters(winrm)}", _mend_loop(node, winrm))
    label = node.partition(".")[0]
    names = {name.casefold() for name in (f"HTTP/{node}", f"HTTP/{label}")}
    for name, holders in known(facts.principal_names).holders.items():
        others = [dn for dn in holders if name.casefold() in names and not _is_computer(dn, label)]
        if others:
            return failed(
                f"WinRM answers, but {name} is on {', '.join(others)}: Kerberos to this node's WinRM fails",
                ask(
                    AD_TEAM,
                    f"setspn -Q {powershell(name)} shows who has it; when nobody needs it there, move it with "
                    f"setspn -D from that account",
                ),
            )
    return passed(f"WinRM answers as {answer.dns_host_name}, and nobody else holds HTTP/{node}")


def _filters(winrm: WinrmFacts) -> str:
    if not winrm.policy:
        return ""
    return f" (a GPO lets it listen on IPv4 {winrm.ipv4_filter or 'nowhere'}, IPv6 {winrm.ipv6_filter or 'nowhere'})"


def _mend_loop(node: str, winrm: WinrmFacts) -> Remedy:
    if winrm.policy:
        return by_policy(
            node,
            "Allow remote server management through WinRM",
            "fill in its IPv4 and IPv6 filter (* or the ranges of all nodes): an empty one means no address",
        )
    return on_node(node, f"winrm quickconfig; then Test-WSMan {powershell(node)} shows whether it answers")


def _is_computer(dn: str, label: str) -> bool:
    """Whether `dn` is the computer object of this name, wherever it is kept."""
    return dn.partition(",")[0].casefold() == f"cn={label.casefold()}"


@node_check("NOD-16", topic="node", source="G25")
def dotnet_tls(plan: Plan, facts: Facts, node: str) -> Verdict:
    """Where TLS 1.0 is off, older .NET programs such as setup need both values, in both views of the registry."""
    del plan
    answer = facts.node(node)
    tls = part(answer, answer.tls, "the TLS settings of .NET")
    unset = [f"{name} {'not set' if value == NOT_SET else value}" for name, value in _dotnet_values(tls) if value != 1]
    state = f"TLS 1.0 for outgoing connections: {tls.tls10_client}"
    if not unset:
        return passed(f"{state}; SystemDefaultTlsVersions and SchUseStrongCrypto are 1 in both views")
    if tls.tls10_client != "disabled":
        return passed(f"{state}; .NET has its own defaults")
    keys = (
        r"HKLM:\SOFTWARE\Microsoft\.NETFramework\v4.0.30319",
        r"HKLM:\SOFTWARE\WOW6432Node\Microsoft\.NETFramework\v4.0.30319",
    )
    names = ("SystemDefaultTlsVersions", "SchUseStrongCrypto")
    commands = (f"Set-ItemProperty -Path {powershell(key)} -Name {name} -Value 1" for key in keys for name in names)
    return warned(f"{state}, and {', '.join(unset)}", on_node(node, "; ".join(commands)))


def _dotnet_values(tls: TlsFacts) -> tuple[tuple[str, int], ...]:
    return (
        ("SystemDefaultTlsVersions", tls.system_default),
        ("SchUseStrongCrypto", tls.strong_crypto),
        ("SystemDefaultTlsVersions (32 bit)", tls.system_default_32),
        ("SchUseStrongCrypto (32 bit)", tls.strong_crypto_32),
    )


@node_check("NOD-17", topic="node", source="PORTS")
def firewall(plan: Plan, facts: Facts, node: str) -> Verdict:
    """Setup makes its own rules on the node. Where a GPO says that these do not count, a GPO must open the port."""
    answer = facts.node(node)
    wall = part(answer, answer.firewall, "Windows Firewall's domain profile")
    port = plan.ports.console
    if not wall.enabled:
        return passed("Windows Firewall is off in the domain profile")
    if wall.local_rules:
        return passed("Windows Firewall is on in the domain profile, and rules that setup makes there count")
    if any(_covers(text, port) for text in wall.policy_ports):
        return passed(f"rules made on the node do not count, and a rule of a GPO lets TCP {port} in")
    opened = f"for the domain profile: {', '.join(wall.policy_ports) or 'nothing'}"
    return warned(
        f"a GPO says that firewall rules made on the node do not count, and none lets TCP {port} in ({opened})",
        by_policy(
            node,
            "the domain profile of Windows Firewall",
            f"let TCP {', '.join(map(str, plan.ports.own))} in from where consoles, hosts and library servers are",
        ),
    )


def _covers(text: str, port: int) -> bool:
    """Whether a rule's ports, `any`, `8100` or `8100-8103`, hold `port`. Keywords such as `RPC` hold none."""
    if text == "any":
        return True
    first, _, last = text.partition("-")
    return first.isdecimal() and (last or first).isdecimal() and int(first) <= port <= int(last or first)


@node_check("NOD-18", topic="node", source="PORTS")
def ntlm_allowed(plan: Plan, facts: Facts, node: str) -> Verdict:
    """VMM relies on NTLM for its management work (PORTS). Auditing is no denial; for incoming NTLM 1 is one already."""
    del plan
    answer = facts.node(node)
    ntlm = part(answer, answer.ntlm, "the policies that restrict NTLM")
    denied = []
    if ntlm.sending in _DENIED_SENDING:
        denied.append(f"{_DENIED_SENDING[ntlm.sending]} (RestrictSendingNTLMTraffic={ntlm.sending})")
    if ntlm.receiving in _DENIED_RECEIVING:
        denied.append(f"{_DENIED_RECEIVING[ntlm.receiving]} (RestrictReceivingNTLMTraffic={ntlm.receiving})")
    if not denied:
        return passed("no policy denies NTLM on this node")
    return warned(
        f"a policy denies {' and '.join(denied)}; VMM uses NTLM for management operations",
        by_policy(
            node,
            "Network security: Restrict NTLM",
            "decide with security: an exception for the VMM nodes, hosts and library servers keeps NTLM denied "
            "everywhere else",
        ),
    )
