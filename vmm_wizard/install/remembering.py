"""What VMM said of itself in an earlier run, kept in the journal: asking it anew costs a task on a node."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vmm_wizard.facts.reading import Unreadable
from vmm_wizard.facts.vmm_report import VmmReport, read_report
from vmm_wizard.install.journal import Journal, JournalError
from vmm_wizard.plan.answers import AnswersError, loads
from vmm_wizard.plan.model import Plan

#: What such an entry of the journal is called. It is no event that a run tells: who attaches passes it by.
_KIND = "vmm-report"


@dataclass(frozen=True, slots=True)
class Remembered:
    """What VMM said, when (UTC, aware), and in which run."""

    report: VmmReport
    at: datetime
    run: str


def remember(journal: Journal, run_id: str, report: Mapping[str, Any]) -> None:
    """Keep what VMM said in a run. That it cannot be kept is no reason to stop one."""
    with contextlib.suppress(JournalError):
        journal.tell(run_id, {"event": _KIND, "report": dict(report)})


def last_word(journal: Journal, plan: Plan) -> Remembered | None:
    """What VMM of the plan's role said last, in any run of this computer. Raises JournalError."""
    for run in journal.runs():
        try:
            other = loads(run.plan_toml, complete=False)
        except AnswersError:
            continue
        if (other.cluster.name.key, other.role_fqdn) != (plan.cluster.name.key, plan.role_fqdn):
            continue
        for row in reversed(journal.told(run.id)):
            if row.event.get("event") == _KIND:
                with contextlib.suppress(Unreadable, KeyError, TypeError):
                    return Remembered(read_report(row.event["report"]), row.at, run.id)
    return None
