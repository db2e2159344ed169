"""The lock that keeps a second process of this computer from a cluster, and which run is carried out under it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from vmm_wizard.install.admission import lock_name
from vmm_wizard.plan.model import Plan
from vmm_wizard.texts import text

#: Seconds that one waits for the lock: somebody who only asks who holds it has it for a moment.
_MOMENT = 0.5


class Held(Exception):
    """Another process of this computer is at work on the cluster, or the lock cannot be used. One sentence."""


@contextmanager
def holding(plan: Plan, state_folder: Path) -> Iterator[Callable[[str], None]]:
    """Hold the cluster of `plan`; gives what takes the id of the run that is carried out. Raises Held."""
    import filelock

    path = state_folder / lock_name(plan)
    lock = filelock.FileLock(path, timeout=_MOMENT)
    try:
        lock.acquire()
    except filelock.Timeout:
        said = text("engine.holding.at_work", cluster=plan.cluster.name)
        raise Held(said) from None
    except OSError as error:
        raise Held(text("engine.holding.unusable", folder=state_folder, reason=error.strerror)) from None
    try:
        yield lambda run_id: _write(path, run_id)
    finally:
        _write(path, "")
        lock.release()


def carried_out(plan: Plan, state_folder: Path) -> str:
    """The id of the run that a process of this computer carries out on the cluster of `plan` now; empty when none does,
    or it has not said yet which."""
    import filelock

    path = state_folder / lock_name(plan)
    if not path.exists():
        return ""
    lock = filelock.FileLock(path, timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout:
        with contextlib.suppress(OSError):
            return _beside(path).read_text(encoding="ascii").strip()
        return ""
    except OSError:
        return ""
    lock.release()
    return ""


def _beside(path: Path) -> Path:
    # The lock file itself is emptied by whoever asks for the lock.
    return path.with_suffix(".run")


def _write(path: Path, run_id: str) -> None:
    # Without it the run is carried out all the same: only nobody can attach to it.
    with contextlib.suppress(OSError):
        _beside(path).write_text(run_id, encoding="ascii")
