"""Which passwords a job needs, by what it does."""

import pytest

from tests.plan.plans import contoso
from vmm_wizard.checks.registry import Finding, Status
from vmm_wizard.install.admission import matters_by_hand, missing_secrets, needed_accounts
from vmm_wizard.install.orders import Job
from vmm_wizard.plan.model import Connection, Database
from vmm_wizard.plan.names import AccountName, SqlTarget
from vmm_wizard.plan.secrets import Secret, Secrets

PLAN = contoso(
    connection=Connection(
        directory_account=AccountName.parse(r"CONTOSO\reader"),
        node_account=AccountName.parse(r"CONTOSO\admin"),
        sql_account=AccountName.parse(r"CONTOSO\dba"),
    ),
    database=Database(target=SqlTarget.parse("sql01"), admin_account=AccountName.parse(r"CONTOSO\sql-setup")),
)
SEEING = {"vmm-setup", "reader", "admin"}


@pytest.mark.parametrize(
    ("job", "users"),
    [
        (Job.INSTALL, SEEING | {"dba", "sql-setup", "svc-vmm"}),
        (Job.REBUILD, SEEING | {"dba", "sql-setup", "svc-vmm"}),
        (Job.ADD_NODE, SEEING | {"dba", "sql-setup", "svc-vmm"}),
        # /VmmService* is no switch of an uninstall; /SqlDBAdmin* is
        (Job.UNINSTALL, SEEING | {"dba", "sql-setup"}),
        (Job.PREPARE, SEEING),
        (Job.CONSOLE, SEEING),
        (Job.VERIFY, SEEING),
        (Job.FAILOVER, SEEING),
    ],
)
def test_each_job_needs_the_passwords_of_those_that_it_is_done_with(job: Job, users: set[str]) -> None:
    assert {account.user for account in needed_accounts(PLAN, job)} == users
    some = Secrets()
    some.put(AccountName.parse(r"contoso\ADMIN"), Secret("x"))
    assert {account.user for account in missing_secrets(PLAN, some, job)} == users - {"admin"}


@pytest.mark.parametrize("job", [Job.INSTALL, Job.REBUILD, Job.ADD_NODE])
def test_by_hand_only_those_that_look_need_theirs(job: Job) -> None:
    assert {account.user for account in needed_accounts(PLAN, job, by_hand=True)} == {"reader", "admin", "dba"}
    assert {account.user for account in missing_secrets(PLAN, Secrets(), job, by_hand=True)} == {
        "reader",
        "admin",
        "dba",
    }


@pytest.mark.parametrize(
    ("check", "status", "matters"),
    [
        ("INS-03", Status.FAIL, False),
        ("RUN-02", Status.UNKNOWN, False),
        ("ACC-03", Status.UNKNOWN, False),
        ("ACC-03", Status.FAIL, True),
        ("SQL-02", Status.UNKNOWN, True),
        ("DKM-02", Status.FAIL, True),
    ],
)
def test_what_is_about_tasks_is_no_matter_by_hand(check: str, status: Status, matters: bool) -> None:
    assert matters_by_hand(Finding(check, "", "run", "", status, "", "read", "")) is matters
