"""Mending from the wizard: what can be done about findings of one check, and doing it. Asks and changes the estate."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vmm_wizard.checks.registry import Finding
from vmm_wizard.mending.model import Offer, Refusal
from vmm_wizard.plan.model import Plan
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.preflight import Preflight

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Offers:
    """What would be done about findings, why nothing is about others, or `said`: a sentence that ends it."""

    offers: tuple[Offer, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    said: str = ""


def offers_for(plan: Plan, findings: Sequence[Finding], preflight: Preflight) -> Offers:
    """Look again, and find out what can be done about `findings`, which are of one check. Raises nothing."""
    from vmm_wizard import paths
    from vmm_wizard.install.activity import ended_runs
    from vmm_wizard.install.journal import Journal, JournalError
    from vmm_wizard.mending.mend import WRONG, Mender

    subjects = {row.subject for row in findings}
    try:
        mender = Mender(plan, preflight, ended_runs(Journal(paths.journal_file())))
        now = [row for row in mender.look(findings[0].id) if row.subject in subjects and row.status in WRONG]
        made = [mender.offer(row) for row in now]
    except JournalError as error:
        return Offers(said=str(error))
    except Exception:
        _log.exception("an offer broke")
        return Offers(said=text("findings.mend.broke"))
    if not made:
        return Offers(said=text("findings.mend.gone", check=findings[0].id))
    offers = tuple(row for row in made if isinstance(row, Offer))
    return Offers(offers, tuple(row for row in made if isinstance(row, Refusal)))


def mend(plan: Plan, offers: Sequence[Offer], preflight: Preflight) -> str:
    """Do what was offered and look again; how it ended, as a sentence. Raises nothing."""
    from vmm_wizard import paths
    from vmm_wizard.install.activity import RunActive, beside_no_run
    from vmm_wizard.mending.directory import ChangeRefused
    from vmm_wizard.mending.mend import WRONG, Mender

    name, said = offers[0].check_id, ""
    try:
        with beside_no_run(plan, paths.state_folder()):
            mender = Mender(plan, preflight)
            for row in offers:
                try:
                    mender.carry_out(row)
                except ChangeRefused as refused:
                    said = str(refused)
            places = {row.subject for row in offers}
            left = [row for row in mender.look(name) if row.subject in places and row.status in WRONG]
    except RunActive as active:
        return str(active)
    except Exception:
        _log.exception("mending broke")
        return text("findings.mend.broke")
    return said or (text("findings.mend.still", check=name) if left else text("findings.mend.done", check=name))
