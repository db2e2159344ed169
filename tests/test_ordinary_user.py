"""`check` as an ordinary domain user, over real sockets: what he may read is judged, the rest says what it needs."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.estates import ServedEstate, contoso_plan, serving_estate
from vmm_wizard.checks.registry import Finding, Status
from vmm_wizard.lab.sql import ServerLogin
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.names import AccountName

READER = AccountName.parse(r"CONTOSO\reader")
#: What an unknown of his may need: rights on a node, or on SQL Server a login, a role, or the account that has one.
NEEDS = re.compile(
    r"needs local administrator on vmm0\d\b|needs a login there|needs sysadmin on sql01"
    r"|^asked as CONTOSO\\reader, and setup will use"
)


def as_reader() -> Plan:
    plan = contoso_plan()
    accounts = dict.fromkeys(("directory_account", "node_account", "sql_account"), READER)
    return replace(plan, connection=replace(plan.connection, **accounts))


def check(served: ServedEstate) -> tuple[Finding, ...]:
    findings = served.check(as_reader()).findings
    wrong = [(row.id, row.evidence) for row in findings if row.status in (Status.FAIL, Status.WARN)]
    assert wrong == []
    gaps = [row for row in findings if row.status is Status.UNKNOWN]
    assert gaps
    assert [(row.id, row.evidence) for row in gaps if not NEEDS.search(row.evidence)] == []
    assert served.estate.account("reader").counted == 0
    return findings


def ids(findings: tuple[Finding, ...], status: Status) -> set[str]:
    return {row.id for row in findings if row.status is status}


def test_nodes_that_do_not_let_him_in_are_unknown_and_the_directory_is_judged(tmp_path: Path) -> None:
    with serving_estate(tmp_path) as served:
        findings = check(served)
    assert {"ACC-01", "DKM-01", "DKM-02", "NAM-05", "CLU-05"} <= ids(findings, Status.PASS)
    assert {"NOD-01", "INS-01", "CLU-01", "SQL-02", "SQL-03"} <= ids(findings, Status.UNKNOWN)
    node = next(row for row in findings if (row.id, row.subject) == ("NOD-01", "vmm02.contoso.lab"))
    assert node.evidence.startswith("needs local administrator on vmm02: vmm02.contoso.lab:5985 denies access")


@pytest.mark.parametrize("has_login", [True, False])
def test_a_remote_management_user_has_windows_judged(has_login: bool, tmp_path: Path) -> None:
    with serving_estate(tmp_path) as served:
        reader = served.estate.account("reader")
        for node in served.estate.nodes.values():
            node.state.remote_management_users.add(reader.sid)
        if has_login:
            server = served.estate.sql_servers["sql01.contoso.lab"]
            server.logins.append(ServerLogin(reader.account, reader.sid, set()))
        findings = check(served)
    assert {"NOD-01", "NOD-03", "NOD-08", "NOD-10", "MED-01", "SQL-01"} <= ids(findings, Status.PASS)
    assert {"ACC-04", "INS-01", "CLU-01", "CLU-07", "NOD-11"} <= ids(findings, Status.UNKNOWN)
    assert ("SQL-03" in ids(findings, Status.PASS)) is has_login
