"""Which availability group VMM's database belongs into, by what SQL Server, the plan and the nodes say (HASQL)."""

from __future__ import annotations

from dataclasses import dataclass

from vmm_wizard.afterwards.model import View
from vmm_wizard.facts.model import NoAnswer, NodeFacts, NotKnown, SqlFacts, known
from vmm_wizard.facts.node_model import SqlSettings
from vmm_wizard.facts.sql_model import DatabaseFacts, GroupListener
from vmm_wizard.texts import text

STANDARD_PORT = 1433


@dataclass(frozen=True, slots=True)
class Group:
    """The group and its listener (None: it has none yet), the server that was asked, and VMM's database there.

    `others` are the servers that may become primary, `choices` the other groups that were there to choose from.
    """

    name: str
    listener: GroupListener | None
    sql: SqlFacts
    database: DatabaseFacts | None
    others: tuple[str, ...]
    choices: tuple[str, ...] = ()

    @property
    def joined(self) -> bool:
        """Whether the database is in the group."""
        return self.database is not None and self.database.availability_group == self.name

    @property
    def is_odd(self) -> bool:
        """Whether the listener's port is not the standard one: VMM must then be installed against it (EALES)."""
        return self.listener is not None and self.listener.port not in (0, STANDARD_PORT)


def group_of(view: View) -> Group | None:
    """The group, or None where SQL Server has none for VMM. Raises NotKnown where that cannot be told."""
    sql = known(view.facts.sql)
    if sql.hadr_enabled is False:
        return None
    if sql.group_listeners is None or sql.replicas is None:
        raise NotKnown(NoAnswer(text("afterwards.group.unseen", account=sql.logged_on_as, server=sql.server), "denied"))
    listeners = {row.group: row for row in reversed(sql.group_listeners)}
    inside = sql.database.availability_group if sql.database else ""
    names = sorted({*listeners, *([inside] if inside else [])})
    if not names:
        return None
    name = inside or _named(view, sql) or names[0]
    others = tuple(dict.fromkeys(row.server for row in sql.replicas if row.group == name))
    choices = () if inside else tuple(row for row in names if row != name)
    return Group(name, listeners.get(name), sql, sql.database, others, choices)


def _named(view: View, sql: SqlFacts) -> str:
    """The group whose listener the plan names, or a node's registry."""
    wanted = [view.plan.database.target.label.casefold()] if view.plan.database.is_listener else []
    for node in view.facts.nodes.values():
        if isinstance(node, NodeFacts) and node.vmm and node.vmm.sql_settings:
            wanted.append(host_of(node.vmm.sql_settings.server))
    return next(
        (row.group for label in wanted for row in sql.group_listeners or () if row.name.casefold() == label), ""
    )


def host_of(server: str) -> str:
    """The first label of the host in a connection string's server: `tcp:HOST.domain\\INSTANCE,port`, lower case."""
    host = server.rpartition(":")[2].partition(",")[0].partition("\\")[0].partition(".")[0]
    return host.strip().casefold()


def points_to(settings: SqlSettings, listener: GroupListener, fqdn: str) -> tuple[str, ...]:
    """The values of a node's registry that do not name the listener yet (HASQL); empty when all do."""
    label = listener.name.casefold()
    port = "" if listener.port in (0, STANDARD_PORT) else str(listener.port)
    said = settings.server.partition(",")[2].strip()
    wrong = []
    if host_of(settings.server) != label or said not in {port, *([] if port else [str(STANDARD_PORT)])}:
        wrong.append("ConnectionString")
    if settings.machine_name.partition(".")[0].casefold() != label:
        wrong.append("MachineName")
    if settings.machine_fqdn.casefold() != fqdn.casefold():
        wrong.append("MachineFQDN")
    # Setup against a listener leaves no instance; by hand it is the listener's own name.
    if settings.instance_name.rpartition("\\")[2].partition(".")[0].casefold() not in ("", "mssqlserver", label):
        wrong.append("InstanceName")
    return tuple(wrong)
