"""What is still to do once VMM is installed (POST-04), as far as the facts show it."""

from __future__ import annotations

from collections.abc import Iterator

from vmm_wizard.checks.registry import Verdict, check, not_applicable, or_unknown, passed, unknown, warned
from vmm_wizard.checks.remedies import DBA, ask, on_node, sql_name, sql_text
from vmm_wizard.checks.schedule import situation
from vmm_wizard.facts.model import Facts, known
from vmm_wizard.facts.node_parts import vmm_of
from vmm_wizard.plan.model import Plan
from vmm_wizard.texts import text

#: Where VMM keeps how it reaches its database.
_SQL_KEY = r"HKLM:\SOFTWARE\Microsoft\Microsoft System Center Virtual Machine Manager Server\Settings\Sql"


@check(
    "POST-04",
    topic="run",
    source="HASRV",
    needs=("cluster.name", "cluster.role_name", "cluster.nodes", "database.host"),
)
def followed_up(plan: Plan, facts: Facts) -> Iterator[Verdict]:
    """Update rollups and the database are judged; the library is only called to mind. Nothing here fails."""
    if not situation(plan, facts).ours:
        yield not_applicable(text("evidence.POST-04.no_role"))
        return
    yield or_unknown(lambda: _same_update(plan, facts), "update rollup")
    yield or_unknown(lambda: _database(plan, facts), "database")
    yield not_applicable(text("evidence.POST-04.library"), subject="library")


def _same_update(plan: Plan, facts: Facts) -> Verdict:
    versions = {}
    for row in plan.nodes:
        vmm = vmm_of(facts.node(row.key))
        if vmm is not None:
            versions[row.key] = vmm.version
    if not all(versions.values()):
        return unknown(text("evidence.POST-04.no_version"))
    shown = ", ".join(f"{node} {version}" for node, version in versions.items())
    if len(set(versions.values())) == 1:
        return passed(text("evidence.POST-04.same_version", versions=shown))
    behind = sorted(versions, key=lambda node: _parts(versions[node]))[0]
    return warned(
        text("evidence.POST-04.versions", versions=shown), on_node(behind, text("evidence.POST-04.mend_versions"))
    )


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(number) if number.isdecimal() else 0 for number in version.split("."))


def _database(plan: Plan, facts: Facts) -> Verdict:
    """Where there are availability groups, the database belongs into one now; that takes the recovery model FULL."""
    sql = known(facts.sql)
    found = sql.database
    if found is None or found.recovery_model is None:
        both = {"server": sql.server, "database": plan.database.name}
        return unknown(text("evidence.POST-04.no_model", **both, account=sql.logged_on_as))
    model = found.recovery_model.upper()
    name = sql_name(found.name)
    both = {"database": found.name, "model": model}
    if found.availability_group:
        return passed(text("evidence.POST-04.member", **both, group=found.availability_group))
    if sql.hadr_enabled and sql.listeners:
        backup = f"BACKUP DATABASE {name} TO DISK = {sql_text('<file>')}"
        commands = backup if model == "FULL" else f"ALTER DATABASE {name} SET RECOVERY FULL; {backup}"
        on_nodes = on_node(text("evidence.POST-04.every_node"), text("evidence.POST-04.mend_nodes", key=_SQL_KEY))
        return warned(
            text("evidence.POST-04.no_member", **both, server=sql.server, listener=", ".join(sql.listeners)),
            ask(DBA, text("evidence.POST-04.mend_no_member", commands=commands), on_nodes),
        )
    if model == "FULL":
        return passed(text("evidence.POST-04.full", **both))
    return passed(text("evidence.POST-04.other_model", **both))
