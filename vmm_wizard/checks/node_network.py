"""Checks of how the nodes talk: ports, WinRM, the firewall, TLS and NTLM (NOD)."""

from __future__ import annotations

from vmm_wizard.checks.registry import Verdict, failed, node_check, passed, warned
from vmm_wizard.checks.remedies import AD_TEAM, Remedy, ask, by_policy, in_plan, on_node, powershell
from vmm_wizard.facts.model import Facts, PortUse, TlsFacts, WinrmFacts, known
from vmm_wizard.facts.node_parts import part
from vmm_wizard.facts.windows_model import KERNEL_PROCESS, NOT_SET
from vmm_wizard.plan.model import Plan
from vmm_wizard.texts import text

#: What each value of the NTLM policies denies (Microsoft, security policy settings), by its key in the catalogue.
_DENIED_SENDING = {2: "outgoing"}
_DENIED_RECEIVING = {1: "incoming_of_domain", 2: "incoming"}


@node_check("NOD-12", topic="node", source="INST")
def ports_free(plan: Plan, facts: Facts, node: str) -> Verdict:
    """A port of VMM's own services in use fails. The one for BITS can be shared through http.sys: that only warns."""
    answer = facts.node(node)
    ports = part(answer, answer.ports, text("evidence.NOD-12.what"))
    uses = [use for use in ports if use.port in plan.ports.own]
    taken = [use for use in uses if use.port != plan.ports.bits]
    if taken:
        show = "Get-NetTCPConnection -State Listen | Sort-Object LocalPort"
        there = on_node(node, text("evidence.NOD-12.mend_taken_there", command=show))
        return failed(
            text("evidence.NOD-12.taken", uses=", ".join(map(_who, taken))),
            in_plan(text("evidence.NOD-12.mend_taken"), there),
        )
    if uses:
        which = "shared" if all(use.process_id == KERNEL_PROCESS for use in uses) else "taken"
        return warned(
            text(f"evidence.NOD-12.bits.{which}", uses=", ".join(map(_who, uses))),
            on_node(node, text("evidence.NOD-12.mend_bits", command="netsh http show servicestate")),
        )
    return passed(text("evidence.NOD-12.free", ports=", ".join(map(str, plan.ports.own))))


def _who(use: PortUse) -> str:
    process = use.process or text("evidence.NOD-12.some_process")
    if use.process_id == KERNEL_PROCESS:
        process = text("evidence.NOD-12.kernel")
    return text("evidence.NOD-12.use", port=use.port, process=process, number=use.process_id)


@node_check("NOD-14", topic="node", source="KBSHARE")
def winrm_loop(plan: Plan, facts: Facts, node: str) -> Verdict:
    """Setup talks to the node's own WinRM by its full name; by Kerberos, for which nobody else may hold its names."""
    del plan
    answer = facts.node(node)
    winrm = part(answer, answer.winrm, text("evidence.NOD-14.what"))
    if winrm.loop_error:
        return failed(_silent(answer.dns_host_name, winrm), _mend_loop(node, winrm))
    label = node.partition(".")[0]
    names = {name.casefold() for name in (f"HTTP/{node}", f"HTTP/{label}")}
    for name, holders in known(facts.principal_names).holders.items():
        others = [dn for dn in holders if name.casefold() in names and not _is_computer(dn, label)]
        if others:
            return failed(
                text("evidence.NOD-14.name_elsewhere", name=name, holders=", ".join(others)),
                ask(AD_TEAM, text("evidence.NOD-14.mend_name_elsewhere", command=f"setspn -Q {powershell(name)}")),
            )
    return passed(text("evidence.NOD-14.good", name=answer.dns_host_name, principal=f"HTTP/{node}"))


def _silent(name: str, winrm: WinrmFacts) -> str:
    if not winrm.policy:
        return text("evidence.NOD-14.silent", name=name, error=winrm.loop_error)
    nowhere = text("evidence.NOD-14.nowhere")
    ipv4, ipv6 = winrm.ipv4_filter or nowhere, winrm.ipv6_filter or nowhere
    return text("evidence.NOD-14.silent_by_policy", name=name, error=winrm.loop_error, ipv4=ipv4, ipv6=ipv6)


def _mend_loop(node: str, winrm: WinrmFacts) -> Remedy:
    if winrm.policy:
        return by_policy(node, text("evidence.NOD-14.setting"), text("evidence.NOD-14.mend_policy"))
    show = f"Test-WSMan {powershell(node)}"
    return on_node(node, text("evidence.NOD-14.mend", command="winrm quickconfig", show=show))


def _is_computer(dn: str, label: str) -> bool:
    """Whether `dn` is the computer object of this name, wherever it is kept."""
    return dn.partition(",")[0].casefold() == f"cn={label.casefold()}"


@node_check("NOD-16", topic="node", source="G25")
def dotnet_tls(plan: Plan, facts: Facts, node: str) -> Verdict:
    """Where TLS 1.0 is off, older .NET programs such as setup need both values, in both views of the registry."""
    del plan
    answer = facts.node(node)
    tls = part(answer, answer.tls, text("evidence.NOD-16.what"))
    not_set = text("evidence.NOD-16.not_set")
    unset = [f"{name} {not_set if value == NOT_SET else value}" for name, value in _dotnet_values(tls) if value != 1]
    if not unset:
        return passed(text("evidence.NOD-16.good", state=tls.tls10_client))
    if tls.tls10_client != "disabled":
        return passed(text("evidence.NOD-16.defaults", state=tls.tls10_client))
    keys = (
        r"HKLM:\SOFTWARE\Microsoft\.NETFramework\v4.0.30319",
        r"HKLM:\SOFTWARE\WOW6432Node\Microsoft\.NETFramework\v4.0.30319",
    )
    names = ("SystemDefaultTlsVersions", "SchUseStrongCrypto")
    commands = (f"Set-ItemProperty -Path {powershell(key)} -Name {name} -Value 1" for key in keys for name in names)
    found = text("evidence.NOD-16.unset", state=tls.tls10_client, values=", ".join(unset))
    return warned(found, on_node(node, "; ".join(commands)))


def _dotnet_values(tls: TlsFacts) -> tuple[tuple[str, int], ...]:
    view = text("evidence.NOD-16.view")
    return (
        ("SystemDefaultTlsVersions", tls.system_default),
        ("SchUseStrongCrypto", tls.strong_crypto),
        (f"SystemDefaultTlsVersions {view}", tls.system_default_32),
        (f"SchUseStrongCrypto {view}", tls.strong_crypto_32),
    )


@node_check("NOD-17", topic="node", source="PORTS")
def firewall(plan: Plan, facts: Facts, node: str) -> Verdict:
    """Setup makes its own rules on the node. Where a GPO says that these do not count, a GPO must open the port."""
    answer = facts.node(node)
    wall = part(answer, answer.firewall, text("evidence.NOD-17.what"))
    port = plan.ports.console
    if not wall.enabled:
        return passed(text("evidence.NOD-17.off"))
    if wall.local_rules:
        return passed(text("evidence.NOD-17.local_rules"))
    if any(_covers(ports, port) for ports in wall.policy_ports):
        return passed(text("evidence.NOD-17.opened", port=port))
    opened = ", ".join(wall.policy_ports) or text("evidence.NOD-17.nothing")
    step = text("evidence.NOD-17.mend", ports=", ".join(map(str, plan.ports.own)))
    return warned(
        text("evidence.NOD-17.closed", port=port, opened=opened),
        by_policy(node, text("evidence.NOD-17.setting"), step),
    )


def _covers(ports: str, port: int) -> bool:
    """Whether a rule's ports, `any`, `8100` or `8100-8103`, hold `port`. Keywords such as `RPC` hold none."""
    if ports == "any":
        return True
    first, _, last = ports.partition("-")
    return first.isdecimal() and (last or first).isdecimal() and int(first) <= port <= int(last or first)


@node_check("NOD-18", topic="node", source="PORTS")
def ntlm_allowed(plan: Plan, facts: Facts, node: str) -> Verdict:
    """VMM relies on NTLM for its management work (PORTS). Auditing is no denial; for incoming NTLM 1 is one already."""
    del plan
    answer = facts.node(node)
    ntlm = part(answer, answer.ntlm, text("evidence.NOD-18.what"))
    denied = []
    if ntlm.sending in _DENIED_SENDING:
        what = text(f"evidence.NOD-18.denied.{_DENIED_SENDING[ntlm.sending]}")
        denied.append(f"{what} (RestrictSendingNTLMTraffic={ntlm.sending})")
    if ntlm.receiving in _DENIED_RECEIVING:
        what = text(f"evidence.NOD-18.denied.{_DENIED_RECEIVING[ntlm.receiving]}")
        denied.append(f"{what} (RestrictReceivingNTLMTraffic={ntlm.receiving})")
    if not denied:
        return passed(text("evidence.NOD-18.good"))
    return warned(
        text("evidence.NOD-18.restricted", what=text("evidence.shared.and").join(denied)),
        by_policy(node, text("evidence.NOD-18.setting"), text("evidence.NOD-18.mend")),
    )
