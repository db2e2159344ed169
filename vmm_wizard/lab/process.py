"""The estate as a process: started beside the wizard, or served in this one until it is told to stop."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from vmm_wizard.lab.clock import SpedUpClock
from vmm_wizard.lab.colleague import Colleague
from vmm_wizard.lab.estate import Estate
from vmm_wizard.lab.scenarios import apply, scenario
from vmm_wizard.lab.serving import Serving

#: Real seconds that a started estate may take until its address book is there.
START_SECONDS = 60.0


class EstateNotServed(Exception):
    """The practice estate did not start, or cannot be served. The text is one sentence."""


def start_estate(folder: Path, scenario_name: str, speed: float) -> subprocess.Popen[bytes]:
    """Serve an estate in a process of its own and come back when its address book is in `folder`.

    It ends when it is told to, and when this process is gone, however that ended: it then finds its input closed.
    Raises EstateNotServed with the last line that the process said.
    """
    command = [sys.executable, "-m", "vmm_wizard", "lab", "serve", "--dir", str(folder), "--speed", str(speed)]
    command.append("--attached")
    if scenario_name:
        command += ["--scenario", scenario_name]
    said = folder / "estate.log"
    with said.open("wb") as log_file:
        # In a group of its own: Ctrl+C at the terminal is for the wizard, not for the estate.
        apart = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=log_file,
            stderr=log_file,
            start_new_session=os.name == "posix",
            creationflags=apart,
        )
    due = time.monotonic() + START_SECONDS
    while not (folder / "address-book.toml").exists():
        if process.poll() is not None or time.monotonic() > due:
            process.kill()
            lines = said.read_text(encoding="utf-8", errors="replace").split("\n")
            last = next((line for line in reversed(lines) if line.strip()), "it said nothing")
            raise EstateNotServed(f"the practice estate did not start: {last.strip()}")
        time.sleep(0.05)
    return process


def serve_estate(
    folder: Path,
    scenario_name: str,
    speed: float,
    stop: threading.Event,
    ready: Callable[[], None],
    told: Callable[[str], None],
) -> None:
    """Serve an estate from `folder` until `stop` is set; `ready` is called when all of it listens, `told` with a
    sentence for each fault that is switched on, or over, and for what a colleague does who starts setup by hand.

    Raises EstateNotServed when the folder or a port cannot be had, ScenarioError for an unknown scenario.
    """
    estate = Estate(SpedUpClock(speed))
    estate.moments.told = lambda row: told(str(row))
    if scenario_name:
        apply(scenario(scenario_name), estate)
    try:
        with Serving(estate, folder), Colleague(estate, told):
            ready()
            while not stop.wait(1.0):
                pass
    except OSError as error:
        reason = error.strerror or str(error)
        raise EstateNotServed(f"the practice estate cannot be served from {folder}: {reason}") from None
