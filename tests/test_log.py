"""The log file shows no secret, and never stands in the way."""

from __future__ import annotations

import base64
import json
import logging
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from html import escape
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmm_wizard import log, paths


@pytest.fixture(autouse=True)
def _own_logger() -> Iterator[None]:
    logger = logging.getLogger("vmm_wizard")
    before = list(logger.handlers), logger.propagate, logger.level
    logger.handlers = []
    masked = set(log._masked)
    yield
    log._masked.clear()
    log._masked.update(masked)
    for handler in logger.handlers:
        handler.close()
    logger.handlers, logger.propagate = before[0], before[1]
    logger.setLevel(before[2])


def test_a_known_secret_is_masked_in_messages_arguments_and_tracebacks(tmp_path: Path) -> None:
    log.mask("C4nary-Password")
    log.open_log(tmp_path / "x.log")
    logger = logging.getLogger("vmm_wizard.somewhere")
    logger.info("password is %s", "C4nary-Password")
    try:
        raise ValueError("bad C4nary-Password here")
    except ValueError:
        logger.exception("it broke")
    text = (tmp_path / "x.log").read_text(encoding="utf-8")
    assert "C4nary-Password" not in text
    assert text.count(log.MASK) >= 2
    assert "it broke" in text


def test_a_signal_that_comes_while_a_line_is_masked_may_mask_lines_too() -> None:
    masked: list[str] = []

    def interrupted() -> None:
        with log._lock:
            masked.append(log.masked("a line"))

    thread = threading.Thread(target=interrupted, daemon=True)
    thread.start()
    thread.join(10)
    assert masked == ["a line"]


def test_the_longer_of_two_secrets_is_masked_whole() -> None:
    log.mask("Secret-One")
    log.mask("Secret-One-and-more")
    assert log.masked("x Secret-One-and-more y") == f"x {log.MASK} y"


@given(st.text(st.characters(codec="utf-8"), min_size=6, max_size=20))
def test_a_secret_is_masked_however_a_library_quotes_it(secret: str) -> None:
    log.mask(secret)
    quoted = (repr(secret), json.dumps(secret), escape(secret), base64.b64encode(secret.encode()).decode())
    for text in (*quoted, repr(secret.encode()), f"'{secret}'"):
        assert secret not in log.masked(text)
        assert log.MASK in log.masked(f"it said {text}.")


def test_a_log_that_cannot_be_written_stops_nothing_and_says_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    log.open_log(tmp_path / "file" / "x.log")
    logging.getLogger("vmm_wizard").info("nobody reads %s", "this")
    assert capsys.readouterr() == ("", "")


def test_what_libraries_log_reaches_neither_the_screen_nor_our_file(tmp_path: Path) -> None:
    program = (
        "import logging, pathlib, sys; from vmm_wizard import log; log.open_log(pathlib.Path(sys.argv[1]));"
        "logging.getLogger('urllib3.connectionpool').warning('canary');"
        "logging.getLogger('vmm_wizard.x').info('ours')"
    )
    path = tmp_path / "x.log"
    ran = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, timeout=60, check=True)
    assert (ran.stdout, ran.stderr) == (b"", b"")
    assert "ours" in path.read_text(encoding="utf-8")
    assert "canary" not in path.read_text(encoding="utf-8")


def test_a_log_opened_again_says_everything_once(tmp_path: Path) -> None:
    for name in ("one.log", "two.log"):
        log.open_log(tmp_path / name)
    logging.getLogger("vmm_wizard").info("hello")
    assert not (tmp_path / "one.log").exists()
    assert (tmp_path / "two.log").read_text(encoding="utf-8").count("hello") == 1


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX; on Windows the profile is private")
def test_the_state_folder_is_its_owners_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VMM_WIZARD_STATE", str(tmp_path / "state"))
    assert stat.S_IMODE(paths.state_folder().stat().st_mode) == 0o700
    assert paths.journal_file().parent == tmp_path / "state"
    assert stat.S_IMODE(paths.log_file().parent.stat().st_mode) == 0o700
