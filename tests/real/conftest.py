"""Tests against outside programs: marked `real`, and skipped with a reason where a program is missing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.real)


def need(condition: bool, reason: str) -> None:
    """Go on when `condition` holds; else skip with `reason`, or fail where everything must be there
    (VMM_WIZARD_REQUIRE_REAL=1, as in CI)."""
    if condition:
        return
    if os.environ.get("VMM_WIZARD_REQUIRE_REAL") == "1":
        pytest.fail(f"required by VMM_WIZARD_REQUIRE_REAL=1: {reason}")
    pytest.skip(reason)
