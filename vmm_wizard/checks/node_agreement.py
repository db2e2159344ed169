"""Checks of what has to be the same on all nodes and on the servers that they talk to: time and language (NOD)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from vmm_wizard.checks.registry import Verdict, node_check, passed, warned
from vmm_wizard.checks.remedies import on_node, powershell
from vmm_wizard.facts.model import Facts, NoAnswer, NodeFacts, NotKnown, SqlFacts, known
from vmm_wizard.plan.model import Plan
from vmm_wizard.texts import text

_NOTICEABLE = timedelta(seconds=60)
#: Kerberos refuses tickets from clocks that differ by more.
_REFUSED = timedelta(seconds=300)


@node_check("NOD-15", topic="node", source="expert")
def clock(plan: Plan, facts: Facts, node: str) -> Verdict:
    """Against the domain controller and SQL Server. Each clock is compared with when its answer was heard here, so that
    answers of different moments can be compared. Only warns: the limit is Kerberos' own, not VMM's. Before a SQL Server
    is named the controller's alone is looked at."""
    answer = facts.node(node)
    domain = known(facts.domain)
    own = _offset(facts, node, answer.utc_time, text("evidence.NOD-15.of_node", node=node))
    theirs = _offset(facts, "domain", domain.time, text("evidence.NOD-15.of_controller", server=domain.server))
    rows = [(domain.server, own - theirs)]
    if isinstance(facts.sql, SqlFacts):
        theirs = _offset(facts, "sql", facts.sql.utc_time, text("evidence.NOD-15.of_sql"))
        rows.append((facts.sql.server, own - theirs))
    worst = max(abs(skew) for _, skew in rows)
    found = ", ".join(_words(skew, server) for server, skew in rows)
    if worst >= _NOTICEABLE:
        which = "refused" if worst >= _REFUSED else "noticeable"
        return warned(
            text(f"evidence.NOD-15.apart.{which}", found=found),
            on_node(node, text("evidence.NOD-15.mend", commands="w32tm /query /status; w32tm /resync /rediscover")),
        )
    if plan.sql_host:
        known(facts.sql)
    return passed(found)


def _offset(facts: Facts, who: str, told: datetime | None, what: str) -> timedelta:
    """How far a clock is ahead of the wizard's own; raises NotKnown."""
    heard = facts.heard.get(who)
    if told is None or heard is None:
        raise NotKnown(NoAnswer(text("evidence.NOD-15.unreadable", clock=what), "unreadable"))
    return told - heard


def _words(skew: timedelta, server: str) -> str:
    seconds = round(skew.total_seconds())
    if seconds == 0:
        return text("evidence.NOD-15.level", server=server)
    which = "ahead" if seconds > 0 else "behind"
    return text(f"evidence.NOD-15.skew.{which}", seconds=abs(seconds), server=server)


@node_check("NOD-19", topic="node", source="COLL")
def languages(plan: Plan, facts: Facts, node: str) -> Verdict:
    """The culture of this account on each node: setup chooses the database's collation by it."""
    answer = facts.node(node)
    not_known = text("evidence.shared.unknown")
    display, formats = answer.ui_culture or not_known, answer.culture or not_known
    evidence = text("evidence.NOD-19.found", display=display, formats=formats)
    others = list(_unlike(plan, facts, node, answer))
    if others:
        command = f"Set-Culture {powershell(answer.culture)}"
        return warned(
            text("evidence.NOD-19.unlike", found=evidence, others="; ".join(others)),
            on_node(node, text("evidence.NOD-19.mend", command=command)),
        )
    return passed(evidence)


def _unlike(plan: Plan, facts: Facts, node: str, answer: NodeFacts) -> Iterator[str]:
    for other in plan.nodes:
        found = facts.nodes.get(other.key)
        if other.key == node or not isinstance(found, NodeFacts):
            continue
        if (found.ui_culture, found.culture) != (answer.ui_culture, answer.culture):
            yield text("evidence.NOD-19.other", node=other.key, display=found.ui_culture, formats=found.culture)
