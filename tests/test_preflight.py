"""The preflight asks everything at once, nothing twice, and never turns silence into a pass."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.estates import ServedEstate, contoso_plan, of_status, serving_estate
from vmm_wizard.checks.registry import Status, judge
from vmm_wizard.facts.model import NoAnswer, SqlFacts
from vmm_wizard.lab.logons import Credential
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.names import AccountName, DistinguishedName, HostName, NetbiosName, SqlTarget
from vmm_wizard.plan.secrets import Secret, Secrets
from vmm_wizard.preflight import Preflight

#: Every check of the first landing, by topic.
WANTED = {
    "ACC": "01 02 03 04 06 07 11",
    "INS": "01 02 03",
    "DKM": "01 02 03 05 06",
    "NAM": "01 02 03 04 05",
    "CLU": "01 02 03 05 07 08 09",
    "SQL": "01 02 03 04 05 11 12",
    "NOD": "01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20",
    "MED": "01 02 03 04",
    "RUN": "01 02 03 04",
    "POST": "01 02 03",
}


def with_container(plan: Plan) -> Plan:
    return replace(plan, dkm=replace(plan.dkm, dn=DistinguishedName.parse("CN=None,DC=contoso,DC=lab")))


def with_role(plan: Plan) -> Plan:
    return replace(plan, cluster=replace(plan.cluster, role_name=NetbiosName("a-name-of-16-let")))


def with_express(plan: Plan) -> Plan:
    return replace(plan, database=replace(plan.database, target=SqlTarget("sql03", "SQLEXPRESS")))


def with_case_sensitive(plan: Plan) -> Plan:
    return replace(plan, database=replace(plan.database, target=SqlTarget("sql04")))


def with_clashing_ports(plan: Plan) -> Plan:
    return replace(plan, ports=replace(plan.ports, wds=8100))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> object:
    with serving_estate(tmp_path_factory.mktemp("estate")) as estate:
        yield estate


def with_wrong_password(secrets: Secrets, plan: Plan, account: AccountName) -> Secrets:
    changed = Secrets()
    for known in plan.accounts:
        secret = secrets.get(known)
        assert secret is not None
        changed.put(known, Secret("Wr0ng-and-long") if known == account else secret)
    return changed


def credential(served: ServedEstate, account: AccountName) -> Credential:
    found = served.estate.logons.find(str(account))
    assert found is not None
    return found


def test_every_check_is_told_and_a_healthy_estate_passes(served: ServedEstate) -> None:
    findings = served.check(contoso_plan()).findings
    wanted = {f"{topic}-{number}" for topic, numbers in WANTED.items() for number in numbers.split()}
    assert wanted - {finding.id for finding in findings} == set()
    assert of_status(findings, Status.FAIL, Status.UNKNOWN) == []


@pytest.mark.parametrize(
    ("change", "check_id"),
    [
        (with_container, "DKM-01"),
        (with_role, "NAM-01"),
        (with_express, "SQL-03"),
        (with_case_sensitive, "SQL-04"),
        (with_clashing_ports, "NOD-13"),
    ],
    ids=["absent container", "name of 16 letters", "Express", "case-sensitive", "ports clash"],
)
def test_one_changed_value_fails_exactly_its_check(
    served: ServedEstate, change: Callable[[Plan], Plan], check_id: str
) -> None:
    findings = served.check(change(contoso_plan())).findings
    assert {found for found, _ in of_status(findings, Status.FAIL, Status.UNKNOWN)} == {check_id}


def test_an_update_is_judged_when_it_is_looked_at_and_only_then(served: ServedEstate) -> None:
    update = served.check(contoso_plan())
    assert "findings" not in vars(update)
    assert update.findings == judge(contoso_plan(), update.facts)
    assert update.findings is update.findings


def test_it_is_told_when_each_clock_was_heard(served: ServedEstate) -> None:
    preflight = served.preflight()
    first = list(preflight.run(contoso_plan()))[-1].facts
    assert {"domain", "sql", "vmm01.contoso.lab", "vmm02.contoso.lab"} <= set(first.heard)
    again = list(preflight.run(contoso_plan()))[-1].facts
    assert again.heard == first.heard, "an answer from memory is as old as it is"


def test_an_equal_plan_is_answered_without_asking_again(served: ServedEstate) -> None:
    preflight = served.preflight()
    list(preflight.run(contoso_plan()))
    before = asked(served)
    updates = list(preflight.run(contoso_plan()))
    assert asked(served) == before
    assert of_status(updates[-1].findings, Status.UNKNOWN) == []


def test_only_what_a_changed_answer_touches_is_asked_again(served: ServedEstate) -> None:
    preflight = served.preflight()
    plan = contoso_plan()
    list(preflight.run(plan))
    before = asked(served)
    other = replace(plan, service_account=replace(plan.service_account, name=AccountName("CONTOSO", "svc-notadmin")))
    findings = list(preflight.run(other))[-1].findings
    after = asked(served)
    # SQL Server is asked for the service account's logins, as the installing account.
    again = {"logons of svc-notadmin", "sql01.contoso.lab", "logons of vmm-setup"}
    assert {name for name in after if after[name] != before[name]} <= again
    assert ("ACC-04", "vmm01.contoso.lab") in of_status(findings, Status.FAIL)


def asked(served: ServedEstate) -> Counter[str]:
    """How often each server of the estate was talked to."""
    counts: Counter[str] = Counter()
    for host, server in served.serving.tds.items():
        counts[host] = server.connections_taken
    for host, node in served.estate.nodes.items():
        counts[host] = sum(service.requests for service in node.services)
    for row in served.estate.logons.credentials:
        counts[f"logons of {row.account.partition(chr(92))[2]}"] = len(row.last_via)
    return counts


def test_sixteen_nodes_and_a_wrong_password_are_one_bad_logon(tmp_path: Path) -> None:
    plan = contoso_plan()
    nodes = tuple(HostName(f"vmm{number:02}.contoso.lab") for number in range(1, 17))
    plan = replace(plan, cluster=replace(plan.cluster, nodes=nodes))
    with serving_estate(tmp_path, node_count=16) as served:
        secrets = with_wrong_password(served.secrets, plan, plan.installing_account)
        preflight = served.preflight(secrets)
        findings = list(preflight.run(plan))[-1].findings
        list(preflight.run(plan, fresh=True))
        counted = credential(served, plan.installing_account).counted
        reported = served.estate.report()["bad_logons"]
    assert counted == 1
    assert reported == {"CONTOSO\\vmm-setup": 1}
    unknown = {found for found, _ in of_status(findings, Status.UNKNOWN)}
    assert {"SQL-02", "NOD-01", "DKM-01"} <= unknown


def test_a_new_password_is_tried_again(tmp_path: Path) -> None:
    plan = contoso_plan()
    with serving_estate(tmp_path) as served:
        secrets = with_wrong_password(served.secrets, plan, plan.service_account.name)
        preflight = served.preflight(secrets)
        first = list(preflight.run(plan))[-1].findings
        right = served.secrets.get(plan.service_account.name)
        assert right is not None
        secrets.put(plan.service_account.name, right)
        second = list(preflight.run(plan))[-1].findings
        assert credential(served, plan.service_account.name).counted == 1
    assert ("ACC-03", "") in [(found, "") for found, _ in of_status(first, Status.FAIL)]
    assert of_status(second, Status.FAIL, Status.UNKNOWN) == []


def test_without_the_service_accounts_password_only_that_is_unknown(served: ServedEstate) -> None:
    plan = contoso_plan()
    secrets = Secrets()
    known = served.secrets.get(plan.installing_account)
    assert known is not None
    secrets.put(plan.installing_account, known)
    findings = list(served.preflight(secrets).run(plan))[-1].findings
    assert {found for found, _ in of_status(findings, Status.FAIL)} == set()
    assert {found for found, _ in of_status(findings, Status.UNKNOWN)} <= {"ACC-03", "ACC-07"}
    assert "ACC-03" in {found for found, _ in of_status(findings, Status.UNKNOWN)}


def test_a_stopped_estate_is_unknown_and_says_why(tmp_path: Path) -> None:
    plan = contoso_plan()
    with serving_estate(tmp_path) as served:
        book, secrets = served.book, served.secrets
    update = list(Preflight(secrets, book, 5.0).run(plan))[-1]
    assert isinstance(update.facts.domain, NoAnswer)
    assert all(isinstance(answer, NoAnswer) for answer in update.facts.nodes.values())
    told = {finding.id: finding for finding in update.findings if finding.status is Status.UNKNOWN}
    assert {"ACC-01", "DKM-02", "SQL-02", "NOD-01", "CLU-07", "MED-01"} <= set(told)
    assert "contoso.lab" in told["ACC-01"].evidence
    assert not [finding for finding in update.findings if finding.status is Status.FAIL]


def test_an_empty_plan_is_only_unknown(served: ServedEstate) -> None:
    update = served.check(Plan())
    assert update.waiting == ()
    assert of_status(update.findings, Status.FAIL) == []


def test_cancelling_ends_the_iteration_before_every_answer_is_there(served: ServedEstate) -> None:
    cancel = threading.Event()
    updates = served.preflight().run(contoso_plan(), cancel=cancel)
    first = next(updates)
    assert first.waiting
    cancel.set()
    assert all(update.waiting for update in updates)


def test_the_rehearsal_says_from_inside_what_was_seen_from_outside(served: ServedEstate) -> None:
    findings = served.check(contoso_plan(), rehearse=True).findings
    assert of_status(findings, Status.FAIL, Status.UNKNOWN, Status.WARN) == []
    assert [finding.status for finding in findings if finding.id == "RUN-02"] == [Status.PASS, Status.PASS]
    assert served.estate.report()["tasks"]["vmm01.contoso.lab"] == []
    assert served.estate.report()["run_folders"]["vmm01.contoso.lab"] == []


def test_the_findings_hold_no_password(served: ServedEstate) -> None:
    update = served.check(contoso_plan(), rehearse=True)
    text = json.dumps([finding.as_json() for finding in update.findings]) + repr(update.facts)
    assert not [row.account for row in served.estate.logons.credentials if row.password in text]


def test_a_sql_login_asks_sql_server_and_is_proved_by_no_domain_controller(served: ServedEstate) -> None:
    login = AccountName.parse_with_logins("lab-driver-test")
    secrets = with_secret(served, login, served.sql_login_password("lab-driver-test"))
    plan = contoso_plan()
    plan = replace(plan, connection=replace(plan.connection, sql_account=login))
    update = list(served.preflight(secrets).run(plan))[-1]
    assert set(update.facts.passwords) == {account.key for account in plan.accounts} - {login.key}
    assert isinstance(update.facts.sql, SqlFacts)
    assert update.facts.sql.logged_on_as == "lab-driver-test"
    # What it may do says nothing of the account that setup will use.
    assert of_status(update.findings, Status.UNKNOWN) == [("SQL-02", "")]
    assert of_status(update.findings, Status.FAIL) == []


def test_a_sql_login_that_was_refused_is_not_tried_again_until_its_password_changes(served: ServedEstate) -> None:
    login = AccountName.parse_with_logins("lab-driver-test")
    plan = contoso_plan()
    plan = replace(plan, connection=replace(plan.connection, sql_account=login))
    preflight = served.preflight(with_secret(served, login, "wrong"))
    first = list(preflight.run(plan))[-1].facts.sql
    again = list(preflight.run(plan, fresh=True))[-1].facts.sql
    assert isinstance(first, NoAnswer)
    assert "error 18456" in first.reason
    assert isinstance(again, NoAnswer)
    assert "it is not tried again until it changes" in again.reason
    preflight.secrets.put(login, Secret(served.sql_login_password("lab-driver-test")))
    assert isinstance(list(preflight.run(plan))[-1].facts.sql, SqlFacts)


def with_secret(served: ServedEstate, account: AccountName, password: str) -> Secrets:
    """The estate's passwords and one more."""
    secrets = Secrets()
    for known in contoso_plan().accounts:
        secret = served.secrets.get(known)
        assert secret is not None
        secrets.put(known, secret)
    secrets.put(account, Secret(password))
    return secrets
