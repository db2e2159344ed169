"""What VMM says of itself, asked inside a task of a node over a real WinRM connection."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.lab.machines import serving
from tests.lab.vmm_nodes import FIRST, SECOND, installed_estate, password
from tests.plan.plans import contoso
from tests.powershell import answer_keys, literal_keys, parameters, parse
from tests.remote.test_task import task_on, until
from vmm_wizard.facts.reading import Unreadable
from vmm_wizard.facts.vmm_report import SCRIPT, VmmJob, VmmReport, read_report, report_parameters
from vmm_wizard.lab.clock import ManualClock
from vmm_wizard.lab.cluster_faults import CLUSTER_FAULTS
from vmm_wizard.lab.estate import Estate
from vmm_wizard.lab.vmm import VmmShare
from vmm_wizard.plan.secrets import Secret
from vmm_wizard.remote.bootstrap import INSIDE, JSON, load_script
from vmm_wizard.remote.run_files import script_job, wrapper_file
from vmm_wizard.remote.task_run import TaskStatus

ASKED: dict[str, JSON] = {"ServerName": "vmm.contoso.lab", "Port": 8100}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def estate(clock: ManualClock) -> Iterator[Estate]:
    estate = installed_estate(clock)
    yield estate
    estate.close()


def asked(estate: Estate, host: str = FIRST, parameters: dict[str, JSON] | None = None) -> TaskStatus:
    """The run's last status."""
    secret = password(estate)
    with serving(estate.nodes[host]) as service:
        task = task_on(service, password=secret)
        task.stage((wrapper_file(), *script_job(SCRIPT, parameters or ASKED)))
        task.start(Secret(secret))
        until(task, "result")
        status = task.status(log="work")
        task.remove()
        task.close()
    return status


def reported(estate: Estate, host: str = FIRST) -> VmmReport:
    status = asked(estate, host)
    assert status.report is not None, status.result
    return read_report(status.report)


def job(estate: Estate, **fault: Any) -> None:
    CLUSTER_FAULTS["vmm_job"](estate, {"name": "Create virtual machine", "owner": r"CONTOSO\anna", **fault})


def test_vmm_names_its_nodes_its_administrators_and_its_library(estate: Estate) -> None:
    estate.vmm.shares.append(VmmShare("fs01.contoso.lab", "MSSCVMMLibrary", r"\\fs01.contoso.lab\MSSCVMMLibrary"))

    report = reported(estate, SECOND)

    assert (report.product_version, report.active_node) == ("10.22.1287.0", "VMM01")
    assert report.failover_nodes == ("VMM01", "VMM02")
    assert report.administrators == (r"CONTOSO\vmm-setup",)
    assert report.library_servers == ("fs01.contoso.lab",)
    assert [share.name for share in report.library_shares] == ["MSSCVMMLibrary"]
    assert (report.running_jobs, report.failed_jobs, report.errors) == ((), (), ())
    assert report.knows("running jobs")


def test_a_running_job_is_told_with_its_owner_and_how_far_it_is(estate: Estate) -> None:
    job(estate, percent=40, target="web01")

    (found,) = reported(estate).running_jobs

    assert (found.name, found.owner, found.target) == ("Create virtual machine", r"CONTOSO\anna", "web01")
    assert (found.status, found.percent) == ("Running", 40)
    assert found.started.tzinfo == UTC


def test_a_job_completes_when_its_time_is_over(estate: Estate, clock: ManualClock) -> None:
    job(estate, seconds=60)
    assert len(reported(estate).running_jobs) == 1

    clock.advance(61)
    report = reported(estate)

    assert (report.running_jobs, report.failed_jobs) == ((), ())


def test_a_job_fails_when_the_role_moves_and_says_how_to_start_it_again(estate: Estate) -> None:
    job(estate, percent=40)
    job(estate, name="Refresh host", restartable=False)

    estate.cluster.move_group("vmm", SECOND)
    report = reported(estate)

    assert report.active_node == "VMM02"
    assert report.running_jobs == ()
    assert {row.status for row in report.failed_jobs} == {"Failed"}
    (again,) = report.restartable_jobs
    assert again.restart_command == f"Restart-SCJob -Job (Get-SCJob -ID '{again.id}')"


def test_a_job_that_failed_yesterday_is_no_news(estate: Estate, clock: ManualClock) -> None:
    job(estate, state="Canceled")
    assert [row.status for row in reported(estate).failed_jobs] == ["Canceled"]

    clock.advance(25 * 3600)

    assert reported(estate).failed_jobs == ()


def test_a_job_in_a_state_that_vmm_does_not_have_is_refused(estate: Estate) -> None:
    with pytest.raises(ValueError, match="Sleeping"):
        job(estate, state="Sleeping")


@pytest.mark.parametrize(
    ("parameters", "said"),
    [({**ASKED, "Port": 8200}, "cannot contact"), ({**ASKED, "ServerName": "vmm02.contoso.lab"}, "cannot contact")],
)
def test_a_server_that_does_not_answer_is_the_runs_error(
    estate: Estate, parameters: dict[str, JSON], said: str
) -> None:
    status = asked(estate, parameters=parameters)

    assert status.report is None
    assert status.result is not None
    assert said in status.result.error


def test_an_account_without_a_role_in_vmm_sees_nothing(estate: Estate) -> None:
    estate.vmm.administrators[:] = [r"CONTOSO\anna"]

    result = asked(estate).result

    assert result is not None
    assert "has no role" in result.error


def test_a_member_of_an_administrators_group_sees_all(estate: Estate) -> None:
    estate.vmm.administrators[:] = [r"CONTOSO\VMM Admins"]

    assert reported(estate).active_node == "VMM01"


def test_without_vmm_there_is_no_module(estate: Estate) -> None:
    estate.nodes[FIRST].server = None

    result = asked(estate).result

    assert result is not None
    assert "not installed" in result.error


# --- script, estate and reader


def test_the_plan_gives_the_parameters_that_the_script_declares() -> None:
    given = report_parameters(contoso())

    assert set(given) | {"Log"} == parameters(parse(load_script(f"{INSIDE}/{SCRIPT}").text))
    assert given["ServerName"] == "vmm.contoso.lab"


def test_the_estate_answers_with_the_scripts_keys(estate: Estate) -> None:
    job(estate)
    estate.vmm.shares.append(VmmShare("fs01", "Lib", r"\\fs01\Lib"))
    root = parse(load_script(f"{INSIDE}/{SCRIPT}").text)
    document = asked(estate).report

    assert document is not None
    assert set(document) == answer_keys(root)
    assert frozenset(document["running_jobs"][0]) in literal_keys(root)
    assert frozenset(document["library_shares"][0]) in literal_keys(root)


def empty_report(**more: object) -> dict[str, object]:
    texts: dict[str, object] = dict.fromkeys(("product_version", "active_node"), "")
    return {
        **texts,
        **{key: [] for key in answer_keys(parse(load_script(f"{INSIDE}/{SCRIPT}").text)) - texts.keys()},
        **more,
    }


def test_a_part_that_failed_stands_beside_the_others() -> None:
    report = read_report(empty_report(active_node="VMM01", errors=[{"part": "library shares", "error": "no"}]))

    assert report.active_node == "VMM01"
    assert not report.knows("library shares")
    assert report.knows("administrators")


def test_what_the_script_does_not_say_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        read_report(empty_report(running_jobs=[{"name": "x"}]))


@pytest.mark.parametrize(("progress", "percent"), [("42 %", 42), ("", None), ("100", 100), ("done", None)])
def test_progress_is_read_where_it_is_a_number(progress: str, percent: int | None) -> None:
    assert VmmJob("1", "n", "o", "Running", progress, "", datetime.now(UTC), None).percent == percent
