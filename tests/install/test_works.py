"""Works of setup: what is staged for an uninstall and for a console, and how their logs are followed."""

from __future__ import annotations

import json

import pytest

from tests.plan.plans import contoso
from vmm_wizard.install.works import (
    SetupWork,
    console_uninstall_work,
    console_work,
    install_work,
    uninstall_work,
)
from vmm_wizard.setup.log import Phase

FOLDER = r"C:\ProgramData\vmm-wizard\1f"
WORKS = {
    "install": install_work(contoso(), first=True),
    "uninstall": uninstall_work(contoso()),
    "console": console_work(contoso()),
    "console uninstall": console_uninstall_work(contoso()),
}


def staged(work: SetupWork) -> dict[str, bytes]:
    return {row.name: row.content for row in work.files(FOLDER)}


@pytest.mark.parametrize(
    ("name", "ini", "arguments"),
    [
        ("uninstall", "VMServerUninstall.ini", ["/server", "/x", "/f", rf"{FOLDER}\VMServerUninstall.ini"]),
        ("console", "VMClient.ini", ["/client", "/i", "/f", rf"{FOLDER}\VMClient.ini", "/IACCEPTSCEULA"]),
        ("console uninstall", "", ["/client", "/x"]),
    ],
)
def test_setup_is_given_its_answer_file_and_its_switches(name: str, ini: str, arguments: list[str]) -> None:
    work = WORKS[name]
    files = staged(work)
    assert set(files) == {"wrapper.ps1", "job.json", *([ini] if ini else [])}
    assert json.loads(files["job.json"])["arguments"] == arguments
    assert work.secret_accounts == ()
    assert work.misread(files) == ""


def test_an_uninstall_file_that_would_drop_the_database_is_seen() -> None:
    work = uninstall_work(contoso())
    files = staged(work)
    changed = files["VMServerUninstall.ini"].replace(b"RetainSqlDatabase=1", b"RetainSqlDatabase=0")
    assert work.misread({**files, "VMServerUninstall.ini": changed}) == "RetainSqlDatabase of VMServerUninstall.ini"
    with pytest.raises(ValueError, match="last node only"):
        uninstall_work(contoso(), remove_database=True)


@pytest.mark.parametrize(
    ("name", "phase"),
    [
        ("install", Phase.FILES),
        ("uninstall", Phase.REMOVING),
        ("console", Phase.FILES),
        ("console uninstall", Phase.REMOVING),
    ],
)
def test_each_is_followed_by_the_phases_of_its_own_log(name: str, phase: Phase) -> None:
    follower = WORKS[name].follower("vmm01", 900)
    follower.reader.feed(b"12:00:00:CheckPrerequisites: begin\r\n12:00:01:Doing Install task for PangaeaServer\r\n")
    assert follower.reader.phase == phase.said
    assert follower.reader.changed_something
