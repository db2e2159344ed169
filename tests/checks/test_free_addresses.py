"""Whether anybody has the role's static addresses (CLU-10): asked in their own subnet, judged by whose they are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.building import a_cluster, a_cluster_with_role, a_silent_address, good_facts, installed_facts
from tests.checks.asking import (
    FAIL,
    NOT_APPLICABLE,
    PASS,
    UNKNOWN,
    VMM01,
    VMM02,
    WARN,
    failing,
    finding,
    findings,
    with_all_nodes,
    with_node,
)
from tests.checks.states.cluster import BACK, FRONT, LINK, at, elsewhere
from vmm_wizard.checks.remedies import Team
from vmm_wizard.facts.model import AddressResource, Facts, NoAnswer, NodeFacts


def answering(facts: Facts) -> Facts:
    """The same estate, where both addresses answer pings from both nodes."""
    heard = tuple(a_silent_address(one, ping=True, link_address=LINK, neighbor_state=5) for one in (FRONT, BACK))
    return with_all_nodes(facts, address_probes=heard)


def test_an_address_that_answers_fails_alone_and_names_its_link_address() -> None:
    facts = at(FRONT, ping=True, link_address=LINK, neighbor_state=5)
    row = finding("CLU-10", facts, subject=FRONT)
    assert row.status is FAIL
    assert LINK in row.evidence
    assert row.teams == (Team.PLAN, Team.NETWORK)
    assert finding("CLU-10", facts, subject=BACK).status is PASS
    assert failing(facts) == {"CLU-10"}


def test_who_filters_pings_is_found_in_the_neighbor_table() -> None:
    assert finding("CLU-10", at(BACK, link_address=LINK, neighbor_state=5), subject=BACK).status is FAIL


@pytest.mark.parametrize("state", [None, 0, 1])
def test_an_entry_without_an_answer_is_silence(state: int | None) -> None:
    assert finding("CLU-10", at(FRONT, neighbor_state=state), subject=FRONT).status is PASS
    stale_zero = at(FRONT, link_address="00-00-00-00-00-00", neighbor_state=5)
    assert finding("CLU-10", stale_zero, subject=FRONT).status is PASS


def test_one_node_that_hears_somebody_is_enough() -> None:
    loud = a_silent_address(FRONT, ping=True)
    facts = with_node(name=VMM02, address_probes=(loud, a_silent_address(BACK)))
    row = finding("CLU-10", facts, subject=FRONT)
    assert row.status is FAIL
    assert VMM02 in row.evidence


def test_a_name_in_reverse_dns_warns_unless_it_is_the_roles_own() -> None:
    row = finding("CLU-10", at(FRONT, name="old.contoso.lab"), subject=FRONT)
    assert row.status is WARN
    assert row.teams == (Team.NETWORK,)
    assert finding("CLU-10", at(FRONT, name="VMM.contoso.lab"), subject=FRONT).status is PASS


def test_dns_that_does_not_answer_is_said_and_stops_nothing() -> None:
    silent = tuple(a_silent_address(one, name=None) for one in (FRONT, BACK))
    row = finding("CLU-10", with_all_nodes(address_probes=silent), subject=FRONT)
    assert row.status is PASS
    assert "reverse DNS did not answer" in row.evidence


def test_the_installed_roles_own_address_may_answer() -> None:
    rows = findings("CLU-10", answering(installed_facts()))
    assert {row.status for row in rows} == {PASS}
    assert all("the installed role's own" in row.evidence for row in rows)
    between = findings("CLU-10", answering(installed_facts(done=1)))
    assert {row.status for row in between} == {PASS}


def test_an_address_of_another_role_is_clu_09s_alone() -> None:
    strange = a_cluster(
        addresses=(*a_cluster().addresses, AddressResource("Other IP", "Other", "address", FRONT, "Online"))
    )
    facts = with_all_nodes(answering(good_facts()), cluster=strange)
    assert finding("CLU-10", facts, subject=FRONT).status is NOT_APPLICABLE
    assert "CLU-09" in failing(facts)


def test_a_foreign_vmm_role_does_not_make_its_address_ours() -> None:
    facts = answering(with_all_nodes(installed_facts(), cluster=a_cluster_with_role("othervmm")))
    assert {row.status for row in findings("CLU-10", facts)} == {NOT_APPLICABLE}
    assert "CLU-09" in failing(facts)


def test_without_static_addresses_nobody_is_asked() -> None:
    row = finding("CLU-10", plan=elsewhere(static_addresses=()))
    assert row.status is NOT_APPLICABLE


def test_where_no_planned_node_is_in_the_subnet_it_is_unknown() -> None:
    facts = good_facts()
    for name, node in facts.nodes.items():
        assert isinstance(node, NodeFacts)
        front = tuple(row for row in node.adapters if row.network != "Back")
        facts = with_node(facts, name, adapters=front)
    row = finding("CLU-10", facts, subject=BACK)
    assert row.status is UNKNOWN
    assert "Back" in row.evidence
    assert finding("CLU-10", facts, subject=FRONT).status is PASS


def test_a_silent_node_leaves_it_unknown() -> None:
    facts = good_facts()
    half = replace(facts, nodes={**facts.nodes, VMM01: NoAnswer("could not reach vmm01", "unreachable")})
    assert {row.status for row in findings("CLU-10", half)} == {UNKNOWN}
