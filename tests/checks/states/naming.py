"""Names (NAM)."""

from __future__ import annotations

from tests.building import with_role_name
from tests.checks.states import Case

STATES = {
    "NAM-01": "pass fail",
}

CASES = (
    Case("NAM-01", "pass", "vmm"),
    Case("NAM-01", "fail", "16 characters", plan=with_role_name("vmm-of-the-north")),
)
