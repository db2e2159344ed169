"""`fix` on the command line: what it shows, when it refuses, and how it exits."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import filelock
import pytest

from tests.estates import ServedEstate, serving_estate
from tests.test_cli import CONTOSO, wizard
from vmm_wizard.install.admission import lock_name
from vmm_wizard.lab import contoso
from vmm_wizard.lab.scenarios import scenario
from vmm_wizard.plan.answers import load

OTHER_NODE = "vmm02.contoso.lab"


def fix(served: ServedEstate, *arguments: str) -> subprocess.CompletedProcess[str]:
    return wizard("fix", *arguments, served=served, VMM_WIZARD_STATE=str(served.folder / "state"))


def test_what_is_wrong_is_shown_with_the_change_and_its_undoing_and_is_good_after(tmp_path: Path) -> None:
    with serving_estate(tmp_path, scenario("service-account-no-admin")) as served:
        done = fix(served, "acc-04", str(CONTOSO), "--yes")
        again = fix(served, "ACC-04", str(CONTOSO), "--yes", "--subject", "vmm02")
    assert done.returncode == 0, done.stderr
    assert f"On {OTHER_NODE}, as CONTOSO\\vmm-setup:" in done.stdout
    assert "* add the account CONTOSO\\svc-vmm" in done.stdout
    assert "to undo: " in done.stdout
    assert done.stdout.count("X FAIL") == 1
    assert done.stdout.count("+ pass") == 2
    # Nothing is wrong any more: nothing is changed, and nothing is asked.
    assert again.returncode == 0
    assert "as CONTOSO" not in again.stdout


def test_a_refusal_is_exit_1_with_the_reason_and_what_to_ask_for(tmp_path: Path) -> None:
    with serving_estate(tmp_path, scenario("dkm-missing")) as served:
        done = fix(served, "DKM-01", str(CONTOSO), "--yes")
        assert served.estate.directory.get(contoso.DKM) is None
    assert done.returncode == 1
    assert "lacks the right to create containers in DC=contoso,DC=lab" in done.stderr
    assert "New-ADObject -Type container" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("NOD-08", str(CONTOSO), "--yes"), "NOD-08 cannot be mended from here; "),
        (("DKM-01", str(CONTOSO)), "without a terminal, fix wants --yes"),
        (("ACC-04", str(CONTOSO), "--yes", "--subject", "vmm09"), "ACC-04 has no subject vmm09"),
        (("DKM-01", "no-such-file.toml", "--yes"), "no-such-file.toml"),
    ],
)
def test_bad_usage_is_exit_2(tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    with serving_estate(tmp_path) as served:
        done = fix(served, *arguments)
    assert done.returncode == 2
    assert says in done.stderr


def test_nothing_is_changed_beside_a_run_of_ours(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    with (
        serving_estate(tmp_path, scenario("service-account-no-admin")) as served,
        filelock.FileLock(state / lock_name(load(CONTOSO))),
    ):
        done = fix(served, "ACC-04", str(CONTOSO), "--yes")
        assert served.estate.nodes[OTHER_NODE].administrators_added == []
    assert done.returncode == 1
    assert "is at work on vmmclu" in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="a pseudo-terminal is POSIX")
@pytest.mark.parametrize(("answer", "code"), [("n", 5), ("y", 0)])
def test_with_a_terminal_it_asks_before_it_changes_anything(tmp_path: Path, answer: str, code: int) -> None:
    with serving_estate(tmp_path, scenario("task-left-behind")) as served:
        environment = {
            **os.environ,
            "VMM_WIZARD_ADDRESS_BOOK": str(served.folder / "address-book.toml"),
            "VMM_WIZARD_SECRETS": str(served.folder / "credentials.toml"),
            "VMM_WIZARD_STATE": str(served.folder / "state"),
        }
        ours, theirs = pty.openpty()
        with subprocess.Popen(
            [sys.executable, "-m", "vmm_wizard", "fix", "RUN-02", str(CONTOSO)],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment,
        ) as process:
            os.close(theirs)
            shown = b""
            while b"Make this change?" not in shown:
                shown += os.read(ours, 4096)
            assert served.estate.report()["tasks"]["vmm01.contoso.lab"] != []
            os.write(ours, f"{answer}\n".encode())
            try:
                while chunk := os.read(ours, 4096):
                    shown += chunk
            except OSError:
                # Linux says so when the other side has gone.
                pass
            os.close(ours)
            assert process.wait(60) == code
        left = served.estate.report()["tasks"]["vmm01.contoso.lab"]
    assert (left == []) is (answer == "y")
