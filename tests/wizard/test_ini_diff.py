"""The two answer files against each other: what differs is told with its reason, what is the same is short."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.building import a_plan
from vmm_wizard.plan.model import Plan, Registration
from vmm_wizard.plan.names import HostName
from vmm_wizard.setup.ini import render_server_ini
from vmm_wizard.wizard.ini_diff import EXPLAINED, Sign, answer_files, pairs
from vmm_wizard.wizard.picture import plain, width_of

KEY = "ABCDE-FGHIJ-KLMNO-PQRST-UVWXY"


def different(plan: Plan) -> dict[str, tuple[str, str]]:
    return {row.name: (row.first, row.other) for row in pairs(plan) if row.sign is not Sign.SAME}


def test_additional_nodes_join_the_database_and_the_role() -> None:
    assert different(a_plan()) == {
        "CreateNewSqlDatabase": ("CreateNewSqlDatabase=1", "CreateNewSqlDatabase=0"),
        "HighlyAvailable2ndNode": ("HighlyAvailable2ndNode=0", "HighlyAvailable2ndNode=1"),
    }


def test_a_database_that_is_there_already_makes_no_difference() -> None:
    plan = a_plan(database=replace(a_plan().database, create_new=False))
    assert set(different(plan)) == {"HighlyAvailable2ndNode"}


def test_each_difference_says_why() -> None:
    rows = [row for row in pairs(a_plan()) if row.sign is not Sign.SAME]
    assert {row.name for row in rows} == EXPLAINED
    assert all(row.why.startswith("Why: ") and "nothing is known" not in row.why for row in rows)


@pytest.mark.parametrize("first", [True, False])
def test_the_lines_are_those_of_the_files(first: bool) -> None:
    """Without a product key, nothing is masked."""
    lines = [row.first if first else row.other for row in pairs(a_plan())]
    assert lines == render_server_ini(a_plan(), first=first).decode().splitlines()


def test_at_eighty_columns_one_stands_below_the_other() -> None:
    lines = plain(answer_files(a_plan(), 80))
    assert lines[2:4] == ["< vmm01 (the first node)", "> vmm02 (additional)"]
    place = lines.index("< HighlyAvailable2ndNode=0")
    assert lines[place + 1] == "> HighlyAvailable2ndNode=1"
    assert lines[place + 2].startswith("    Why: it tells setup")
    assert "= 6 lines are the same: [OPTIONS] to ProgramFiles" in lines


def test_where_it_is_wide_they_stand_side_by_side() -> None:
    lines = plain(answer_files(a_plan(), 120))
    assert lines[2].split() == ["vmm01", "(the", "first", "node)", "vmm02", "(additional)"]
    row = next(line for line in lines if "HighlyAvailable2ndNode=0" in line)
    assert row.split() == ["HighlyAvailable2ndNode=0", "<>", "HighlyAvailable2ndNode=1"]


@pytest.mark.parametrize("width", [80, 120])
def test_everything_shows_each_line_that_is_the_same(width: int) -> None:
    short, full = (plain(answer_files(a_plan(), width, everything=everything)) for everything in (False, True))
    assert not any("TopContainerName=" in line for line in short)
    assert any("TopContainerName=CN=VMMDKM" in line for line in full)
    assert len(full) > len(short)


def test_no_product_key_is_in_it() -> None:
    plan = a_plan(registration=Registration(product_key=KEY))
    lines = plain(answer_files(plan, 120, everything=True))
    assert not any("ABCDE" in line for line in lines)
    assert any("ProductKey=***" in line for line in lines)


def test_while_answers_are_missing_it_says_which() -> None:
    assert "Not yet: not answered yet: " in "\n".join(plain(answer_files(Plan(), 80)))


def test_with_one_node_it_shows_what_another_would_get() -> None:
    plan = a_plan(cluster=replace(a_plan().cluster, nodes=(HostName("vmm01"),)))
    assert "> an additional node (none is planned)" in plain(answer_files(plan, 80))


@given(st.integers(40, 200), st.booleans(), st.text(max_size=120))
@settings(deadline=None)
def test_no_line_is_wider_than_asked(width: int, everything: bool, company: str) -> None:
    plan = a_plan(registration=Registration(company_name=company))
    assert max(map(width_of, answer_files(plan, width, everything=everything))) <= width
