"""Which findings the wizard offers to mend: pure, no Textual."""

from __future__ import annotations

from collections.abc import Sequence

from vmm_wizard.checks.registry import Finding, Status
from vmm_wizard.mending.offers import mendable as ids


def mendable(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Those that are wrong, and of a check whose findings can be mended from here."""
    return tuple(row for row in findings if row.id in ids() and row.status in (Status.FAIL, Status.WARN))
