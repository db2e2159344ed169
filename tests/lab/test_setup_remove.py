"""The simulated setup taking VMM away: what goes, what stays behind, and what breaks the nodes that are left."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.lab.machines import CONTAINER, INSTALLER, PASSWORD, SERVICE, PracticeMachine, SmallEstate
from tests.lab.served_directory import BASE, add_user
from tests.plan.plans import contoso
from vmm_wizard.lab.descriptors import CONTAINER_INHERIT
from vmm_wizard.lab.estate import Estate
from vmm_wizard.lab.processes import ProcessEnd
from vmm_wizard.lab.setup_pace import WINRM_AWAY
from vmm_wizard.lab.setup_remove import CONSOLE, CONSOLE_REMOVAL, REMOVAL
from vmm_wizard.lab.setup_run import SetupRun
from vmm_wizard.lab.sql import ClientSession
from vmm_wizard.plan.model import DkmContainer, Plan, ServiceAccount
from vmm_wizard.plan.names import AccountName, DistinguishedName
from vmm_wizard.setup.command import SecretOf, SetupCommand, console_install, console_uninstall, quote, server_uninstall
from vmm_wizard.setup.ini import render_client_ini, render_uninstall_ini
from vmm_wizard.setup.log import LogReader
from vmm_wizard.setup.log_phases import Phase, SetupKind

UNINSTALL_FILE, CLIENT_FILE = r"C:\run\VMServerUninstall.ini", r"C:\run\VMClient.ini"
DATABASE = "VirtualManagerDB"


@pytest.fixture
def estate() -> SmallEstate:
    """Two nodes with VMM on both; the first one is active."""
    estate = SmallEstate()
    for machine, first in zip(estate.machines, (True, False), strict=True):
        assert machine.setup(machine.prepare(first=first)) == 0
    return estate


def line(command: SetupCommand) -> str:
    words = [PASSWORD if isinstance(word, SecretOf) else word for word in command.arguments]
    return " ".join(map(quote, words))


def uninstall(node: PracticeMachine, plan: Plan | None = None, ini: bytes | None = None, **how: bool) -> int | None:
    """Uninstall the server from a node as the installer."""
    plan = plan or contoso()
    node.files.write(UNINSTALL_FILE, render_uninstall_ini(plan, **how) if ini is None else ini)
    return node.setup(line(server_uninstall(plan, UNINSTALL_FILE)))


def console(node: PracticeMachine) -> int | None:
    node.files.write(CLIENT_FILE, render_client_ini(contoso()))
    return node.setup(line(console_install(contoso(), CLIENT_FILE)))


def last_run(node: PracticeMachine) -> LogReader:
    """The log of the latest run, read as an uninstall's."""
    reader = LogReader(SetupKind.UNINSTALL)
    reader.feed(node.files.read(r"C:\ProgramData\VMMLogs\SetupWizard.log") or b"")
    return reader


def fresh_log(node: PracticeMachine) -> None:
    node.files.delete(r"C:\ProgramData\VMMLogs\SetupWizard.log")


def test_a_passive_node_goes_and_the_role_stays(estate: SmallEstate) -> None:
    first, second = estate.machines
    fresh_log(second)

    assert uninstall(second) == 0

    assert second.server is None
    assert second.console is not None
    assert first.server is not None
    assert estate.cluster.nodes == [first.dns_name]
    assert not estate.cluster.failed
    assert estate.sql.database(DATABASE) is not None
    assert last_run(second).phase == Phase.ENDED.said
    assert not last_run(second).failures


def test_it_takes_its_time_and_restarts_winrm(estate: SmallEstate) -> None:
    second = estate.machines[1]
    second.cuts.clear()

    uninstall(second)

    (record,) = second.records[SetupKind.UNINSTALL]
    assert record.ended is not None
    assert record.ended - record.started == pytest.approx(REMOVAL)
    assert second.cuts == [WINRM_AWAY]
    assert len(second.setups) == 1


def test_the_active_node_taken_away_breaks_the_role(estate: SmallEstate) -> None:
    first, second = estate.machines

    assert uninstall(first) == 0

    assert estate.cluster.failed
    assert second.server is not None
    assert not estate.cluster.owns_vmm(second.computer_name)


def test_the_last_node_takes_the_role_and_leaves_what_others_made(estate: SmallEstate) -> None:
    first, second = estate.machines
    assert uninstall(second) == 0

    assert uninstall(first, last_node=True) == 0

    assert estate.cluster.role == ""
    assert not estate.directory.find_spn("SCVMM/vmm")
    assert estate.directory.find_by_sam("vmm$") is not None
    assert len(estate.directory.children(CONTAINER)) == 1
    assert SERVICE in [login.name for login in estate.sql.logins]
    database = estate.sql.database(DATABASE)
    assert database is not None
    assert database.is_vmm


def test_the_database_goes_with_the_last_node_where_that_is_told(estate: SmallEstate) -> None:
    first, second = estate.machines
    uninstall(second)

    assert uninstall(first, last_node=True, remove_database=True) == 0
    assert estate.sql.database(DATABASE) is None


def test_a_file_that_says_nothing_drops_the_database_under_the_others(estate: SmallEstate) -> None:
    first, second = estate.machines

    assert uninstall(second, ini=b"[OPTIONS]\r\n") == 0

    assert estate.sql.database(DATABASE) is None
    assert estate.cluster.failed
    assert uninstall(first, last_node=True) == 1
    assert "cannot determine whether this node is the last one" in first.log
    assert first.server is not None
    assert uninstall(first, last_node=True, force=True) == 0
    assert first.server is None


@pytest.mark.parametrize("how", ["gone", "unreadable"])
def test_without_its_database_setup_goes_on_only_where_it_is_forced(estate: SmallEstate, how: str) -> None:
    second = estate.machines[1]
    if how == "gone":
        estate.sql.databases.clear()
    else:
        estate.sql.logins[:] = [row for row in estate.sql.logins if row.name != INSTALLER]
    fresh_log(second)

    assert uninstall(second) == 1
    assert second.server is not None
    assert "whether this is the last node" in last_run(second).failures[0].cause
    assert not last_run(second).changed_something
    assert uninstall(second, force=True) == 0
    assert second.server is None


def test_another_account_does_the_sql_work_of_a_removal(estate: SmallEstate) -> None:
    """With a SQL administrator of its own, the one who runs setup needs no right on SQL Server."""
    first, second = estate.machines
    uninstall(second)
    estate.sql.logins[:] = [
        replace(row, name=INSTALLER.replace("setup", "dba"), sid=dba_sid(estate)) if row.name == INSTALLER else row
        for row in estate.sql.logins
    ]
    admin = AccountName.parse(INSTALLER.replace("setup", "dba"))
    plan = contoso(database=replace(contoso().database, admin_account=admin))

    assert uninstall(first, plan, last_node=True, remove_database=True) == 0
    assert estate.sql.database(DATABASE) is None


def dba_sid(estate: SmallEstate) -> str:
    add_user(estate.directory, estate.logons, "vmm-dba", PASSWORD)
    return estate.sid(r"CONTOSO\vmm-dba")


def test_a_database_that_is_open_elsewhere_leaves_the_node_half_done(estate: SmallEstate) -> None:
    first, second = estate.machines
    uninstall(second)
    estate.sql.clients.append(ClientSession("ADMIN01", "SSMS", INSTALLER, DATABASE))
    fresh_log(first)

    assert uninstall(first, last_node=True, remove_database=True) == 1

    assert first.server is not None
    assert estate.cluster.role == ""
    assert "Rollback is set but we are doing an uninstall" in first.log
    assert "could not be dropped" in last_run(first).failures[0].cause
    estate.sql.clients.clear()
    assert uninstall(first, last_node=True, remove_database=True) == 0
    assert first.server is None


def test_a_console_that_is_open_stops_a_removal_before_anything_is_changed(
    estate: SmallEstate, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = estate.machines[1]
    monkeypatch.setattr(second, "open_consoles", lambda: ["VmmAdminUi"])
    fresh_log(second)

    assert uninstall(second) == 1

    assert second.server is not None
    assert second.dns_name in estate.cluster.nodes
    assert "is open on this computer" in last_run(second).failures[0].cause


def test_what_is_not_there_is_not_removed(estate: SmallEstate) -> None:
    second = estate.machines[1]
    uninstall(second)

    assert uninstall(second) == 15
    assert "is not installed on this computer" in second.log


def test_a_removal_that_is_ended_undoes_nothing(estate: SmallEstate) -> None:
    second = estate.machines[1]
    second.files.write(UNINSTALL_FILE, render_uninstall_ini(contoso()))
    stop = ProcessEnd()
    second.restart_winrm = lambda _seconds: stop.set()  # type: ignore[method-assign]
    run = SetupRun(
        second, "setup.exe", line(server_uninstall(contoso(), UNINSTALL_FILE)), estate.credential(INSTALLER), stop
    )

    assert run.run() is None
    assert second.server is not None
    assert second.dns_name not in estate.cluster.nodes


class TestConsole:
    def test_it_comes_with_the_server_and_goes_after_it(self, estate: SmallEstate) -> None:
        node = estate.machines[1]
        assert node.console is not None
        assert node.setup(line(console_uninstall(contoso()))) == 15
        assert "cannot be removed while the management server" in node.log
        uninstall(node)

        assert node.setup(line(console_uninstall(contoso()))) == 0
        assert node.console is None
        assert node.setup(line(console_uninstall(contoso()))) == 15

    def test_alone_it_leaves_winrm_and_the_cluster_alone(self) -> None:
        estate = SmallEstate()
        node = estate.machines[0]

        assert console(node) == 0
        assert console(node) == 15

        assert node.server is None
        assert node.console is not None
        assert node.console.port == 8100
        assert node.cuts == []
        runs = node.records[SetupKind.CONSOLE]
        assert [run.exit_code for run in runs] == [0, 15]
        assert runs[0].ended is not None
        assert runs[0].ended - runs[0].started == pytest.approx(CONSOLE)
        assert not node.setups

    def test_a_removal_wants_it_closed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        node = SmallEstate().machines[0]
        console(node)
        monkeypatch.setattr(node, "open_consoles", lambda: ["VmmAdminUi"])
        assert node.setup(line(console_uninstall(contoso()))) == 1
        assert node.console is not None
        monkeypatch.undo()
        assert node.setup(line(console_uninstall(contoso()))) == 0
        (_, good) = node.records[SetupKind.CONSOLE_UNINSTALL]
        assert good.ended is not None
        assert good.ended - good.started == pytest.approx(CONSOLE_REMOVAL)

    def test_without_the_licence_it_does_not_come(self) -> None:
        node = SmallEstate().machines[0]
        assert node.setup("/client /i") == 15
        assert "Have NOT acknowledge acceptance" in node.log

    def test_a_rolled_back_server_takes_its_console_along(self) -> None:
        estate = SmallEstate()
        estate.cluster.refuses = "no"
        node = estate.machines[0]
        assert node.setup(node.prepare()) == 1
        assert node.console is None


class TestRebuild:
    def kept(self, estate: SmallEstate) -> PracticeMachine:
        """The first node, after VMM was taken from both and the database was kept."""
        first, second = estate.machines
        assert uninstall(second) == 0
        assert uninstall(first, last_node=True) == 0
        return first

    def plan(self, **changes: object) -> Plan:
        return contoso(database=replace(contoso().database, create_new=False), **changes)

    def test_another_service_account_takes_the_kept_database(self, estate: SmallEstate) -> None:
        node = self.kept(estate)
        other = r"CONTOSO\svc-vmm2"
        dn = add_user(estate.directory, estate.logons, "svc-vmm2", 'Service "Canary\\')
        estate.grant(dn)
        node.admins.add(estate.sid(other))

        assert node.setup(node.prepare(self.plan(service_account=ServiceAccount(AccountName.parse(other))))) == 0

        database = estate.sql.database(DATABASE)
        assert database is not None
        assert {SERVICE, other} <= set(database.owners)
        assert len(estate.directory.children(CONTAINER)) == 1
        assert estate.cluster.role == "vmm"

    def test_with_another_container_nothing_can_be_decrypted(self, estate: SmallEstate) -> None:
        node = self.kept(estate)
        other = f"CN=VMMDKM2,{BASE}"
        estate.directory.add(other, "container")
        estate.grant(other, CONTAINER_INHERIT)
        fresh_log(node)

        assert node.setup(node.prepare(self.plan(dkm=DkmContainer(DistinguishedName.parse(other))))) == 1

        assert "not in the DKM container" in last_run(node).failures[0].cause
        assert node.server is None
        assert not estate.directory.children(other)
        assert estate.sql.database(DATABASE) is not None

    def test_a_lost_container_is_the_loss_of_what_was_encrypted(self, estate: SmallEstate) -> None:
        node = self.kept(estate)
        for child in estate.directory.children(CONTAINER):
            estate.directory.discard(child.dn)

        assert node.setup(node.prepare(self.plan())) == 1
        assert "cannot be decrypted" in node.log


class TestWholeEstate:
    def test_the_role_that_lost_its_active_node_is_failed_wherever_it_goes(self) -> None:
        estate = Estate()
        estate.cluster.create_vmm_role("vmm", ["10.10.0.50", "10.20.0.50"], "vmm01")
        estate.cluster.add_vmm_node("vmm02")
        closed: list[tuple[str, int]] = []
        estate.on_role = lambda name, port: closed.append((name, port))

        estate.cluster.fail_vmm_role()
        estate.cluster.move_group("vmm", "vmm02")

        assert not estate.cluster.owns_vmm("vmm02")
        assert closed == [("vmm", 0)]

    def test_a_role_given_up_leaves_its_object_disabled_and_its_record(self) -> None:
        estate = Estate()
        cluster = estate.cluster
        cluster.create_vmm_role("vmm", ["10.10.0.50", "10.20.0.50"], "vmm01")

        cluster.give_up_vmm_role()

        left = estate.directory.find_by_sam("vmm$")
        assert cluster.vmm_role() is None
        assert left is not None
        assert left.number("userAccountControl") & 2
        assert estate.zone.get("vmm.contoso.lab", "A") == ("10.10.0.50", "10.20.0.50")
        cluster.create_vmm_role("vmm", ["10.10.0.50", "10.20.0.50"], "vmm02")
        found = estate.directory.find_by_sam("vmm$")
        assert found is not None
        assert not found.number("userAccountControl") & 2

    def test_the_estate_tells_each_kind_of_run_and_where_consoles_are(self) -> None:
        report = Estate().report()
        assert report["consoles"] == dict.fromkeys(
            ("vmm01.contoso.lab", "vmm02.contoso.lab", "vmm03.contoso.lab", "admin01.contoso.lab"), False
        )
        assert report["uninstalls"] == {name: [] for name in report["setups"]}
        assert report["console_setups"]["admin01.contoso.lab"] == []
