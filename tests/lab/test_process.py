"""`lab serve` as a process: how it begins, how it is refused, and how quickly it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import tomllib
from pathlib import Path

import pytest

from tests.commands import run
from vmm_wizard.lab.process import EstateNotServed, serve_estate, start_estate
from vmm_wizard.lab.scenarios import all_scenarios

#: Real seconds for an estate to end in, on a busy machine.
SOON = 10.0


def lab(*arguments: object) -> subprocess.CompletedProcess[str]:
    """`vmm-wizard lab` with arguments that end by themselves."""
    return run("lab", *arguments, environment=os.environ, timeout=60)


def refused(folder: Path, *arguments: object) -> str:
    """What a refused `lab serve` says: one sentence, exit code 2, and nothing listens."""
    done = lab("serve", "--dir", folder, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    (sentence,) = done.stderr.splitlines()
    return sentence


def ports(folder: Path) -> list[int]:
    hosts = tomllib.loads((folder / "address-book.toml").read_text(encoding="utf-8"))["hosts"].values()
    return [port for host in hosts for port in host.values() if isinstance(port, int)]


def test_it_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "estate"
    command = [sys.executable, "-m", "vmm_wizard", "lab", "serve", "--dir", str(folder), "--speed", "60"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert str(folder / "address-book.toml") in process.stdout.readline()
            everything = ports(folder)
            ldaps = tomllib.loads((folder / "address-book.toml").read_text())["hosts"]["dc01.contoso.lab"]["ldaps"]
            # A client that never speaks must not keep it.
            with socket.create_connection(("127.0.0.1", ldaps), timeout=SOON):
                begun = time.monotonic()
                process.terminate()
                code = process.wait(60)
                took = time.monotonic() - begun
        finally:
            process.kill()
    assert took < SOON
    assert code == 0 or os.name == "nt"
    assert json.loads((folder / "state.json").read_text())["setups"]["vmm01.contoso.lab"] == []
    for port in everything:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=SOON)


@pytest.mark.skipif(os.name != "posix", reason="Windows ends a process group by other means")
def test_control_c_ends_it_as_well(tmp_path: Path) -> None:
    process = start_estate(tmp_path, "dkm-denied", 60)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    assert "Traceback" not in (tmp_path / "estate.log").read_text()


def test_an_estate_that_does_not_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(EstateNotServed, match="there is no scenario 'flood'"):
        start_estate(tmp_path, "flood", 60)


def test_a_folder_that_is_served_already_is_refused(tmp_path: Path) -> None:
    process = start_estate(tmp_path, "", 60)
    try:
        assert f"cannot be served from {tmp_path}: another practice estate" in refused(tmp_path)
        socket.create_connection(("127.0.0.1", ports(tmp_path)[0]), timeout=SOON).close()
    finally:
        process.terminate()
        process.wait(60)


def test_a_place_where_no_folder_can_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert f"cannot be served from {tmp_path / 'file' / 'below'}: " in refused(tmp_path / "file" / "below")


@pytest.mark.parametrize("speed", ["0", "-1", "nan", "inf"])
def test_a_speed_that_is_none_is_refused(tmp_path: Path, speed: str) -> None:
    assert f"--speed {speed}: expected a number above 0" in refused(tmp_path / "new", "--speed", speed)
    assert not (tmp_path / "new").exists()


def test_an_unknown_scenario_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    sentence = refused(tmp_path / "new", "--scenario", "flood")
    assert "there is no scenario 'flood'" in sentence
    assert all(entry.name in sentence for entry in all_scenarios())
    assert not (tmp_path / "new").exists()


def test_the_list_tells_each_scenario_in_a_line() -> None:
    done = lab("--list")
    assert (done.returncode, done.stderr) == (0, "")
    told = [line.split(maxsplit=1) for line in done.stdout.splitlines()]
    assert told == [[entry.name, entry.title] for entry in all_scenarios()]
    assert all(len(line) <= 100 for line in done.stdout.splitlines())


def test_an_estate_ends_with_the_process_that_started_it_however_that_ended(tmp_path: Path) -> None:
    starter = (
        "import sys; from pathlib import Path; from vmm_wizard.lab.process import start_estate;"
        "print(start_estate(Path(sys.argv[1]), '', 60).pid, flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", starter, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        estate = int(process.stdout.readline())
        port = ports(tmp_path)[0]
        socket.create_connection(("127.0.0.1", port), timeout=SOON).close()
        process.kill()
    until = time.monotonic() + SOON
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=SOON).close()
        except OSError:
            break
        assert time.monotonic() < until, f"the estate (process {estate}) still serves"


def test_what_is_switched_on_is_said_while_the_estate_is_served(tmp_path: Path) -> None:
    stop = threading.Event()
    said: list[str] = []
    serve_estate(tmp_path, "dkm-missing", 60, stop, stop.set, said.append)
    (line,) = said
    assert line.startswith("fault dkm_missing switched on at start, ")
