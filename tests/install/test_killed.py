"""Our own process killed by the system, at step boundaries and at random moments between them, and started again until
it ends: always installed, setup once on each node by the estate's own account, nothing left anywhere.

`VMM_WIZARD_KILLS=N` kills at every boundary, and then N times at random, with as many estates as that takes.
"""

from __future__ import annotations

import json
import os
import random
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.install.installing import FIRST, SECOND, Site, site
from tests.install.test_interrupted import BOUNDARIES, Command
from vmm_wizard.install.events import read_event

KILLS = int(os.environ.get("VMM_WIZARD_KILLS", "0"))
#: Most kills on one estate, and seconds after a boundary within which one may come.
MOST, WITHIN = 6, 0.6

#: Given each event as it is said: how many seconds later the process is to be killed, or None.
Executioner = Callable[[dict[str, Any]], float | None]


class Killed:
    """An administrator whose `vmm-wizard install` is killed again and again."""

    def __init__(self, place: Site) -> None:
        self.place = place
        self.kills = 0
        self._command = Command(place)

    def call(self, when: Executioner) -> list[dict[str, Any]]:
        """The events of one process, which ends by itself or is killed."""
        said = []
        with self._command.start() as process:
            assert process.stdout is not None
            for line in process.stdout:
                said.append(json.loads(line))
                seconds = when(said[-1])
                if seconds is not None:
                    # So long it goes on; when it ends meanwhile there is nothing left to kill.
                    with suppress(subprocess.TimeoutExpired):
                        process.wait(seconds)
                    process.kill()
                    break
            process.wait(60)
        self.kills += not is_over(said)
        self.require_order()
        return said

    def require_order(self) -> None:
        """What holds at any moment, whatever was killed."""
        assert self.place.told() == []
        assert [row for row in self.place.left() if "password in" in row] == []
        setups = self.place.setups()
        assert all(len(codes) == 1 for codes in setups.values()), setups
        path = self.place.state / "journal.sqlite"
        if not path.exists():
            return
        with closing(sqlite3.connect(path)) as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        journal = self.place.journal
        for run in journal.runs():
            assert all(step.state for step in journal.steps(run.id))
            assert all(read_event(row.event) for row in journal.told(run.id))

    def require_installed(self, said: list[dict[str, Any]]) -> None:
        """The end: one setup a node, one database, nothing of ours anywhere, and one run that ended well."""
        assert (said[-1]["event"], said[-1]["result"]) in [("finished", "installed"), ("finished", "unchanged")]
        assert self.place.is_clean()
        state = json.loads((self.place.served.folder / "state.json").read_text(encoding="utf-8"))
        codes = {node: [row["exit_code"] for row in rows] for node, rows in state["setups"].items() if rows}
        assert codes == {FIRST: [0], SECOND: [0]}
        assert state["databases"]["sql01.contoso.lab"].count("VirtualManagerDB") == 1
        assert len(state["objects_created"]) == len(set(state["objects_created"]))
        assert (state["bad_logons"], state["run_lock"]) == ({}, "")
        assert {run.outcome for run in self.place.journal.runs()} <= {"installed", "unchanged"}
        assert sum(run.outcome == "installed" for run in self.place.journal.runs()) <= 1


ALL = [(node, *found) for node in (FIRST, SECOND) for found in BOUNDARIES]


def place_of(event: dict[str, Any]) -> int:
    """Which of all boundaries an event tells of; -1: of none."""
    found = (event.get("node"), event.get("step"), event.get("state"))
    return ALL.index(found) if event["event"] == "step" and found in ALL else -1


def at_boundary(first: int) -> Executioner:
    """Right after that boundary, or the next one where the process killed before had come further than it said."""
    return lambda event: 0.0 if place_of(event) >= first else None


def at_random(chance: random.Random) -> Executioner:
    """After some step's begin or end, at once or within it."""
    left = chance.randrange(1, 10)
    seconds = chance.choice((0.0, chance.uniform(0.0, WITHIN)))

    def kill(event: dict[str, Any]) -> float | None:
        nonlocal left
        left -= event["event"] in ("step", "progress")
        return seconds if left <= 0 else None

    return kill


@pytest.fixture
def killed(tmp_path: Path) -> Iterator[Killed]:
    with site(tmp_path) as place:
        yield Killed(place)


@pytest.mark.timeout(900)
@pytest.mark.long
def test_killed_at_step_boundaries_one_after_the_other(killed: Killed) -> None:
    # In the usual suite each eighth: of both nodes, of begins and of ends.
    stride = 1 if KILLS else 8
    said: list[dict[str, Any]] = []
    at = 0 if KILLS else 3
    while not is_over(said):
        said = killed.call(at_boundary(at))
        at = max(at, place_of(said[-1])) + stride
    killed.require_installed(said)
    assert killed.kills >= (len(ALL) // 2 if KILLS else 2)


def until_the_end(event: dict[str, Any]) -> None:
    """Nobody kills it."""


def is_over(said: list[dict[str, Any]]) -> bool:
    """Whether the process ended by itself."""
    return bool(said) and said[-1]["event"] == "finished"


def kill_at_random(place: Site, seed: int, most: int) -> int:
    """Kill and start again up to `most` times, then let it end; how often it was killed."""
    chance = random.Random(seed)
    killed = Killed(place)
    said: list[dict[str, Any]] = []
    while not is_over(said):
        said = killed.call(at_random(chance) if killed.kills < most else until_the_end)
    killed.require_installed(said)
    return killed.kills


@pytest.mark.timeout(120)
@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.long)])
def test_killed_at_random_moments_it_ends_installed(seed: int, tmp_path: Path) -> None:
    with site(tmp_path) as place:
        kill_at_random(place, seed, 3)


@pytest.mark.skipif(not KILLS, reason="hundreds of kills take half an hour: VMM_WIZARD_KILLS=N asks for N")
@pytest.mark.timeout(6 * 3600)
def test_killed_hundreds_of_times_at_random(tmp_path: Path) -> None:
    kills = seed = 0
    while kills < KILLS:
        seed += 1
        folder = tmp_path / str(seed)
        folder.mkdir()
        with site(folder) as place:
            kills += kill_at_random(place, 1000 + seed, MOST)
        print(f"{kills} kills on {seed} estates")  # noqa: T201 - whoever asks for hours wants to see how far it is
