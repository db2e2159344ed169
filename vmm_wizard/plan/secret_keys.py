"""Which keys of a file look as if a secret stood behind them."""

from __future__ import annotations

import re

_SECRET = re.compile(r"pass|pwd|secret|credential|token|kennwort", re.IGNORECASE)


def is_secret_key(name: str) -> bool:
    """Whether a key looks as if a secret stood behind it, so that its value is neither kept nor shown."""
    return bool(_SECRET.search(name))
