"""Checks of what has to be the same on all nodes and on the servers that they talk to: time and language (NOD)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from vmm_wizard.checks.registry import Verdict, node_check, passed, warned
from vmm_wizard.checks.remedies import on_node, powershell
from vmm_wizard.facts.model import Facts, NoAnswer, NodeFacts, NotKnown, SqlFacts, known
from vmm_wizard.plan.model import Plan

_NOTICEABLE = timedelta(seconds=60)
#: Kerberos refuses tickets from clocks that differ by more.
_REFUSED = timedelta(seconds=300)


@node_check("NOD-15", topic="node", source="expert")
def clock(plan: Plan, facts: Facts, node: str) -> Verdict:
    """Against the domain controller and SQL Server. Each clock is compared with when its answer was heard here, so that
    answers of different moments can be compared. Only warns: the limit is Kerberos' own, not VMM's."""
    del plan
    answer = facts.node(node)
    domain = known(facts.domain)
    own = _offset(facts, node, answer.utc_time, f"{node}'s clock")
    rows = [(domain.server, own - _offset(facts, "domain", domain.time, f"the clock of {domain.server}"))]
    if isinstance(facts.sql, SqlFacts):
        rows.append((facts.sql.server, own - _offset(facts, "sql", facts.sql.utc_time, "SQL Server's clock")))
    worst = max(abs(skew) for _, skew in rows)
    evidence = ", ".join(f"{_words(skew)} {server}" for server, skew in rows)
    if worst >= _NOTICEABLE:
        why = "Kerberos refuses tickets from 300 s on" if worst >= _REFUSED else "60 s are noticeable, 300 s too much"
        return warned(
            f"{evidence}; {why}",
            on_node(node, "w32tm /query /status; w32tm /resync /rediscover; the domain is the time source of members"),
        )
    known(facts.sql)
    return passed(evidence)


def _offset(facts: Facts, who: str, told: datetime | None, what: str) -> timedelta:
    """How far a clock is ahead of the wizard's own; raises NotKnown."""
    heard = facts.heard.get(who)
    if told is None or heard is None:
        raise NotKnown(NoAnswer(f"{what} could not be read", "unreadable"))
    return told - heard


def _words(skew: timedelta) -> str:
    seconds = round(skew.total_seconds())
    if seconds == 0:
        return "level with"
    return f"{abs(seconds)} s {'ahead of' if seconds > 0 else 'behind'}"


@node_check("NOD-19", topic="node", source="COLL")
def languages(plan: Plan, facts: Facts, node: str) -> Verdict:
    """The culture of this account on each node: setup chooses the database's collation by it."""
    answer = facts.node(node)
    evidence = f"display language {answer.ui_culture or 'unknown'}, formats {answer.culture or 'unknown'}"
    others = list(_unlike(plan, facts, node, answer))
    if others:
        return warned(
            f"{evidence}, but {'; '.join(others)}",
            on_node(
                node,
                f"as the account that runs setup: Set-Culture {powershell(answer.culture)}; set the same display "
                "language on every node, then sign in anew",
            ),
        )
    return passed(evidence)


def _unlike(plan: Plan, facts: Facts, node: str, answer: NodeFacts) -> Iterator[str]:
    for other in plan.nodes:
        found = facts.nodes.get(other.key)
        if other.key == node or not isinstance(found, NodeFacts):
            continue
        if (found.ui_culture, found.culture) != (answer.ui_culture, answer.culture):
            yield f"{other.key} has {found.ui_culture} and {found.culture}"
