"""Follow-ups and the first hour as a person reads them."""

from __future__ import annotations

import json
import re

import pytest

from tests.afterwards.following import DONE, follow_up
from tests.building import a_plan, installed_facts, the_names
from vmm_wizard.afterwards import first_hour, told
from vmm_wizard.afterwards.follow_ups import IDS, follow_ups
from vmm_wizard.afterwards.model import OPEN, FollowUp, State, Step, Who
from vmm_wizard.texts import sentences

ROWS = follow_ups(a_plan(), installed_facts(principal_names=the_names()), file="site.toml")


def test_what_is_open_is_told_in_full_and_the_rest_in_a_line() -> None:
    text = "\n".join(told.lines_of(ROWS))
    assert r"         setspn -U -S 'SCVMM/vmm' 'CONTOSO\svc-vmm'" in text.splitlines()
    assert "! to do      Service principal names (AFT-SPN)" in text
    assert "+ done       Update rollups (AFT-UPDATES)\n" in text
    assert "Bring every node to one build" not in text
    assert "Bring every node to one build" in "\n".join(told.lines_of(ROWS, everything=True))
    assert text.splitlines()[-1] == told.sentence(ROWS)


@pytest.mark.parametrize("width", [40, 80, 120])
def test_lines_fit_but_for_commands_which_are_never_broken(width: int) -> None:
    lines = told.lines_of(ROWS, width, everything=True)
    commands = {line for row in ROWS for step in row.steps for line in step.command.splitlines()}
    for line in lines:
        words = line.strip()
        assert len(line) <= width or words in commands or " " not in words or line[0] != " ", line
    shown = {line.strip() for line in lines}
    for step in (step for row in ROWS for step in row.steps if step.state in OPEN):
        assert set(step.command.splitlines()) <= shown


def test_the_brief_form_has_a_line_each_and_the_next_step_of_what_is_open() -> None:
    lines = told.brief(ROWS, 200)
    assert [line.split(maxsplit=1)[0] for line in lines if line[0] in "+!?-"] == [told.SIGNS[row.state] for row in ROWS]
    assert r"    next: Put SCVMM/vmm on 'CONTOSO\svc-vmm' [the AD team]" in lines
    assert sum(line.startswith("    next: ") for line in lines) == sum(row.state in OPEN for row in ROWS)


def test_the_next_step_is_marked() -> None:
    row = follow_up("backup")
    (line,) = (line for line in told.lines_of([row]) if line.startswith("  > "))
    assert line.startswith("  > 1. ? Back the database up")
    assert row.next == row.steps[0]


def test_a_trial_keeps_nothing_open_and_is_asked_of_nobody() -> None:
    done, trial = Step("a", Who.YOU, DONE), Step("b", Who.SQL, State.UNKNOWN, trial=True)
    row = FollowUp("x", "X", "Why. So.", "read", (done, trial))
    assert (row.state, row.next, row.of(Who.SQL)) == (DONE, None, ())


def test_markdown_and_json_hold_every_step() -> None:
    page = told.as_markdown(ROWS, "After the install")
    document = json.loads(told.as_json(ROWS, installed=True))
    assert [row["id"] for row in document["follow_ups"]] == list(IDS)
    assert sum(document["summary"].values()) == len(IDS)
    for row in ROWS:
        assert f"## {row.title}: {row.state.value}" in page
        for step in row.steps:
            assert step.text in page
            assert all(line in page for line in step.command.splitlines())


# --- the first hour


def test_the_page_names_the_admins_own_and_nothing_is_left_in_braces() -> None:
    text = " ".join(" ".join(first_hour.lines_of(first_hour.sections(a_plan()))).split())
    for name in ("vmm.contoso.lab:8100", "Never a node (vmm01, vmm02)", "vmmclu", r"CONTOSO\svc-vmm"):
        assert name in text
    assert not re.search(r"\{\w+\}", text)
    assert "<role>" not in text


def test_without_a_plan_the_page_has_words_where_names_would_be() -> None:
    text = " ".join(first_hour.lines_of(first_hour.sections()))
    assert "<role>:8100" in text
    assert not re.search(r"\{\w+\}", text)


def test_the_page_fills_an_hour_and_says_where_it_was_read() -> None:
    rows = first_hour.sections(a_plan())
    assert sum(row.minutes for row in rows) == 60
    assert all(re.fullmatch(r"vmm/[\w/.-]+\.md(, vmm/[\w/.-]+\.md)*", row.read_in) for row in rows)
    titles = " ".join(row.title for row in rows).casefold()
    for wanted in (
        "console",
        "where",
        "run as",
        "library",
        "host group",
        "host",
        "network",
        "template",
        "others",
        "fails",
    ):
        assert wanted in titles


def test_markdown_has_every_section_and_step() -> None:
    page = first_hour.as_markdown(first_hour.sections(a_plan()))
    for row in first_hour.sections(a_plan()):
        assert f"## {row.title}" in page
        assert all(step in page for step in row.steps)
        assert row.command in page


def test_texts_of_follow_ups_are_all_used() -> None:
    assert {key.split(".")[1] for key in sentences("follow_ups")} == set(IDS)
