"""What a node says over a real connection of the role's addresses, its cluster's health, and what policy defines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.node_estate import HOST, READER, ServedNodes, a_question, served_nodes
from vmm_wizard.facts.model import (
    AddedMember,
    AddressProbe,
    GovernedGroup,
    GovernedRight,
    GovernedValue,
    NameStatus,
    NodeFacts,
    PolicyFacts,
    Workload,
)
from vmm_wizard.facts.nodes import ask_node
from vmm_wizard.lab.cluster_faults import CLUSTER_FAULTS
from vmm_wizard.plan.names import AccountName

FRONT, BACK = "10.10.0.50", "10.20.0.50"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedNodes]:
    with served_nodes(tmp_path) as nodes:
        yield nodes


def facts(served: ServedNodes, **changes: Any) -> NodeFacts:
    question = a_question(**changes)
    answer = ask_node(question, served.password(str(question.account)), served.addresses, 20.0)
    assert isinstance(answer, NodeFacts), answer
    return answer


def probes(served: ServedNodes, *addresses: str) -> dict[str, AddressProbe]:
    """What the first node meets at each of these addresses."""
    answer = facts(served, static_addresses=addresses)
    assert answer.address_probes is not None
    return {row.address: row for row in answer.address_probes}


def test_nobody_is_at_the_roles_addresses_before_it_is_made(served: ServedNodes) -> None:
    for row in probes(served, FRONT, BACK).values():
        assert (row.ping, row.neighbor_state, row.name) == (False, 0, "")
        assert row.link_address == "00-00-00-00-00-00"


def test_hosts_answer_at_theirs_and_reverse_dns_names_them(served: ServedNodes) -> None:
    found = probes(served, "10.10.0.21", "10.10.0.31")
    assert (found["10.10.0.21"].ping, found["10.10.0.21"].name) == (True, "sql01.contoso.lab")
    assert found["10.10.0.21"].link_address.startswith("00-15-5D-")
    own = found["10.10.0.31"]
    assert (own.ping, own.link_address, own.neighbor_state) == (True, "", None), "a node is no neighbor of its own"


def test_who_drops_pings_still_answers_on_the_wire(served: ServedNodes) -> None:
    CLUSTER_FAULTS["squatter"](served.estate, {"address": FRONT})
    CLUSTER_FAULTS["squatter"](served.estate, {"address": BACK, "silent": True})
    found = probes(served, FRONT, BACK)
    assert (found[FRONT].ping, found[FRONT].neighbor_state) == (True, 5)
    assert (found[BACK].ping, found[BACK].neighbor_state) == (False, 5)
    assert found[BACK].link_address != found[FRONT].link_address


def test_the_role_answers_at_its_addresses_while_they_are_online(served: ServedNodes) -> None:
    served.estate.cluster.create_vmm_role("vmm", [FRONT, BACK], HOST)
    assert [row.ping for row in probes(served, FRONT, BACK).values()] == [True, True]
    CLUSTER_FAULTS["cluster_resource"](served.estate, {"name": f"IP Address {BACK}", "state": "Offline"})
    assert probes(served, BACK)[BACK].ping is False


def test_the_clusters_health_and_what_it_carries_are_told(served: ServedNodes) -> None:
    CLUSTER_FAULTS["cluster"](served.estate, {"set": {"dns_status": 9005}})
    CLUSTER_FAULTS["cluster_workload"](served.estate, {"group": "web01", "type": "Virtual Machine"})
    cluster = facts(served).cluster
    assert cluster is not None
    assert cluster.name_status == NameStatus(0, 9005)
    assert cluster.workloads == (Workload("web01", "Virtual Machine"),)
    with pytest.raises(ValueError, match="a cluster has no 'colour'"):
        CLUSTER_FAULTS["cluster"](served.estate, {"set": {"colour": "red"}})


def test_the_last_validation_is_told_and_its_absence_too(served: ServedNodes) -> None:
    said = facts(served)
    assert said.validation is not None
    assert said.validation.written is not None
    assert 19 <= (said.utc_time - said.validation.written).days <= 20
    assert said.validation.errors == 0
    CLUSTER_FAULTS["validation"](served.estate, {"days_ago": -1})
    nothing = facts(served).validation
    assert nothing is not None
    assert (nothing.file, nothing.written) == ("", None)


def test_what_policy_defines_is_told_with_its_gpo(served: ServedNodes) -> None:
    policy = served.node.state.policy
    assert facts(served).policy == PolicyFacts((), None, (), None)
    policy.rights["SeBatchLogonRight"] = ("Baseline", ["S-1-5-32-551"])
    policy.administrators = ("Tier 1", ["S-1-5-32-544", r"FABRIKAM\Gone"])
    policy.added["S-1-5-21-1-2-3-1300"] = "Add VMM"
    policy.disable_domain_creds = ("Baseline", "1")
    assert facts(served).policy == PolicyFacts(
        (GovernedRight("SeBatchLogonRight", "Baseline", ("S-1-5-32-551",)),),
        GovernedGroup("Tier 1", ("S-1-5-32-544", r"FABRIKAM\Gone")),
        (AddedMember("Add VMM", "S-1-5-21-1-2-3-1300"),),
        GovernedValue("Baseline", "1"),
    )


def test_without_a_log_of_policy_it_is_unread_and_the_script_says_so(served: ServedNodes) -> None:
    served.node.state.policy.logged = False
    said = facts(served)
    assert said.policy is None
    assert said.was_unreadable("policy")


def test_an_ordinary_user_sees_the_addresses_and_not_the_policy(served: ServedNodes) -> None:
    served.node.state.remote_management_users.add(served.credential(READER).sid)
    said = facts(served, account=AccountName.parse(READER))
    assert said.policy is None
    assert said.validation is None
    assert said.address_probes is not None
