"""The commands for the time after an install: after, first-hour, and what request then asks for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.install.installing import Site, finished, site
from tests.test_cli import wizard
from vmm_wizard.afterwards.follow_ups import IDS

PLAN = "practice.toml"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A finished estate where the directory kept setup from registering the role's names."""
    with site(tmp_path_factory.mktemp("site")) as found:
        assert finished(found.install()).result == "installed"
        estate = found.served.estate
        estate.directory.modify(estate.account("svc-vmm").dn, {"servicePrincipalName": []})
        yield found


def test_after_shows_the_state_of_each_follow_up_of_a_finished_estate(place: Site, tmp_path: Path) -> None:
    page = tmp_path / "after.md"
    done = wizard("after", place.served.folder / PLAN, "-o", page, served=place.served)
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


def test_after_as_json_tells_every_step(place: Site) -> None:
    done = wizard("after", place.served.folder / PLAN, "--json", served=place.served)
    document = json.loads(done.stdout)
    assert document["installed"] is True
    assert [row["id"] for row in document["follow_ups"]] == list(IDS)
    backup = next(row for row in document["follow_ups"] if row["id"] == "backup")
    assert backup["steps"][0]["read"] == "there is no full backup"
    assert backup["steps"][0]["who"] == "sql"


def test_a_request_after_the_install_holds_the_open_steps_of_that_team_once(place: Site) -> None:
    done = wizard("request", "--for", "ad", place.served.folder / PLAN, served=place.served)
    flat = " ".join(done.stdout.split())
    assert "has installed System Center Virtual Machine Manager" in flat
    assert done.stdout.count(r"     setspn -U -S 'SCVMM/vmm' 'CONTOSO\svc-vmm'") == 1
    assert "repadmin /showbackup *" in done.stdout
    assert "BACKUP DATABASE" not in done.stdout
    assert "(POST-03)" not in done.stdout.split("Seen as done")[0]
    dba = wizard("request", "--for", "sql", place.served.folder / PLAN, served=place.served)
    assert "     BACKUP DATABASE [VirtualManagerDB] TO DISK" in dba.stdout


def test_what_a_request_is_marked_as_asked_for_is_told_by_after(place: Site, tmp_path: Path) -> None:
    answers = tmp_path / PLAN
    answers.write_text((place.served.folder / PLAN).read_text(encoding="utf-8"), encoding="utf-8")
    marked = wizard("request", "--for", "sql", answers, "--mark", "CHG-7", served=place.served)
    assert marked.returncode == 0
    assert "AFT-BACKUP" in answers.read_text(encoding="utf-8")
    wizard("accept", "aft-antivirus", answers, "--reason", "no scanner here")
    lines = wizard("after", answers, served=place.served).stdout
    assert "Already asked for (sql, CHG-7)" in lines
    assert "- not needed Antivirus exclusions (AFT-ANTIVIRUS)" in lines


def test_first_hour_prints_the_page_or_writes_it(place: Site, tmp_path: Path) -> None:
    shown = wizard("first-hour", place.served.folder / PLAN)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "vmm.contoso.lab:8100" in shown.stdout
    page = tmp_path / "first.md"
    written = wizard("first-hour", "-o", page)
    assert written.stdout == f"{page}\n"
    assert "<role>:8100" in page.read_text(encoding="utf-8")
    assert wizard("first-hour", tmp_path / "none.toml").returncode == 2
