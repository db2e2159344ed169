"""What an uninstall of VMM leaves behind (HAU, INST, section 9), each with the command that takes it away. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vmm_wizard.checks.principals import role_names
from vmm_wizard.checks.remedies import AD_TEAM, DBA, NETWORK, ask, down_level, on_node, powershell, sql_name
from vmm_wizard.facts.model import (
    ComputerFacts,
    ContainerFacts,
    Facts,
    NodeFacts,
    PrincipalNameFacts,
    RoleRecordFacts,
    SqlFacts,
)
from vmm_wizard.plan.model import Plan
from vmm_wizard.texts import text

#: The groups of firewall rules that setup switches on and leaves on (INST). The first is how nodes are administered.
_KEPT_GROUP, _GROUP = "Windows Remote Management", "Windows Standards-Based Storage Management"


@dataclass(frozen=True, slots=True)
class Leftover:
    """One thing that stays. `node`: where, empty for the estate; `remedy`: who takes it away, and how."""

    node: str
    text: str
    remedy: str


def on_the_node(facts: Facts, node: str) -> Iterator[Leftover]:
    """What stays on a node that VMM was taken off."""
    disable = f"Disable-NetFirewallRule -DisplayGroup {powershell(_GROUP)}"
    yield Leftover(
        node,
        text("engine.leftovers.firewall", node=node, first=_KEPT_GROUP, second=_GROUP),
        str(on_node(node, text("engine.leftovers.disable", command=disable, group=_KEPT_GROUP))),
    )
    answer = facts.nodes.get(node)
    if isinstance(answer, NodeFacts) and answer.agent_installed:
        find = "Get-Package -Name '*Virtual Machine Manager Agent*'"
        yield Leftover(
            node,
            text("engine.leftovers.agent", node=node),
            str(on_node(node, f"{find} | Uninstall-Package")),
        )


def in_the_estate(plan: Plan, facts: Facts, *, database_kept: bool) -> Iterator[Leftover]:
    """What stays in directory, DNS and SQL Server once the last node is off, as far as it was seen."""
    sql = facts.sql
    name = plan.database.name
    if database_kept and not (isinstance(sql, SqlFacts) and sql.database is None):
        yield Leftover(
            "",
            text("engine.leftovers.database", name=name, server=plan.database.target),
            str(ask(DBA, text("engine.leftovers.drop_database", name=sql_name(name)))),
        )
    account = down_level(plan.service_account.name, facts)
    yield Leftover(
        "",
        text("engine.leftovers.login", account=account, server=plan.database.target),
        str(ask(DBA, text("engine.leftovers.drop_login", login=sql_name(account)))),
    )
    if not (isinstance(facts.dkm, ContainerFacts) and not facts.dkm.found):
        dn = powershell(str(plan.dkm.dn))
        why = text("engine.leftovers.unreadable", name=name) if database_kept else text("engine.leftovers.shared")
        remove = (
            f"Set-ADObject -Identity {dn} -ProtectedFromAccidentalDeletion $false; "
            f"Remove-ADObject -Identity {dn} -Recursive"
        )
        yield Leftover(
            "",
            text("engine.leftovers.container", container=plan.dkm.dn, why=why),
            str(ask(AD_TEAM, text("engine.leftovers.remove_container", command=remove))),
        )
    yield from _of_the_role(plan, facts)


def _of_the_role(plan: Plan, facts: Facts) -> Iterator[Leftover]:
    role, again = plan.cluster.role_name.text, text("engine.leftovers.again")
    found = facts.role_object
    if isinstance(found, ComputerFacts) and found.found:
        remove = f"Remove-ADObject -Identity {powershell(found.dn)} -Recursive"
        yield Leftover(
            "",
            text("engine.leftovers.computer", computer=found.dn, again=again),
            str(ask(AD_TEAM, text("engine.leftovers.else", command=remove))),
        )
    record = facts.role_record
    if isinstance(record, RoleRecordFacts) and record.found and not record.tombstoned:
        zone = powershell(plan.dns_domain)
        remove = f"Remove-DnsServerResourceRecord -ZoneName {zone} -Name {powershell(role)} -RRType A"
        yield Leftover(
            "",
            text("engine.leftovers.record", name=plan.role_fqdn, again=again),
            str(ask(NETWORK, text("engine.leftovers.else", command=remove))),
        )
    names = facts.principal_names
    if isinstance(names, PrincipalNameFacts):
        held = {key.casefold(): dns for key, dns in names.holders.items()}
        for name in role_names(plan):
            for dn in held.get(name.casefold(), ()):
                holder = powershell(names.accounts.get(dn) or dn)
                yield Leftover(
                    "",
                    text("engine.leftovers.principal_name", name=name, dn=dn),
                    str(
                        ask(AD_TEAM, text("engine.leftovers.free_principal_name", name=powershell(name), holder=holder))
                    ),
                )
