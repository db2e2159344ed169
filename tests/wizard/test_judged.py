"""From a finding to the field that it judges, of the job that is chosen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.building import a_plan
from tests.wizard.test_accepting import finding
from vmm_wizard.checks.registry import all_checks
from vmm_wizard.install.orders import Job, Order
from vmm_wizard.plan.model import Plan
from vmm_wizard.wizard.flow import View
from vmm_wizard.wizard.judged import field_of
from vmm_wizard.wizard.pages import LABELS


def place(check_id: str, job: Job = Job.INSTALL, plan: Plan | None = None) -> tuple[str, str] | None:
    found = field_of(View(plan or a_plan(), order=Order(job)), [finding(check_id)])
    return found and (found[0].id, found[1])


@pytest.mark.parametrize("check_id", [entry.id for entry in all_checks()])
def test_of_an_install_every_finding_has_its_field(check_id: str) -> None:
    found = field_of(View(a_plan()), [finding(check_id)])
    assert found is not None
    page, key = found
    assert key in page.keys
    assert key in LABELS


@pytest.mark.parametrize(
    ("check_id", "page", "key"),
    [
        ("DKM-02", "dkm", "dkm.container"),
        ("ACC-04", "account", "service_account.name"),
        ("INS-04", "connection", "installing_account"),
        ("INS-03", "cluster", "cluster.nodes"),
        ("CLU-04", "cluster", "cluster.name"),
        ("NOD-03", "cluster", "cluster.nodes"),
        ("CLU-10", "names", "cluster.static_addresses"),
        ("SQL-05", "sql", "database.name"),
        ("NOD-13", "ports", "ports.console"),
        ("LIB-01", "ports", "library.file_server"),
        ("RUN-02", "connection", "installing_account"),
    ],
)
def test_it_is_what_the_check_is_about(check_id: str, page: str, key: str) -> None:
    assert place(check_id) == (page, key)


def test_another_job_has_other_pages_and_may_ask_for_nothing_of_it() -> None:
    assert place("MED-01", Job.UNINSTALL) == ("uninstall", "media.path")
    assert place("NOD-12", Job.UNINSTALL) == ("cluster", "cluster.nodes")
    assert place("DKM-01", Job.UNINSTALL) is None


def test_what_waits_for_an_answer_leads_to_that() -> None:
    plan = replace(a_plan(), service_account=Plan().service_account)
    assert place("DKM-03", plan=plan) == ("account", "service_account.name")
