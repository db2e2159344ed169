"""The library's file server (LIB)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.building import SERVICE_SID, a_plan, good_facts
from tests.checks.states import Case
from vmm_wizard.facts.model import (
    Facts,
    LibraryFacts,
    LibraryRole,
    LibraryShare,
    NoAnswer,
    PrincipalNameFacts,
    ShareEntry,
)
from vmm_wizard.plan.model import Library
from vmm_wizard.plan.names import HostName

STATES = {"LIB-01": "pass warn fail unknown not_applicable"}

HOST = "libfs.contoso.lab"
PLAN = a_plan(library=Library(HostName("libfs")))
FULL = 0x1F01FF
THREE = ("S-1-5-18", "S-1-5-32-544", SERVICE_SID)
DN = "CN=LIBFS,CN=Computers,DC=contoso,DC=lab"


def a_share(*sids: str) -> LibraryShare:
    """A share that these may use in full."""
    return LibraryShare("VMMLibrary", "F:\\VMMLibrary", tuple(ShareEntry(True, sid, FULL) for sid in sids))


def a_library(**changes: Any) -> LibraryFacts:
    """A clustered file server as it should be."""
    role = LibraryRole("LIBFS", "FileServer", "Online")
    return replace(LibraryFacts("FSNODE1", "FSCLU", role, (a_share(*THREE),), ""), **changes)


def served(library: LibraryFacts | NoAnswer | None = None, clustered: bool = True, known: bool = True) -> Facts:
    """The good estate with a file server for the library, as directory and file server tell of it."""
    facts = good_facts()
    names = facts.principal_names
    assert isinstance(names, PrincipalNameFacts)
    holders = {
        **names.holders,
        f"HOST/{HOST}": (DN,) if known else (),
        f"MSClusterVirtualServer/{HOST}": (DN,) if clustered else (),
    }
    return replace(facts, library=library or a_library(), principal_names=replace(names, holders=holders))


def role_of_kind(kind: str) -> LibraryFacts:
    return a_library(role=LibraryRole("LIBFS", kind, "Online"))


CASES = (
    Case("LIB-01", "pass", "have full access to VMMLibrary", served(), PLAN),
    Case("LIB-01", "warn", "is not clustered", served(clustered=False), PLAN),
    Case("LIB-01", "warn", "no computer", served(clustered=False, known=False), PLAN),
    Case("LIB-01", "warn", r"lacks CONTOSO\svc-vmm", served(a_library(shares=(a_share(*THREE[:2]),))), PLAN),
    Case("LIB-01", "warn", "no share yet", served(a_library(shares=())), PLAN),
    Case("LIB-01", "fail", "ScaleoutFileServer", served(role_of_kind("ScaleoutFileServer")), PLAN),
    Case("LIB-01", "fail", "VMM's own", served(a_library(cluster_name="VMMCLU")), PLAN),
    Case("LIB-01", "fail", "on the VMM cluster", served(), a_plan(library=Library(HostName("vmm03")))),
    Case("LIB-01", "unknown", "refused", served(NoAnswer("could not reach libfs: refused", "unreachable")), PLAN),
    Case("LIB-01", "unknown", "did not tell", served(a_library(role=None, error="Access is denied.")), PLAN),
    Case("LIB-01", "unknown", "shares could not be read", served(a_library(shares=None, error="x")), PLAN),
    Case("LIB-01", "not_applicable", "no file server"),
)
