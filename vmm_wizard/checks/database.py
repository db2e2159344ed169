"""Checks of SQL Server and the database (SQL)."""

from __future__ import annotations

import re

from vmm_wizard.checks.cluster import cluster_of_plan
from vmm_wizard.checks.registry import Verdict, check, failed, node_check, passed, unknown, warned
from vmm_wizard.checks.remedies import (
    DBA,
    NETWORK,
    Remedy,
    ask,
    down_level,
    in_plan,
    powershell,
    same_account,
    sql_name,
    sql_text,
)
from vmm_wizard.checks.schedule import situation
from vmm_wizard.checks.sql_database import case_insensitive
from vmm_wizard.facts.model import (
    Facts,
    NetworkFacts,
    NoAnswer,
    NodeFacts,
    NotKnown,
    PasswordFacts,
    RehearsalFacts,
    SqlFacts,
    known,
)
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.names import NETBIOS_MAX
from vmm_wizard.plan.releases import Support, collation_for, refused_sql_edition, requirements, sql_support
from vmm_wizard.texts import text


@node_check("SQL-01", topic="database", source="HA1", needs=("database.host",))
def node_reaches_sql(plan: Plan, facts: Facts, node: str) -> Verdict:
    """A TCP connection from each node; where the wizard's computer gets through and the node does not, a warning."""
    tried = facts.node(node).sql
    where = f"{tried.host}:{tried.port}" if tried.port else f"{tried.host} ({plan.database.target})"
    if tried.open:
        return passed(text("evidence.SQL-01.open", address=where))
    evidence = text("evidence.SQL-01.closed", address=where, error=tried.error or text("evidence.SQL-01.no_answer"))
    port = tried.port or 1433
    test = f"Test-NetConnection {powershell(tried.host)} -Port {port}"
    remedy = ask(
        NETWORK,
        text("evidence.SQL-01.mend", port=port, node=node, host=tried.host, test=test),
        ask(DBA, text("evidence.SQL-01.mend_instance")),
    )
    if isinstance(facts.network, NetworkFacts) and facts.network.sql.open:
        return warned(text("evidence.SQL-01.open_from_here", found=evidence), remedy)
    return failed(evidence, remedy)


@check(
    "SQL-02",
    topic="database",
    source="INST",
    needs=("database.host", "installing_account"),
)
def setup_is_sysadmin(plan: Plan, facts: Facts) -> Verdict:
    """Asked as the account that setup will use; under another identity the answer would be about that one.

    A rehearsal that logged on as that account wins. A good password that the server does not let in fails.
    """
    account = plan.setup_sql_account
    name = down_level(account, facts)
    remedy = ask(DBA, text("evidence.SQL-02.mend", command=_grant(name)))
    inside = _rehearsed(plan, facts, remedy)
    if inside is not None:
        return inside
    if isinstance(facts.sql, NoAnswer):
        proof = facts.passwords.get(account.key)
        proved = isinstance(proof, PasswordFacts) and proof.accepted
        if facts.sql.code == "no_login" and proved and same_account(str(plan.sql_account), account, facts):
            return failed(facts.sql.reason, remedy)
        raise NotKnown(facts.sql)
    sql = facts.sql
    if not (same_account(sql.asked_as, account, facts) or same_account(sql.logged_on_as, account, facts)):
        return unknown(
            text("evidence.SQL-02.other_account", asked=sql.asked_as or sql.logged_on_as, account=account),
            in_plan(text("evidence.SQL-02.mend_other_account", account=account)),
        )
    both = {"server": sql.server, "account": sql.logged_on_as}
    if sql.is_sysadmin is None:
        return unknown(text("evidence.SQL-02.not_told", **both))
    if sql.is_sysadmin:
        return passed(text("evidence.SQL-02.good", **both))
    return failed(text("evidence.SQL-02.no_sysadmin", **both), remedy)


def _grant(login: str) -> str:
    name = sql_name(login)
    return (
        f"IF SUSER_ID({sql_text(login)}) IS NULL CREATE LOGIN {name} FROM WINDOWS; "
        f"ALTER SERVER ROLE [sysadmin] ADD MEMBER {name};"
    )


def _rehearsed(plan: Plan, facts: Facts, remedy: Remedy) -> Verdict | None:
    """What rehearsals saw, the first bad one first; None when none logged on as setup's SQL account."""
    if plan.setup_sql_account.key != plan.installing_account.key:
        # The task logs on as the installing account; setup's SQL account shows itself only from here.
        return None
    good = []
    for node, answer in facts.rehearsals.items():
        if not isinstance(answer, RehearsalFacts) or not answer.registered or not answer.user:
            continue
        if answer.sql_error:
            return failed(text("evidence.SQL-02.rehearsal_refused", node=node, error=answer.sql_error), remedy)
        if not answer.sql_sysadmin:
            found = text("evidence.SQL-02.rehearsal_no_sysadmin", node=node, account=answer.sql_login)
            return failed(found, remedy)
        good.append(node)
    return passed(text("evidence.SQL-02.rehearsal_good", nodes=", ".join(good))) if good else None


@check("SQL-03", topic="database", source="REQ*", needs=("database.host",))
def sql_version(plan: Plan, facts: Facts) -> Verdict:
    """Express and cloud editions and versions out of the table fail; newer ones than the table knows warn."""
    sql = known(facts.sql)
    level = f"{sql.product_level} {sql.update_level}".strip()
    evidence = text(
        "evidence.SQL-03.found", server=sql.server, edition=sql.edition, version=f"{sql.product_version} {level}"
    )
    listed = ", ".join(requirements(plan.release).sql_names)
    refused = refused_sql_edition(sql.engine_edition)
    if refused:
        return failed(
            text("evidence.SQL-03.edition", found=evidence, edition=refused),
            in_plan(text("evidence.SQL-03.mend_edition")),
        )
    support, note = sql_support(plan.release, sql.major_version, sql.product_level)
    if support is Support.NO:
        return failed(
            text("evidence.SQL-03.unsupported", found=evidence, release=plan.release, supported=listed),
            in_plan(text("evidence.SQL-03.mend_unsupported")),
        )
    if support is Support.UNKNOWN:
        return warned(
            text("evidence.SQL-03.newer", found=evidence, release=plan.release, supported=listed),
            in_plan(text("evidence.shared.look_into_requirements")),
        )
    if note:
        return warned(f"{evidence}: {note}", ask(DBA, text("evidence.SQL-03.mend_level")))
    return passed(evidence)


@check("SQL-04", topic="database", source="PREP", needs=("database.host",))
def collation(plan: Plan, facts: Facts) -> Verdict:
    """Case-insensitive is a must; another than the one that setup takes for the nodes' language warns (COLL)."""
    sql = known(facts.sql)
    both = {"server": sql.server, "collation": sql.collation}
    other = ask(DBA, text("evidence.SQL-04.mend"))
    if not case_insensitive(sql.collation):
        return failed(text("evidence.SQL-04.case_sensitive", **both), other)
    culture = _culture(plan, facts)
    wanted = collation_for(culture)
    if wanted is None:
        return warned(text("evidence.SQL-04.no_source", **both, culture=culture), other)
    if sql.collation.casefold() == wanted.casefold():
        return passed(text("evidence.SQL-04.good", **both, culture=culture))
    return warned(text("evidence.SQL-04.unlike", **both, culture=culture, wanted=wanted), other)


def _culture(plan: Plan, facts: Facts) -> str:
    """The display language that setup will see: a rehearsal's, else the first node's that answered. Raises NotKnown."""
    for answer in facts.rehearsals.values():
        if isinstance(answer, RehearsalFacts) and answer.ui_culture:
            return answer.ui_culture
    for node in plan.nodes:
        seen = facts.nodes.get(node.key)
        if isinstance(seen, NodeFacts):
            return seen.ui_culture
    silent = next((answer for answer in facts.nodes.values() if isinstance(answer, NoAnswer)), None)
    raise NotKnown(silent or NoAnswer(text("evidence.SQL-04.not_asked")))


@check(
    "SQL-05",
    topic="database",
    source="PHX",
    needs=("database.host", "database.name"),
)
def database_as_planned(plan: Plan, facts: Facts) -> Verdict:
    """New and absent, or existing and there. Once the role is installed, its database must be there."""
    sql = known(facts.sql)
    both = {"server": sql.server, "database": plan.database.name}
    if sql.database is None:
        return _database_absent(plan, facts, sql)
    if not plan.database.create_new:
        return passed(text("evidence.SQL-05.there", **both))
    if situation(plan, facts).ours:
        return passed(text("evidence.SQL-05.there_and_ours", **both))
    found = (
        text("evidence.SQL-05.of_vmm", **both) if sql.database.is_vmm else text("evidence.SQL-05.in_the_way", **both)
    )
    show = text("evidence.SQL-05.show", command=f"EXEC sp_helpdb {sql_text(plan.database.name)};")
    return failed(found, in_plan(text("evidence.SQL-05.mend_in_the_way"), ask(DBA, show)))


def _database_absent(plan: Plan, facts: Facts, sql: SqlFacts) -> Verdict:
    both = {"server": sql.server, "database": plan.database.name}
    installed = any(isinstance(answer, NodeFacts) and answer.vmm for answer in facts.nodes.values())
    if installed and situation(plan, facts).ours:
        database = sql_name(plan.database.name)
        step = text("evidence.SQL-05.mend_lost", command="EXEC sp_helpdb;", database=database)
        return failed(text("evidence.SQL-05.lost", **both), ask(DBA, step))
    if not plan.database.create_new:
        return failed(text("evidence.SQL-05.absent", **both), in_plan(text("evidence.SQL-05.mend_absent")))
    return passed(text("evidence.SQL-05.to_be_made", **both))


@check("SQL-11", topic="database", source="PLAN", needs=("database.host",))
def sql_name_form(plan: Plan, facts: Facts) -> Verdict:
    """A computer name of 15 characters at most; never localhost or an address. A qualified name warns."""
    del facts
    host = plan.database.target.host
    label = plan.database.target.label
    write = in_plan(text("evidence.SQL-11.mend"))
    if ":" in host or re.fullmatch(r"[0-9.]+", host):
        return failed(text("evidence.SQL-11.address", host=host), write)
    if label.casefold() in ("localhost", "local") or host == ".":
        return failed(text("evidence.SQL-11.local", host=host), write)
    if len(label) > NETBIOS_MAX:
        return failed(
            text("evidence.SQL-11.long", name=label, length=len(label), most=NETBIOS_MAX),
            ask(DBA, text("evidence.SQL-11.mend_long")),
        )
    if "." in host:
        return warned(
            text("evidence.SQL-11.qualified", host=host, name=label),
            in_plan(text("evidence.SQL-11.mend_qualified", name=label)),
        )
    return passed(text("evidence.SQL-11.good", host=host, length=len(label)))


@check(
    "SQL-12",
    topic="database",
    source="SEED",
    needs=("database.host", "cluster.name", "cluster.nodes"),
)
def sql_elsewhere(plan: Plan, facts: Facts) -> Verdict:
    """Not on any node of the cluster, planned for VMM or not."""
    other = in_plan(text("evidence.SQL-12.mend"))
    planned = {node.label.casefold() for node in plan.nodes}
    if plan.database.target.label.casefold() in planned:
        return failed(text("evidence.SQL-12.planned", host=plan.database.target.host), other)
    sql = known(facts.sql)
    physical = sql.physical_name.casefold()
    cluster = cluster_of_plan(plan, facts)
    nodes = planned | {row.name.partition(".")[0].casefold() for row in (cluster.nodes if cluster else ())}
    both = {"server": sql.server, "computer": sql.physical_name}
    if physical in nodes:
        return failed(text("evidence.SQL-12.on_cluster", **both, cluster=plan.cluster.name), other)
    return passed(text("evidence.SQL-12.good", **both, nodes=", ".join(sorted(nodes))))
