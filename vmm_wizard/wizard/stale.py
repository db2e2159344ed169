"""What a change of an answer makes stale: findings to be asked again, and the ending of a run. Pure, no Textual."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import cache

from vmm_wizard.checks.registry import Finding, Status, all_checks
from vmm_wizard.facts.all_facts import NOT_ASKED
from vmm_wizard.facts.questions import Questions, questions
from vmm_wizard.plan.fields import FIELDS, MARKS, field_value
from vmm_wizard.plan.model import Plan
from vmm_wizard.texts import text
from vmm_wizard.wizard.flow import View, is_asked, is_earlier
from vmm_wizard.wizard.pages import LABELS

#: The required answers whose checks look at what each question finds out.
_ABOUT = {
    "container": ("dkm.container",),
    "role_record": ("cluster.role_name",),
    "principals": ("installing_account", "service_account.name", "cluster.role_name", "cluster.name"),
    "sql": ("database.host",),
    "network": ("database.host", "cluster.role_name"),
    "nodes": ("cluster.nodes",),
}

#: Checks that look at an answer which they do not need.
_ALSO = {
    "cluster.name": ("CLU-03",),
    "database.host": ("NOD-15",),
    "cluster.nodes": ("INS-02", "SQL-04", "LIB-01"),
    "library": ("LIB-01",),
    "ports": ("NOD-13",),
}


def changed(before: Plan, after: Plan) -> tuple[str, ...]:
    """The answers (their keys) in which two plans differ; not what they say of findings."""
    keys = (field.key for field in FIELDS if field.key not in MARKS)
    return tuple(key for key in keys if field_value(before, key) != field_value(after, key))


def stale_checks(before: Plan, after: Plan) -> frozenset[str]:
    """The checks (their ids) whose findings about `before` say nothing sure about `after`.

    Those that need an answer that has changed, and those that look at what must be asked anew for it.
    """
    keys = set(changed(before, after))
    if not keys:
        return frozenset()
    old, new = questions(before), questions(after)
    if old.access != new.access or before.dns_domain != after.dns_domain:
        return all_stale()
    if any(key.startswith("database.") for key in keys):
        keys.add("database.host")
    keys |= {key for name, about in _ABOUT.items() if _asks(old, name) != _asks(new, name) for key in about}
    keys |= {"ports" for key in keys if key.startswith("ports.")}
    keys |= {"library" for _ in keys if old.library != new.library}
    ids = {check for check, needs in _needs() if keys & set(needs)}
    return frozenset(ids.union(*(also for key, also in _ALSO.items() if key in keys)))


def all_stale() -> frozenset[str]:
    """All checks: everything is asked again."""
    return frozenset(check for check, _ in _needs())


def _asks(asked: Questions, name: str) -> object:
    return getattr(asked, name)


@cache
def _needs() -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((entry.id, entry.needs) for entry in all_checks())


def remembered(view: View, findings: Sequence[Finding], waiting: Sequence[str]) -> tuple[Finding, ...]:
    """What checks that are asked again had said: to be kept of `view` when these findings take the place of its own."""
    after = View(findings=tuple(findings), waiting=tuple(waiting))
    asked = {row.id for row in findings if is_asked(after, row)}
    known = [row for row in view.findings if row.id in asked and not is_asked(view_without_stale(view), row)]
    ids = {row.id for row in known}
    return (*known, *(row for row in view.before if row.id in asked and row.id not in ids))


def not_asked(findings: Sequence[Finding], stale: Collection[str], why: str) -> tuple[Finding, ...]:
    """The findings once the asking has broken off: what has not been answered, or whose check is `stale`, is unknown,
    and says `why`."""
    said, again = text("steps.not_asked", why=why), text("steps.not_asked_remedy")
    return tuple(
        replace(row, status=Status.UNKNOWN, evidence=said, remedy=again, steps=(), accepted=None)
        if row.id in stale or (row.status is Status.UNKNOWN and NOT_ASKED.reason in row.evidence)
        else row
        for row in findings
    )


def view_without_stale(view: View) -> View:
    """The view as it is but for what an answer has just made old."""
    return View(findings=view.findings, waiting=view.waiting)


def since_run(view: View) -> str:
    """That answers have changed since the run that ended, and which; empty when none has."""
    if not view.result or view.ran is None or not is_earlier(view):
        return ""
    labels = [LABELS.get(key, key) for key in changed(view.ran, view.plan)]
    return text("steps.since_run", answers=", ".join(labels)) if labels else ""
