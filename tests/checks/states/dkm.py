"""What only the directory itself says of the container of VMM's keys (DKM-04), and where else it is (DKM-07)."""

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
from vmm_wizard.facts.model import Ace, Facts, ReplicaFacts

STATES = {
    "DKM-04": "pass warn unknown not_applicable",
    "DKM-07": "pass warn unknown not_applicable",
}

SERVICE_ACE = Ace(True, SERVICE_SID, FULL, INHERIT)


def container(**changes: Any) -> Facts:
    return good_facts(dkm=a_container(**changes))


def replicas(**changes: Any) -> Facts:
    """The good estate with further domain controllers."""
    return good_facts(replicas=ReplicaFacts("dc01.contoso.lab", "Head-Office", **changes))


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
    Case("DKM-07", "pass", "no other writable domain controller than dc01.contoso.lab"),
    Case("DKM-07", "pass", "dc01.contoso.lab, dc02.contoso.lab have", replicas(having=("dc02.contoso.lab",))),
    Case("DKM-07", "warn", "dc02.contoso.lab does not have", replicas(lacking=("dc02.contoso.lab",))),
    Case("DKM-07", "unknown", "timed out", replicas(silent={"dc02.contoso.lab": "timed out"})),
    Case("DKM-07", "not_applicable", "can be asked, from a node", replicas(from_node=True)),
    Case("DKM-07", "not_applicable", "DKM-01 first", container(found=False)),
]
