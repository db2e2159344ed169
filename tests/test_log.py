"""The log file shows no secret, and never stands in the way."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from vmm_wizard import log, paths


@pytest.fixture(autouse=True)
def _own_logger() -> Iterator[None]:
    logger = logging.getLogger("vmm_wizard")
    before = list(logger.handlers), logger.propagate, logger.level
    logger.handlers = []
    yield
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


def test_the_longer_of_two_secrets_is_masked_whole() -> None:
    log.mask("Secret-One")
    log.mask("Secret-One-and-more")
    assert log.masked("x Secret-One-and-more y") == f"x {log.MASK} y"


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    log.open_log(tmp_path / "file" / "x.log")
    logging.getLogger("vmm_wizard").info("nobody reads this")


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX; on Windows the profile is private")
def test_the_state_folder_is_its_owners_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VMM_WIZARD_STATE", str(tmp_path / "state"))
    assert stat.S_IMODE(paths.state_folder().stat().st_mode) == 0o700
    assert paths.journal_file().parent == tmp_path / "state"
    assert stat.S_IMODE(paths.log_file().parent.stat().st_mode) == 0o700
