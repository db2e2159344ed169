"""`vmm-wizard runbook`: a whole folder or none, and never on top of another."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.test_cli import CONTOSO, edited, wizard
from vmm_wizard.cli.runbook import write_folder
from vmm_wizard.setup.ini import read_private_profile


def test_it_writes_a_numbered_folder_a_node_and_no_secret(tmp_path: Path) -> None:
    done = wizard("runbook", CONTOSO, "-o", tmp_path / "book")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == str(tmp_path / "book" / "README.md")
    folders = sorted(path.name for path in (tmp_path / "book").iterdir() if path.is_dir())
    assert [name[:8] for name in folders] == ["01-vmm01", "02-vmm02"]
    for folder in folders:
        ini = (tmp_path / "book" / folder / "VMServer.ini").read_bytes()
        assert read_private_profile(ini)["VmmServerName"] == "vmm"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["book"]


def test_a_folder_that_holds_something_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")

    done = wizard("runbook", CONTOSO, "-o", tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert "is not empty" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "book").mkdir()
    assert wizard("runbook", CONTOSO, "-o", tmp_path / "book").returncode == 0
    assert (tmp_path / "book" / "README.md").is_file()


def test_without_the_licence_nothing_is_written(tmp_path: Path) -> None:
    answers = edited(tmp_path, "eula_accepted = true", "eula_accepted = false")
    done = wizard("runbook", answers, "-o", tmp_path / "book")
    assert done.returncode == 2
    assert "licence terms are not accepted" in done.stderr
    assert not (tmp_path / "book").exists()


def test_what_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileExistsError, match="a"):
        write_folder(tmp_path / "book", {"a": b"1", "a/b": b"2"})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="modes of folders are POSIX")
def test_others_may_read_what_they_are_to_carry_out(tmp_path: Path) -> None:
    write_folder(tmp_path / "book", {"README.md": b"x"})
    probe = tmp_path / "probe"
    probe.mkdir()
    assert (tmp_path / "book").stat().st_mode == probe.stat().st_mode
