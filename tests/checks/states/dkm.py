"""What only the directory itself says of the container of VMM's keys (DKM-04)."""

from __future__ import annotations

from typing import Any

from tests.building import (
    FULL,
    INHERIT,
    PROTECTION,
    SERVICE_SID,
    a_container,
    a_descriptor,
    good_facts,
)
from tests.checks.states import Case
from vmm_wizard.facts.model import Ace, Facts

STATES = {
    "DKM-04": "pass warn unknown not_applicable",
}

SERVICE_ACE = Ace(True, SERVICE_SID, FULL, INHERIT)


def container(**changes: Any) -> Facts:
    return good_facts(dkm=a_container(**changes))


CASES = [
    Case("DKM-04", "pass", "may make containers in it and may change its permissions"),
    Case("DKM-04", "warn", "may not make containers", container(allowed_child_classes_effective=())),
    Case("DKM-04", "warn", "may not change its permissions", container(sd_rights_effective=0x3)),
    Case("DKM-04", "unknown", "could not be read", container(sd_rights_effective=None)),
    Case("DKM-04", "not_applicable", r"asked as CONTOSO\reader", container(asked_as=r"CONTOSO\reader")),
    Case(
        "DKM-04",
        "not_applicable",
        "DKM-02 first",
        container(
            descriptor=a_descriptor(PROTECTION, SERVICE_ACE), allowed_child_classes_effective=(), sd_rights_effective=0
        ),
        also=frozenset({"DKM-02"}),
    ),
]
