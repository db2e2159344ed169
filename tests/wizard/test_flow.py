"""Which page follows which, what belongs to each, and what state it is in."""

from dataclasses import replace

import pytest

from tests.building import a_container, a_rehearsal, good_facts, installed_facts
from tests.tui.wizards import all_passwords, ready_plan
from vmm_wizard.checks.registry import Check, Finding, Status, all_checks, judge
from vmm_wizard.facts.model import Facts, NoAnswer, PasswordFacts
from vmm_wizard.install.admission import needed_accounts
from vmm_wizard.install.orders import Job, Order
from vmm_wizard.plan.fields import BY_KEY, MARKS, PREPARATION, field_value, set_field
from vmm_wizard.plan.model import Acceptance, AccountKind, Plan
from vmm_wizard.wizard import flow, pages
from vmm_wizard.wizard.finding_lines import lines_of
from vmm_wizard.wizard.flow import Mark, View, mark_of, obstacles
from vmm_wizard.wizard.order_fields import ORDER_FIELDS

ORDER = ["job", "connection", "account", "dkm", "sql", "cluster", "names", "ports", "review", "run", "done"]


def a_view(facts: Facts | None = None, plan: Plan | None = None, **changes: object) -> View:
    """All answered, all passwords given, `facts` judged."""
    plan = plan or ready_plan()
    passwords = frozenset(account.key for account in plan.accounts if account in all_passwords(plan))
    findings = judge(plan, good_facts() if facts is None else facts)
    return replace(View(plan, {}, findings, (), passwords), **changes)  # type: ignore[arg-type]


def finding(check_id: str, status: Status, evidence: str = "read") -> Finding:
    topic = next(entry.topic for entry in all_checks() if entry.id == check_id)
    return Finding(check_id, "title", topic, "INST", status, "", evidence, "")


def test_the_first_open_page_is_where_something_is_unread_unanswered_or_fails() -> None:
    view = a_view()
    assert flow.first_open(view) is None
    assert flow.first_open(replace(view, passwords=frozenset())) is pages.CONNECTION
    assert flow.first_open(replace(view, wrong={"database.port": "no port"})) is pages.SQL
    assert flow.first_open(a_view(good_facts(dkm=a_container(found=False)))) is pages.DKM
    assert flow.first_open(View()) is pages.JOB


def test_the_pages_come_in_the_order_of_the_job() -> None:
    assert [page.id for page in pages.PAGES] == ORDER


@pytest.mark.parametrize(("page", "after"), list(zip(ORDER, [*ORDER[1:], "done"], strict=True)))
def test_next_leads_to_the_page_after(page: str, after: str) -> None:
    assert flow.next_page(pages.BY_ID[page]).id == after


@pytest.mark.parametrize(("page", "before"), list(zip(ORDER, ["job", *ORDER[:-1]], strict=True)))
def test_back_leads_to_the_page_before(page: str, before: str) -> None:
    assert flow.previous_page(pages.BY_ID[page]).id == before


def test_every_answer_is_asked_for_on_exactly_one_page() -> None:
    asked = [key for page in pages.PAGES for key in page.keys if not key.startswith("order.")]
    assert sorted(asked) == sorted(BY_KEY.keys() - MARKS - PREPARATION)
    prepared = {key for page in pages.PAGES_OF[Job.PREPARE] for key in page.keys}
    assert prepared >= PREPARATION


@pytest.mark.parametrize("job", Job)
def test_each_job_asks_for_nothing_twice_and_for_all_that_it_requires(job: Job) -> None:
    of_job = pages.PAGES_OF[job]
    asked = [key for page in of_job for key in page.keys]
    assert len(set(asked)) == len(asked)
    assert set(pages.REQUIRED.get(job, ())) <= set(asked)
    assert (of_job[0], of_job[-2:]) == (pages.JOB, (pages.RUN, pages.DONE))
    # what an account of the plan is asked for stands on a page of the job
    needed = {account.key for account in needed_accounts(ready_plan(), job)}
    given = {flow.account_at(ready_plan(), key) for page in of_job for key in page.passwords}
    assert needed <= given


@pytest.mark.parametrize(
    ("order", "missing"),
    [
        (Order(Job.FAILOVER), ". Target node: To node is not answered"),
        (Order(Job.CONSOLE), ". Console machines: Machines is not answered"),
        (Order(Job.ADD_NODE), ". New nodes: Machines is not answered"),
    ],
)
def test_a_job_wants_its_own_choices(order: Order, missing: str) -> None:
    plan = ready_plan()
    view = View(plan, passwords=frozenset(account.key for account in plan.accounts), order=order)
    assert obstacles(view) == (missing,)


@pytest.mark.parametrize(
    ("nodes", "typed", "said"),
    [
        ((), "", ""),
        ((), "VirtualManagerDB", ""),
        (("vmm01", "vmm02.contoso.lab"), "VirtualManagerDB", ""),
        ((), "virtualmanagerdb", "the database is called VirtualManagerDB, and virtualmanagerdb was typed"),
        (("vmm02",), "VirtualManagerDB", "the database goes with the last node only, and vmm01 would stay"),
    ],
)
def test_a_database_goes_by_its_name_and_with_the_last_node(nodes: tuple[str, ...], typed: str, said: str) -> None:
    plan = ready_plan()
    order = Order(Job.UNINSTALL, nodes, remove_database=typed)
    view = View(plan, passwords=frozenset(account.key for account in plan.accounts), order=order)
    assert obstacles(view) == ((f"X What is removed: {said}",) if said else ())
    assert mark_of(view, pages.UNINSTALL) is (Mark.WRONG if said else Mark.OK)


def test_a_wrong_name_of_the_database_marks_the_page_in_any_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "text", lambda key, **_: key)
    order = Order(Job.UNINSTALL, remove_database="virtualmanagerdb")
    view = View(ready_plan(), order=order)
    assert flow.problem_of(view, pages.UNINSTALL)
    assert mark_of(view, pages.UNINSTALL) is Mark.WRONG


def test_a_fail_stops_setup_but_neither_looking_nor_moving() -> None:
    plan = ready_plan()
    findings = judge(plan, good_facts(dkm=a_container(found=False)))
    given = frozenset(account.key for account in plan.accounts)
    assert obstacles(View(plan, findings=findings, passwords=given))
    for order in (Order(Job.VERIFY), Order(Job.FAILOVER, target="vmm02")):
        assert obstacles(View(plan, findings=findings, passwords=given, order=order)) == ()


def test_only_installing_asks_for_the_password_of_the_service_account() -> None:
    plan = ready_plan()
    given = frozenset({plan.installing_account.key})
    assert any("svc-vmm" in row for row in obstacles(View(plan, passwords=given)))
    assert obstacles(View(plan, passwords=given, order=Order(Job.VERIFY))) == ()


def test_every_answer_has_a_label_that_fits_beside_its_field() -> None:
    assert set(pages.LABELS) == (BY_KEY.keys() - MARKS) | ORDER_FIELDS.keys()
    assert max(map(len, pages.LABELS.values())) <= 18


def test_the_opening_page_asks_three_things_at_most() -> None:
    assert len(pages.PAGES[0].keys) <= 3


@pytest.mark.parametrize("entry", all_checks(), ids=lambda entry: entry.id)
def test_every_check_is_shown_on_one_page(entry: Check) -> None:
    by_id = [page for page in pages.PAGES if entry.id in page.ids]
    by_topic = [page for page in pages.PAGES if entry.topic in page.topics]
    assert len(by_id) <= 1
    assert by_id or len(by_topic) == 1


@pytest.mark.parametrize(
    ("check_id", "page"),
    [
        ("ACC-03", "account"),
        ("INS-01", "connection"),
        ("DKM-02", "dkm"),
        ("SQL-02", "sql"),
        ("CLU-01", "cluster"),
        ("NOD-08", "cluster"),
        ("NAM-05", "names"),
        ("CLU-09", "names"),
        ("CLU-05", "names"),
        ("NOD-13", "ports"),
        ("MED-01", "ports"),
        ("RUN-02", "run"),
        ("POST-02", "done"),
    ],
)
def test_a_finding_is_shown_where_its_answer_is_given(check_id: str, page: str) -> None:
    assert flow.page_of(finding(check_id, Status.FAIL)).id == page


# --- states


def test_when_all_is_well_every_page_says_so() -> None:
    view = a_view()
    assert {mark_of(view, page) for page in pages.PAGES[:9]} == {Mark.OK}
    assert mark_of(view, pages.RUN) is mark_of(view, pages.DONE) is Mark.NONE


@pytest.mark.parametrize(
    ("key", "page"),
    [
        ("installing_account", "connection"),
        ("service_account.name", "account"),
        ("dkm.container", "dkm"),
        ("database.host", "sql"),
        ("cluster.nodes", "cluster"),
        ("cluster.role_name", "names"),
        ("media.path", "ports"),
        (pages.EULA, "job"),
    ],
)
def test_a_page_with_a_missing_answer_is_open(key: str, page: str) -> None:
    plan = set_field(ready_plan(), key, field_value(Plan(), key))
    assert mark_of(a_view(Facts(), plan), pages.BY_ID[page]) is Mark.OPEN
    assert flow.obstacles(a_view(Facts(), plan))


def test_a_refused_password_fails_where_it_is_given_before_anything_else_is_answered() -> None:
    plan = Plan(installing_account=ready_plan().installing_account)
    key = plan.installing_account.key
    facts = Facts(passwords={key: PasswordFacts(key, False, "52e", "wrong user name or password")})
    view = replace(a_view(facts, plan), facts=facts)
    assert mark_of(view, pages.CONNECTION) is Mark.FAIL
    assert flow.is_refused(view, key)
    assert not flow.is_refused(replace(view, waiting=("the directory",)), key), "another one is being tried"
    assert not flow.is_refused(replace(view, passwords=frozenset()), key)


def test_a_page_with_a_missing_password_is_open() -> None:
    view = a_view(passwords=frozenset())
    assert mark_of(view, pages.CONNECTION) is Mark.OPEN
    assert mark_of(view, pages.ACCOUNT) is Mark.OPEN
    assert r". Connection: the password of CONTOSO\vmm-setup is missing" in flow.obstacles(view)


def test_a_group_managed_account_has_no_password_to_give() -> None:
    plan = set_field(ready_plan(), "service_account.kind", AccountKind.GMSA)
    assert flow.missing_passwords(View(plan), pages.ACCOUNT) == ()


def test_a_text_that_cannot_be_read_marks_its_page_and_stops_the_run() -> None:
    view = a_view(wrong={"ports.console": "'x' is not a port"})
    assert mark_of(view, pages.PORTS) is Mark.WRONG
    assert flow.obstacles(view) == ("X Ports and media: Console port cannot be read",)


def test_a_fail_marks_its_page_and_stops_the_run() -> None:
    view = a_view(good_facts(dkm=a_container(found=False)))
    assert mark_of(view, pages.DKM) is Mark.FAIL
    assert mark_of(view, pages.REVIEW) is Mark.FAIL
    assert any(row.startswith("X FAIL DKM-01") for row in flow.obstacles(view))


def test_an_unknown_of_the_minimum_stops_the_run() -> None:
    view = a_view(good_facts(dkm=NoAnswer("dc01 did not answer", "timeout")))
    assert mark_of(view, pages.DKM) is Mark.UNKNOWN
    assert any("DKM-02" in row for row in flow.obstacles(view))


@pytest.mark.parametrize("status", [Status.WARN, Status.UNKNOWN, Status.PASS, Status.NOT_APPLICABLE])
def test_what_is_no_fail_and_not_of_the_minimum_does_not_stop_the_run(status: Status) -> None:
    assert flow.obstacles(a_view(findings=(finding("SQL-03", status),))) == ()


@pytest.mark.parametrize(
    ("statuses", "mark"),
    [
        ([Status.PASS, Status.WARN], Mark.WARN),
        ([Status.WARN, Status.UNKNOWN], Mark.UNKNOWN),
        ([Status.UNKNOWN, Status.FAIL], Mark.FAIL),
        ([Status.PASS, Status.NOT_APPLICABLE], Mark.OK),
        ([], Mark.OK),
    ],
)
def test_the_gravest_finding_marks_a_page(statuses: list[Status], mark: Mark) -> None:
    findings = tuple(finding("SQL-03", status) for status in statuses)
    assert mark_of(a_view(findings=findings), pages.SQL) is mark


def test_an_answer_that_has_not_come_yet_is_no_unknown() -> None:
    waiting = finding("SQL-03", Status.UNKNOWN, "not asked yet")
    assert mark_of(a_view(findings=(waiting,), waiting=("SQL Server",)), pages.SQL) is Mark.ASKING
    assert mark_of(a_view(findings=(waiting,)), pages.SQL) is Mark.UNKNOWN


def test_findings_that_wait_for_an_answer_are_counted_not_listed() -> None:
    plan = set_field(ready_plan(), "cluster.nodes", ())
    view = a_view(Facts(), plan)
    number, waited = flow.waiting_checks(view, pages.ACCOUNT)
    assert number >= 1
    assert pages.CLUSTER in waited
    assert "ACC-04" not in {row.id for row in flow.findings_of(view, pages.ACCOUNT)}


def test_findings_come_worst_first() -> None:
    rows = [finding("SQL-03", status) for status in (Status.PASS, Status.WARN, Status.FAIL, Status.UNKNOWN)]
    assert [row.status for row in flow.worst_first(rows)] == [Status.FAIL, Status.UNKNOWN, Status.WARN, Status.PASS]


def test_what_is_still_asked_stops_the_run_for_now() -> None:
    assert flow.obstacles(a_view(waiting=("directory",))) == ("~ still asking: directory",)


@pytest.mark.parametrize(
    ("running", "result", "run", "done"),
    [
        (False, "", Mark.NONE, Mark.NONE),
        (True, "", Mark.RUNNING, Mark.NONE),
        (False, "installed", Mark.OK, Mark.OK),
        (False, "unchanged", Mark.OK, Mark.OK),
        (False, "failed", Mark.STOPPED, Mark.NONE),
        (False, "cancelled", Mark.STOPPED, Mark.NONE),
    ],
)
def test_run_and_done_follow_the_run(running: bool, result: str, run: Mark, done: Mark) -> None:
    view = a_view(running=running, result=result)
    assert (mark_of(view, pages.RUN), mark_of(view, pages.DONE)) == (run, done)


def test_a_finished_estate_is_well_on_every_page() -> None:
    view = a_view(installed_facts())
    assert {mark_of(view, page) for page in pages.PAGES[:9]} == {Mark.OK}


def test_a_rehearsal_is_shown_on_the_page_of_the_run() -> None:
    facts = good_facts(rehearsals={node.key: a_rehearsal(sql_sysadmin=False) for node in ready_plan().nodes})
    assert {row.id for row in flow.findings_of(a_view(facts), pages.RUN)} == {"RUN-01", "RUN-02", "RUN-03"}


def test_what_is_accepted_is_no_obstacle_marks_no_page_and_says_why_in_the_list() -> None:
    accepted = Acceptance("SQL-03", "", "agreed with the DBA", "Jo")
    fail = finding("SQL-03", Status.FAIL, "an old edition")
    view = a_view(findings=(fail,))
    assert flow.obstacles(view)
    view = a_view(findings=(replace(fail, accepted=accepted),))
    assert flow.obstacles(view) == ()
    assert mark_of(view, pages.BY_ID["sql"]) is Mark.OK
    [line] = lines_of(view, flow.worst_first(view.findings))
    assert line.text == "FAIL, accepted by Jo: agreed with the DBA: an old edition"
