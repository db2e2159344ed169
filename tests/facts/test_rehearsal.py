"""The rehearsal over a real WinRM connection: what the task sees from inside, and that nothing stays behind."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.machines import (
    CONTAINER,
    INSTALLER,
    PASSWORD,
    PracticeMachine,
    SmallEstate,
    fast_estate,
    serving,
)
from tests.plan.plans import contoso
from vmm_wizard.addresses import AddressBook
from vmm_wizard.facts.model import NoAnswer, RehearsalFacts
from vmm_wizard.facts.questions import questions
from vmm_wizard.facts.rehearsal import RehearsalQuestion, read_report, rehearsal_question, rehearse_node
from vmm_wizard.lab.descriptors import CONTAINER_INHERIT, GENERIC_ALL, allow
from vmm_wizard.lab.logons import Credential
from vmm_wizard.lab.winrm_server import WinrmServer
from vmm_wizard.plan.model import DkmContainer, Plan
from vmm_wizard.plan.names import DistinguishedName, SqlTarget
from vmm_wizard.plan.secrets import Secret


@pytest.fixture
def estate() -> SmallEstate:
    return fast_estate(1.0)


@pytest.fixture
def machine(estate: SmallEstate) -> PracticeMachine:
    return estate.machines[0]


@pytest.fixture
def service(machine: PracticeMachine) -> Iterator[WinrmServer]:
    with serving(machine) as service:
        yield service
    assert machine.scheduler.names() == ()
    assert machine.files.inside("C:") == ()


def asked(plan: Plan) -> RehearsalQuestion:
    return rehearsal_question(plan, questions(plan).nodes[0])


def book(service: WinrmServer) -> AddressBook:
    return AddressBook(Path("book.toml"), {"vmm01.contoso.lab": {"address": "127.0.0.1", "winrm_http": service.port}})


def rehearse(
    service: WinrmServer,
    plan: Plan | None = None,
    *,
    node_password: str = PASSWORD,
    task_password: str = PASSWORD,
    cancel: threading.Event | None = None,
    limit: float = 30.0,
) -> RehearsalFacts | NoAnswer:
    return rehearse_node(
        asked(plan or contoso()),
        Secret(node_password),
        Secret(task_password),
        book(service),
        cancel=cancel,
        limit=limit,
        pace=0.02,
    )


def seen(service: WinrmServer, plan: Plan | None = None) -> RehearsalFacts:
    facts = rehearse(service, plan)
    assert isinstance(facts, RehearsalFacts), facts
    return facts


def test_where_all_is_well_the_task_can_do_what_setup_will_do(service: WinrmServer) -> None:
    facts = seen(service)

    assert facts.registered
    assert facts.error == ""
    assert facts.user == INSTALLER
    assert facts.elevated
    assert {"S-1-5-32-544", "S-1-16-12288"} <= set(facts.groups)
    assert facts.language_mode == "FullLanguage"
    assert facts.ui_culture == "en-US"
    assert (facts.sql_login, facts.sql_sysadmin, facts.sql_error) == (INSTALLER, True, "")
    assert facts.dkm_found
    assert "container" in facts.dkm_allowed_child_classes
    assert facts.dkm_sd_rights & 4
    assert (facts.cluster_name, facts.cluster_error) == ("VMMCLU", "")


def test_an_account_that_is_no_administrator_is_not_elevated(service: WinrmServer, machine: PracticeMachine) -> None:
    group = machine.directory.add("CN=Operators,CN=Users,DC=contoso,DC=lab", "group")
    machine.directory.add_member(group, machine.estate.installer_dn)
    machine.may_log_on = lambda credential: True  # type: ignore[method-assign]
    machine.admins.clear()

    facts = seen(service)
    assert not facts.elevated
    assert machine.directory.require(group).sid in facts.groups
    assert "S-1-16-8192" in facts.groups


def test_a_login_without_sysadmin_is_seen(service: WinrmServer, estate: SmallEstate) -> None:
    estate.sql.logins[0].roles.clear()

    facts = seen(service)
    assert facts.sql_sysadmin is False
    assert facts.sql_auth_scheme == ""


def test_no_login_at_all_is_sql_servers_own_sentence(service: WinrmServer, estate: SmallEstate) -> None:
    estate.sql.logins.clear()

    facts = seen(service)
    assert facts.sql_sysadmin is None
    assert "Login failed for user" in facts.sql_error


def test_a_service_principal_name_on_sql_server_makes_it_kerberos(service: WinrmServer, estate: SmallEstate) -> None:
    assert seen(service).sql_auth_scheme == "NTLM"
    estate.directory.add(
        "CN=svc-sql,CN=Users,DC=contoso,DC=lab",
        "user",
        {"servicePrincipalName": "MSSQLSvc/sql01.contoso.lab:1433"},
    )

    assert seen(service).sql_auth_scheme == "KERBEROS"


def test_a_sql_server_that_is_not_there_is_an_error_of_its_own(service: WinrmServer) -> None:
    plan = contoso(database=replace(contoso().database, target=SqlTarget("sql09.contoso.lab")))

    facts = seen(service, plan)
    assert "not found" in facts.sql_error
    assert facts.dkm_found


def test_a_container_that_is_not_there_is_said_by_the_directory(service: WinrmServer) -> None:
    plan = contoso(dkm=DkmContainer(DistinguishedName.parse("CN=Absent,DC=contoso,DC=lab")))

    facts = seen(service, plan)
    assert not facts.dkm_found
    assert "0x80072030" in facts.dkm_error


def test_missing_rights_on_the_container_are_seen(service: WinrmServer, estate: SmallEstate) -> None:
    estate.directory.set_descriptor(CONTAINER, estate.directory.default_descriptor())

    facts = seen(service)
    assert facts.dkm_found
    assert facts.dkm_allowed_child_classes == ()
    assert facts.dkm_sd_rights == 0


def test_rights_by_a_group_are_seen(service: WinrmServer, estate: SmallEstate) -> None:
    group = estate.directory.add("CN=VMM Admins,CN=Users,DC=contoso,DC=lab", "group")
    estate.directory.add_member(group, estate.installer_dn)
    estate.directory.set_descriptor(CONTAINER, estate.directory.default_descriptor())
    estate.directory.grant(CONTAINER, allow(estate.directory.require(group).sid, GENERIC_ALL, CONTAINER_INHERIT))

    assert "container" in seen(service).dkm_allowed_child_classes


def test_a_node_outside_a_cluster_says_so(service: WinrmServer, machine: PracticeMachine) -> None:
    machine.in_cluster = False

    facts = seen(service)
    assert facts.cluster_name == ""
    assert "cluster service is not running" in facts.cluster_error


def test_a_task_that_windows_refuses_is_an_answer(service: WinrmServer, machine: PracticeMachine) -> None:
    machine.stores = False

    facts = seen(service)
    assert not facts.registered
    assert "DisableDomainCreds" in facts.error


def test_a_task_that_may_not_start_is_an_answer(service: WinrmServer, machine: PracticeMachine) -> None:
    machine.batch_denied.add(INSTALLER)

    facts = seen(service)
    assert facts.registered
    assert "batch job" in facts.error


def test_a_constrained_language_is_an_answer(service: WinrmServer, machine: PracticeMachine) -> None:
    machine.language = "ConstrainedLanguage"

    facts = seen(service)
    assert facts.language_mode == "ConstrainedLanguage"
    assert "ConstrainedLanguage" in facts.error


def test_a_wrong_task_password_costs_one_bad_logon(service: WinrmServer, estate: SmallEstate) -> None:
    facts = rehearse(service, task_password="wrong")

    assert isinstance(facts, RehearsalFacts)
    assert not facts.registered
    assert "password is wrong" in facts.error
    assert estate.credential(INSTALLER).counted == 1


def test_a_wrong_node_password_costs_one_bad_logon(service: WinrmServer, estate: SmallEstate) -> None:
    answer = rehearse(service, node_password="wrong")

    assert isinstance(answer, NoAnswer)
    assert answer.code == "logon"
    assert estate.credential(INSTALLER).counted == 1


def test_a_node_that_is_not_in_the_book_is_out_of_reach() -> None:
    answer = rehearse_node(
        asked(contoso()), Secret(PASSWORD), Secret(PASSWORD), AddressBook(Path("book.toml")), pace=0.02
    )

    assert isinstance(answer, NoAnswer)
    assert answer.code == "unreachable"
    assert "vmm01.contoso.lab" in answer.reason


def test_a_rehearsal_that_takes_too_long_is_ended_and_cleared_up(service: WinrmServer) -> None:
    answer = rehearse(service, limit=0.0)

    assert isinstance(answer, NoAnswer)
    assert answer.code == "timeout"


def test_a_cancelled_rehearsal_clears_up_too(service: WinrmServer, machine: PracticeMachine) -> None:
    cancel = threading.Event()

    def cancelled_meanwhile(account: Credential) -> str:
        cancel.set()
        return "FullLanguage"

    machine.language_mode = cancelled_meanwhile  # type: ignore[method-assign]

    answer = rehearse(service, cancel=cancel)

    assert isinstance(answer, NoAnswer)
    assert answer.code == "stopped"


def test_no_password_is_seen_on_the_way(service: WinrmServer, machine: PracticeMachine) -> None:
    facts = seen(service)

    assert PASSWORD not in repr(facts)
    assert not any(PASSWORD in command for command in machine.commands)


@given(
    st.dictionaries(
        st.sampled_from(["user", "groups", "elevated", "sql_sysadmin", "dkm_sd_rights"]),
        st.none() | st.text(max_size=5),
    )
)
def test_a_report_that_is_none_is_never_taken_for_one(report: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        read_report(report)
