"""The library's file server."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.building import DOMAIN_USERS, SERVICE_SID, a_cluster, a_plan
from tests.checks.asking import FAIL, PASS, UNKNOWN, WARN, finding, with_all_nodes
from tests.checks.states.library import FULL, PLAN, THREE, a_library, a_share, served
from vmm_wizard.checks.registry import Status
from vmm_wizard.facts.model import AddressResource, NoAnswer, ShareEntry
from vmm_wizard.plan.model import Library
from vmm_wizard.plan.names import HostName

SILENT = NoAnswer("could not reach dc01.contoso.lab:636: refused", "unreachable")


def with_entries(*entries: ShareEntry) -> Status:
    share = replace(a_share(), entries=entries)
    return finding("LIB-01", served(a_library(shares=(share,))), PLAN).status


def allowed(sid: str, mask: int = FULL) -> ShareEntry:
    return ShareEntry(True, sid, mask)


def test_full_access_by_any_way_counts_and_less_does_not() -> None:
    first = [allowed(sid) for sid in THREE[:2]]
    assert with_entries(*first, allowed(SERVICE_SID)) is PASS
    assert with_entries(*first, allowed(DOMAIN_USERS)) is PASS, "a group of the service account"
    assert with_entries(allowed("S-1-1-0")) is PASS, "everybody"
    assert with_entries(*first, allowed(SERVICE_SID, 0x10000000)) is PASS
    assert with_entries(*first, allowed(SERVICE_SID, 0x1301BF)) is WARN, "change is not full"
    assert with_entries(*first) is WARN


def test_a_denial_before_takes_away_and_one_behind_does_not() -> None:
    first = [allowed(sid) for sid in THREE[:2]]
    denial = ShareEntry(False, SERVICE_SID, 0x1)
    assert with_entries(denial, *first, allowed(SERVICE_SID)) is WARN
    assert with_entries(*first, allowed(SERVICE_SID), denial) is PASS


def test_one_good_share_is_enough_and_the_remedy_names_groups_by_their_sid() -> None:
    assert finding("LIB-01", served(a_library(shares=(a_share(), a_share(*THREE)))), PLAN).status is PASS
    row = finding("LIB-01", served(a_library(shares=(a_share(),))), PLAN)
    assert "lacks SYSTEM, Administrators, CONTOSO\\svc-vmm" in row.evidence
    assert "'S-1-5-32-544'" in row.remedy
    assert "Grant-SmbShareAccess -Name 'VMMLibrary' -ScopeName 'libfs'" in row.remedy


@pytest.mark.parametrize("name", ["vmm01", "VMM03.contoso.lab", "vmmclu", "files"])
def test_nodes_and_names_of_the_vmm_cluster_fail(name: str) -> None:
    cluster = a_cluster()
    files = AddressResource("Files", "Files", "name", "FILES", "Online")
    facts = with_all_nodes(served(), cluster=replace(cluster, addresses=(*cluster.addresses, files)))
    assert finding("LIB-01", facts, a_plan(library=Library(HostName(name)))).status is FAIL


def test_what_was_not_asked_is_unknown() -> None:
    for facts in (
        replace(served(), principal_names=SILENT),
        replace(served(), service_account=SILENT),
        replace(served(), nodes=dict.fromkeys(served().nodes, SILENT)),
    ):
        assert finding("LIB-01", facts, PLAN).status is UNKNOWN
