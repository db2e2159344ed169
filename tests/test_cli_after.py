"""The commands for the time after an install: after, first-hour, and what request then asks for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.estates import ServedEstate, serving_estate
from tests.test_cli import wizard
from vmm_wizard.afterwards.follow_ups import IDS
from vmm_wizard.install.journal import Journal
from vmm_wizard.install.orders import Job, Order
from vmm_wizard.install.remembering import remember
from vmm_wizard.lab.setup_machine import InstalledServer
from vmm_wizard.lab.sql import VMM_TABLES, Database
from vmm_wizard.plan.answers import dumps, load

PLAN = "practice.toml"
FIRST, SECOND = "vmm01.contoso.lab", "vmm02.contoso.lab"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedEstate]:
    """An estate as setup leaves it where it may write no service principal names."""
    with serving_estate(tmp_path_factory.mktemp("estate")) as served:
        estate = served.estate
        sql = estate.sql_servers["sql01.contoso.lab"]
        sql.databases.append(
            Database("VirtualManagerDB", sql.collation, owners=["CONTOSO\\svc-vmm"], tables=[*VMM_TABLES])
        )
        server = InstalledServer(
            r"C:\Program Files\VMM",
            "10.22.1287.0",
            "CONTOSO\\svc-vmm",
            "",
            "sql01",
            "",
            "VirtualManagerDB",
            "vmm",
            8100,
        )
        for node in (FIRST, SECOND):
            estate.nodes[node].install(server)
        estate.cluster.create_vmm_role("vmm", ["10.10.0.50", "10.20.0.50"], FIRST)
        estate.cluster.add_vmm_node(SECOND)
        role = estate.directory.find_by_sam("vmm$")
        assert role is not None
        place = {"serviceClassName": "SCVMM", "serviceBindingInformation": "vmm.contoso.lab:8100"}
        estate.directory.add(f"CN=MSVMM,{role.dn}", "serviceConnectionPoint", place)
        yield served


def test_after_shows_the_state_of_each_follow_up_of_a_finished_estate(place: ServedEstate, tmp_path: Path) -> None:
    page = tmp_path / "after.md"
    done = wizard("after", place.folder / PLAN, "-o", page, served=place)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert "! to do      Service principal names (AFT-SPN)" in lines
    assert r"         setspn -U -S 'SCVMM/vmm' 'CONTOSO\svc-vmm'" in lines
    assert "+ done       Service connection point (AFT-SCP)" in lines
    assert "- not needed The database in its availability group (AFT-ALWAYS-ON)" in lines
    assert "+ done       Consoles (AFT-CONSOLES)" in lines
    assert "the database was made on" in " ".join(done.stdout.split())
    assert lines[-1] == str(page)
    assert any(line.startswith("What cannot be seen from here is closed by: vmm-wizard accept AFT-") for line in lines)
    assert page.read_text(encoding="utf-8").startswith("# After the install of vmm.contoso.lab\n")


def test_after_as_json_tells_every_step(place: ServedEstate) -> None:
    done = wizard("after", place.folder / PLAN, "--json", served=place)
    document = json.loads(done.stdout)
    assert document["installed"] is True
    assert [row["id"] for row in document["follow_ups"]] == list(IDS)
    backup = next(row for row in document["follow_ups"] if row["id"] == "backup")
    assert backup["steps"][0]["read"] == "there is no full backup"
    assert backup["steps"][0]["who"] == "sql"


def test_a_request_after_the_install_holds_the_open_steps_of_that_team_once(place: ServedEstate) -> None:
    done = wizard("request", "--for", "ad", place.folder / PLAN, served=place)
    flat = " ".join(done.stdout.split())
    assert "has installed System Center Virtual Machine Manager" in flat
    assert done.stdout.count(r"     setspn -U -S 'SCVMM/vmm' 'CONTOSO\svc-vmm'") == 1
    assert "repadmin /showbackup *" in done.stdout
    assert "BACKUP DATABASE" not in done.stdout
    assert "(POST-03)" not in done.stdout.split("Seen as done")[0]


def test_what_a_request_is_marked_as_asked_for_is_told_by_after(place: ServedEstate, tmp_path: Path) -> None:
    answers = tmp_path / PLAN
    answers.write_text((place.folder / PLAN).read_text(encoding="utf-8"), encoding="utf-8")
    marked = wizard("request", "--for", "sql", answers, "--mark", "CHG-7", served=place)
    assert marked.returncode == 0
    assert "     BACKUP DATABASE [VirtualManagerDB] TO DISK" in marked.stdout
    assert "AFT-BACKUP" in answers.read_text(encoding="utf-8")
    wizard("accept", "aft-antivirus", answers, "--reason", "no scanner here")
    lines = wizard("after", answers, served=place).stdout
    assert "Already asked for (sql, CHG-7)" in lines
    assert "- not needed Antivirus exclusions (AFT-ANTIVIRUS)" in lines


def test_first_hour_prints_the_page_or_writes_it(place: ServedEstate, tmp_path: Path) -> None:
    shown = wizard("first-hour", place.folder / PLAN)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "vmm.contoso.lab:8100" in shown.stdout
    page = tmp_path / "first.md"
    written = wizard("first-hour", "-o", page)
    assert written.stdout == f"{page}\n"
    assert "<role>:8100" in page.read_text(encoding="utf-8")
    assert wizard("first-hour", tmp_path / "none.toml").returncode == 2


def test_after_takes_what_vmm_said_in_an_earlier_run_and_says_of_when_it_is(
    place: ServedEstate, tmp_path: Path
) -> None:
    plan = load(place.folder / PLAN)
    journal = Journal(tmp_path / "journal.sqlite")
    run = journal.begin("key", dumps(plan), Order(Job.VERIFY))
    report = {
        **dict.fromkeys(("product_version", "active_node"), "x"),
        "failover_nodes": [],
        "running_jobs": [],
        "failed_jobs": [],
        "library_servers": [],
        "library_shares": [],
        "administrators": ["CONTOSO\\vmm-setup", "CONTOSO\\VMM Admins"],
        "errors": [],
    }
    remember(journal, run.id, report)
    done = wizard("after", place.folder / PLAN, "--all", served=place, VMM_WIZARD_STATE=str(tmp_path))
    assert (
        f"What VMM says of itself is of {journal.told(run.id)[0].at:%Y-%m-%d %H:%M} UTC (run {run.id})." in done.stdout
    )
    assert "VMM Admins" in done.stdout
    unasked = wizard("after", place.folder / PLAN, served=place, VMM_WIZARD_STATE=str(tmp_path / "none"))
    assert "VMM itself was not asked from here yet: vmm-wizard verify" in unasked.stdout


def test_after_tells_the_rest_where_there_is_no_place_for_a_journal(place: ServedEstate, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = wizard("after", place.folder / PLAN, served=place, VMM_WIZARD_STATE=str(tmp_path / "file" / "state"))
    assert done.returncode == 0
    assert "cannot be used" in done.stderr
    assert "(AFT-BACKUP)" in done.stdout
