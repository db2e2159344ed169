"""The estate's cluster: which role it takes, what comes with the role, where it may move, and how it goes."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import pytest

from vmm_wizard.lab.clock import ManualClock
from vmm_wizard.lab.cluster import CLUSTER_ONLY, FailoverCluster
from vmm_wizard.lab.estate import Estate
from vmm_wizard.lab.setup_machine import RoleRefused

FIRST, SECOND = "vmm01.contoso.lab", "vmm02.contoso.lab"
ADDRESSES = ("10.10.0.50", "10.20.0.50")


@pytest.fixture
def estate() -> Iterator[Estate]:
    estate = Estate(ManualClock())
    yield estate
    estate.close()


@pytest.fixture
def cluster(estate: Estate) -> FailoverCluster:
    return estate.cluster


def test_a_role_brings_addresses_a_name_a_service_and_a_computer_object(estate: Estate) -> None:
    seen: list[tuple[str, int]] = []
    estate.on_role = lambda name, port: seen.append((name, port))
    estate.cluster.create_vmm_role("vmm", ADDRESSES, FIRST)
    group = estate.cluster.vmm_group()
    assert group is not None
    assert (group.name, group.state, group.owner) == ("vmm", "Online", "VMM01")
    assert [(row.kind, row.value) for row in group.resources] == [
        ("IP Address", "10.10.0.50"),
        ("IP Address", "10.20.0.50"),
        ("Network Name", "vmm"),
        ("Generic Service", "SCVMMService"),
    ]
    computer = estate.directory.find_by_sam("vmm$")
    assert computer is not None
    assert computer.dn in estate.directory.created
    assert computer.dn.endswith("OU=Clusters,DC=contoso,DC=lab")
    assert estate.zone.get("vmm.contoso.lab", "A") == ADDRESSES
    assert seen == [("vmm", 8100)]


def test_a_role_leaves_nothing_when_it_goes(estate: Estate) -> None:
    seen: list[tuple[str, int]] = []
    estate.cluster.create_vmm_role("vmm", ADDRESSES, FIRST)
    estate.on_role = lambda name, port: seen.append((name, port))
    estate.cluster.remove_vmm_role()
    assert estate.cluster.vmm_role() is None
    assert estate.cluster.group("vmm") is None
    assert estate.directory.find_by_sam("vmm$") is None
    assert estate.zone.get("vmm.contoso.lab", "A") == ()
    assert seen == [("vmm", 0)]


def test_a_prestaged_computer_object_stays_when_the_role_goes(estate: Estate) -> None:
    from vmm_wizard.lab.descriptors import FULL_CONTROL, allow

    dn = estate.directory.add("CN=VMM,OU=Clusters,DC=contoso,DC=lab", "computer", {"userAccountControl": 0x1002})
    cno = estate.directory.find_by_sam("vmmclu$")
    assert cno is not None
    estate.directory.grant(dn, allow(cno.sid, FULL_CONTROL))
    estate.cluster.create_vmm_role("vmm", ADDRESSES, FIRST)
    estate.cluster.remove_vmm_role()
    assert estate.directory.find_by_sam("vmm$") is not None


@pytest.mark.parametrize("name", ["Cluster Group", "cluster group", "Available Storage"])
def test_a_taken_group_name_is_refused(cluster: FailoverCluster, name: str) -> None:
    with pytest.raises(RoleRefused, match="already exists"):
        cluster.create_vmm_role(name, ADDRESSES, FIRST)


@pytest.mark.parametrize(
    ("addresses", "why"),
    [
        (("10.10.0.50",), "Storage wants one static address, and got 0"),
        ((), "Management wants one static address, and got 0"),
        (("10.10.0.50", "10.10.0.51", "10.20.0.50"), "Management wants one static address, and got 2"),
        (("10.10.0.50", "10.20.0.50", "10.30.0.50"), "10.30.0.50 is in no cluster network"),
        (("10.10.0.40", "10.20.0.50"), "10.10.0.40 is in use"),
    ],
)
def test_addresses_must_fit_the_client_networks(cluster: FailoverCluster, addresses: Collection[str], why: str) -> None:
    with pytest.raises(RoleRefused, match=why):
        cluster.create_vmm_role("vmm", addresses, FIRST)
    assert cluster.vmm_role() is None


def test_a_network_for_the_cluster_alone_takes_no_address(cluster: FailoverCluster) -> None:
    cluster.networks[1].role = CLUSTER_ONLY
    with pytest.raises(RoleRefused, match=r"10\.20\.0\.50 is in no cluster network that allows clients"):
        cluster.create_vmm_role("vmm", ADDRESSES, FIRST)
    cluster.create_vmm_role("vmm", ADDRESSES[:1], FIRST)
    assert cluster.vmm_role() == "vmm"


def test_a_network_with_dhcp_gives_the_address_itself(cluster: FailoverCluster) -> None:
    for network in cluster.networks:
        network.dhcp = True
    cluster.create_vmm_role("vmm", (), FIRST)
    group = cluster.vmm_group()
    assert group is not None
    assert sum(row.kind == "IP Address" for row in group.resources) == 2


def test_dhcp_on_one_network_gives_its_address_beside_the_static_one(cluster: FailoverCluster) -> None:
    cluster.networks[1].dhcp = True
    cluster.create_vmm_role("vmm", ADDRESSES[:1], FIRST)
    group = cluster.vmm_group()
    assert group is not None
    values = [row.value for row in group.resources if row.kind == "IP Address"]
    assert values[0] == "10.10.0.50"
    assert values[1].startswith("10.20.0.")


def test_without_the_right_to_create_computers_no_name_comes_online(estate: Estate) -> None:
    from vmm_wizard.lab.descriptors import CREATE_CHILD, deny

    cno = estate.directory.find_by_sam("vmmclu$")
    assert cno is not None
    estate.directory.grant("OU=Clusters,DC=contoso,DC=lab", deny(cno.sid, CREATE_CHILD))
    with pytest.raises(RoleRefused, match="cannot be brought online: VMMCLU may not create computer objects"):
        estate.cluster.create_vmm_role("vmm", ADDRESSES, FIRST)
    assert estate.cluster.vmm_role() is None
    assert estate.directory.find_by_sam("vmm$") is None
    assert estate.zone.get("vmm.contoso.lab", "A") == ()


@pytest.mark.parametrize(("state", "status"), [("Down", "Normal"), ("Paused", "Normal"), ("Up", "Quarantined")])
def test_a_node_that_is_not_well_takes_no_role(cluster: FailoverCluster, state: str, status: str) -> None:
    cluster.members[0].state, cluster.members[0].status = state, status
    with pytest.raises(RoleRefused, match="takes no roles"):
        cluster.create_vmm_role("vmm", ADDRESSES, FIRST)


def test_a_role_moves_only_to_nodes_that_may_own_it(cluster: FailoverCluster) -> None:
    cluster.create_vmm_role("vmm", ADDRESSES, FIRST)
    with pytest.raises(RoleRefused, match="VMM02 is no possible owner"):
        cluster.move_group("vmm", SECOND)
    cluster.add_vmm_node(SECOND)
    cluster.move_group("VMM", SECOND)
    assert cluster.owns_vmm(SECOND)
    assert not cluster.owns_vmm(FIRST)
    cluster.remove_vmm_node(FIRST)
    with pytest.raises(RoleRefused, match="VMM01 is no possible owner"):
        cluster.move_group("vmm", FIRST)


def test_a_role_does_not_move_to_a_node_that_is_down(cluster: FailoverCluster) -> None:
    cluster.create_vmm_role("vmm", ADDRESSES, FIRST)
    cluster.add_vmm_node(SECOND)
    cluster.members[1].state = "Down"
    with pytest.raises(RoleRefused, match="VMM02 is Down"):
        cluster.move_group("vmm", SECOND)
    assert cluster.owns_vmm(FIRST)


def test_strangers_neither_own_nor_join(cluster: FailoverCluster) -> None:
    with pytest.raises(RoleRefused, match="SQL01 is no node"):
        cluster.create_vmm_role("vmm", ADDRESSES, "sql01.contoso.lab")
    with pytest.raises(RoleRefused, match="no VMM role"):
        cluster.add_vmm_node(SECOND)
    with pytest.raises(RoleRefused, match="no cluster group"):
        cluster.move_group("vmm", SECOND)
