"""Names (NAM)."""

from __future__ import annotations

from tests.building import good_facts, with_role_name
from tests.checks.states import Case

STATES = {
    "NAM-01": "pass fail",
}

LONG = with_role_name("vmm-of-the-north")

CASES = (
    Case("NAM-01", "pass", "vmm"),
    Case("NAM-01", "fail", "16 characters", good_facts(LONG), LONG),
)
