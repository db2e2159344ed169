"""The rehearsal before a run, and what stands after it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.building import (
    DOMAIN_USERS,
    a_cluster_with_role,
    a_plan,
    a_rehearsal,
    an_installation,
    good_facts,
    installed_facts,
)
from tests.checks.asking import (
    FAIL,
    NOT_APPLICABLE,
    PASS,
    UNKNOWN,
    VMM01,
    VMM02,
    WARN,
    about,
    failing,
    finding,
    findings,
    with_all_nodes,
    with_node,
)
from vmm_wizard.facts.model import (
    ClusterGroup,
    Facts,
    NetworkFacts,
    NoAnswer,
    PrincipalNameFacts,
    RehearsalFacts,
    TcpAnswer,
)
from vmm_wizard.plan.model import Database
from vmm_wizard.plan.names import AccountName, SqlTarget

SILENT = NoAnswer("could not reach dc01.contoso.lab:636: refused", "unreachable")
OPEN = TcpAnswer("sql01.contoso.lab", 1433, True, "")


def rehearsed(rehearsal: RehearsalFacts | NoAnswer) -> Facts:
    return good_facts(rehearsals={VMM01: rehearsal})


def test_a_rehearsal_that_was_not_asked_for_does_not_apply_and_says_how_to_ask() -> None:
    for facts in (good_facts(), rehearsed(NoAnswer("not asked yet"))):
        row = about("RUN-02", facts)
        assert row.status is NOT_APPLICABLE
        assert "--rehearse" in row.evidence


def test_a_task_that_was_left_behind_warns_and_is_removed_by_name() -> None:
    left = with_node(tasks=("vmm-wizard-rehearsal-1",))
    row = about("RUN-02", left)
    assert row.status is WARN
    assert "the password of its account is stored with it" in row.evidence
    assert "Unregister-ScheduledTask -TaskName 'vmm-wizard-rehearsal-1'" in row.remedy
    assert about("RUN-02", left, subject=VMM02).status is NOT_APPLICABLE


def test_a_good_rehearsal_passes_and_one_without_an_answer_is_unknown() -> None:
    assert about("RUN-02", rehearsed(a_rehearsal())).status is PASS
    assert about("RUN-02", rehearsed(NoAnswer("vmm01 timed out", "timeout"))).status is UNKNOWN


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"registered": False, "error": "0x80070520"}, "0x80070520"),
        ({"error": "267011: it never ran"}, "never ran"),
        ({"user": ""}, "no result"),
        ({"user": r"CONTOSO\somebody"}, "the plan says"),
        ({"groups": (DOMAIN_USERS,)}, "administrator"),
        ({"elevated": False}, "elevation"),
        ({"language_mode": "ConstrainedLanguage"}, "ConstrainedLanguage"),
        ({"sql_error": "login failed", "sql_sysadmin": None}, "login failed"),
        ({"sql_sysadmin": False}, "not sysadmin"),
        ({"dkm_found": False, "dkm_error": "no such object"}, "no such object"),
        ({"dkm_allowed_child_classes": ()}, "create containers"),
        ({"dkm_sd_rights": 0}, "permissions"),
        ({"cluster_name": "", "cluster_error": "access denied"}, "access denied"),
        ({"cluster_error": "it went away"}, "it went away"),
        ({"cluster_name": ""}, "no answer"),
    ],
)
def test_whatever_lacks_inside_fails_and_is_named(changes: dict[str, Any], word: str) -> None:
    row = about("RUN-02", rehearsed(a_rehearsal(**changes)))
    assert row.status is FAIL
    assert word in row.evidence
    assert row.remedy


# --- after an installation


def test_nothing_is_judged_afterwards_before_something_is_installed() -> None:
    for check in ("POST-01", "POST-02", "POST-03"):
        assert {row.status for row in findings(check)} == {NOT_APPLICABLE}


def test_a_finished_estate_has_no_fail_no_unknown_and_no_warning() -> None:
    from vmm_wizard.checks.registry import judge

    facts = installed_facts()
    assert {row.status for row in judge(a_plan(), facts)} == {PASS, NOT_APPLICABLE}
    assert about("CLU-08", facts).evidence.startswith("VMM 10.22.1287.0 is installed in")


def test_a_half_finished_estate_has_no_fail_and_says_which_node_is_left() -> None:
    facts = installed_facts(done=1)
    assert failing(facts) == set()
    assert about("NOD-08", facts).status is NOT_APPLICABLE
    assert about("NOD-08", facts, subject=VMM02).status is PASS
    assert about("POST-01", facts).status is PASS
    assert about("POST-01", facts, subject=VMM02).status is NOT_APPLICABLE


def test_failures_in_the_log_fail_without_a_service_and_warn_with_one() -> None:
    line = "12:00:00:FailureReason = x"
    bad = with_node(installed_facts(), vmm=an_installation(service_state="", log_failures=(line,)))
    assert about("POST-01", bad).status is FAIL
    assert line in about("POST-01", bad).evidence
    assert about("POST-01", with_node(installed_facts(), vmm=an_installation(log_failures=(line,)))).status is WARN
    assert about("POST-01", with_node(installed_facts(), vmm=an_installation(log_exists=False))).status is WARN


def test_an_online_role_is_told_node_by_node() -> None:
    rows = {row.subject: row for row in findings("POST-02", installed_facts())}
    assert rows["vmm"].status is PASS
    assert "active" in rows[VMM01].evidence
    assert "stopped by design" in rows[VMM02].evidence
    assert "connect the console there" in rows["vmm.contoso.lab:8100"].evidence


def test_a_role_that_is_not_online_fails() -> None:
    cluster = a_cluster_with_role()
    offline = replace(cluster, groups=(cluster.groups[0], ClusterGroup("vmm", "GenericService", "Failed", "VMM01")))
    assert finding("POST-02", with_all_nodes(installed_facts(), cluster=offline)).status is FAIL


def test_a_service_in_the_wrong_state_is_told() -> None:
    stopped = with_node(installed_facts(), vmm=an_installation(service_state="Stopped"))
    assert about("POST-02", stopped).status is FAIL
    absent = with_node(installed_facts(), VMM02, vmm=an_installation(service_state=""))
    assert about("POST-02", absent, subject=VMM02).status is FAIL
    by_hand = with_node(installed_facts(), VMM02, vmm=an_installation(service_state="Running"))
    assert about("POST-02", by_hand, subject=VMM02).status is WARN


def test_a_console_port_that_does_not_answer_warns_and_a_silent_network_is_unknown() -> None:
    closed = NetworkFacts(OPEN, ("10.0.0.50",), TcpAnswer("vmm.contoso.lab", 8100, False, "refused"))
    facts = installed_facts(network=closed)
    assert finding("POST-02", facts, subject="vmm.contoso.lab:8100").status is WARN
    unseen = installed_facts(network=SILENT)
    assert finding("POST-02", unseen, subject="vmm.contoso.lab:8100").status is UNKNOWN


def test_names_and_connection_point_pass_when_they_are_there() -> None:
    assert {row.status for row in findings("POST-03", installed_facts())} == {PASS}


def test_missing_names_warn_with_the_exact_commands() -> None:
    facts = with_node(
        installed_facts(principal_names=PrincipalNameFacts({"SCVMM/vmm": (), "SCVMM/vmm.contoso.lab": ()})),
        vmm=an_installation(service_principal_names=""),
    )
    rows = {row.subject: row for row in findings("POST-03", facts)}
    assert rows["SCVMM/vmm"].status is WARN
    assert r"setspn -U -S 'SCVMM/vmm' 'CONTOSO\svc-vmm'" in rows["SCVMM/vmm"].remedy
    point = rows["service connection point"]
    assert point.status is WARN
    assert r"\setup\ConfigureSCPTool.exe' -install 'vmm.contoso.lab' 'CONTOSO\vmm$'" in point.remedy
    assert rows[VMM01].status is WARN
    assert "-Value 'SCVMM/vmm,SCVMM/vmm.contoso.lab'" in rows[VMM01].remedy
    assert rows[VMM02].status is PASS


def test_a_name_on_another_object_warns_and_is_looked_at_before_it_is_moved() -> None:
    held = PrincipalNameFacts({"SCVMM/VMM": ("CN=old,DC=contoso,DC=lab",)}, ("CN=x",))
    row = about("POST-03", installed_facts(principal_names=held), subject="SCVMM/vmm")
    assert row.status is WARN
    assert "CN=old,DC=contoso,DC=lab" in row.evidence
    assert "setspn -Q 'SCVMM/vmm'" in row.remedy


def test_names_are_unknown_while_the_directory_is_silent() -> None:
    facts = installed_facts(principal_names=SILENT)
    assert about("POST-03", facts, subject="SCVMM/vmm").status is UNKNOWN


def test_the_account_of_a_rehearsal_may_be_spelled_otherwise() -> None:
    plan = a_plan(installing_account=AccountName.parse("vmm-setup@contoso.lab"))
    facts = replace(good_facts(plan), rehearsals={VMM01: a_rehearsal()})
    assert about("RUN-02", facts, plan).status is PASS


def test_another_account_for_the_sql_work_is_not_held_against_the_rehearsal() -> None:
    database = Database(SqlTarget.parse("sql01"), admin_account=AccountName.parse(r"CONTOSO\sql-admin"))
    plan = a_plan(database=database)
    facts = replace(good_facts(plan), rehearsals={VMM01: a_rehearsal(sql_sysadmin=None, sql_error="login failed")})
    row = about("RUN-02", facts, plan)
    assert row.status is PASS
    assert r"CONTOSO\sql-admin" in row.evidence
