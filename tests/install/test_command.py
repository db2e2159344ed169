"""`vmm-wizard install` by its exit codes and what it prints when piped. In processes of their own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import run
from tests.estates import ANSWERS
from tests.install.installing import FIRST, SECOND, Site, site
from tests.install.test_interrupted import Command
from vmm_wizard.lab import setup_run
from vmm_wizard.lab.scenarios import scenario


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as found:
        yield found


def install(place: Site, *options: str) -> subprocess.CompletedProcess[str]:
    return run("install", str(ANSWERS / "contoso-ha.toml"), "--yes", *options, environment=Command(place).environment)


def test_installed_is_exit_0_in_plain_lines_and_again_it_is_unchanged(place: Site) -> None:
    done = install(place)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[-1] == "installed: connect the VMM console to vmm:8100"
    assert any(line.startswith(f"+ {SECOND} verify: setup ended with exit code 0") for line in lines)
    assert not [line for line in lines if "%" in line or "\x1b" in line]
    assert place.is_clean()

    again = install(place, "--json")
    assert (again.returncode, again.stderr) == (0, "")
    documents = [json.loads(line) for line in again.stdout.splitlines()]
    assert {key: documents[-1][key] for key in ("event", "result", "changed")} == {
        "event": "finished",
        "result": "unchanged",
        "changed": False,
    }
    assert place.is_clean()


def test_refused_is_exit_1_and_shows_what_was_found_with_its_remedy(tmp_path: Path) -> None:
    with site(tmp_path, scenario("sql-not-sysadmin")) as place:
        done = install(place)
        assert done.returncode == 1
        assert "SQL-02" in done.stdout
        assert "ALTER SERVER ROLE" in done.stdout
        assert done.stdout.splitlines()[-1].startswith("refused: not started on vmm01.contoso.lab: SQL-02")
        assert (place.setups(), place.left()) == ({}, [])


def test_failed_is_exit_4(place: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup_run, "SUCCEEDED", 16)
    done = install(place, "--json")
    assert done.returncode == 4
    last = json.loads(done.stdout.splitlines()[-1])
    assert (last["event"], last["result"], last["changed"]) == ("finished", "failed", True)
    assert "the setup media is incomplete" in last["text"]
    assert place.setups() == {FIRST: [16]}
    assert place.left() == []


def test_a_state_folder_that_cannot_be_is_a_sentence_and_exit_4(place: Site, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    environment = Command(place).environment | {"VMM_WIZARD_STATE": str(tmp_path / "file" / "state")}
    done = run("install", str(ANSWERS / "contoso-ha.toml"), "--yes", environment=environment)
    assert done.returncode == 4
    assert "cannot be used" in done.stderr
    assert "unexpected" not in done.stderr
    assert place.setups() == {}
