"""The way of the database into its availability group, from its first step to its last, over an installed estate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.afterwards.following import DONE, NOT_NEEDED, TO_DO, UNKNOWN, follow_up
from tests.building import a_database, a_plan, a_sql, an_installation, good_facts, installed_facts
from tests.checks.asking import with_all_nodes
from tests.install.installing import FIRST, SECOND, Site, finished, site
from vmm_wizard.afterwards.follow_ups import follow_ups
from vmm_wizard.afterwards.group import host_of, points_to
from vmm_wizard.afterwards.model import FollowUp, Who
from vmm_wizard.facts.model import Facts
from vmm_wizard.facts.node_model import SqlSettings
from vmm_wizard.facts.sql_model import BackupFacts, GroupListener, GroupReplica, ReplicaLogin
from vmm_wizard.lab.setup_machine import SqlSettings as Written
from vmm_wizard.lab.sql import AvailabilityGroup, Listener, Replica, ServerLogin
from vmm_wizard.plan.model import Database, Plan
from vmm_wizard.plan.names import SqlTarget

NAME = "VirtualManagerDB"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An estate where VMM was installed on both nodes, and whose SQL Server has a group with a second replica."""
    with site(tmp_path_factory.mktemp("site")) as found:
        assert finished(found.install()).result == "installed"
        server = found.served.estate.sql_servers["sql01.contoso.lab"]
        replicas = [Replica("SQL01", "PRIMARY"), Replica("SQL04", "SECONDARY")]
        listener = Listener("sqlag", 1433, ("10.10.0.0", "10.20.0.0"))
        server.groups.append(AvailabilityGroup("AG-VMM", replicas, [listener]))
        server.hadr_enabled = True
        yield found


def seen(place: Site) -> FollowUp:
    """The follow-up as a new check finds it."""
    facts = place.served.check(place.plan).facts
    (row,) = (row for row in follow_ups(place.plan, facts) if row.id == "always-on")
    return row


def next_of(row: FollowUp) -> str:
    return row.next.text if row.next else ""


def test_the_sequence_walks_from_its_first_step_to_its_last_as_the_estate_changes(place: Site) -> None:
    estate = place.served.estate
    server = estate.sql_servers["sql01.contoso.lab"]
    group, role, database = server.groups[0], estate.cluster.vmm_group(), server.database(NAME)
    assert role is not None
    assert database is not None
    row = seen(place)
    assert row.state is TO_DO
    assert next_of(row).startswith("Take the role offline")
    assert row.steps[0].state is DONE
    role.state = "Offline"
    assert next_of(seen(place)).startswith("Set the recovery model to FULL")
    database.recovery_model = "FULL"
    assert next_of(seen(place)).startswith("Make a full backup")
    server.back_up(NAME)
    assert next_of(seen(place)).startswith("Let the group copy the database to SQL04")
    server.join_group(NAME, group)
    for node in (FIRST, SECOND):
        row = seen(place)
        assert next_of(row) == f"Write the listener sqlag into the registry of {node}"
        installed = estate.nodes[node].server
        assert installed is not None
        written = Written("sqlag", "sqlag.contoso.lab", "sqlag", "sqlag")
        estate.nodes[node].server = replace(installed, sql_settings=written)
    for node in (FIRST, SECOND):
        assert next_of(seen(place)) == f"Add MultiSubnetFailover=True to the connection string on {node}"
        installed = estate.nodes[node].server
        assert installed is not None
        assert installed.sql_settings is not None
        settings = replace(installed.sql_settings, multi_subnet=True)
        estate.nodes[node].server = replace(installed, sql_settings=settings)
    assert next_of(seen(place)) == "Bring the role online"
    role.state = "Online"
    row = seen(place)
    assert row.state is TO_DO
    assert next_of(row).startswith(r"Give CONTOSO\svc-vmm a login on SQL04")
    service = estate.account("svc-vmm")
    estate.sql_servers["sql04.contoso.lab"].logins.append(ServerLogin(service.account, service.sid))
    row = seen(place)
    assert (row.state, row.next) == (DONE, None)
    assert row.steps[-1].trial
    assert "every node and replica knows it" in row.evidence


# --- a listener on another port, by facts alone: VMM is away for a part of the way

LISTENER = GroupListener("AG1", "sqlag", 1533, ())
SETTINGS = SqlSettings("sqlag", "sqlag.contoso.lab", "", "sqlag,1533", False)
AGAIN = a_plan(database=Database(SqlTarget("sqlag", "", 1533), is_listener=True, create_new=False))


def odd(**changes: object) -> dict[str, object]:
    usual: dict[str, object] = {
        "hadr_enabled": True,
        "listeners": ("sqlag:1533",),
        "group_listeners": (LISTENER,),
        "replicas": (GroupReplica("AG1", "SQL05"),),
        "database": a_database(is_vmm=True, recovery_model="SIMPLE", backups=BackupFacts()),
    }
    return {**usual, **changes}


def at(facts: Facts, plan: Plan | None = None) -> str:
    return next_of(follow_up("always-on", facts, plan or a_plan()))


def reinstalled(**changes: object) -> Facts:
    vmm = an_installation(sql_machine="sqlag", sql_instance="", sql_settings=SETTINGS)
    return with_all_nodes(installed_facts(sql=a_sql(**odd(**changes))), vmm=vmm)


def test_a_listener_not_on_1433_is_installed_against_a_second_time() -> None:
    assert at(good_facts(sql=a_sql(**odd(database=None)))).startswith("Keep the database outside")
    assert at(installed_facts(sql=a_sql(**odd()))).startswith("Uninstall VMM from every node and keep the database")
    away = good_facts(sql=a_sql(**odd()))
    assert at(away).startswith("Write the listener sqlag, port 1533 into the answer file")
    assert at(away, AGAIN).startswith("Install VMM on vmm01.contoso.lab again, against the listener")
    assert at(reinstalled(), AGAIN).startswith("Take the role offline")
    row = follow_up("always-on", reinstalled(), AGAIN)
    assert [step.state for step in row.steps[:6]] == [DONE] * 6
    assert not [step for step in row.steps if "registry of" in step.text]
    joined = a_database(is_vmm=True, recovery_model="FULL", availability_group="AG1")
    done = reinstalled(database=joined, replica_logins=(ReplicaLogin("SQL05", True),))
    assert follow_up("always-on", done, AGAIN).state is DONE


def test_what_the_answer_file_needs_for_the_listener_can_be_pasted_into_it() -> None:
    row = follow_up("always-on", good_facts(sql=a_sql(**odd())))
    (step,) = (step for step in row.steps if "answer file" in step.text)
    assert step.command == 'host = "sqlag"\nport = 1533\nlistener = true\ncreate_new = false'


# --- the parts


def test_a_replica_that_was_not_reached_is_unknown_and_says_why() -> None:
    logins = (ReplicaLogin("SQL05", None, "could not reach sql05"),)
    joined = a_database(is_vmm=True, recovery_model="FULL", availability_group="AG1")
    row = follow_up("always-on", reinstalled(database=joined, replica_logins=logins), AGAIN)
    assert row.state is UNKNOWN
    assert row.next is not None
    assert (row.next.who, row.next.read) == (Who.SQL, "could not reach sql05")


def test_a_group_is_chosen_by_the_plan_or_the_registry_and_the_others_are_named() -> None:
    two = (GroupListener("AG0", "other", 1433), LISTENER)
    by_plan = follow_up("always-on", good_facts(sql=a_sql(**odd(group_listeners=two))), AGAIN)
    assert "[AG1]" in " ".join(step.command for step in by_plan.steps)
    by_name = follow_up("always-on", installed_facts(sql=a_sql(**odd(group_listeners=two))))
    (join,) = (step for step in by_name.steps if "join the group" in step.text)
    assert "[AG0]" in join.command
    assert "also has AG1" in join.read


def test_a_group_without_a_listener_gets_one_first() -> None:
    joined = a_database(is_vmm=True, availability_group="AG1")
    row = follow_up("always-on", installed_facts(sql=a_sql(**odd(group_listeners=(), database=joined))))
    assert [step.state for step in row.steps] == [TO_DO]
    assert "ADD LISTENER" in row.steps[0].command


def test_a_database_in_a_group_before_setup_is_taken_out_first() -> None:
    joined = a_database(is_vmm=True, availability_group="AG1", recovery_model="FULL")
    row = follow_up("always-on", good_facts(sql=a_sql(**odd(database=joined))))
    assert row.steps[0].state is TO_DO
    assert row.steps[0].command == "ALTER AVAILABILITY GROUP [AG1] REMOVE DATABASE [VirtualManagerDB];"
    assert follow_up("always-on", installed_facts()).state is NOT_NEEDED


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [
        (SqlSettings("sqlag", "sqlag.contoso.lab", "sqlag", "tcp:SQLAG.contoso.lab,1533", True), ()),
        (SqlSettings("sqlag", "sqlag.contoso.lab", "", "sqlag", False), ("ConnectionString",)),
        (SqlSettings("SQL01", "sqlag.contoso.lab", "sqlag", "sqlag,1533", False), ("MachineName",)),
        (SqlSettings("sqlag", "sql01.contoso.lab", "sqlag", "sqlag,1533", False), ("MachineFQDN",)),
        (SqlSettings("sqlag", "sqlag.contoso.lab", "SQL01\\VMM", "sqlag,1533", False), ("InstanceName",)),
        (SqlSettings("", "", "", "", None), ("ConnectionString", "MachineName", "MachineFQDN")),
    ],
)
def test_each_value_of_the_registry_must_name_the_listener(settings: SqlSettings, wrong: tuple[str, ...]) -> None:
    assert points_to(settings, LISTENER, "sqlag.contoso.lab") == wrong


def test_the_standard_port_may_be_written_or_left_out() -> None:
    usual = replace(LISTENER, port=1433)
    for server in ("sqlag", "sqlag,1433"):
        assert points_to(replace(SETTINGS, server=server), usual, "sqlag.contoso.lab") == ()
    assert host_of("tcp:SQL01.contoso.lab\\VMM,1533") == "sql01"
