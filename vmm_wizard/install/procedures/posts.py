"""What the checks say of VMM once it is installed (POST), as a procedure tells it."""

from __future__ import annotations

from collections.abc import Generator

from vmm_wizard.checks.registry import Finding, Status, judge
from vmm_wizard.facts.model import Facts
from vmm_wizard.install.context import Context
from vmm_wizard.install.events import Event, Notice

_TOLD = (Status.WARN, Status.FAIL, Status.UNKNOWN)


def tell_posts(
    context: Context, facts: Facts
) -> Generator[Event, None, tuple[tuple[Finding, ...], tuple[Finding, ...]]]:
    """(All findings, those of POST that fail and are not accepted). What of POST is not good is told."""
    findings = judge(context.plan, facts)
    posts = [row for row in findings if row.id.startswith("POST-")]
    for finding in posts:
        if finding.status in _TOLD:
            yield Notice(finding.subject, f"{finding.id}: {finding.evidence}", finding.remedy)
    return findings, tuple(row for row in posts if row.status is Status.FAIL and not row.accepted)
