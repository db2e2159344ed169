"""How a run ends."""

from __future__ import annotations

from typing import Literal

#: How a run ends. Well: "installed", or "done" for other jobs, or "unchanged" when there was nothing to do.
Result = Literal["installed", "done", "unchanged", "refused", "failed", "cancelled"]
GOOD_RESULTS = frozenset({"installed", "done", "unchanged"})
