"""Which page follows which, what belongs to each, and what state it is in: pure, no Textual."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING

from vmm_wizard.checks.status import Status
from vmm_wizard.facts.all_facts import NOT_ASKED, Facts
from vmm_wizard.install.admission import INSTALLING, matters_by_hand, needed_accounts
from vmm_wizard.install.admission import blocking as stops_install
from vmm_wizard.install.orders import Job, Order
from vmm_wizard.install.results import GOOD_RESULTS
from vmm_wizard.plan.model import AccountKind, Plan, unanswered
from vmm_wizard.report.signs import SIGNS, rank
from vmm_wizard.texts import text
from vmm_wizard.wizard.pages import DONE, EULA, JUDGED, LABELS, PAGES, PAGES_OF, REQUIRED, REVIEW, RUN, UNINSTALL, Page
from vmm_wizard.wizard.searched import Asked

if TYPE_CHECKING:
    from vmm_wizard.checks.registry import Finding
    from vmm_wizard.facts.discovery_model import Discovery


class Mark(Enum):
    """The state of a page: a sign and a word, so that nothing is told by colour alone."""

    WRONG = ("X", "error")
    FAIL = SIGNS[Status.FAIL]
    OPEN = (".", "open")
    ASKING = ("~", "asking")
    UNKNOWN = SIGNS[Status.UNKNOWN]
    WARN = SIGNS[Status.WARN]
    OK = ("+", "ok")
    RUNNING = ("~", "running")
    STOPPED = ("X", "stopped")
    EARLIER = ("~", "earlier")
    NONE = (" ", "")

    @property
    def sign(self) -> str:
        return self.value[0]

    @property
    def word(self) -> str:
        return self.value[1]


@dataclass(frozen=True, slots=True)
class View:
    """What the wizard knows at a moment. `wrong`: by key, what is wrong with a text that is no value.

    `passwords`: keys of the accounts whose password was given. `result`: how the last run ended, empty before.
    `found`: what was found in the estate to choose from, None before anything was. `order`: the job and its choices.
    `facts`: what the estate has answered so far; findings may be newer, and of a run. `stale`: checks (their ids) whose
    findings an answer that has just changed makes old. `before`: what was last said by checks that are asked again.
    `ran`: the plan of the run that `result` is of. `asked`: what the directory was asked for while somebody chose.
    """

    plan: Plan = field(default_factory=Plan)
    wrong: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    waiting: tuple[str, ...] = ()
    passwords: frozenset[str] = frozenset()
    running: bool = False
    result: str = ""
    found: Discovery | None = None
    order: Order = field(default_factory=Order)
    facts: Facts = field(default_factory=Facts)
    stale: frozenset[str] = frozenset()
    before: tuple[Finding, ...] = ()
    ran: Plan | None = None
    asked: Asked = field(default_factory=Asked)

    @property
    def pages(self) -> tuple[Page, ...]:
        """The pages of the job, in order."""
        return PAGES_OF[self.order.job]


def next_page(page: Page, job: Job = Job.INSTALL) -> Page:
    """The page after `page`; the last one is its own."""
    pages = PAGES_OF[job]
    return pages[min(pages.index(page) + 1, len(pages) - 1)]


def previous_page(page: Page, job: Job = Job.INSTALL) -> Page:
    """The page before `page`; the first one is its own."""
    pages = PAGES_OF[job]
    return pages[max(pages.index(page) - 1, 0)]


@cache
def _owners() -> Mapping[str, Page]:
    from vmm_wizard.checks.registry import all_checks

    owners: dict[str, Page] = {}
    for entry in all_checks():
        by_topic = [page for page in PAGES if entry.topic in page.topics]
        by_id = [page for page in PAGES if entry.id in page.ids]
        owners[entry.id] = (by_id or by_topic)[0]
    return owners


def page_of(finding: Finding) -> Page:
    """The page of an install that a finding is shown on."""
    return page_of_check(finding.id)


def page_of_check(check_id: str) -> Page:
    """The page of an install that a check's findings are shown on."""
    return _owners()[check_id]


def shows(page: Page, finding: Finding) -> bool:
    """Whether a page shows a finding: as an install does, or because the page of another job names its check."""
    return page_of(finding) is page or finding.id in page.ids


@cache
def _needs() -> Mapping[str, tuple[str, ...]]:
    from vmm_wizard.checks.registry import all_checks

    return {entry.id: entry.needs for entry in all_checks()}


def waits_for(plan: Plan, finding: Finding) -> tuple[str, ...]:
    """The answers that a finding's check still waits for; empty when it could be judged."""
    return unanswered(plan, _needs().get(finding.id, ()))


def page_with(key: str, job: Job = Job.INSTALL) -> Page:
    """The page that asks for an answer, one of the job's where it has it; StopIteration when no page asks for it."""
    pages = (*PAGES_OF[job], *(page for of_job in PAGES_OF.values() for page in of_job))
    return next(page for page in pages if key in page.keys)


def open_answers(plan: Plan, order: Order | None = None) -> tuple[str, ...]:
    """The answers that the job requires and that are not given yet, in the order of its pages."""
    order = order or Order()
    missing = set(plan.missing())
    if not plan.registration.eula_accepted:
        missing.add(EULA)
    missing |= {f"order.{name}" for name in ("nodes", "target") if not getattr(order, name)}
    pages = PAGES_OF[order.job]
    wanted = REQUIRED.get(order.job, tuple(key for page in pages for key in page.keys if not key.startswith("order.")))
    if order.job is Job.ADD_NODE:
        wanted = (*wanted, "order.nodes")
    found = (key for page in pages for key in page.keys if key in missing and key in wanted)
    return tuple(dict.fromkeys(found))


def account_at(plan: Plan, key: str) -> str:
    """The account that an answer names (its key in `Secrets`), when its password is wanted; else an empty text."""
    from vmm_wizard.plan.fields import field_value

    if key == "service_account.name" and plan.service_account.kind is AccountKind.GMSA:
        return ""
    account = field_value(plan, key)
    return str(account.key) if account else ""


def missing_passwords(view: View, page: Page) -> tuple[str, ...]:
    """The keys of accounts on `page` whose password is wanted and was not given."""
    needed = {account.key for account in needed_accounts(view.plan, view.order.job, by_hand=view.order.by_hand)}
    wanted = ((key, account_at(view.plan, key)) for key in page.passwords)
    return tuple(key for key, account in wanted if account in needed and account not in view.passwords)


def is_refused(view: View, account: str) -> bool:
    """Whether a domain controller has refused the password of an account; not while anything is still asked."""
    proof = None if view.waiting or account not in view.passwords else view.facts.passwords.get(account)
    return proof is not None and not getattr(proof, "accepted", True)


def findings_of(view: View, page: Page) -> tuple[Finding, ...]:
    """The findings that `page` shows, worst first; those that only wait for an answer are left out."""
    return worst_first(_judged_on(view, page), view)


def _judged_on(view: View, page: Page) -> list[Finding]:
    return [row for row in view.findings if shows(page, row) and not waits_for(view.plan, row)]


def worst_first(findings: Sequence[Finding], view: View | None = None) -> tuple[Finding, ...]:
    """The findings by state, the gravest first, else in their order; what does not apply is left out.

    One that is asked again in `view` keeps its place meanwhile.
    """
    shown = [row for row in findings if row.status is not Status.NOT_APPLICABLE]
    return tuple(sorted(shown, key=lambda row: rank((view and was(view, row)) or row)))


def waiting_checks(view: View, page: Page) -> tuple[int, tuple[Page, ...]]:
    """How many checks of `page` wait for answers, and the pages where those are asked for, in order."""
    rows = [waits_for(view.plan, row) for row in view.findings if shows(page, row)]
    keys = {key for row in rows for key in row}
    return sum(1 for row in rows if row), tuple(other for other in view.pages if keys & set(other.keys))


def is_asked(view: View, finding: Finding) -> bool:
    """Whether the answer to a finding may still come: to one that is unknown, or that an answer has just made old."""
    if finding.id in view.stale:
        return True
    return bool(view.waiting) and finding.status is Status.UNKNOWN and NOT_ASKED.reason in finding.evidence


def was(view: View, finding: Finding) -> Finding | None:
    """What a check that is asked again had said before, of the same subject if it can be told; else None."""
    if not is_asked(view, finding):
        return None
    if finding.id in view.stale and NOT_ASKED.reason not in finding.evidence:
        return finding
    rows = [row for row in view.before if row.id == finding.id]
    same = [row for row in rows if row.subject == finding.subject]
    return min(same or rows, key=rank, default=None)


def blocking(view: View) -> tuple[Finding, ...]:
    """What stops a run as far as is known; worst first."""
    if view.order.job not in JUDGED:
        return ()
    stops = stops_install(view.findings)
    return worst_first(tuple(filter(matters_by_hand, stops)) if is_by_hand(view.order) else stops)


def is_by_hand(order: Order) -> bool:
    """Whether somebody starts setup at each node's console."""
    return order.by_hand and order.job in INSTALLING


def obstacles(view: View) -> tuple[str, ...]:
    """Why a run cannot be started now, one sentence each behind a sign; empty when it can."""
    from vmm_wizard.plan.fields import field_value

    rows: list[str] = []
    for key in view.wrong:
        page = page_with(key, view.order.job).name
        rows.append(text("obstacles.unreadable", page=page, answer=LABELS[key]))
    for key in open_answers(view.plan, view.order):
        if key not in view.wrong:
            page = page_with(key, view.order.job).name
            eula = text("obstacles.eula", page=page)
            rows.append(eula if key == EULA else text("obstacles.unanswered", page=page, answer=LABELS[key]))
    for shown in view.pages:
        for key in missing_passwords(view, shown):
            account = field_value(view.plan, key)
            rows.append(text("obstacles.password", page=shown.name, account=account))
    if problem := _of_the_database(view):
        rows.append(text("obstacles.on_page", page=UNINSTALL.name, problem=problem))
    if rows:
        return tuple(rows)
    said: dict[tuple[Status, str], list[str]] = {}
    for finding in blocking(view):
        said.setdefault((finding.status, finding.evidence), []).append(finding.id)
    for (status, evidence), ids in said.items():
        rows.append(f"{' '.join(SIGNS[status])} {', '.join(dict.fromkeys(ids))}: {evidence}")
    if view.waiting and not rows and view.order.job in JUDGED:
        rows.append(text("obstacles.asking", names=", ".join(view.waiting)))
    return tuple(rows)


def _of_the_database(view: View) -> str:
    """Why the database cannot be removed as the choices of an uninstall say; empty when it can, or is kept."""
    order, name = view.order, view.plan.database.name
    if order.job is not Job.UNINSTALL or not order.remove_database:
        return ""
    if order.remove_database != name:
        return text("obstacles.database_name", name=name, typed=order.remove_database)
    going = {host.partition(".")[0].casefold() for host in order.nodes}
    staying = [node.label for node in view.plan.nodes if going and node.label.casefold() not in going]
    return text("obstacles.database_stays", nodes=", ".join(staying)) if staying else ""


def problem_of(view: View, page: Page) -> str:
    """What is wrong with the choices on a page together, though each can be read; empty when nothing is."""
    return _of_the_database(view) if page is UNINSTALL else ""


def mark_of(view: View, page: Page) -> Mark:
    """The state of a page."""
    if page is RUN:
        return _run_mark(view)
    if page is DONE and view.result and is_earlier(view):
        return Mark.EARLIER
    if page is DONE:
        return Mark.OK if view.result in GOOD_RESULTS else Mark.NONE
    if page is REVIEW:
        return _worst([mark_of(view, other) for other in view.pages if other.keys])
    if set(page.keys) & set(view.wrong) or problem_of(view, page):
        return Mark.WRONG
    # In no order: this is asked of every page with each answer.
    findings = [row for row in _judged_on(view, page) if row.status is not Status.NOT_APPLICABLE]
    states = {row.status for row in findings if not row.accepted and not is_asked(view, row)}
    if Status.FAIL in states:
        return Mark.FAIL
    if set(page.keys) & set(open_answers(view.plan, view.order)) or missing_passwords(view, page):
        return Mark.OPEN
    if any(is_asked(view, row) for row in findings):
        return Mark.ASKING
    if Status.UNKNOWN in states:
        return Mark.UNKNOWN
    return Mark.WARN if Status.WARN in states else Mark.OK


def marks_of(view: View) -> dict[Page, Mark]:
    """The states of all pages of the job, in order."""
    marks = {page: Mark.NONE if page is REVIEW else mark_of(view, page) for page in view.pages}
    if REVIEW in marks:
        marks[REVIEW] = _worst([mark for page, mark in marks.items() if page.keys])
    return marks


def _worst(marks: Collection[Mark]) -> Mark:
    return next((mark for mark in Mark if mark in marks), Mark.OK)


def first_open(view: View) -> Page | None:
    """The first page on which something cannot be read, is not answered, or fails; None where no page is so."""
    marks = (Mark.WRONG, Mark.OPEN, Mark.FAIL)
    return next((page for page in view.pages if page.keys and mark_of(view, page) in marks), None)


def is_earlier(view: View) -> bool:
    """Whether answers have changed since the run that ended last."""
    return view.ran is not None and not view.running and view.ran != view.plan


def _run_mark(view: View) -> Mark:
    if view.running:
        return Mark.RUNNING
    if view.result and is_earlier(view):
        return Mark.EARLIER
    if view.result in GOOD_RESULTS:
        return Mark.OK
    return Mark.STOPPED if view.result else Mark.NONE
