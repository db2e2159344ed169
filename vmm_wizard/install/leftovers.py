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
        f"firewall rules stay on {node}: the groups {_KEPT_GROUP} and {_GROUP} are still open",
        str(on_node(node, f"{disable}; leave {_KEPT_GROUP} on where the node is administered by it")),
    )
    answer = facts.nodes.get(node)
    if isinstance(answer, NodeFacts) and answer.agent_installed:
        find = "Get-Package -Name '*Virtual Machine Manager Agent*'"
        yield Leftover(
            node,
            f"the VMM agent stays on {node}: setup refuses a node that has it without a server",
            str(on_node(node, f"{find} | Uninstall-Package")),
        )


def in_the_estate(plan: Plan, facts: Facts, *, database_kept: bool) -> Iterator[Leftover]:
    """What stays in directory, DNS and SQL Server once the last node is off, as far as it was seen."""
    sql = facts.sql
    name = plan.database.name
    if database_kept and not (isinstance(sql, SqlFacts) and sql.database is None):
        yield Leftover(
            "",
            f"database {name} stays on {plan.database.target}: `vmm-wizard rebuild` installs on it again",
            str(ask(DBA, f"when nobody wants it any more, after a backup: DROP DATABASE {sql_name(name)};")),
        )
    account = down_level(plan.service_account.name, facts)
    yield Leftover(
        "",
        f"the login of {account} stays in {plan.database.target}",
        str(ask(DBA, f"when nothing else uses it: DROP LOGIN {sql_name(account)};")),
    )
    if not (isinstance(facts.dkm, ContainerFacts) and not facts.dkm.found):
        dn = powershell(str(plan.dkm.dn))
        why = f"without its keys database {name} cannot be read" if database_kept else "another VMM may share it"
        remove = (
            f"Set-ADObject -Identity {dn} -ProtectedFromAccidentalDeletion $false; "
            f"Remove-ADObject -Identity {dn} -Recursive"
        )
        yield Leftover(
            "", f"the DKM container {plan.dkm.dn} stays: {why}", str(ask(AD_TEAM, f"when nobody wants it: {remove}"))
        )
    yield from _of_the_role(plan, facts)


def _of_the_role(plan: Plan, facts: Facts) -> Iterator[Leftover]:
    role, again = plan.cluster.role_name.text, "a rebuild under this name takes it again"
    found = facts.role_object
    if isinstance(found, ComputerFacts) and found.found:
        yield Leftover(
            "",
            f"the computer object {found.dn} stays: {again}",
            str(ask(AD_TEAM, f"else: Remove-ADObject -Identity {powershell(found.dn)} -Recursive")),
        )
    record = facts.role_record
    if isinstance(record, RoleRecordFacts) and record.found and not record.tombstoned:
        zone = powershell(plan.dns_domain)
        remove = f"Remove-DnsServerResourceRecord -ZoneName {zone} -Name {powershell(role)} -RRType A"
        yield Leftover("", f"the DNS record of {plan.role_fqdn} stays: {again}", str(ask(NETWORK, f"else: {remove}")))
    names = facts.principal_names
    if isinstance(names, PrincipalNameFacts):
        held = {key.casefold(): dns for key, dns in names.holders.items()}
        for name in role_names(plan):
            for dn in held.get(name.casefold(), ()):
                holder = powershell(names.accounts.get(dn) or dn)
                yield Leftover(
                    "",
                    f"the service principal name {name} stays on {dn}",
                    str(
                        ask(AD_TEAM, f"before another service account takes it: setspn -D {powershell(name)} {holder}")
                    ),
                )
