"""What is still to do after an install (POST-04): judged where facts show it, called to mind where none does."""

from __future__ import annotations

from tests.building import a_sql, an_installation, good_facts, installed_facts
from tests.checks.asking import NOT_APPLICABLE, PASS, UNKNOWN, VMM01, VMM02, WARN, finding, findings, with_node
from tests.checks.states.cluster import database
from vmm_wizard.checks.remedies import Team
from vmm_wizard.facts.model import NoAnswer


def test_a_finished_estate_passes_and_reminds_of_the_library() -> None:
    rows = {row.subject: row for row in findings("POST-04", installed_facts())}
    assert {subject: row.status for subject, row in rows.items()} == {
        "update rollup": PASS,
        "database": PASS,
        "library": NOT_APPLICABLE,
    }
    assert "library share" in rows["library"].evidence


def test_before_the_last_node_is_done_nothing_is_asked() -> None:
    for facts in (good_facts(), installed_facts(done=1)):
        assert {row.status for row in findings("POST-04", facts)} == {NOT_APPLICABLE}


def test_the_node_that_is_behind_is_named_by_number_not_by_letters() -> None:
    facts = with_node(installed_facts(), VMM01, vmm=an_installation(version="10.22.999.0"))
    row = finding("POST-04", facts, subject="update rollup")
    assert row.status is WARN
    assert row.remedy.startswith(f"node admin, in PowerShell on {VMM01}")
    assert VMM02 in row.evidence


def test_a_version_that_cannot_be_read_is_unknown() -> None:
    facts = with_node(installed_facts(), VMM02, vmm=an_installation(version=""))
    assert finding("POST-04", facts, subject="update rollup").status is UNKNOWN


def test_a_database_that_should_join_a_group_needs_full_recovery_first() -> None:
    row = finding("POST-04", database(), subject="database")
    assert row.status is WARN
    assert "ALTER DATABASE [VirtualManagerDB] SET RECOVERY FULL" in row.remedy
    assert "SQLAG:1433" in row.evidence
    assert row.teams == (Team.SQL, Team.NODES)
    full = finding("POST-04", database(recovery_model="FULL"), subject="database")
    assert full.status is WARN
    assert "SET RECOVERY" not in full.remedy


def test_a_database_in_its_group_is_done() -> None:
    row = finding("POST-04", database(availability_group="AG1", recovery_model="FULL"), subject="database")
    assert row.status is PASS


def test_a_silent_sql_server_leaves_the_rest_judged() -> None:
    rows = {row.subject: row.status for row in findings("POST-04", installed_facts(sql=NoAnswer("timed out")))}
    assert rows["database"] is UNKNOWN
    assert rows["update rollup"] is PASS
    assert finding("POST-04", installed_facts(sql=a_sql()), subject="database").status is UNKNOWN
