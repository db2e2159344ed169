"""Findings that the admin accepts: what may be, what it does, and what is said of one that matches nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from tests.building import a_plan, good_facts
from tests.checks.asking import VMM01, VMM02, with_all_nodes
from tests.checks.test_registry import SECTION_10
from vmm_wizard.checks.acceptance import idle, objections
from vmm_wizard.checks.certain import CERTAIN, why_certain
from vmm_wizard.checks.registry import MINIMUM, Finding, Status, judge
from vmm_wizard.facts.model import NoAnswer
from vmm_wizard.install.admission import blocking, plan_key
from vmm_wizard.plan.model import Acceptance, AskedFor, Plan
from vmm_wizard.report import findings as report

#: The checks of section 10 that have a fail in its column, and that an admin may accept all the same: why.
MAY_BE_ACCEPTED = {
    "ACC-08": "setup ends with a warning, and the names can be set right later",
    "CLU-02": "a seventeenth node is a limit of support, not of setup",
    "CLU-03": "a node that is down or paused stops only itself",
    "CLU-04": "no source says that setup minds",
    "CLU-06": "no source says that setup minds",
    "CLU-11": "a validation report is a record, nothing that setup reads",
    "CLU-13": "what shares the cluster with VMM is a matter of support",
    "DKM-05": "setup may make new keys for a database whose own are gone; what those encrypted is lost then",
    "SQL-03": "setup may take an edition that is not supported",
    "SQL-09": "setup may pass with NTLM",
    "SQL-10": "setup may pass with a local service account",
    "SQL-12": "SQL Server on the VMM cluster is advised against, and may work",
    "SQL-15": "how full a disk gets is told by time",
    "SQL-16": "setup may mend it, and the console shows it",
    "SQL-18": "a one-way trust that way may do",
    "LIB-01": "a library is added after setup",
    "NOD-01": "setup may take a Windows that is not supported",
    "NOD-02": "setup's own block is unconfirmed",
    "NOD-09": "a Hyper-V host may do in a laboratory",
    "NOD-15": "a rule of general knowledge",
    "MED-02": "a share may work",
    "RUN-04": "a console that is open hinders an uninstall only",
    "POST-01": "it is read after setup",
    "POST-02": "it is read after setup",
}

SMALL = Acceptance("NOD-02", VMM01, "a laboratory", "Jo", date(2026, 11, 26))


def accepting(*rows: Acceptance, asked: tuple[AskedFor, ...] = ()) -> Plan:
    return replace(a_plan(), accepted=rows, asked=asked)


#: Both nodes have less memory than setup wants: NOD-02 fails on each.
SMALL_NODES = with_all_nodes(memory_bytes=2 * 1024**3)
#: The first node does not answer: what is asked of it is unknown.
VMM01_SILENT = replace(good_facts(), nodes={**good_facts().nodes, VMM01: NoAnswer("it did not answer", "timeout")})


def of(rows: tuple[Finding, ...], check_id: str, subject: str = "") -> Finding:
    return next(row for row in rows if row.id == check_id and row.subject == subject)


def test_each_check_is_either_certain_or_known_to_be_a_matter_of_judgement() -> None:
    assert set(SECTION_10) >= CERTAIN
    assert not CERTAIN & set(MAY_BE_ACCEPTED)
    assert set(MAY_BE_ACCEPTED) <= set(SECTION_10)
    assert all(why_certain(check_id) for check_id in CERTAIN)
    # What an install waits to know cannot be waved through when it is known to be wrong.
    assert CERTAIN >= MINIMUM


def test_every_check_that_fails_in_the_table_of_states_is_in_one_of_the_two() -> None:
    from tests.checks.test_states import STATES

    failing = {check_id for check_id, states in STATES.items() if "fail" in states}
    assert failing <= CERTAIN | set(MAY_BE_ACCEPTED)


def test_an_accepted_fail_keeps_what_it_says_and_stops_neither_install_nor_exit_code() -> None:
    plain, rows = judge(a_plan(), SMALL_NODES), judge(accepting(SMALL), SMALL_NODES)
    before, after = of(plain, "NOD-02", VMM01), of(rows, "NOD-02", VMM01)
    assert before.status is Status.FAIL
    assert (after.id, after.status, after.evidence, after.remedy) == (
        before.id,
        before.status,
        before.evidence,
        before.remedy,
    )
    assert after.accepted == SMALL
    assert [row.subject for row in blocking(plain)] == [VMM01, VMM02]
    assert [row.subject for row in blocking(rows)] == [VMM02]
    both = judge(accepting(SMALL, replace(SMALL, subject=VMM02)), SMALL_NODES)
    assert (report.exit_code(rows), report.exit_code(both), blocking(both)) == (1, 0, ())
    assert report.summary(both)["fail"] == 0
    assert report.summary(both)["accepted"] == 2


def test_a_node_may_be_named_in_short_and_in_any_case() -> None:
    rows = judge(accepting(replace(SMALL, subject="VMM01")), SMALL_NODES)
    assert of(rows, "NOD-02", VMM01).accepted
    assert not of(rows, "NOD-02", VMM02).accepted


def test_an_acceptance_of_one_subject_is_none_of_the_plan_as_a_whole() -> None:
    rows = judge(accepting(replace(SMALL, subject="")), SMALL_NODES)
    assert not [row for row in rows if row.accepted]


@pytest.mark.parametrize("check_id", sorted(CERTAIN))
def test_what_makes_setup_roll_back_is_refused_and_even_then_never_applied(check_id: str) -> None:
    plan = accepting(*(Acceptance(check_id, subject, "why not") for subject in ("", VMM01, VMM02)))
    assert [one for one in objections(plan) if one.allowed == f"it cannot be accepted: {why_certain(check_id)}"]
    silent = replace(good_facts(), nodes={})
    assert not [row for row in judge(plan, silent) if row.id == check_id and row.accepted]


def test_an_unknown_of_the_minimum_stays_in_the_way() -> None:
    plan = accepting(Acceptance("NOD-08", VMM01, "it was off"))
    stops = {(row.id, row.status) for row in blocking(judge(plan, VMM01_SILENT))}
    assert ("NOD-08", Status.UNKNOWN) in stops


def test_an_unknown_that_is_accepted_is_no_unknown_for_the_exit_code() -> None:
    row = of(judge(accepting(SMALL), VMM01_SILENT), "NOD-02", VMM01)
    assert row.status is Status.UNKNOWN
    assert row.accepted
    assert report.exit_code([row]) == 0


def test_a_check_or_a_node_that_does_not_exist_is_told_with_what_was_meant() -> None:
    plan = accepting(
        Acceptance("NOD-99", "", "why"), Acceptance("NOD-02", "vmm09", "why"), Acceptance("NOD-02", "", "why")
    )
    told = [(one.index, one.name, one.read, one.allowed) for one in objections(plan)]
    assert told == [
        (0, "id", "NOD-99", told[0][3]),
        (1, "subject", '"vmm09"', f"NOD-02 is judged for each node: expected one of {VMM01}, {VMM02}"),
        (2, "subject", "not given", f"NOD-02 is judged for each node: expected one of {VMM01}, {VMM02}"),
    ]
    assert told[0][3].startswith("there is no such check; did you mean NOD-")
    assert not list(objections(accepting(SMALL)))


def test_an_acceptance_that_matches_nothing_is_mentioned_with_what_there_is_instead() -> None:
    [gone] = idle(accepting(SMALL), judge(accepting(SMALL), good_facts()))
    assert str(gone) == f"NOD-02 ({VMM01}) is accepted in the answers, but there is nothing to accept any more"
    elsewhere = accepting(replace(SMALL, subject="10.0.0.1"))
    [other] = idle(elsewhere, judge(elsewhere, SMALL_NODES))
    assert other.why == f"what is found is about {VMM01}, {VMM02}"
    assert not idle(accepting(SMALL), judge(accepting(SMALL), SMALL_NODES))


def test_what_was_asked_for_is_shown_and_changes_no_state() -> None:
    asked = AskedFor("NOD-02", VMM01, "nodes", "CHG-7", date(2026, 11, 26))
    rows = judge(accepting(asked=(asked,)), SMALL_NODES)
    assert of(rows, "NOD-02", VMM01).asked == (asked,)
    assert blocking(rows) != ()
    assert report.notes_of(of(rows, "NOD-02", VMM01)) == ("asked for (nodes, CHG-7) on 2026-11-26",)


def test_an_unfinished_run_is_found_again_after_something_was_accepted() -> None:
    assert plan_key(accepting(SMALL)) == plan_key(a_plan())
