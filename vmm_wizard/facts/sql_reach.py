"""What to say of a SQL Server that this computer does not reach and the nodes do. Pure.

From a WinRM session a logon to SQL Server is a second hop, which Windows refuses. A task with a stored password is
none, so only a rehearsal asks from there.
"""

from __future__ import annotations

from collections.abc import Mapping

from vmm_wizard.facts.model import NetworkFacts, NoAnswer, NodeFacts, RehearsalFacts, SqlFacts
from vmm_wizard.texts import text


def reached_from_nodes(
    sql: SqlFacts | NoAnswer,
    network: NetworkFacts | NoAnswer,
    nodes: Mapping[str, NodeFacts | NoAnswer],
    rehearsals: Mapping[str, RehearsalFacts | NoAnswer],
) -> SqlFacts | NoAnswer:
    """The same answer; a server out of reach from here alone is said to be that, with the way to ask it after all."""
    if isinstance(sql, SqlFacts) or sql.code not in ("unreachable", "timeout"):
        return sql
    if isinstance(network, NetworkFacts) and network.sql.open:
        return sql
    reaching = {name: node.sql for name, node in nodes.items() if isinstance(node, NodeFacts) and node.sql.open}
    if not reaching:
        return sql
    there = next(iter(reaching.values()))
    who = text("reasons.sql_reach.and").join(sorted(name.partition(".")[0] for name in reaching))
    is_rehearsed = any(isinstance(answer, RehearsalFacts) and answer.registered for answer in rehearsals.values())
    how = "rehearsed" if is_rehearsed else "to_rehearse"
    return NoAnswer(text(f"reasons.sql_reach.from_nodes.{how}", host=there.host, port=there.port, nodes=who), sql.code)
