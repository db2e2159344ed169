"""`runs`, `attach` and `resume` in processes of their own, beside an install that goes on or was killed."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import commands
from tests.install.installing import FIRST, SECOND, Site, newest, runs, site
from tests.install.test_interrupted import Command

SETUP_BEGINS = f'"node": "{FIRST}", "step": "setup", "state": "started"'


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as found:
        yield found


def start(place: Site, *arguments: str) -> commands.Forked | commands.Real:
    return commands.start(*arguments, environment=Command(place).environment)


def run(place: Site, *arguments: str) -> tuple[int, str, str]:
    """(Exit code, standard output, standard error) of a command."""
    with start(place, *arguments) as process:
        said, errors = process.communicate(timeout=100)
    return process.returncode, said, errors


def documents(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def read_until(process: commands.Forked | commands.Real, mark: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if mark in line:
            return
    pytest.fail(f"{mark} was never said")


def listed(place: Site) -> list[dict[str, Any]]:
    code, said, _ = run(place, "runs", "--json")
    assert code == 0
    found = json.loads(said)["runs"]
    assert isinstance(found, list)
    return found


class TestBesideARunThatGoesOn:
    def test_attach_tells_it_from_its_begin_to_its_end(self, place: Site) -> None:
        with Command(place).start() as install:
            with place.served.clock.held():
                read_until(install, SETUP_BEGINS)
                (row,) = listed(place)
                assert (row["outcome"], row["nodes"], row["cluster"]) == (
                    "running",
                    [FIRST, SECOND],
                    "vmmclu.contoso.lab",
                )
                assert (row["stands_at"]["node"], row["stands_at"]["step"]) == (FIRST, "setup")
                attached = start(place, "attach", row["id"], "--json")
                read_until(attached, SETUP_BEGINS)
            said, _ = attached.communicate(timeout=100)
            assert install.communicate(timeout=100)
        assert attached.returncode == 0
        last = documents(said)[-1]
        assert (last["event"], last["result"], last["changed"]) == ("finished", "installed", True)
        assert place.is_clean()
        (row,) = listed(place)
        assert (row["outcome"], row["stands_at"]) == ("installed", None)

    @pytest.mark.skipif(os.name != "posix", reason="Windows has no SIGINT for another process")
    def test_ctrl_c_detaches_and_the_run_goes_on(self, place: Site) -> None:
        with Command(place).start() as install:
            with place.served.clock.held():
                read_until(install, SETUP_BEGINS)
                attached = start(place, "attach", newest(place.journal).id)
                read_until(attached, f"> {FIRST} setup")
                attached.send_signal(signal.SIGINT)
                _, errors = attached.communicate(timeout=60)
                assert attached.returncode == 5
                where, left = errors.splitlines()
                assert where.startswith(f"vmm-wizard: setup on {FIRST} begun ")
                assert "past the point of no return" in where
                assert left == f"vmm-wizard: detached; run {newest(place.journal).id} goes on"
            said, _ = install.communicate(timeout=100)
        assert '"result": "installed"' in said.splitlines()[-1]
        assert place.is_clean()


class TestAfterARunWasKilled:
    def test_attach_reads_the_node_changes_nothing_and_names_resume_which_goes_on(self, place: Site) -> None:
        Command(place).run(SETUP_BEGINS)
        killed = newest(place.journal)
        steps = place.journal.steps(killed.id)
        (row,) = listed(place)
        assert (row["outcome"], row["stands_at"]["step"]) == ("interrupted", "setup")

        code, said, errors = run(place, "attach", killed.id, "--json")
        assert code == 3
        assert f"nobody on this computer carries out run {killed.id} now" in errors
        assert errors.splitlines()[-1] == f"vmm-wizard: `vmm-wizard resume {killed.id}` goes on with it"
        told = documents(said)
        assert [event for event in told if event["event"] == "log" and event["lines"][0].startswith("Main: ")]
        assert told[-1] == {
            "event": "notice",
            "node": FIRST,
            "text": f"{FIRST}: setup ended well",
            "remedy": "",
            "calls": False,
        }
        assert place.journal.steps(killed.id) == steps
        assert place.served.estate.nodes[FIRST].scheduler.names() == (f"vmm-wizard-{killed.id}",)

        code, said, _ = run(place, "resume", killed.id, "--yes", "--json")
        assert (code, documents(said)[-1]["result"]) == (0, "installed")
        assert place.is_clean()
        assert runs(place.journal) == [(killed.id, "installed")]

    def test_before_anything_was_staged_attach_says_so_and_resume_wants_a_yes(self, place: Site) -> None:
        Command(place).run(f'"node": "{FIRST}", "step": "preflight", "state": "started"')
        killed = newest(place.journal)
        code, said, _ = run(place, "attach", killed.id)
        assert (code, said) == (3, f"! run {killed.id} has left nothing on a node\n")
        assert run(place, "resume", killed.id) == (2, "", "vmm-wizard: without a terminal, resume wants --yes\n")
        assert place.setups() == {}


def test_a_run_that_is_over_is_told_and_not_gone_on_with(place: Site) -> None:
    place.install()
    over = newest(place.journal)
    assert run(place, "resume", over.id) == (0, "", f"vmm-wizard: run {over.id} is over: installed\n")
    code, said, errors = run(place, "attach", over.id)
    assert (code, said) == (0, "")
    assert f"run {over.id} is over: installed" in errors
    code, said, _ = run(place, "runs", over.id)
    assert code == 0
    lines = said.splitlines()
    assert lines[0] == f"run {over.id}: install on {FIRST}, {SECOND} (vmmclu.contoso.lab)"
    assert any(line.endswith(f"{FIRST} setup done: exit code 0") for line in lines)
    assert lines[-1].endswith("installed: connect the VMM console to vmm:8100")
    code, said, _ = run(place, "runs", over.id, "--json")
    document = json.loads(said)
    assert [row["event"] for row in document["events"]][-1] == "finished"
    assert {row["step"] for row in document["steps"]} >= {"preflight", "stage", "start", "setup", "clear", "verify"}


def test_a_run_that_nobody_began_is_bad_usage(place: Site) -> None:
    for command in ("runs", "attach", "resume"):
        code, said, errors = run(place, command, "nonsense")
        assert (code, said) == (2, "")
        assert errors.startswith("vmm-wizard: there is no run nonsense in ")
    assert run(place, "runs") == (0, "no run was begun here yet\n", "")
