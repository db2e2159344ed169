"""What the journal says of a step beside its name and state: written and read here, so that the two cannot drift."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vmm_wizard.install.journal import Step
    from vmm_wizard.install.works import LogName, Work

#: The step in which somebody is waited for who starts setup on the node.
BY_HAND = "by hand"

_EXIT_CODE = "exit code "
_BEGAN = "Windows began "
_BY_HAND = ", started by hand"


def exit_code_detail(code: int | None) -> str:
    """What is said of a work that ended well."""
    return f"{_EXIT_CODE}{code}"


def exit_code_of(setup: Step) -> int | None:
    """Setup's exit code as its finished step tells it; None when it does not."""
    _, found, code = setup.detail.partition(_EXIT_CODE)
    return int(code) if found and code.isdecimal() else None


def staged_detail(work: Work) -> str:
    """What is said of the work that was staged: what its main step is called, and whose log grows then."""
    return f"{work.step}, log of {work.log}{_BY_HAND if work.by_hand else ''}"


def staged_work(stage: Step) -> tuple[str, LogName]:
    """(What the main step of a staged work is called, which log grows then)."""
    step, _, log_name = stage.detail.removesuffix(_BY_HAND).partition(", log of ")
    return step or "setup", "work" if log_name == "work" else "setup"


def is_by_hand(stage: Step) -> bool:
    """Whether what was staged is started by somebody at the node's console."""
    return stage.detail.endswith(_BY_HAND)


def boot_detail(boot: datetime | None) -> str:
    """What is said of the node when a task is started there: since when its Windows runs (None: it did not tell)."""
    return f"{_BEGAN}{boot.isoformat()}" if boot else ""


def boot_of(start: Step | None) -> datetime | None:
    """Since when Windows ran on the node as the task was started; None when that is not known."""
    try:
        return datetime.fromisoformat(start.detail.removeprefix(_BEGAN)) if start else None
    except ValueError:
        return None
