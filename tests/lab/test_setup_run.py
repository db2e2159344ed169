"""The simulated setup: what it does to the estate when all is well, and what it undoes when something is not."""

from __future__ import annotations

import re
import threading
from dataclasses import replace

import pytest

from tests.lab.machines import CONTAINER, INSTALLER, SERVICE, SERVICE_PASSWORD, SmallEstate
from tests.lab.served_directory import BASE
from tests.plan.plans import contoso
from vmm_wizard.lab.descriptors import CONTAINER_INHERIT, CREATE_CHILD, GENERIC_ALL, allow
from vmm_wizard.lab.processes import ProcessEnd
from vmm_wizard.lab.schema import class_guid
from vmm_wizard.lab.setup_pace import WINRM_AWAY
from vmm_wizard.lab.setup_run import DURATION, SetupRun, orphaned_setup
from vmm_wizard.plan.model import DkmContainer, Plan
from vmm_wizard.plan.names import AccountName, DistinguishedName, SqlTarget
from vmm_wizard.setup.ini import render_server_ini


@pytest.fixture
def estate() -> SmallEstate:
    return SmallEstate()


def untouched(estate: SmallEstate) -> bool:
    """Whether nothing of VMM is anywhere."""
    return (
        all(machine.server is None and not machine.processes for machine in estate.machines)
        and not estate.sql.databases
        and not estate.directory.children(CONTAINER)
        and not estate.cluster.role
        and not estate.directory.require(estate.service_dn).values("servicePrincipalName")
        and [login.name for login in estate.sql.logins] == [INSTALLER]
    )


def test_the_first_node_gets_database_keys_names_service_and_role(estate: SmallEstate) -> None:
    node = estate.machines[0]

    assert node.setup(node.prepare()) == 0

    database = estate.sql.database("VirtualManagerDB")
    assert database is not None
    assert database.is_vmm
    assert SERVICE in database.owners
    keys = estate.directory.children(CONTAINER)
    assert len(keys) == 1
    assert len(estate.directory.children(keys[0].dn)) == 1
    assert estate.cluster.role == "vmm"
    assert estate.directory.find_by_sam("vmm$") is not None
    assert len(estate.directory.find_spn("SCVMM/vmm.contoso.lab")) == 1
    assert node.server is not None
    assert node.server.principal_names == "SCVMM/vmm,SCVMM/vmm.contoso.lab"
    assert node.server.service_account == SERVICE
    assert not node.processes


def test_a_run_takes_twenty_minutes_and_restarts_winrm_in_its_second_half(estate: SmallEstate) -> None:
    node = estate.machines[0]

    node.setup(node.prepare())

    record = node.setups[0]
    assert record.ended is not None
    assert record.ended - record.started == pytest.approx(DURATION)
    assert record.exit_code == 0
    assert node.cuts == [WINRM_AWAY]


def test_the_log_has_a_time_on_each_line_and_no_password(estate: SmallEstate) -> None:
    node = estate.machines[0]

    node.setup(node.prepare())

    lines = node.log.split("\r\n")
    assert lines.pop() == ""
    assert all(re.match(r"\d\d:\d\d:\d\d:\S", line) for line in lines)
    assert not node.files.holding(SERVICE_PASSWORD)


def test_the_second_node_joins_the_role_and_shares_the_database(estate: SmallEstate) -> None:
    first, second = estate.machines
    first.setup(first.prepare())

    assert second.setup(second.prepare(first=False)) == 0

    assert estate.cluster.nodes == ["vmm01.contoso.lab", "vmm02.contoso.lab"]
    assert len(estate.sql.databases) == 1
    assert len(estate.directory.children(CONTAINER)) == 1
    assert second.server is not None


def test_a_second_node_cannot_join_what_is_not_there(estate: SmallEstate) -> None:
    second = estate.machines[1]
    estate.sql.create_database("VirtualManagerDB", INSTALLER)

    assert second.setup(second.prepare(first=False)) == 1
    assert "is no VMM database" in second.log
    assert second.server is None


def failed(estate: SmallEstate, plan: Plan | None = None) -> str:
    """Install on the first node, which must fail late and be rolled back; the log."""
    node = estate.machines[0]
    assert node.setup(node.prepare(plan)) == 1
    assert "Setting rollback." in node.log
    assert "ProcessInstalls: Rollback is set" in node.log
    assert "****Starting*RollBack***" in node.log
    assert "****Ended*RollBack***" in node.log
    assert re.search(r"\*\*\* Carmine error was: \w+ \(\d+\); HR: 0x[0-9a-f]{8}", node.log)
    assert untouched(estate)
    record = node.setups[0]
    assert record.ended is not None
    assert record.ended - record.started > DURATION * 0.75
    return node.log


def test_without_rights_on_the_dkm_container_everything_is_rolled_back(estate: SmallEstate) -> None:
    estate.directory.set_descriptor(CONTAINER, estate.directory.default_descriptor())

    assert "DkmAccessDenied" in failed(estate)


def test_rights_on_the_dkm_container_alone_do_not_reach_its_keys(estate: SmallEstate) -> None:
    estate.directory.set_descriptor(CONTAINER, estate.directory.default_descriptor())
    estate.grant(CONTAINER, 0)

    assert "DkmAccessDenied" in failed(estate)


def test_a_dkm_container_that_is_not_there_is_found_out_late(estate: SmallEstate) -> None:
    missing = DkmContainer(DistinguishedName.parse("CN=Other,DC=contoso,DC=lab"))

    assert "DkmContainerNotFound" in failed(estate, contoso(dkm=missing))


def test_without_sysadmin_everything_is_rolled_back(estate: SmallEstate) -> None:
    estate.sql.logins[0].roles.clear()

    assert "not a member of the server role sysadmin" in failed(estate)


def test_a_sql_server_that_does_not_answer_is_found_out_late(estate: SmallEstate) -> None:
    plan = contoso(database=replace(contoso().database, target=SqlTarget("sql02.contoso.lab")))

    assert "was not found" in failed(estate, plan)


def test_a_role_that_the_cluster_cannot_make_is_found_out_last_of_all(estate: SmallEstate) -> None:
    estate.cluster.refuses = "the address 10.10.0.50 is in use"

    assert "the address 10.10.0.50 is in use" in failed(estate)


def test_a_role_name_that_somebody_else_has_stops_the_cluster(estate: SmallEstate) -> None:
    estate.directory.add("CN=vmm,CN=Computers,DC=contoso,DC=lab", "computer")
    held = estate.directory.find_by_sam("vmm$")
    assert held is not None
    estate.directory.set_descriptor(held.dn, estate.directory.default_descriptor())

    assert "no full control" in failed(estate)


def test_a_service_account_that_is_no_administrator_is_found_out_late(estate: SmallEstate) -> None:
    estate.machines[0].admins.discard(estate.sid(SERVICE))

    assert "ServiceAccountNotAdministrator" in failed(estate)


def test_names_that_may_not_be_written_are_a_warning_only(estate: SmallEstate) -> None:
    estate.directory.set_descriptor(estate.service_dn, estate.directory.default_descriptor())
    node = estate.machines[0]

    assert node.setup(node.prepare()) == 0
    assert "Warning: the SPN could not be registered" in node.log
    assert node.server is not None
    assert node.server.principal_names == ""


def test_the_connection_point_stands_below_the_role_where_the_account_may_make_it(estate: SmallEstate) -> None:
    computers = f"CN=Computers,{BASE}"
    grant = allow(estate.sid(INSTALLER), CREATE_CHILD, CONTAINER_INHERIT, class_guid("serviceConnectionPoint"))
    estate.directory.grant(computers, grant)
    for node, first in zip(estate.machines, (True, False), strict=True):
        assert node.setup(node.prepare(first=first)) == 0

    role = estate.directory.find_by_sam("vmm$")
    assert role is not None
    (point,) = estate.directory.children(role.dn)
    assert point.text("serviceDNSName") == "vmm.contoso.lab"
    assert point.text("serviceBindingInformation") == "vmm.contoso.lab:8100"
    assert "SCP: registered" in estate.machines[0].log
    assert "SCP" not in estate.machines[1].log


def test_a_connection_point_that_may_not_be_made_is_a_warning_only(estate: SmallEstate) -> None:
    node = estate.machines[0]

    assert node.setup(node.prepare()) == 0
    assert "Warning: the SCP could not be registered" in node.log


def test_a_byte_order_mark_makes_setup_go_on_with_its_defaults(estate: SmallEstate) -> None:
    node = estate.machines[0]
    line = node.prepare(ini=b"\xef\xbb\xbf" + render_server_ini(contoso(), first=True))

    assert node.setup(line) == 1
    assert "highly available False, server local" in node.log
    assert "MICROSOFT$VMM$" in node.log


def refused(estate: SmallEstate, line: str) -> str:
    """Run setup, which must refuse before it changes anything; the log."""
    node = estate.machines[0]
    assert node.setup(line) == 15
    assert untouched(estate)
    record = node.setups[0]
    assert record.ended is not None
    assert record.ended - record.started < 60
    return node.log


def test_a_wrong_service_password_is_one_bad_logon_and_the_end(estate: SmallEstate) -> None:
    line = estate.machines[0].prepare()
    estate.credential(SERVICE).password = "another"

    assert "could not validate the service account" in refused(estate, line)
    assert estate.credential(SERVICE).counted == 1


def test_without_the_licence_setup_ends_at_once(estate: SmallEstate) -> None:
    line = estate.machines[0].prepare().replace(" /IACCEPTSCEULA", "")

    assert "Have NOT acknowledge acceptance" in refused(estate, line)


def test_a_new_database_that_exists_is_refused_at_once(estate: SmallEstate) -> None:
    node = estate.machines[0]
    estate.sql.create_database("VirtualManagerDB", INSTALLER)

    assert node.setup(node.prepare()) == 15
    assert "exists already" in node.log


def test_setup_does_not_install_twice(estate: SmallEstate) -> None:
    node = estate.machines[0]
    node.setup(node.prepare())

    assert node.setup(node.prepare()) == 15
    assert "installed on this computer already" in node.log


def test_setup_beside_another_setup_ends_without_a_word(estate: SmallEstate) -> None:
    node = estate.machines[0]
    node.processes.start("Setup")

    assert node.setup(node.prepare()) == 18
    assert node.log == ""
    assert node.processes.names == ("Setup",)


def test_a_pending_restart_fails_the_prerequisites(estate: SmallEstate) -> None:
    node = estate.machines[0]
    node.missing.append("a restart of this computer is pending")

    assert node.setup(node.prepare()) == 14
    assert "We failed the prerequisite checks." in node.log
    assert untouched(estate)


@pytest.mark.parametrize(
    ("name", "value"),
    [("engine_edition", 4), ("collation", "Latin1_General_100_CS_AS")],
)
def test_a_sql_server_of_the_wrong_kind_fails_the_prerequisites(estate: SmallEstate, name: str, value: object) -> None:
    setattr(estate.sql, name, value)
    node = estate.machines[0]

    assert node.setup(node.prepare()) == 14
    assert untouched(estate)


def test_another_account_does_the_sql_work_when_the_plan_says_so(estate: SmallEstate) -> None:
    estate.sql.logins[:] = [replace(estate.sql.logins[0], name=SERVICE, sid=estate.sid(SERVICE))]
    database = replace(contoso().database, admin_account=AccountName.parse(SERVICE))
    node = estate.machines[0]

    assert node.setup(node.prepare(contoso(database=database))) == 0
    assert f"as {SERVICE}" in node.log


def test_rights_by_a_nested_group_are_rights(estate: SmallEstate) -> None:
    group = estate.directory.add("CN=VMM Admins,CN=Users,DC=contoso,DC=lab", "group")
    estate.directory.add_member(group, estate.installer_dn)
    estate.directory.set_descriptor(CONTAINER, estate.directory.default_descriptor())
    estate.directory.grant(CONTAINER, allow(estate.directory.require(group).sid, GENERIC_ALL, CONTAINER_INHERIT))
    node = estate.machines[0]

    assert node.setup(node.prepare()) == 0


def test_setup_in_a_session_never_ends_and_writes_no_log(estate: SmallEstate) -> None:
    node = estate.machines[0]
    stop = threading.Event()
    session = threading.Thread(target=orphaned_setup, args=(node, stop))
    session.start()
    try:
        session.join(0.2)

        assert session.is_alive()
        assert node.processes.names == ("Setup", "SetupVM")
        assert node.log == ""
        assert not node.setups
    finally:
        stop.set()
        session.join()


def test_a_killed_setup_undoes_nothing_and_says_nothing_more(estate: SmallEstate) -> None:
    node = estate.machines[0]
    stop = ProcessEnd()
    stop.set()
    run = SetupRun(node, "setup.exe", node.prepare(), estate.credential(INSTALLER), stop)

    assert run.run() is None
    assert node.setups[0].exit_code is None
    assert not node.processes
