"""What a change of an answer makes stale: which checks, what stays to be seen of them, and the ending of a run."""

from dataclasses import replace

import pytest

from tests.building import a_container, good_facts
from tests.tui.wizards import ready_plan
from tests.wizard.test_flow import a_view, finding
from vmm_wizard.checks.registry import Status, all_checks, judge
from vmm_wizard.facts.model import NOT_ASKED
from vmm_wizard.facts.questions import questions
from vmm_wizard.plan.fields import BY_KEY, MARKS, parse_field, set_field
from vmm_wizard.plan.model import Plan
from vmm_wizard.wizard import flow, pages
from vmm_wizard.wizard.finding_lines import lines_of
from vmm_wizard.wizard.flow import Mark, View, mark_of
from vmm_wizard.wizard.stale import all_stale, changed, not_asked, remembered, since_run, stale_checks
from vmm_wizard.wizard.steps import step_lines

EVERYTHING = "dkm account naming cluster database node media"
#: For each answer: another one, the topics whose checks it makes stale, and checks that stay as they are.
TABLE = {
    "dkm.container": ("CN=Other,DC=contoso,DC=lab", "dkm", "SQL-05 CLU-05 NOD-01 ACC-01"),
    "service_account.name": (r"CONTOSO\svc-other", "account", "NOD-01 DKM-01 MED-01"),
    "service_account.kind": ("gmsa", "account", "NOD-01 DKM-01 SQL-05"),
    "database.host": ("sql02.contoso.lab", "database node", "DKM-01"),
    "database.instance": ("other", "database", "DKM-01"),
    "database.port": ("14330", "database", "DKM-01"),
    "database.listener": ("yes", "database", "DKM-01"),
    "database.name": ("Other", "database", "DKM-01 NOD-01 CLU-05 ACC-01"),
    "database.create_new": ("no", "database", "DKM-01 NOD-01 CLU-05 ACC-01"),
    "cluster.name": ("other", "cluster naming", "DKM-01 NOD-01 SQL-05"),
    "cluster.nodes": ("vmm01, vmm03", "node cluster", "DKM-01 SQL-05"),
    "cluster.role_name": ("other", "naming cluster", "DKM-01 NOD-01"),
    "cluster.static_addresses": ("10.0.0.77", "cluster node", "DKM-01 SQL-05 ACC-01"),
    "library.file_server": ("files01.contoso.lab", "cluster", "DKM-01 SQL-05 NOD-01"),
    "media.path": (r"D:\Other", "media node", "DKM-01 SQL-05 ACC-01"),
    "program_files": (r"D:\Other", "node", "DKM-01 SQL-05 ACC-01"),
    "ports.console": ("8200", "node", "DKM-01 ACC-01"),
    "connection.directory_server": ("dc02.contoso.lab", EVERYTHING, ""),
    "connection.authentication": ("ntlm", EVERYTHING, ""),
    "connection.winrm": ("https", "node cluster", "DKM-01 SQL-05 ACC-01"),
    "connection.node_account": (r"CONTOSO\nodes", "node cluster", "DKM-01 SQL-05 ACC-01"),
    "connection.sql_account": (r"CONTOSO\sql", "database", "DKM-01 NOD-01 ACC-01"),
    "installing_account": (r"CONTOSO\other", EVERYTHING, ""),
    "domain": ("other.lab", EVERYTHING, ""),
    "registration.company_name": ("Other", "", "DKM-01 SQL-05 NOD-01 ACC-01 CLU-05"),
}


def with_answer(key: str, text: str, plan: Plan | None = None) -> Plan:
    return set_field(plan or ready_plan(), key, parse_field(key, text))


@pytest.mark.parametrize("key", TABLE)
def test_a_changed_answer_makes_its_checks_stale_and_leaves_others_alone(key: str) -> None:
    text, touched, same = TABLE[key]
    after = with_answer(key, text)
    assert changed(ready_plan(), after) == (key,)
    ids = stale_checks(ready_plan(), after)
    assert set(touched.split()) <= {entry.topic for entry in all_checks() if entry.id in ids}
    assert ids.isdisjoint(same.split())


@pytest.mark.parametrize("key", sorted(set(BY_KEY) - MARKS))
def test_every_finding_that_an_answer_can_change_is_stale(key: str) -> None:
    """Held against the checks themselves, by the answers of the table and by taking each answer away."""
    for text in {TABLE[key][0] if key in TABLE else "", ""}:
        try:
            after = with_answer(key, text)
        except ValueError:
            continue
        ids = stale_checks(ready_plan(), after)
        asked = questions(ready_plan()), questions(after)
        facts = good_facts()
        before_change = {(row.id, row.subject): row for row in judge(ready_plan(), facts)}
        for row in judge(after, facts):
            if row != before_change.get((row.id, row.subject)):
                assert row.id in ids, (row, key)
        if asked[0].container != asked[1].container:
            unknown = {row.id for row in judge(after, replace(facts, dkm=NOT_ASKED)) if row.status is Status.UNKNOWN}
            assert unknown <= ids


def test_the_same_answers_make_nothing_stale() -> None:
    assert stale_checks(ready_plan(), ready_plan()) == frozenset()


class TestWhatIsAskedAgain:
    """A container that was missing, while another one is looked for."""

    facts = good_facts(dkm=a_container(found=False))

    def test_is_marked_at_once_and_stays_to_be_seen(self) -> None:
        view = replace(a_view(self.facts), stale=frozenset({"DKM-01"}))
        [row] = [row for row in flow.findings_of(view, pages.DKM) if row.id == "DKM-01"]
        assert row.status is Status.FAIL
        [line] = [line for line in lines_of(view, flow.findings_of(view, pages.DKM)) if line.ids == ("DKM-01",)]
        assert line.asking
        assert line.text == f"asked again; it was FAIL: {row.evidence}"

    def test_does_not_make_its_page_fail_meanwhile(self) -> None:
        view = replace(a_view(self.facts), stale=all_stale())
        assert mark_of(view, pages.DKM) is Mark.ASKING
        assert any("~ asking" in text for text, _ in step_lines(view, pages.DKM))

    def test_is_remembered_while_the_answer_has_not_come(self) -> None:
        view = replace(a_view(self.facts), stale=frozenset({"DKM-01"}))
        asking = judge(ready_plan(), replace(self.facts, dkm=NOT_ASKED))
        kept = remembered(view, asking, ("DKM container",))
        view = replace(a_view(), findings=asking, waiting=("DKM container",), before=kept)
        lines = lines_of(view, flow.findings_of(view, pages.DKM))
        assert lines[0].ids[0] == "DKM-01"
        assert lines[0].asking
        assert "asked again; it was FAIL" in lines[0].text
        # again, by a further change, before anything has come
        assert [row.id for row in remembered(view, asking, ("DKM container",))] == [row.id for row in kept]

    def test_is_forgotten_when_the_answer_has_come(self) -> None:
        view = replace(a_view(self.facts), stale=frozenset({"DKM-01"}))
        assert remembered(view, judge(ready_plan(), good_facts()), ()) == ()

    def test_that_was_good_is_told_as_what_it_is(self) -> None:
        view = replace(a_view(), stale=all_stale())
        [line] = lines_of(view, flow.findings_of(view, pages.DKM))
        assert line.asking
        assert "was" not in line.text

    def test_of_another_subject_is_the_gravest_that_was_said(self) -> None:
        asked = finding("SQL-01", Status.UNKNOWN, f"{NOT_ASKED.reason}: x")
        before = tuple(
            replace(finding("SQL-01", status, status.value), subject=status.value)
            for status in (Status.WARN, Status.FAIL)
        )
        view = View(ready_plan(), findings=(asked,), waiting=("x",), before=before)
        was = flow.was(view, asked)
        assert was is not None
        assert was.status is Status.FAIL


class TestTheEndingOfARun:
    view = replace(a_view(), result="installed", ran=ready_plan())

    def test_is_good_as_long_as_the_answers_stand(self) -> None:
        assert since_run(self.view) == ""
        assert (mark_of(self.view, pages.RUN), mark_of(self.view, pages.DONE)) == (Mark.OK, Mark.OK)

    def test_is_of_an_earlier_run_once_an_answer_is_another(self) -> None:
        view = replace(self.view, plan=with_answer("database.host", "sql02.contoso.lab"))
        assert "since then" in since_run(view).casefold()
        assert "SQL Server" in since_run(view)
        assert (mark_of(view, pages.RUN), mark_of(view, pages.DONE)) == (Mark.EARLIER, Mark.EARLIER)
        assert {len(text) for text, _ in step_lines(view, pages.DKM)} == {29}


def test_once_asking_has_broken_off_what_was_not_answered_says_so_and_nothing_is_asked_any_more() -> None:
    facts = replace(good_facts(), sql=NOT_ASKED)
    view = replace(a_view(facts), waiting=("SQL Server",), stale=frozenset({"DKM-01"}))
    rows = not_asked(view.findings, view.stale, "unexpected error (Broken: wire)")
    after = {row.id: row for row in rows}
    for check in ("DKM-01", "SQL-03"):
        assert after[check].status is Status.UNKNOWN
        assert after[check].evidence == "not asked: unexpected error (Broken: wire)"
    assert after["DKM-02"].status is Status.PASS
    assert mark_of(replace(view, findings=rows, waiting=(), stale=frozenset()), pages.SQL) is Mark.UNKNOWN
    assert not any(flow.is_asked(replace(view, findings=rows, stale=frozenset()), row) for row in rows)
