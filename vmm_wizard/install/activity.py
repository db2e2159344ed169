"""Keeps changes by hand and runs of ours apart, and knows which earlier runs are over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vmm_wizard.install.holding import Held, holding
from vmm_wizard.install.journal import Journal
from vmm_wizard.install.results import GOOD_RESULTS
from vmm_wizard.plan.model import Plan

#: How a run ends when it is over and nobody goes on with it. An interrupted one may be taken up again.
_OVER = GOOD_RESULTS | {"refused", "failed", "cancelled"}


class RunActive(Exception):
    """A run of this user is at work on the cluster. One sentence."""


@contextmanager
def beside_no_run(plan: Plan, state_folder: Path) -> Iterator[None]:
    """Hold what an install on the plan's cluster holds, so that none begins meanwhile. Raises RunActive."""
    try:
        with holding(plan, state_folder):
            yield
    except Held as held:
        raise RunActive(str(held)) from None


def ended_runs(journal: Journal) -> frozenset[str]:
    """The ids of all runs that are over. Raises JournalError."""
    return frozenset(run.id for run in journal.runs() if run.outcome in _OVER)
