"""Which passwords a job needs, by what it does."""

import pytest

from tests.plan.plans import contoso
from vmm_wizard.install.admission import missing_secrets, needed_accounts
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
