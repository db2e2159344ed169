"""`vmm-wizard prepare` by its exit codes and what it prints when piped. In processes of their own."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.commands import run
from tests.install.installing import SECOND, Site, site
from tests.install.test_interrupted import Command
from vmm_wizard.lab.scenarios import scenario


def prepare(place: Site, *options: str) -> subprocess.CompletedProcess[str]:
    return run("prepare", str(place.served.folder / "practice.toml"), *options, environment=Command(place).environment)


def test_one_node_is_prepared_and_then_there_is_nothing_to_do(tmp_path: Path) -> None:
    with site(tmp_path, scenario("nothing-prepared")) as place:
        asked = prepare(place)
        assert (asked.returncode, asked.stdout) == (2, "")
        assert "wants --yes" in asked.stderr

        wrong = prepare(place, "--node", "vmm09", "--yes")
        assert wrong.returncode == 2
        assert "vmm09 is no node of the answer file" in wrong.stderr

        by_hand = prepare(place, "--by-hand", "--node", "vmm02")
        assert by_hand.returncode == 0
        assert "robocopy" in by_hand.stdout
        assert "vmm01" not in by_hand.stdout
        assert not place.served.estate.nodes[SECOND].scripts

        done = prepare(place, "--node", "vmm02", "--restart", "--yes")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines()[-1] == f"done: {SECOND}: prepared"
        assert place.left() == place.told() == []

        documents = [
            json.loads(line) for line in prepare(place, "--node", "vmm02", "--yes", "--json").stdout.splitlines()
        ]
        assert documents[-1]["event"] == "finished"
