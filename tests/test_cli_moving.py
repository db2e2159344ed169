"""The commands that move VMM's role and that look whether all is as it should be. In processes of their own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.install.finished import install_at_once
from tests.install.installing import FIRST, SECOND, Site, site
from tests.test_cli import wizard


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as found:
        install_at_once(found.served.estate, found.plan)
        yield found


def run(place: Site, *arguments: object) -> tuple[int, list[str], str]:
    """(Exit code, lines, standard error) of a command on the practice answers."""
    name, *rest = arguments
    plan = place.served.folder / "practice.toml"
    done = wizard(name, plan, *rest, served=place.served, VMM_WIZARD_STATE=str(place.state))
    return done.returncode, done.stdout.splitlines(), done.stderr


def test_failover_moves_the_role_by_a_nodes_short_name_and_again_it_is_unchanged(place: Site) -> None:
    code, lines, errors = run(place, "failover", "--to", "vmm02", "--yes")
    assert (code, errors) == (0, "")
    assert lines[-1] == f"done: role vmm is online on {SECOND}: connect consoles to vmm.contoso.lab:8100"
    assert any("connect again by themselves" in line for line in lines)
    listed = wizard("runs", "--json", served=place.served, VMM_WIZARD_STATE=str(place.state))
    assert [row["nodes"] for row in json.loads(listed.stdout)["runs"]] == [[SECOND]]
    code, lines, _ = run(place, "failover", "--to", SECOND, "--yes", "--json")
    document = json.loads(lines[-1])
    assert (code, document["result"], document["changed"]) == (0, "unchanged", False)


def test_failover_is_exit_1_while_jobs_run_and_says_how_to_go_on(place: Site) -> None:
    job = place.served.estate.vmm.add_job("Create virtual machine", r"CONTOSO\anna", percent=40)
    code, lines, _ = run(place, "failover", "--to", "vmm02", "--yes")
    assert code == 1
    assert lines[-1].startswith("refused: the role was not moved: 1 job runs on VMM: Create virtual machine")
    assert any("--although-jobs-run" in line for line in lines)
    code, lines, _ = run(place, "failover", "--to", "vmm02", "--although-jobs-run", "--yes")
    assert code == 0
    assert f"    -> Restart-SCJob -Job (Get-SCJob -ID '{job.id}')" in lines


def test_failover_without_a_terminal_wants_yes_and_a_node_of_the_answers(place: Site) -> None:
    assert run(place, "failover", "--to", "vmm02")[::2] == (2, "vmm-wizard: without a terminal, failover wants --yes\n")
    code, _, errors = run(place, "failover", "--to", "vmm09", "--yes")
    assert code == 2
    assert f"vmm09 is no node of the answer file: it has {FIRST}, {SECOND}" in errors


def test_verify_tells_what_it_saw_and_with_moves_the_role_comes_home(place: Site) -> None:
    code, lines, errors = run(place, "verify", "--yes")
    assert (code, errors) == (0, "")
    assert lines[-1].startswith(f"done: VMM is verified on {FIRST}, {SECOND}")
    assert not [line for line in lines if " move" in line]
    code, lines, _ = run(place, "verify", "--moves", "--yes")
    assert code == 0
    moved = [line.split()[1] for line in lines if line.startswith("+") and line.split()[2] == "move:"]
    assert moved == [SECOND, FIRST]


def test_verify_is_exit_4_where_something_is_not_right(place: Site) -> None:
    place.served.estate.cluster.remove_vmm_node(SECOND)
    code, lines, _ = run(place, "verify", "--yes")
    assert code == 4
    assert lines[-1].startswith("failed: VMM is not as it should be: ")
