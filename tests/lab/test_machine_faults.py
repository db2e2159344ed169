"""Machines, passwords, disks and dates that change while the estate runs, met by the clients of each."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytds
import pytest
from ldap3.core.exceptions import LDAPException

from tests.estates import ServedEstate
from tests.lab.faulty import FIRST, SECOND, served_with, session, stage, status
from tests.lab.test_estate_logons import on_node, over_ldap, over_tds
from vmm_wizard.lab import contoso
from vmm_wizard.lab.moments import Moment
from vmm_wizard.lab.tasks import SHUT_DOWN
from vmm_wizard.remote.errors import LogonRefused, NodeUnreachable, ScriptFailed


def password(served: ServedEstate) -> str:
    return served.estate.account(contoso.INSTALLER).password


def test_a_changed_password_is_refused_by_everyone_and_counted_by_all_together(tmp_path: Path) -> None:
    fault = {"kind": "password_changed", "account": contoso.INSTALLER, "when": "after script stage-run"}
    with served_with(tmp_path, fault) as served:
        old = password(served)
        assert over_ldap(served, old) == ""
        first = session(served)
        assert stage(first)["task_exists"] is False
        # Whoever is logged on stays so; only the next logon meets it.
        assert status(first)["folder_exists"] is True
        first.close()
        account = served.estate.account(contoso.INSTALLER)
        with pytest.raises(LogonRefused):
            session(served, password=old)
        assert (over_ldap(served, old), account.bad_logons) == ("52e", 2)
        assert (over_tds(served, old), account.bad_logons) == ("untrusted", 3)
        assert over_ldap(served, old) == "775"
        assert account.account in served.estate.report()["locked"]


def test_the_new_password_is_right(tmp_path: Path) -> None:
    with served_with(tmp_path, {"kind": "password_changed", "account": contoso.INSTALLER}) as served:
        assert over_ldap(served, password(served)) == ""
        assert on_node(served, password(served), "hostname").std_out == b"VMM01\r\n"


def test_a_sql_login_with_another_password_is_refused_by_its_number(tmp_path: Path) -> None:
    with served_with(tmp_path) as served:
        login = next(row.name for row in served.estate.sql_servers["sql01.contoso.lab"].logins if row.password)
    fault = {"kind": "password_changed", "login": login, "when": "script run-status"}
    with served_with(tmp_path / "again", fault) as served:
        old = served.sql_login_password(login)
        connect(served, login, old).close()
        with session(served) as first:
            status(first)
        with pytest.raises(pytds.OperationalError, match="Login failed for user") as refused:
            connect(served, login, old)
        assert getattr(refused.value, "msg_no", 0) == 18456


def connect(served: ServedEstate, login: str, secret: str) -> Any:
    port = served.book.locate("sql01.contoso.lab", "tds").port
    ca = served.book.ca_file
    return pytds.connect(
        dsn="127.0.0.1", port=port, user=login, password=secret, cafile=ca, validate_host=False, login_timeout=20
    )


def begin_task(served: ServedEstate) -> None:
    """A task on the first node that runs until it is ended."""
    node = served.estate.nodes[FIRST]
    account = served.estate.account(contoso.INSTALLER)
    task = node.scheduler.register("vmm-wizard-run-1", account.account, account.password, "", "PT1H")
    node.scheduler.run(task, lambda running: int(running.stop.wait()))


def test_a_node_that_reboots_comes_back_with_its_task_registered_and_not_running(tmp_path: Path) -> None:
    reboot = {"kind": "node_reboots", "when": "script run-status", "on": FIRST, "for_seconds": 3000}
    after = {"kind": "node", "when": "boot", "set": {"powershell_version": "6"}}
    with served_with(tmp_path, reboot, after) as served:
        estate, node = served.estate, served.estate.nodes[FIRST]
        node.state.pending_windows_update = True
        estate.cluster.create_vmm_role("vmm", ["10.10.0.60", "10.20.0.60"], FIRST)
        estate.cluster.add_vmm_node(SECOND)
        with session(served) as first:
            stage(first)
            begin_task(served)
            with pytest.raises(NodeUnreachable):
                status(first)
        with pytest.raises(NodeUnreachable):
            session(served)
        assert estate.report()["down"] == [FIRST]
        assert next(row.state for row in estate.cluster.members if row.name == "VMM01") == "Down"
        found = estate.cluster.vmm_group()
        assert found is not None
        assert (found.owner, found.state) == ("VMM02", "Online")
        assert estate.nodes[SECOND].can_connect(FIRST, 5985) == "timed out"
        while node.state.powershell_version != "6":
            estate.stop.wait(0.01)
        with session(served) as again:
            told = status(again)
        assert (told["folder_exists"], told["task_state"], told["task_result"]) == (True, "Ready", f"0x{SHUT_DOWN:08X}")
        assert not node.state.pending_windows_update
        assert next(row.state for row in estate.cluster.members if row.name == "VMM01") == "Up"


def test_a_role_that_only_a_lost_node_may_own_is_offline(tmp_path: Path) -> None:
    with served_with(tmp_path, {"kind": "node_gone", "when": "script run-status"}) as served:
        cluster = served.estate.cluster
        cluster.create_vmm_role("vmm", ["10.10.0.60", "10.20.0.60"], FIRST)
        with session(served) as first, pytest.raises(NodeUnreachable):
            status(first)
        found = cluster.vmm_group()
        assert found is not None
        assert (found.owner, found.state) == ("VMM01", "Offline")
        assert not cluster.owns_vmm(FIRST)
        assert served.estate.nodes[FIRST].power.is_down


def test_without_a_controller_nobody_logs_on_and_nothing_is_counted(tmp_path: Path) -> None:
    with served_with(tmp_path, {"kind": "dc_gone", "when": "script run-status"}) as served:
        with session(served) as first:
            status(first)
            # A session that is open stays open.
            assert status(first)["task_state"] == "Missing"
        with pytest.raises(LDAPException):
            over_ldap(served, password(served))
        with pytest.raises(LogonRefused):
            session(served)
        assert served.estate.nodes[FIRST].can_connect(contoso.DC, 636) == "timed out"
        assert served.estate.report()["bad_logons"] == {}


def test_a_sql_server_that_goes_is_back_after_its_seconds(tmp_path: Path) -> None:
    fault = {"kind": "sql_gone", "server": "sql01.contoso.lab", "when": "script run-status", "for_seconds": 2000}
    with served_with(tmp_path, fault) as served:
        assert over_tds(served, password(served)) == ""
        with session(served) as first:
            status(first)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", served.book.locate("sql01.contoso.lab", "tds").port), timeout=20)
        assert served.estate.nodes[FIRST].find_sql("sql01", "", 0) is None
        while served.estate.report()["faults"][0]["over"] is None:
            served.estate.stop.wait(0.01)
        assert over_tds(served, password(served)) == ""


def test_a_full_disk_is_told_in_windows_words_and_leaves_an_empty_file(tmp_path: Path) -> None:
    with served_with(tmp_path, {"kind": "disk_full", "when": "stage"}) as served, session(served) as first:
        with pytest.raises(ScriptFailed) as failed:
            stage(first)
        assert 'Exception calling "WriteAllBytes" with "2" argument(s): "There is not enough space' in str(failed.value)
        files = served.estate.nodes[FIRST].files
        assert files.read(r"C:\ProgramData\vmm-wizard\run-1\job.json") == b""


def test_a_date_jumps_and_setup_writes_the_new_one(tmp_path: Path) -> None:
    with served_with(tmp_path, {"kind": "clock_jump", "seconds": -7200, "when": "boot"}) as served:
        node, other = served.estate.nodes[FIRST], served.estate.nodes[SECOND]
        node.reached(Moment("boot"))
        assert 7190 < (other.now() - node.now()).total_seconds() < 7210


def test_the_state_file_tells_what_was_switched_on_and_when(tmp_path: Path) -> None:
    with served_with(tmp_path, {"kind": "disk_full", "node": SECOND}) as served:
        assert served.estate.nodes[SECOND].files.full
    (row,) = json.loads((tmp_path / "state.json").read_text())["faults"]
    assert (row["kind"], row["when"], row["over"]) == ("disk_full", "start", None)


def test_a_machine_outside_the_cluster_restarts_and_the_cluster_takes_no_notice(tmp_path: Path) -> None:
    console = "admin01.contoso.lab"
    fault = {"kind": "node_reboots", "when": "script run-status", "on": console, "for_seconds": 60}
    with served_with(tmp_path, fault, {"kind": "disk_full", "node": console, "when": "boot"}) as served:
        machine = served.estate.machines[console]
        with session(served, console) as first, pytest.raises(NodeUnreachable):
            status(first)
        while not machine.files.full:
            served.estate.stop.wait(0.01)
        session(served, console).close()
        assert {row.state for row in served.estate.cluster.members} == {"Up"}
        assert served.estate.report()["down"] == []
