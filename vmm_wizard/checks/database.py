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


@node_check("SQL-01", topic="database", source="HA1", needs=("database.host",))
def node_reaches_sql(plan: Plan, facts: Facts, node: str) -> Verdict:
    """A TCP connection from each node; where the wizard's computer gets through and the node does not, a warning."""
    tried = facts.node(node).sql
    where = f"{tried.host}:{tried.port}" if tried.port else f"{tried.host} ({plan.database.target})"
    if tried.open:
        return passed(f"{where} accepts connections from the node")
    evidence = f"{where} does not accept connections from the node: {tried.error or 'no answer'}"
    port = tried.port or 1433
    test = f"Test-NetConnection {powershell(tried.host)} -Port {port}"
    remedy = ask(
        NETWORK,
        f"let TCP {port} through from {node} to {tried.host}; on the node {test} shows it",
        ask(DBA, "see that the instance listens on TCP, and for a named one that the Browser service runs (UDP 1434)"),
    )
    if isinstance(facts.network, NetworkFacts) and facts.network.sql.open:
        return warned(f"{evidence}; from this computer it does", remedy)
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
    remedy = ask(DBA, _grant(name) + " (or give another Windows account as database.admin_account)")
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
            f"asked as {sql.asked_as or sql.logged_on_as}, and setup will use {account}",
            in_plan(f"leave connection.sql_account empty, or ask as {account}"),
        )
    if sql.is_sysadmin is None:
        return unknown(f"{sql.server} did not say whether {sql.logged_on_as} is sysadmin")
    evidence = f"on {sql.server}, {sql.logged_on_as} is {'' if sql.is_sysadmin else 'not '}sysadmin"
    return passed(evidence) if sql.is_sysadmin else failed(evidence, remedy)


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
            return failed(f"the rehearsal on {node} could not log on: {answer.sql_error}", remedy)
        if not answer.sql_sysadmin:
            return failed(f"the rehearsal on {node} logged on as {answer.sql_login}, which is not sysadmin", remedy)
        good.append(node)
    return passed(f"the rehearsal on {', '.join(good)} logged on as sysadmin") if good else None


@check("SQL-03", topic="database", source="REQ*", needs=("database.host",))
def sql_version(plan: Plan, facts: Facts) -> Verdict:
    """Express and cloud editions and versions out of the table fail; newer ones than the table knows warn."""
    sql = known(facts.sql)
    level = f"{sql.product_level} {sql.update_level}".strip()
    evidence = f"{sql.server}: {sql.edition}, version {sql.product_version} {level}"
    listed = ", ".join(requirements(plan.release).sql_names)
    refused = refused_sql_edition(sql.engine_edition)
    if refused:
        return failed(
            f"{evidence}: VMM does not take {refused}", in_plan("choose a Standard or Enterprise instance on a server")
        )
    support, note = sql_support(plan.release, sql.major_version, sql.product_level)
    if support is Support.NO:
        return failed(f"{evidence}; VMM {plan.release} takes {listed}", in_plan("choose an instance of these"))
    if support is Support.UNKNOWN:
        return warned(
            f"{evidence} is newer than what this wizard knows; documented for VMM {plan.release}: {listed}",
            in_plan("look into Microsoft's current system requirements first"),
        )
    if note:
        return warned(f"{evidence}: {note}", ask(DBA, "bring the instance, or VMM after its setup, to that level"))
    return passed(evidence)


@check("SQL-04", topic="database", source="PREP", needs=("database.host",))
def collation(plan: Plan, facts: Facts) -> Verdict:
    """Case-insensitive is a must; another than the one that setup takes for the nodes' language warns (COLL)."""
    sql = known(facts.sql)
    evidence = f"{sql.server} has {sql.collation}"
    other = ask(
        DBA, "give an instance with a case-insensitive collation; a server's collation is chosen when it is set up"
    )
    if not case_insensitive(sql.collation):
        return failed(f"{evidence}, which is not case-insensitive", other)
    culture = _culture(plan, facts)
    wanted = collation_for(culture)
    if wanted is None:
        return warned(f"{evidence}; no source says which one setup takes for {culture}", other)
    if sql.collation.casefold() == wanted.casefold():
        return passed(f"{evidence}, setup's own choice for {culture}")
    return warned(
        f"{evidence}; for {culture} setup gives its database {wanted}. Only an availability group needs them alike",
        other,
    )


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
    raise NotKnown(silent or NoAnswer("no node has been asked for its display language yet"))


@check(
    "SQL-05",
    topic="database",
    source="PHX",
    needs=("database.host", "database.name"),
)
def database_as_planned(plan: Plan, facts: Facts) -> Verdict:
    """New and absent, or existing and there. Once the role is installed, its database must be there."""
    sql = known(facts.sql)
    name = plan.database.name
    there = f"{sql.server} has a database {name}"
    if sql.database is None:
        return _database_absent(plan, facts, sql)
    if not plan.database.create_new:
        return passed(f"{there}, as planned")
    if situation(plan, facts).ours:
        return passed(f"{there}: the installed role's own")
    what = " (it holds VMM's tables)" if sql.database.is_vmm else ""
    show = f"EXEC sp_helpdb {sql_text(name)}; shows how old it is, how large and whose"
    return failed(
        f"{there}{what}, and the plan is to create it",
        in_plan(
            "choose another database name, or set database.create_new = false to use this one",
            ask(DBA, show),
        ),
    )


def _database_absent(plan: Plan, facts: Facts, sql: SqlFacts) -> Verdict:
    name = plan.database.name
    evidence = f"{sql.server} has no database {name}"
    installed = any(isinstance(answer, NodeFacts) and answer.vmm for answer in facts.nodes.values())
    if installed and situation(plan, facts).ours:
        return failed(
            f"{evidence}, and the installed role uses it",
            ask(DBA, f"EXEC sp_helpdb; shows what is there; restore {sql_name(name)} from its backup"),
        )
    if not plan.database.create_new:
        return failed(
            f"{evidence}, and the plan is to use an existing one",
            in_plan("correct the name, or set database.create_new = true"),
        )
    return passed(f"{evidence}; setup will create it")


@check("SQL-11", topic="database", source="PLAN", needs=("database.host",))
def sql_name_form(plan: Plan, facts: Facts) -> Verdict:
    """A computer name of 15 characters at most; never localhost or an address. A qualified name warns."""
    del facts
    host = plan.database.target.host
    label = plan.database.target.label
    write = in_plan("write the SQL server's computer name, its cluster's network name or its listener")
    if ":" in host or re.fullmatch(r"[0-9.]+", host):
        return failed(f"{host} is an address", write)
    if label.casefold() in ("localhost", "local") or host == ".":
        return failed(f"{host} means another computer on each node", write)
    if len(label) > NETBIOS_MAX:
        return failed(
            f"{label} has {len(label)} characters; {NETBIOS_MAX} at most are allowed",
            ask(DBA, "give another instance, or a listener or network name that is short enough"),
        )
    if "." in host:
        return warned(f"{host} is a qualified name; its first part, {label}, is fine", in_plan(f"write {label}"))
    return passed(f"{host}: {len(label)} characters")


@check(
    "SQL-12",
    topic="database",
    source="SEED",
    needs=("database.host", "cluster.name", "cluster.nodes"),
)
def sql_elsewhere(plan: Plan, facts: Facts) -> Verdict:
    """Not on any node of the cluster, planned for VMM or not."""
    other = in_plan("choose an instance on another server or cluster")
    planned = {node.label.casefold() for node in plan.nodes}
    if plan.database.target.label.casefold() in planned:
        return failed(f"{plan.database.target.host} is a node of the plan", other)
    sql = known(facts.sql)
    physical = sql.physical_name.casefold()
    cluster = cluster_of_plan(plan, facts)
    nodes = planned | {row.name.partition(".")[0].casefold() for row in (cluster.nodes if cluster else ())}
    if physical in nodes:
        return failed(f"{sql.server} runs on {sql.physical_name}, a node of {plan.cluster.name}", other)
    return passed(f"{sql.server} runs on {sql.physical_name}, which is none of {', '.join(sorted(nodes))}")
