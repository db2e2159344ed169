"""What makes one run of setup take another course than it would by itself."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Dialog:
    """A window that nobody sees: setup stands until somebody closes it, after so many estate seconds (None: never)."""

    title: str
    seconds: float | None = None


@dataclass(frozen=True)
class LateFailure:
    """What breaks: the exception's name and text in the log, and setup's exit code after the rollback."""

    name: str
    text: str
    exit_code: int = 1


@dataclass(frozen=True)
class SuddenEnd:
    """Setup's process goes away. `leaves`: what is there afterwards for certain, of LEFTOVERS."""

    leaves: tuple[str, ...] = ()
    exit_code: int = 1


#: What a setup that was killed may leave.
LEFTOVERS = ("files", "database", "service")


@dataclass
class SetupCourse:
    """What lies ahead of a node's setup; each is taken once, at the moment at which it was put here."""

    dialog: Dialog | None = None
    #: Estate seconds in which the log stands still and the worker works.
    pause: float = 0.0
    failure: LateFailure | None = None
    sudden_end: SuddenEnd | None = None
    #: The exit code in place of the one of a setup that did all.
    exit_code: int | None = field(default=None)
