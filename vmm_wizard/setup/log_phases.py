"""What setup is doing, read from the lines of its log: an install, an uninstall, and the console's own two."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from vmm_wizard.texts import text


class SetupKind(StrEnum):
    """What setup.exe was started for."""

    INSTALL = "install"
    UNINSTALL = "uninstall"
    CONSOLE = "console install"
    CONSOLE_UNINSTALL = "console uninstall"

    @property
    def removes(self) -> bool:
        """Whether something is taken away. Setup never rolls that back: a step that fails is passed over (PHX)."""
        return self in (SetupKind.UNINSTALL, SetupKind.CONSOLE_UNINSTALL)


class Phase(StrEnum):
    """What setup is doing, as far as its log tells. The values are names of the catalogue's words for it."""

    STARTING = "starting"
    PREREQUISITES = "prerequisites"
    FILES = "files"
    AFTERWARDS = "afterwards"
    DATABASE = "database"
    KEYS = "keys"
    PRINCIPAL_NAMES = "principal_names"
    SERVICE = "service"
    ROLE = "role"
    INSTALLED = "installed"
    STOPPING = "stopping"
    LEAVING = "leaving"
    DATABASE_LEFT = "database_left"
    REMOVING = "removing"
    ENDED = "ended"
    ROLLBACK = "rollback"

    @property
    def said(self) -> str:
        """The phase in words for a person."""
        return text(f"setup_files.phases.{self.value}")


@dataclass(frozen=True, slots=True)
class Marker:
    """A phase begins at `percent` with a line that matches, once the run has come as far as `after` percent."""

    phase: Phase
    percent: int
    pattern: re.Pattern[str]
    after: int = 0


@dataclass(frozen=True, slots=True)
class Course:
    """The phases of one kind of run, in order; `counted` is the one whose files the log counts, `until` its end."""

    markers: tuple[Marker, ...]
    counted: Phase
    until: int

    @property
    def since(self) -> int:
        """The percentage at which the files begin."""
        return next(marker.percent for marker in self.markers if marker.phase is self.counted)


def _marker(phase: Phase, percent: int, pattern: str, after: int = 0) -> Marker:
    return Marker(phase, percent, re.compile(pattern, re.IGNORECASE), after)


_TASK = r"ProcessInstalls: (?:installing|removing|Install Item)|Doing (?:Pre|)install task"
_ENDED = _marker(Phase.ENDED, 99, r"ended with exit code|setup (?:has )?(?:completed|finished)")
_PREREQUISITES = _marker(Phase.PREREQUISITES, 3, r"prereq")
_INSTALLED = _marker(Phase.INSTALLED, 3, r"prereq|last node|SystemStateDetection")
#: The log has no percentages: the numbers are shares of a usual run, in which the files take most of the time. What
#: matters comes after them in an install, and before them in an uninstall: words of those phases count only there.
COURSES = {
    SetupKind.INSTALL: Course(
        (
            _PREREQUISITES,
            _marker(Phase.FILES, 6, _TASK),
            _marker(Phase.AFTERWARDS, 76, r"PostProcess(?:ing)?Delegate|Doing Postinstall task|Postinstall"),
            _marker(Phase.DATABASE, 79, r"\bsql|database|DBConfigurator", 76),
            _marker(Phase.KEYS, 86, r"\bDKM\b|TopContainer|key container", 76),
            _marker(Phase.PRINCIPAL_NAMES, 90, r"\bSPN\b|\bSCP\b|servicePrincipalName", 76),
            _marker(Phase.SERVICE, 93, r"^Service:|SCVMMService|CreateService", 76),
            _marker(Phase.ROLE, 96, r"cluster|resource group|HAVMM", 76),
            _ENDED,
        ),
        Phase.FILES,
        75,
    ),
    SetupKind.UNINSTALL: Course(
        (
            _INSTALLED,
            _marker(Phase.STOPPING, 8, r"Doing Preinstall task|Stopping services|^Service:.*stop"),
            _marker(Phase.LEAVING, 15, r"cluster|resource group|HAVMM", 8),
            _marker(Phase.DATABASE_LEFT, 25, r"\bsql|database|DBConfigurator", 8),
            _marker(Phase.REMOVING, 35, r"Doing install task|ProcessInstalls: removing"),
            _ENDED,
        ),
        Phase.REMOVING,
        95,
    ),
    SetupKind.CONSOLE: Course((_PREREQUISITES, _marker(Phase.FILES, 10, _TASK), _ENDED), Phase.FILES, 95),
    SetupKind.CONSOLE_UNINSTALL: Course((_INSTALLED, _marker(Phase.REMOVING, 10, _TASK), _ENDED), Phase.REMOVING, 95),
}
