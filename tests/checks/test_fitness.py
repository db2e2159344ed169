"""Whether a SQL Server that was found can carry VMM, by what was told of it without a logon."""

from __future__ import annotations

import pytest

from vmm_wizard.checks.fitness import Fit, fitness
from vmm_wizard.facts.discovery_model import FoundInstance
from vmm_wizard.plan.model import Release


@pytest.mark.parametrize(
    ("found", "fit", "says"),
    [
        (FoundInstance("sql01.lab", version="15.0.4430.1"), Fit.YES, ""),
        (FoundInstance("sql01.lab"), Fit.MAYBE, "its version was not told"),
        (FoundInstance("sql01.lab", version="12.0.6024.0"), Fit.NO, "VMM 2022 takes SQL Server"),
        (FoundInstance("sql01.lab", version="99.0.1.1"), Fit.MAYBE, "newer than what is documented"),
        (FoundInstance("sql01.lab", "SqlExpress", version="15.0.4430.1"), Fit.NO, "as SQL Server Express names itself"),
        (FoundInstance("VMM01.lab", version="15.0.4430.1"), Fit.NO, "on a node of the VMM cluster"),
    ],
)
def test_each_has_its_verdict_and_its_reason(found: FoundInstance, fit: Fit, says: str) -> None:
    verdict = fitness(found, Release.VMM_2022, ("vmm01.lab",))
    assert verdict.fit is fit
    assert says in verdict.reason
