"""Asked by an ordinary user, a check never takes a lack of rights for a fault, and says what it needs."""

from __future__ import annotations

import types
from dataclasses import fields, replace
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from tests.building import a_cluster_with_role, a_plan, an_installation, good_facts, installed_facts
from tests.checks.asking import FAIL, NOT_APPLICABLE, PASS, UNKNOWN, VMM01, VMM02, WARN, about, findings, with_all_nodes
from vmm_wizard.checks.registry import judge
from vmm_wizard.checks.schedule import Role, situation
from vmm_wizard.facts.model import Facts, MediaFacts, NodeFacts
from vmm_wizard.facts.node_parts import needs_administrator

#: Facts that are null where a node has nothing of the kind, too; the script says by `unreadable` when it is not that.
OPTIONAL = [
    name
    for name, hint in get_type_hints(NodeFacts).items()
    if get_origin(hint) is types.UnionType and type(None) in get_args(hint)
]


def ordinary(facts: Facts) -> Facts:
    """The same estate as a member of Remote Management Users sees its nodes: whatever may be hidden, is."""
    hidden: dict[str, Any] = dict.fromkeys(OPTIONAL)
    return with_all_nodes(
        facts,
        is_administrator=False,
        cluster_error="You do not have administrative privileges on the cluster.",
        unreadable=tuple(f"{name}: Access is denied." for name in OPTIONAL if name != "cluster"),
        **hidden,
    )


@pytest.mark.parametrize("facts", [good_facts(), installed_facts()], ids=["before", "installed"])
def test_what_he_may_not_see_is_unknown_and_says_what_it_needs(facts: Facts) -> None:
    plan = a_plan()
    before = {(row.id, row.subject) for row in judge(plan, facts) if row.status in (FAIL, WARN, UNKNOWN)}
    rows = [row for row in judge(plan, ordinary(facts)) if (row.id, row.subject) not in before]
    assert [row for row in rows if row.status in (FAIL, WARN)] == []
    gaps = [row for row in rows if row.status is UNKNOWN]
    assert {"ACC-04", "INS-01", "CLU-01", "CLU-07", "CLU-08", "NOD-11"} <= {row.id for row in gaps}
    for row in (row for row in gaps if row.topic != "database"):  # what SQL Server keeps from whom is another matter
        nodes = [row.subject] if row.subject.startswith("vmm0") else [VMM01, VMM02]
        assert any(row.evidence.startswith(needs_administrator(node)) for node in nodes), (row.id, row.evidence)


def test_what_he_may_see_is_judged() -> None:
    rows = {(row.id, row.subject): row.status for row in judge(a_plan(), ordinary(good_facts()))}
    for check_id in ("NOD-01", "NOD-02", "NOD-03", "NOD-05", "NOD-08", "MED-01", "SQL-01"):
        assert rows[check_id, VMM02] is PASS


def test_an_administrator_who_could_not_read_a_part_is_told_so_without_being_sent_for_rights() -> None:
    found = about("ACC-04", with_all_nodes(administrators=None))
    assert (found.status, found.evidence) == (
        UNKNOWN,
        "the members of the local Administrators group could not be read",
    )


def test_a_cluster_that_does_not_answer_an_administrator_still_fails() -> None:
    facts = with_all_nodes(cluster=None, cluster_error="The cluster service is not running.")
    assert about("CLU-01", facts).status is FAIL
    seen = about("CLU-01", with_all_nodes(facts, is_administrator=False))
    assert (seen.status, seen.evidence) == (
        UNKNOWN,
        "needs local administrator on vmm01: the cluster (The cluster service is not running.) could not be read",
    )


def test_a_folder_that_seems_empty_is_missing_media_to_an_administrator_alone() -> None:
    nothing = MediaFacts(r"C:\VMM2022", "fixed", False, "", "", False)
    assert about("MED-01", with_all_nodes(media=nothing)).status is FAIL
    seen = about("MED-01", with_all_nodes(media=nothing, is_administrator=False))
    assert seen.status is UNKNOWN
    assert seen.evidence == r"needs local administrator on vmm01: C:\VMM2022\setup.exe is not seen from here"


def test_a_drive_that_is_not_there_is_seen_by_everybody() -> None:
    nothing = MediaFacts(r"Q:\VMM2022", "missing", False, "", "", False)
    assert about("MED-01", with_all_nodes(media=nothing, is_administrator=False)).status is FAIL


def test_a_log_that_is_not_seen_is_no_missing_log() -> None:
    silent = an_installation(log_exists=False)
    facts = with_all_nodes(installed_facts(), vmm=silent)
    assert about("POST-01", facts).status is WARN
    seen = about("POST-01", with_all_nodes(facts, is_administrator=False))
    assert (seen.status, "needs local administrator on vmm01" in seen.evidence) == (UNKNOWN, True)


@pytest.mark.parametrize("is_administrator", [True, False])
def test_a_vmm_that_could_not_be_read_is_not_taken_for_none(is_administrator: bool) -> None:
    facts = with_all_nodes(
        cluster=a_cluster_with_role(), unreadable=("vmm: Access is denied.",), is_administrator=is_administrator
    )
    assert situation(a_plan(), facts).role is Role.UNKNOWN
    assert about("CLU-08", facts).status is UNKNOWN
    assert {row.status for row in findings("POST-02", facts)} == {UNKNOWN}


def test_an_installed_vmm_is_not_called_foreign_for_a_cluster_that_he_may_not_ask() -> None:
    facts = with_all_nodes(installed_facts(), cluster=None, is_administrator=False)
    state = situation(a_plan(), facts)
    assert state.role is Role.UNKNOWN
    assert state.why.startswith("needs local administrator on vmm01")
    assert about("CLU-08", facts).status is UNKNOWN


def test_a_node_without_vmm_still_needs_setups_own_checks() -> None:
    rows = judge(a_plan(), ordinary(good_facts()), frozenset({"media"}))
    assert {row.status for row in rows if row.id in ("MED-01", "MED-02")} == {PASS}
    assert NOT_APPLICABLE not in {row.status for row in rows}


def test_hidden_parts_are_those_that_the_model_lets_be_null() -> None:
    assert set(OPTIONAL) >= {"administrators", "rights", "secure_channel", "cluster", "vmm", "tasks"}
    assert {row.name for row in fields(NodeFacts)} >= set(OPTIONAL)


@pytest.mark.parametrize(
    ("host", "label"), [("vmm02.contoso.lab", "vmm02"), ("VMM02", "vmm02"), ("10.0.0.5", "10.0.0.5")]
)
def test_the_node_is_named_as_people_call_it(host: str, label: str) -> None:
    assert needs_administrator(host) == f"needs local administrator on {label}"


def test_one_ordinary_node_leaves_the_others_judged() -> None:
    facts = good_facts()
    node = facts.nodes[VMM01]
    assert isinstance(node, NodeFacts)
    hidden = replace(node, is_administrator=False, administrators=None, rights=None, unreadable=("rights: no",))
    facts = replace(facts, nodes={**facts.nodes, VMM01: hidden})
    assert about("ACC-04", facts).status is UNKNOWN
    assert about("ACC-04", facts, subject=VMM02).status is PASS
