"""The support matrix is data: what is newer than all of it warns, alone, and nothing else stops because of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.building import a_node, a_plan, a_sql, good_facts
from tests.checks.asking import FAIL, UNKNOWN, VMM01, WARN, with_all_nodes
from vmm_wizard.checks.registry import judge
from vmm_wizard.facts.model import Facts
from vmm_wizard.plan.model import Release

NEWER = {
    "NOD-01": with_all_nodes(os_build=29999, os_caption="Microsoft Windows Server 2031 Datacenter"),
    "SQL-03": good_facts(sql=a_sql(major_version=21, product_version="21.0.1.1", edition="Standard Edition (64-bit)")),
    "MED-01": with_all_nodes(media=replace(a_node().media, product_version="12.31.1.0")),
    "NOD-05": with_all_nodes(adk=replace(a_node().adk, version="10.1.39999.1")),
}


@pytest.mark.parametrize("check_id", NEWER)
@pytest.mark.parametrize("release", Release)
def test_what_is_newer_than_the_matrix_warns_and_goes_on(check_id: str, release: Release) -> None:
    """For each release, held against the same estate without the novelty: other releases fit it less well anyway."""
    plan = a_plan(release=release)

    def seen(facts: Facts) -> set[tuple[str, str, str]]:
        return {(row.id, row.subject, row.status.value) for row in judge(plan, facts)}

    new = seen(NEWER[check_id]) - seen(good_facts())
    assert {row[0] for row in new} <= {check_id}
    rows = [row for row in judge(plan, NEWER[check_id]) if row.id == check_id]
    assert all(row.status is WARN for row in rows), [(row.subject, row.evidence) for row in rows]
    assert [row for row in rows if row.status in (FAIL, UNKNOWN)] == []
    assert {row.subject for row in rows} & {"", VMM01}
