"""Asks the other replicas of the database's availability group whether VMM's account can log on there (SQL-17)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from vmm_wizard.facts import sql_queries
from vmm_wizard.facts.questions import SqlQuestion
from vmm_wizard.facts.sql_client import SqlConnection
from vmm_wizard.facts.sql_model import ReplicaLogin, SqlFacts
from vmm_wizard.plan.names import SqlTarget
from vmm_wizard.texts import text

#: Opens a connection to what a question names. Raises an exception whose text says why it cannot.
Open = Callable[[SqlQuestion], SqlConnection]


def other_replicas(facts: SqlFacts, question: SqlQuestion) -> tuple[str, ...]:
    """The servers that may become primary for the database: those of its group, or of the listener's in the plan."""
    group = facts.database.availability_group if facts.database else ""
    if not group:
        label = question.host.partition(".")[0].casefold()
        named = [row.group for row in facts.group_listeners or () if row.name.casefold() == label]
        group = named[0] if named and question.is_listener else ""
    return tuple(dict.fromkeys(row.server for row in facts.replicas or () if group and row.group == group))


def on_server(server: str, question: SqlQuestion) -> SqlQuestion:
    """The same question to another replica, by the name that SQL Server has for it: `HOST` or `HOST\\INSTANCE`."""
    host, _, instance = server.partition("\\")
    suffix = question.host.partition(".")[2]
    full = host if "." in host or not suffix else f"{host}.{suffix}"
    target = SqlTarget(host, instance, 0)
    return replace(question, host=full.casefold(), target=target, is_listener=False)


def ask_replicas(facts: SqlFacts, question: SqlQuestion, open_one: Open) -> Iterator[ReplicaLogin]:
    """What each other replica says of the login; one logon and one batch each. Nobody is asked without a login."""
    if not question.login:
        return
    for server in other_replicas(facts, question):
        yield _ask(server, on_server(server, question), open_one)


def _ask(server: str, question: SqlQuestion, open_one: Open) -> ReplicaLogin:
    try:
        connection = open_one(question)
    except Exception as refused:
        return ReplicaLogin(server, None, str(refused))
    try:
        ((row,),) = connection.run(sql_queries.LOGIN, {"login": question.login})
    except Exception as broken:
        return ReplicaLogin(server, None, text("reasons.replica_logins.no_answer", host=question.host, error=broken))
    finally:
        connection.close()
    if row["logins"]:
        return ReplicaLogin(server, True)
    if row["sysadmin"] != 1 and row["view_definition"] != 1:
        return ReplicaLogin(
            server, None, text("reasons.replica_logins.denied", account=question.account, host=question.host)
        )
    return ReplicaLogin(server, False)
