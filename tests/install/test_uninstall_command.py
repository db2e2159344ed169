"""`vmm-wizard uninstall` by its exit codes and what it prints. In processes of their own."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.commands import run
from tests.estates import ANSWERS
from tests.install.finished import install_at_once
from tests.install.installing import SECOND, Site, site
from tests.install.test_interrupted import Command


def uninstall(place: Site, *options: str) -> subprocess.CompletedProcess[str]:
    return run("uninstall", str(ANSWERS / "contoso-ha.toml"), *options, environment=Command(place).environment)


def test_what_is_asked_wrongly_is_exit_2_and_nothing_is_done(tmp_path: Path) -> None:
    with site(tmp_path) as place:
        install_at_once(place.served.estate, place.plan)
        for options, said in (
            ((), "say which nodes: --node NODE, once for each, or --all"),
            (("--all", "--node", "vmm01"), "say which nodes"),
            (("--node", "vmm09"), "vmm09 is no node of the answer file"),
            (("--all", "--remove-database", "virtualmanagerdb", "--yes"), "the database's name is VirtualManagerDB"),
            (("--node", "vmm02"), "without a terminal, uninstall wants --yes"),
        ):
            done = uninstall(place, *options)
            assert done.returncode == 2, done.stderr
            assert said in done.stderr
            assert "Traceback" not in done.stderr
        assert all(place.served.estate.nodes[node.key].server for node in place.plan.nodes)


def test_done_is_exit_0_in_lines_of_json_and_again_it_is_unchanged(tmp_path: Path) -> None:
    with site(tmp_path) as place:
        install_at_once(place.served.estate, place.plan)
        done = uninstall(place, "--node", "vmm02", "--yes", "--json")
        assert (done.returncode, done.stderr) == (0, "")
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        assert (rows[0]["event"], rows[0]["job"], rows[0]["nodes"]) == ("started", "uninstall", [SECOND])
        assert (rows[-1]["result"], rows[-1]["changed"]) == ("done", True)
        assert place.served.estate.nodes[SECOND].server is None
        again = uninstall(place, "--node", "vmm02", "--yes")
        assert again.returncode == 0
        assert again.stdout.splitlines()[-1] == f"unchanged: VMM is on none of {SECOND}"
