"""A run that never ended, as the wizard offers to go on with it or to follow it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vmm_wizard.plan.model import Plan
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.install.journal import Run

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A run without an end. `here` says where it stands, `working` whether another process carries it out now."""

    run: Run
    plan: Plan
    here: str
    working: bool

    @property
    def line(self) -> str:
        """It in a line, to be chosen from several."""
        values = {"job": self.run.job, "cluster": self.plan.cluster.name, "when": f"{self.run.started:%Y-%m-%d %H:%M}"}
        return text("unfinished.line_working", **values) if self.working else text("unfinished.line", **values)

    @property
    def sentences(self) -> tuple[str, str]:
        """What is offered, and what it means."""
        said = text(
            "unfinished.run",
            run=self.run.id,
            job=self.run.job,
            cluster=self.plan.cluster.name,
            when=f"{self.run.started:%Y-%m-%d %H:%M}",
            owner=self.run.owner or text("unfinished.somebody"),
            here=self.here,
        )
        return said, text("unfinished.working") if self.working else text("unfinished.alone")


def unfinished(journal_file: Path, folder: Path) -> Unfinished | None:
    """The newest run that never ended; None where there is none. Raises as `all_unfinished`."""
    return next(all_unfinished(journal_file, folder), None)


def all_unfinished(journal_file: Path, folder: Path) -> Iterator[Unfinished]:
    """The runs that never ended, newest first. One whose answers cannot be read, maybe another version's, is left out.

    Raises JournalError or OSError where the journal cannot be read.
    """
    from vmm_wizard.install.holding import carried_out
    from vmm_wizard.install.journal import Journal
    from vmm_wizard.install.runs import standing, unfinished_runs
    from vmm_wizard.plan.answers import AnswersError, loads

    if not journal_file.exists():
        return
    journal = Journal(journal_file)
    for run in unfinished_runs(journal):
        try:
            plan = loads(run.plan_toml)
        except AnswersError as error:
            _log.warning("the answers of run %s: %s", run.id, error)
            continue
        here = standing(journal.steps(run.id))
        working = carried_out(plan, folder) == run.id
        yield Unfinished(run, plan, str(here or text("unfinished.not_begun")), working)


def readable_unfinished(journal_file: Path, folder: Path) -> tuple[Unfinished, ...]:
    """The same; none where the journal cannot be read: that is told where it is used."""
    from vmm_wizard.install.journal import JournalError

    try:
        return tuple(all_unfinished(journal_file, folder))
    except (JournalError, OSError) as error:
        _log.warning("unfinished runs: %s", error)
        return ()
