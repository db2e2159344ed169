"""The instance itself: how it is run and how it is reached."""

from __future__ import annotations

from typing import Any

import pytest

from tests.building import a_sql, good_facts
from tests.checks.asking import FAIL, PASS, UNKNOWN, WARN, failing, finding
from vmm_wizard.checks.registry import Status
from vmm_wizard.facts.model import Facts


def sql(**changes: Any) -> Facts:
    return good_facts(sql=a_sql(**changes))


# --- SQL-10


@pytest.mark.parametrize(
    ("account", "status"),
    [
        (r"CONTOSO\svc-sql", PASS),
        ("svc-sql@contoso.lab", PASS),
        (r"CONTOSO\gmsa-sql$", PASS),
        ("LocalSystem", PASS),
        (r"NT SERVICE\MSSQLSERVER", PASS),
        (r"NT-AUTORITÄT\NETZWERKDIENST", PASS),
        (r".\sql", FAIL),
        (r"SQLNODE1\sql", FAIL),
        (r"sql01\sql", FAIL),
    ],
)
def test_accounts_of_the_service(account: str, status: Status) -> None:
    assert finding("SQL-10", sql(service_account=account, physical_name="SQLNODE1")).status is status


def test_a_local_user_fails_alone() -> None:
    assert failing(sql(service_account=r".\sql")) == {"SQL-10"}


# --- SQL-13


def test_forced_encryption_only_warns_and_is_not_to_be_switched_off_first() -> None:
    assert finding("SQL-13").status is PASS
    row = finding("SQL-13", sql(force_encryption=True))
    assert row.status is WARN
    first, _, last_resort = row.remedy.partition("Only if")
    assert "certificate" in first
    assert "ForceEncryption" not in first
    assert last_resort.rstrip().endswith("REG_DWORD, 1; then restart the instance"), "how to put it back is told"


def test_what_a_lesser_account_is_not_told_is_unknown() -> None:
    facts = sql(force_encryption=None, service_account=None, is_sysadmin=False)
    assert finding("SQL-13", facts).status is UNKNOWN
    assert finding("SQL-10", facts).status is UNKNOWN
