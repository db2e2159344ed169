"""The SQL probe against the estate's SQL Server, over real sockets, with python-tds."""

from __future__ import annotations

import pytest

from tests.facts.asking_database import Probe
from tests.sql_estate import (
    ADMIN,
    HOST,
    READER,
    READER_PASSWORD,
)
from vmm_wizard.facts.model import DatabaseUser, GroupReplica, RoleMember
from vmm_wizard.lab.sql import AvailabilityGroup, ClientSession, Listener, Replica, SqlServer
from vmm_wizard.plan.names import AccountName

# --- what a sysadmin is told


def test_a_sysadmin_learns_everything_about_the_server(probe: Probe) -> None:
    facts = probe.facts()
    assert (facts.logged_on_as, facts.asked_as, facts.is_sysadmin, facts.auth_scheme) == (ADMIN, ADMIN, True, "NTLM")
    assert (facts.major_version, facts.update_level, facts.engine_edition) == (16, "CU16", 2)
    assert (facts.edition, facts.collation) == ("Standard Edition (64-bit)", "Latin1_General_100_CI_AS")
    assert (facts.machine_name, facts.physical_name, facts.instance) == ("SQL01", "SQL01", "")
    assert (facts.is_clustered, facts.hadr_enabled, facts.default_domain) == (False, False, "CONTOSO")
    assert (facts.service_account, facts.force_encryption) == ("CONTOSO\\svc-sql", False)
    assert facts.data_free_bytes == 200 * 1024**3
    assert facts.leftover_files == ()
    assert (facts.listeners, facts.replica_role) == ((), "")
    assert (facts.server, facts.port) == (HOST, 1433)
    assert facts.driver.startswith("python-tds ")


def test_the_servers_clock_is_told_in_utc(probe: Probe) -> None:
    moment = probe.estate.state.now()
    probe.estate.state.now = lambda: moment
    assert probe.facts().utc_time == moment


def test_a_database_that_is_not_there_is_told_as_absent(probe: Probe) -> None:
    assert probe.facts().database is None


def test_a_database_is_found_in_any_case_on_a_case_insensitive_instance_only(probe: Probe) -> None:
    found = probe.facts(database="payROLL").database
    assert found is not None
    assert (found.name, found.state, found.recovery_model, found.is_vmm) == ("Payroll", "ONLINE", "SIMPLE", False)
    probe.estate.state.collation = "Latin1_General_100_CS_AS"
    assert probe.facts(database="payROLL").database is None


def test_a_vmm_database_is_known_by_its_tables_and_its_owners_are_told(probe: Probe) -> None:
    found = probe.facts(database="OldVMM").database
    assert found is not None
    assert (found.is_vmm, found.availability_group) == (True, "")
    assert found.owners == (RoleMember("sa"), RoleMember("CONTOSO\\svc-vmm", "S-1-5-21-1-2-3-1104"))
    assert found.table_count == 3


def test_files_left_over_from_a_dropped_database_are_told(probe: Probe) -> None:
    left = probe.estate.state.data_path + "VirtualManagerDB_log.ldf"
    probe.estate.state.files.add(left)
    assert probe.facts().leftover_files == (left,)


def test_an_availability_group_is_told_with_its_listener_and_this_servers_role(probe: Probe) -> None:
    group = AvailabilityGroup(
        "AG1",
        [Replica("SQL01", "SECONDARY"), Replica("SQL02", "PRIMARY")],
        [Listener("sqlag", 1433)],
        ["Payroll"],
    )
    probe.estate.state.groups.append(group)
    facts = probe.facts(database="Payroll")
    assert facts.database is not None
    assert facts.database.availability_group == "AG1"
    assert (facts.listeners, facts.replica_role) == (("sqlag:1433",), "SECONDARY")
    assert facts.replicas == (GroupReplica("AG1", "SQL02"),)


def test_who_else_is_in_the_database_is_told_and_the_probe_itself_is_not(probe: Probe) -> None:
    sessions = [ClientSession("OLDVMM01", "VMM", "CONTOSO\\svc-vmm", "OldVMM"), ClientSession("x", "y", "z", "Payroll")]
    probe.estate.state.clients += sessions * 2
    found = probe.facts(database="OldVMM").database
    assert found is not None
    assert found.users == (DatabaseUser("OLDVMM01", "VMM", "CONTOSO\\svc-vmm"),)


def test_what_vmms_settings_say_of_versions_is_told(probe: Probe) -> None:
    old = probe.estate.state.database("OldVMM")
    assert old is not None
    old.settings |= {"UpgradeTime": "x", "ServerVersion": "10.22.1287.0"}
    found = probe.facts(database="OldVMM").database
    assert found is not None
    assert found.versions == {"ServerVersion": "10.22.1287.0"}


def test_a_database_that_is_not_open_costs_only_its_own_part(probe: Probe, monkeypatch: pytest.MonkeyPatch) -> None:
    may_enter = SqlServer.may_enter
    monkeypatch.setattr(SqlServer, "may_enter", lambda *who: who[2] != "OldVMM" and may_enter(*who))
    facts = probe.facts(database="OldVMM")
    assert facts.database is not None
    assert (facts.database.owners, facts.database.is_vmm, facts.force_encryption) == (None, None, False)


def test_the_log_is_looked_for_in_the_folder_for_logs(probe: Probe) -> None:
    probe.estate.state.log_path = "L:\\Log\\"
    probe.estate.state.files.add("L:\\Log\\VirtualManagerDB_log.ldf")
    assert probe.facts().leftover_files == ("L:\\Log\\VirtualManagerDB_log.ldf",)


@pytest.mark.parametrize("name", ["a]b", "a'b", "100% @x", "Ünïcode ☃", "x; DROP DATABASE Payroll", "%(database)s"])
def test_any_database_name_is_a_value_and_never_a_command(probe: Probe, name: str) -> None:
    probe.estate.state.create_database(name, ADMIN)
    found = probe.facts(database=name).database
    assert found is not None
    assert found.name == name
    assert found.owners == (RoleMember(ADMIN, "S-1-5-21-1-2-3-1101"),)
    assert probe.estate.state.database("Payroll") is not None


def test_one_question_is_one_connection_and_at_most_three_batches(probe: Probe) -> None:
    probe.facts()
    assert probe.estate.server.connections_taken == 1
    assert len(probe.estate.state.batches) == 3


# --- what a lesser account is told


def test_an_account_without_roles_learns_the_rest_and_none_of_what_it_may_not_see(probe: Probe) -> None:
    facts = probe.facts(READER_PASSWORD, account=AccountName.parse(READER), database="Payroll")
    assert (facts.is_sysadmin, facts.collation, facts.major_version) == (False, "Latin1_General_100_CI_AS", 16)
    assert facts.database is not None
    assert (facts.database.is_vmm, facts.database.owners, facts.database.availability_group) == (None, None, None)
    hidden = (facts.service_account, facts.force_encryption, facts.data_free_bytes, facts.leftover_files)
    assert hidden == (None, None, None, None)
    assert (facts.listeners, facts.replicas, facts.replica_role) == (None, None, None)


def test_an_account_that_may_view_server_state_learns_the_service_and_not_the_registry(probe: Probe) -> None:
    reader = next(login for login in probe.estate.state.logins if login.name == READER)
    reader.roles.add("##MS_ServerStateReader##")
    facts = probe.facts(READER_PASSWORD, account=AccountName.parse(READER))
    assert (facts.service_account, facts.force_encryption) == ("CONTOSO\\svc-sql", None)
