"""What is still to do once VMM is installed (POST-04), as far as the facts show it."""

from __future__ import annotations

from collections.abc import Iterator

from vmm_wizard.checks.registry import Verdict, check, not_applicable, or_unknown, passed, unknown, warned
from vmm_wizard.checks.remedies import DBA, ask, on_node, sql_name, sql_text
from vmm_wizard.checks.schedule import situation
from vmm_wizard.facts.model import Facts, known
from vmm_wizard.facts.node_parts import vmm_of
from vmm_wizard.plan.model import Plan


@check(
    "POST-04",
    topic="run",
    source="HASRV",
    needs=("cluster.name", "cluster.role_name", "cluster.nodes", "database.host"),
)
def followed_up(plan: Plan, facts: Facts) -> Iterator[Verdict]:
    """Update rollups and the database are judged; the library is only called to mind. Nothing here fails."""
    if not situation(plan, facts).ours:
        yield not_applicable("the planned role does not exist yet")
        return
    yield or_unknown(lambda: _same_update(plan, facts), "update rollup")
    yield or_unknown(lambda: _database(plan, facts), "database")
    yield not_applicable(
        "cannot be seen from here: a library share on a highly available file server, which is neither this cluster "
        "nor a Scale-Out File Server, added in the console with its default resources",
        subject="library",
    )


def _same_update(plan: Plan, facts: Facts) -> Verdict:
    versions = {}
    for row in plan.nodes:
        vmm = vmm_of(facts.node(row.key))
        if vmm is not None:
            versions[row.key] = vmm.version
    if not all(versions.values()):
        return unknown("a node does not tell the version of its VMM")
    shown = ", ".join(f"{node} {version}" for node, version in versions.items())
    if len(set(versions.values())) == 1:
        return passed(f"one version on every node that has VMM: {shown}. A newer update rollup goes on all of them")
    behind = sorted(versions, key=lambda node: _parts(versions[node]))[0]
    return warned(
        f"the nodes have different versions: {shown}",
        on_node(behind, "install the update rollup that the others have, while the role is online elsewhere"),
    )


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(text) if text.isdecimal() else 0 for text in version.split("."))


def _database(plan: Plan, facts: Facts) -> Verdict:
    """Where there are availability groups, the database belongs into one now; that takes the recovery model FULL."""
    sql = known(facts.sql)
    found = sql.database
    if found is None or found.recovery_model is None:
        return unknown(f"{sql.logged_on_as} cannot see the recovery model of {plan.database.name} on {sql.server}")
    model = found.recovery_model.upper()
    name = sql_name(found.name)
    if found.availability_group:
        return passed(f"{found.name} is in availability group {found.availability_group}, recovery model {model}")
    has_groups = bool(sql.hadr_enabled and sql.listeners)
    if has_groups:
        full = "" if model == "FULL" else f"ALTER DATABASE {name} SET RECOVERY FULL; "
        return warned(
            f"{found.name} is in no availability group yet (recovery model {model}), and {sql.server} has listener "
            f"{', '.join(sql.listeners or ())}",
            ask(
                DBA,
                f"with the VMM role offline: {full}BACKUP DATABASE {name} TO DISK = {sql_text('<file>')}; then let it "
                "join, and make the service account's login on every secondary",
                on_node(
                    "every VMM node",
                    "write the listener into ConnectionString, MachineName, MachineFQDN and InstanceName under "
                    r"HKLM:\SOFTWARE\Microsoft\Microsoft System Center Virtual Machine Manager Server\Settings\Sql; "
                    "then bring the role online",
                ),
            ),
        )
    kind = "its log needs backups of its own" if model == "FULL" else "full backups alone protect it"
    return passed(f"{found.name} has recovery model {model}: {kind}. Whether they are made is not seen from here")
