"""What the wizard ends with, in either face."""

from __future__ import annotations

from collections.abc import Mapping

#: Exit codes of the wizard by how the last run ended; nothing run is good.
EXIT_CODES: Mapping[str, int] = {
    "": 0,
    "installed": 0,
    "done": 0,
    "unchanged": 0,
    "refused": 1,
    "failed": 4,
    "cancelled": 5,
}
