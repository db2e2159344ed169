"""What holds for every check: total, honest about what is not known, and useful where it is not content."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.building import a_plan, a_rehearsal, good_facts, installed_facts
from tests.checks.asking import FAIL, NOT_APPLICABLE, PASS, UNKNOWN, VMM01, VMM02, WARN
from vmm_wizard.checks.registry import MINIMUM, Finding, all_checks, judge
from vmm_wizard.facts.model import Facts, NoAnswer, NodeFacts, RehearsalFacts
from vmm_wizard.plan.model import Cluster, Database, DkmContainer, Media, Plan, ServiceAccount
from vmm_wizard.plan.names import AccountName, HostName, NetbiosName, SqlTarget

#: Section 10 of the fact sheet, and the numbers that no version has yet.
_SECTION_10 = {
    "ACC": 11,
    "INS": 4,
    "DKM": 7,
    "NAM": 6,
    "CLU": 13,
    "SQL": 19,
    "LIB": 1,
    "NOD": 20,
    "MED": 4,
    "RUN": 4,
    "POST": 4,
}
SECTION_10 = [f"{topic}-{number:02}" for topic, last in _SECTION_10.items() for number in range(1, last + 1)]
WANTED = [entry.id for entry in all_checks()]

#: Judged from the plan alone.
FORM_ONLY = {"ACC-07", "NAM-01", "NAM-03", "SQL-11", "NOD-13"}

SILENT = NoAnswer("it did not answer", "timeout")
SINGLE = [
    field.name
    for field in fields(Facts)
    if field.name not in ("passwords", "password_shapes", "nodes", "rehearsals", "heard")
]


def without(facts: Facts, names: set[str]) -> Facts:
    """Facts whose fields of these names did not answer."""
    changes: dict[str, Any] = dict.fromkeys(names, SILENT)
    return replace(facts, **changes)


def nothing_known() -> Facts:
    changes: dict[str, Any] = dict.fromkeys(SINGLE, SILENT)
    return Facts(
        passwords=dict.fromkeys((r"contoso\vmm-setup", r"contoso\svc-vmm"), SILENT),
        nodes={VMM01: SILENT, VMM02: SILENT},
        **changes,
    )


def test_every_wanted_check_is_there_once_and_in_order() -> None:
    assert len(set(WANTED)) == len(WANTED)
    assert [check_id for check_id in SECTION_10 if check_id in WANTED] == WANTED


def test_a_good_estate_has_nothing_but_passes_and_what_does_not_apply_yet() -> None:
    rows = judge(a_plan(), good_facts())
    assert {row.id for row in rows} == set(WANTED)
    assert {row.status for row in rows} == {PASS, NOT_APPLICABLE}
    later = {"RUN-02", "RUN-04", "POST-01", "POST-02", "POST-03", "POST-04", "SQL-17"}
    of_an_existing_database = {"SQL-14", "SQL-16"}
    assert {row.id for row in rows if row.status is NOT_APPLICABLE} == later | of_an_existing_database | {
        "ACC-10",
        "LIB-01",
    }


def test_with_a_rehearsal_the_good_estate_passes_that_too() -> None:
    facts = good_facts(rehearsals={VMM01: a_rehearsal(), VMM02: a_rehearsal()})
    assert {row.status for row in judge(a_plan(), facts) if row.id == "RUN-02"} == {PASS}


def test_when_nothing_answers_everything_that_needs_facts_is_unknown_and_nothing_of_it_passes() -> None:
    for row in judge(a_plan(), nothing_known()):
        if row.id in FORM_ONLY:
            assert row.status is PASS, row
        elif row.id in ("RUN-02", "RUN-04", "ACC-10", "LIB-01"):
            assert row.status is NOT_APPLICABLE, row
        else:
            assert row.status is UNKNOWN, row
            assert row.evidence


def test_while_a_plan_is_empty_everything_is_unknown_for_want_of_answers_but_the_ports() -> None:
    rows = {row.id: row for row in judge(Plan(), Facts())}
    assert {row.id for row in rows.values() if row.status is PASS} == {"NOD-13"}
    assert "service_account.name" in rows["ACC-01"].evidence


def test_the_topics_can_be_limited() -> None:
    rows = judge(a_plan(), good_facts(), frozenset({"dkm"}))
    assert {row.id for row in rows} == {"DKM-01", "DKM-02", "DKM-03", "DKM-04", "DKM-05", "DKM-06", "DKM-07"}


def test_a_finding_knows_whether_an_install_waits_for_it() -> None:
    for row in judge(a_plan(), good_facts()):
        assert row.minimum == (row.id in MINIMUM)


def test_the_report_holds_what_a_finding_says() -> None:
    row = next(row for row in judge(a_plan(), good_facts()) if row.id == "NOD-08")
    assert row.as_json() == {
        "id": "NOD-08",
        "status": "pass",
        "subject": VMM01,
        "title": row.title,
        "topic": "node",
        "evidence": row.evidence,
        "remedy": "",
        "teams": [],
        "source": "HA1",
        "accepted": None,
        "asked": [],
    }


# --- whatever is known, and whatever is planned


ESTATES = st.sampled_from([good_facts(), installed_facts(), installed_facts(done=1)])


@st.composite
def some_facts(draw: st.DrawFn) -> Facts:
    """An estate of which any part may be silent, and any readable part may be denied."""
    facts = draw(ESTATES)
    silent = draw(st.sets(st.sampled_from(SINGLE)))
    facts = without(facts, silent)
    nodes = {name: SILENT if draw(st.booleans()) else answer for name, answer in facts.nodes.items()}
    if draw(st.booleans()):
        nodes = {name: _denied(draw, answer) for name, answer in nodes.items()}
    passwords = {name: SILENT if draw(st.booleans()) else answer for name, answer in facts.passwords.items()}
    rehearsals: dict[str, RehearsalFacts | NoAnswer] = draw(
        st.dictionaries(
            st.sampled_from([VMM01, VMM02]),
            st.sampled_from([SILENT, a_rehearsal(), a_rehearsal(registered=False), a_rehearsal(user="")]),
        )
    )
    return replace(facts, nodes=nodes, passwords=passwords, rehearsals=rehearsals)


def _denied(draw: st.DrawFn, answer: NodeFacts | NoAnswer) -> NodeFacts | NoAnswer:
    if isinstance(answer, NoAnswer):
        return answer
    gone = draw(
        st.sets(st.sampled_from(["administrators", "rights", "cluster", "hyperv_feature", "secure_channel", "vmm"]))
    )
    return replace(answer, **dict.fromkeys(gone))  # type: ignore[arg-type]


@st.composite
def some_plans(draw: st.DrawFn) -> Plan:
    """A plan of which any part may not be answered yet, or not well."""
    plan = a_plan()
    changes: dict[str, Any] = {
        "domain": HostName(),
        "installing_account": AccountName(),
        "service_account": ServiceAccount(),
        "dkm": DkmContainer(),
        "database": draw(st.sampled_from([Database(), Database(SqlTarget.parse("vmm01")), Database(name="")])),
        "cluster": draw(
            st.sampled_from(
                [
                    Cluster(),
                    replace(plan.cluster, role_name=NetbiosName("x" * 16)),
                    replace(plan.cluster, nodes=()),
                    replace(plan.cluster, name=HostName()),
                ]
            )
        ),
        "media": Media(),
        "program_files": "",
    }
    return replace(plan, **{key: changes[key] for key in draw(st.sets(st.sampled_from(sorted(changes))))})


def all_findings(plan: Plan, facts: Facts) -> tuple[Finding, ...]:
    rows = judge(plan, facts)
    assert {row.id for row in rows} >= {entry.id for entry in all_checks() if not entry.per_node}
    return rows


@settings(deadline=None)
@given(some_plans(), some_facts())
def test_no_plan_and_no_facts_break_a_check_and_every_fault_has_a_remedy(plan: Plan, facts: Facts) -> None:
    for row in all_findings(plan, facts):
        assert row.evidence, row
        if row.status in (WARN, FAIL):
            assert row.remedy, row


@settings(deadline=None)
@given(some_plans(), some_facts())
def test_the_same_plan_and_facts_give_the_same_findings(plan: Plan, facts: Facts) -> None:
    assert judge(plan, facts) == judge(plan, facts)


@settings(deadline=None)
@given(st.data())
def test_silence_never_makes_a_good_estate_fail(data: st.DataObject) -> None:
    silent = data.draw(st.sets(st.sampled_from(SINGLE)))
    nodes = data.draw(st.sets(st.sampled_from([VMM01, VMM02])))
    facts = good_facts()
    facts = replace(without(facts, silent), nodes={**facts.nodes, **dict.fromkeys(nodes, SILENT)})
    bad = [row for row in judge(a_plan(), facts) if row.status in (FAIL, WARN)]
    assert not bad


@pytest.mark.parametrize("silent", SINGLE)
def test_one_silent_source_leaves_what_needs_it_unknown_and_the_rest_as_it_was(silent: str) -> None:
    good = {(row.id, row.subject): row.status for row in judge(a_plan(), good_facts())}
    rows = judge(a_plan(), without(good_facts(), {silent}))
    changed = [row for row in rows if good.get((row.id, row.subject)) is not row.status]
    assert {row.status for row in changed} <= {UNKNOWN}
    assert changed or silent in ("principal_names", "network", "node_objects", "library"), (
        "these matter only later, or where something is wrong"
    )
