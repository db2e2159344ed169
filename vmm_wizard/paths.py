"""Where files of ours live on this machine. Folders are made when asked for, readable by their owner only."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

_APP = "vmm-wizard"


def _private(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    if os.name == "posix":
        # On Windows the user's profile is already closed to others.
        folder.chmod(0o700)
    return folder


def state_folder() -> Path:
    """The journal and whatever must outlive a run. `VMM_WIZARD_STATE` moves it (tests, several estates)."""
    override = os.environ.get("VMM_WIZARD_STATE")
    return _private(Path(override) if override else Path(platformdirs.user_state_path(_APP, appauthor=False)))


def log_file() -> Path:
    """The masked log of this program, in the state folder's `log`."""
    return _private(state_folder() / "log") / "vmm-wizard.log"


def course_file() -> Path:
    """Which lessons of the practice course were found."""
    return state_folder() / "course.json"


def journal_file() -> Path:
    """The database of runs."""
    return state_folder() / "journal.sqlite"
