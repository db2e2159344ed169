"""How a command ends when it is stopped from outside: tidily, and never as if all had gone well."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.estates import ANSWERS, ServedEstate, serving_estate

CONTOSO = ANSWERS / "contoso-ha.toml"
pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and broken pipes as POSIX has them")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedEstate]:
    # Slow enough to be stopped long before setup has ended.
    with serving_estate(tmp_path / "estate", speed=60.0) as estate:
        yield estate


def started(served: ServedEstate, *arguments: str) -> subprocess.Popen[str]:
    """The command with its output in a pipe, on the estate."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("VMM_WIZARD_")},
        "VMM_WIZARD_ADDRESS_BOOK": str(served.folder / "address-book.toml"),
        "VMM_WIZARD_SECRETS": str(served.folder / "credentials.toml"),
        "VMM_WIZARD_STATE": str(served.folder / "state"),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "vmm_wizard", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def tasks(served: ServedEstate) -> list[str]:
    """What is left of scheduled tasks on the nodes, by the estate's own account."""
    state = json.loads((served.folder / "state.json").read_text(encoding="utf-8"))
    return [task for left in state["tasks"].values() for task in left]


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_an_install_that_is_stopped_in_its_preflight_leaves_nothing_and_says_cancelled(
    served: ServedEstate, name: str
) -> None:
    with started(served, "install", str(CONTOSO), "--yes", "--json") as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        assert first["event"] == "started"
        process.send_signal(getattr(signal, name))
        rest = process.stdout.read().splitlines()
        assert process.wait(60) == 5
    assert json.loads(rest[-1])["result"] == "cancelled"
    assert tasks(served) == []


def test_an_install_whose_reader_goes_away_is_no_good_one(served: ServedEstate) -> None:
    with started(served, "install", str(CONTOSO), "--yes", "--json") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(60) == 5
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert tasks(served) == []


def test_a_report_that_nobody_reads_is_never_exit_0(served: ServedEstate) -> None:
    with started(served, "explain") as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(60) == 5
