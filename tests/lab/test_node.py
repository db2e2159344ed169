"""The rules Windows follows on a simulated node: who may do what there, what setup would miss, how WinRM goes away."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from tests.node_estate import an_installation
from vmm_wizard.lab.clock import ManualClock
from vmm_wizard.lab.contoso import ACCOUNTS_OU, ADMINS_GROUP
from vmm_wizard.lab.estate import Estate
from vmm_wizard.lab.logons import Credential
from vmm_wizard.lab.node import GIB, Node
from vmm_wizard.lab.tasks import LOGON_TYPE_NOT_GRANTED, ScheduledTask, TaskRefused
from vmm_wizard.lab.winrm_server import WinrmServer

FIRST, SECOND = "vmm01.contoso.lab", "vmm02.contoso.lab"
ADDRESSES = ("10.10.0.50", "10.20.0.50")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def estate(clock: ManualClock) -> Iterator[Estate]:
    estate = Estate(clock)
    yield estate
    estate.close()


@pytest.fixture
def node(estate: Estate) -> Node:
    return estate.nodes[FIRST]


# --- who may do what


def test_a_member_of_a_group_in_administrators_is_an_administrator(estate: Estate, node: Node) -> None:
    assert node.is_administrator(estate.account("vmm-setup"))
    assert node.is_administrator(estate.account("svc-domainadmin"))
    assert not node.is_administrator(estate.account("reader"))


def test_groups_in_groups_count(estate: Estate, node: Node) -> None:
    outer = estate.directory.add(f"CN=Outer,{ACCOUNTS_OU}", "group")
    inner = estate.directory.add(f"CN=Inner,{ACCOUNTS_OU}", "group")
    estate.directory.add_member(outer, inner)
    estate.directory.add_member(inner, estate.account("reader").dn)
    node.state.administrators = {estate.directory.require(outer).sid}
    assert node.is_administrator(estate.account("reader"))
    assert not node.is_administrator(estate.account("vmm-setup"))


def test_winrm_lets_administrators_in_and_remote_management_users(estate: Estate, node: Node) -> None:
    reader = estate.account("reader")
    assert node.may_log_on(estate.account("vmm-setup"))
    assert not node.may_log_on(reader)
    node.state.remote_management_users = {reader.sid}
    assert node.may_log_on(reader)
    assert not node.is_administrator(reader)


def test_administrators_hold_the_batch_right_by_their_group(estate: Estate, node: Node) -> None:
    assert node.has_batch_right(estate.account("vmm-setup"))
    assert not node.has_batch_right(estate.account("reader"))


def test_a_denied_right_wins_over_a_granted_one(estate: Estate, node: Node) -> None:
    group = estate.directory.require(ADMINS_GROUP)
    node.state.rights["SeDenyBatchLogonRight"] = [group.sid]
    assert not node.has_batch_right(estate.account("vmm-setup"))


def _register(node: Node, account: Credential) -> ScheduledTask:
    return node.scheduler.register("vmm-wizard-test", account.account, account.password, "-Command", "PT1H")


def test_a_task_without_the_batch_right_is_registered_and_does_not_start(estate: Estate, node: Node) -> None:
    task = _register(node, estate.account("reader"))
    node.scheduler.run(task, lambda _task: 0)
    assert task.last_result == LOGON_TYPE_NOT_GRANTED


def test_where_no_passwords_may_be_stored_no_task_is_registered(estate: Estate, node: Node) -> None:
    node.state.disable_domain_creds = 1
    with pytest.raises(TaskRefused):
        _register(node, estate.account("vmm-setup"))


def test_protected_users_have_no_stored_passwords(estate: Estate, node: Node) -> None:
    account = estate.account("vmm-setup")
    estate.directory.add_member("CN=Protected Users,CN=Users,DC=contoso,DC=lab", account.dn)
    with pytest.raises(TaskRefused):
        _register(node, account)


# --- what setup would find


def _pending(node: Node) -> None:
    node.state.pending_component_servicing = True


def _updates(node: Node) -> None:
    node.state.pending_windows_update = True


def _no_adk(node: Node) -> None:
    node.state.adk.root = ""


def _no_pe(node: Node) -> None:
    node.state.adk.windows_pe = False


def _agent(node: Node) -> None:
    node.state.agent = True


def _small(node: Node) -> None:
    node.state.memory = 3 * GIB


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (_pending, "restart"),
        (_updates, "restart"),
        (_no_adk, "ADK"),
        (_no_pe, "Windows PE"),
        (_agent, "agent"),
        (_small, "4 GB"),
    ],
)
def test_each_missing_prerequisite_is_found(node: Node, change: Callable[[Node], None], word: str) -> None:
    assert node.missing_prerequisites() == []
    change(node)
    (sentence,) = node.missing_prerequisites()
    assert word in sentence


def test_the_agent_of_a_server_is_no_missing_prerequisite(node: Node) -> None:
    node.state.agent = True
    node.install(an_installation())
    assert node.missing_prerequisites() == []


# --- VMM's service


def test_the_service_runs_where_the_role_is_and_is_stopped_elsewhere(estate: Estate) -> None:
    first, second = estate.nodes[FIRST], estate.nodes[SECOND]
    assert first.service_state == ""
    first.install(an_installation())
    second.install(an_installation())
    estate.cluster.create_vmm_role("vmm", ADDRESSES, FIRST)
    estate.cluster.add_vmm_node(SECOND)
    assert (first.service_state, second.service_state) == ("Running", "Stopped")
    estate.cluster.move_group("vmm", SECOND)
    assert (first.service_state, second.service_state) == ("Stopped", "Running")
    second.uninstall()
    assert second.service_state == ""


# --- WinRM


def _accepts(server: WinrmServer) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", server.port), 5):
            return True
    except ConnectionRefusedError:
        return False


def test_winrm_is_away_for_as_long_as_estate_time_says(estate: Estate, node: Node, clock: ManualClock) -> None:
    servers = [WinrmServer(node, estate.logons, name="VMM01", clock=clock) for _ in range(2)]
    node.services.extend(servers)
    try:
        node.restart_winrm(60)
        assert [_accepts(server) for server in servers] == [False, False]
        clock.advance(59)
        assert [_accepts(server) for server in servers] == [False, False]
        clock.advance(1)
        for thread in threading.enumerate():
            if thread.name == f"winrm {FIRST}":
                thread.join(10)
        assert [_accepts(server) for server in servers] == [True, True]
    finally:
        for server in servers:
            server.close()


# --- connections from the node


def test_a_node_reaches_what_listens_in_the_estate(estate: Estate, node: Node) -> None:
    assert node.can_connect("sql01.contoso.lab", 1433) == ""
    assert node.can_connect("sql01", 1433) == ""
    assert node.can_connect("sql01.contoso.lab", 1500) == "refused"
    assert node.can_connect("dc01.contoso.lab", 1433) == "refused"
    assert node.can_connect("nowhere.contoso.lab", 1433) == "the name is not in DNS"


def test_a_firewall_between_one_node_and_a_host_is_that_nodes_alone(estate: Estate, node: Node) -> None:
    node.state.blocked_targets = {"sql01.contoso.lab"}
    assert node.can_connect("sql01.contoso.lab", 1433) == "timed out"
    assert node.can_connect("SQL01", 1433) == "timed out"
    assert estate.nodes[SECOND].can_connect("sql01.contoso.lab", 1433) == ""


def test_sql_browser_is_behind_the_same_firewall(estate: Estate, node: Node) -> None:
    estate.instance_ports["sql02.contoso.lab"] = 49876
    assert node.instance_port("sql02.contoso.lab", "vmm") == 49876
    assert node.instance_port("sql02.contoso.lab", "other") == 0
    node.state.blocked_targets = {"sql02.contoso.lab"}
    assert node.instance_port("sql02.contoso.lab", "vmm") == 0


def test_a_host_that_is_down_is_down_for_all(estate: Estate, node: Node) -> None:
    estate.unreachable.add("sql01.contoso.lab")
    assert node.can_connect("sql01.contoso.lab", 1433) == "timed out"
    assert estate.instance_port("sql01.contoso.lab", "MSSQLSERVER") == 0
