"""A command that is forked is one that was started: what it says, how it ends, and what ends it."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.commands import run, start
from tests.estates import ANSWERS, serving_estate

pytestmark = pytest.mark.skipif(os.name != "posix", reason="elsewhere commands are started by the system")


@pytest.mark.parametrize(
    "arguments",
    [("--version",), ("explain", "ACC-01"), ("explain", "NO-99"), ("nonsense",), ("check", ANSWERS / "none.toml")],
    ids=lambda words: words[-1] if isinstance(words[-1], str) else words[-1].name,
)
def test_it_says_the_same_and_ends_the_same(arguments: tuple[object, ...]) -> None:
    forked, real = (run(*arguments, environment=os.environ, real=real) for real in (False, True))
    assert (forked.returncode, forked.stdout, forked.stderr) == (real.returncode, real.stdout, real.stderr)


def test_it_has_the_environment_and_the_folder_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    environment = {**os.environ, "VMM_WIZARD_ADDRESS_BOOK": "none.toml"}
    answers = ANSWERS / "contoso-ha.toml"
    forked, real = (run("check", answers, environment=environment, real=way) for way in (False, True))
    assert "none.toml" in forked.stderr
    assert (forked.returncode, forked.stderr) == (real.returncode, real.stderr)


def test_a_signal_ends_it_and_waiting_has_a_limit(tmp_path: Path) -> None:
    with serving_estate(tmp_path) as served, served.clock.held():
        environment = {
            **os.environ,
            "VMM_WIZARD_ADDRESS_BOOK": str(tmp_path / "address-book.toml"),
            "VMM_WIZARD_SECRETS": str(tmp_path / "credentials.toml"),
            "VMM_WIZARD_STATE": str(tmp_path / "state"),
        }
        with start("install", ANSWERS / "contoso-ha.toml", "--yes", "--json", environment=environment) as process:
            assert process.stdout is not None
            assert "started" in process.stdout.readline()
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.01)
            assert process.poll() is None
            process.kill()
            assert process.wait(60) == -signal.SIGKILL
            process.terminate()
        assert process.poll() == -signal.SIGKILL
