"""From a finding to the answer that it judges: its page and its field. Pure, no Textual."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from vmm_wizard.checks.registry import Check, Finding, all_checks
from vmm_wizard.install.orders import Job
from vmm_wizard.wizard.flow import View, page_of_check, waits_for
from vmm_wizard.wizard.pages import PAGES_OF, Page

#: The answer that a check judges, where that is not the first one that it needs on the page that shows it.
_JUDGED: Mapping[str, str] = {
    **dict.fromkeys(("CLU-02", "CLU-03", "CLU-13"), "cluster.nodes"),
    **dict.fromkeys(("CLU-09", "CLU-10"), "cluster.static_addresses"),
    "SQL-02": "database.admin_account",
    **dict.fromkeys(("SQL-05", "SQL-06", "SQL-07", "SQL-14", "SQL-16"), "database.name"),
    "LIB-01": "library.file_server",
    **dict.fromkeys(("NOD-12", "NOD-13"), "ports.console"),
    **dict.fromkeys(("POST-02", "POST-03", "POST-04"), "cluster.role_name"),
}
#: The answer that a check of each node judges, on the pages that ask for it.
_NODES = "cluster.nodes"


@cache
def _checks() -> Mapping[str, Check]:
    return {entry.id: entry for entry in all_checks()}


def field_of(view: View, findings: Sequence[Finding]) -> tuple[Page, str] | None:
    """The page, of the job that is chosen, and on it the answer (its key) that the first of these findings judges.

    Of a check that waits for answers it is the first of these. None where no page of the job asks for it.
    """
    if not findings:
        return None
    finding = findings[0]
    for key in (*waits_for(view.plan, finding), *_keys(finding.id)):
        page = _page_with(key, view.order.job)
        if page is not None:
            return page, key
    return None


def _keys(check_id: str) -> tuple[str, ...]:
    """The answers that a check is about, the one that it judges first."""
    entry = _checks()[check_id]
    shown = page_of_check(check_id)
    here = [key for key in entry.needs if key in shown.keys]
    if entry.per_node and _NODES in here:
        here.insert(0, _NODES)
    named = [_JUDGED[check_id]] if check_id in _JUDGED else []
    return tuple(dict.fromkeys((*named, *here, *entry.needs)))


def _page_with(key: str, job: Job) -> Page | None:
    return next((page for page in PAGES_OF[job] if key in page.keys), None)
