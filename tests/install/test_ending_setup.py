"""Setup that stands at a dialog: told, asked about, ended where somebody wants that, and what it left is judged."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.install.installing import FIRST, QUICK, Site, finished, newest, notices, runs, site, steps
from tests.install.test_attaching import documents, run
from tests.install.test_interrupted import Command
from tests.lab.faulty import faulty
from vmm_wizard.install.asking import END, WAIT, Question
from vmm_wizard.install.events import Event, StepChanged

#: Many looks at the processes (one in fifteen estate seconds), and soon.
STALL = replace(QUICK, stall=0.4)
TITLE = "Virtual Machine Manager Setup"


@pytest.fixture
def stuck(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path, faulty({"kind": "setup_hangs"}), STALL) as found:
        yield found


def answering(words: list[str], asked: list[Question]) -> Callable[[Question], str]:
    def ask(question: Question) -> str:
        asked.append(question)
        return words.pop(0) if len(words) > 1 else words[0]

    return ask


def half_done(events: list[Event]) -> list[str]:
    return [row.remedy for row in notices(events) if row.text.startswith(f"{FIRST} is half done: ")]


def test_a_dialog_is_asked_about_again_and_setup_ended_when_that_is_the_answer(stuck: Site) -> None:
    asked: list[Question] = []
    events = stuck.install(ask=answering([WAIT, END], asked))
    end = finished(events)
    assert [question.default for question in asked] == [WAIT, WAIT]
    assert f"'{TITLE}'" in asked[0].text
    assert "SQL Server has no sessions from vmm01" in asked[0].text
    assert (end.result, end.changed) == ("failed", True)
    assert f"{FIRST}: setup was ended as you asked" in end.text
    assert end.text.endswith(f"{FIRST} is half done")
    assert ("end", "done") in steps(events, FIRST)
    (plan,) = half_done(events)
    assert plan.startswith("1. ")
    assert (stuck.setups(), stuck.left()) == ({FIRST: [None]}, [])
    assert runs(stuck.journal)[0][1] == "failed"


def test_where_nobody_is_asked_it_is_told_and_waited_for(tmp_path: Path) -> None:
    with site(tmp_path, faulty({"kind": "setup_hangs", "for_seconds": 4000}), STALL) as place:
        events = place.install()
        assert finished(events).result == "installed"
        told = [row for row in notices(events) if "most likely waits at a dialog" in row.text]
        assert told
        assert "vmm-wizard resume RUN --end-setup" in told[0].remedy
        assert place.is_clean()


@pytest.mark.long
def test_slow_work_is_told_and_nothing_is_asked(tmp_path: Path) -> None:
    def never(question: Question) -> str:
        raise AssertionError(question.text)

    with site(tmp_path, faulty({"kind": "setup_slow", "for_seconds": 4000}), STALL) as place:
        events = place.install(ask=never)
        assert finished(events).result == "installed"
        assert [row.remedy for row in notices(events) if row.text.endswith("it works: wait")]
        assert place.is_clean()


class TestTheSecondWish:
    def begun(self, act: Callable[[], object]) -> Callable[[Event], None]:
        def on(event: Event) -> None:
            if isinstance(event, StepChanged) and (event.node, event.step, event.state) == (FIRST, "setup", "started"):
                act()

        return on

    @pytest.mark.parametrize("first", [True, False])
    def test_ends_a_setup_that_runs_and_begins_no_other(self, stuck: Site, first: bool) -> None:
        cancel, ending = threading.Event(), threading.Event()

        def wish() -> None:
            ending.set()
            if first:
                cancel.set()

        events = stuck.install(cancel=cancel, end_setup=ending, on=self.begun(wish))
        end = finished(events)
        assert (end.result, end.changed) == ("failed", True)
        assert "setup was ended as you asked" in end.text
        assert (stuck.setups(), stuck.left()) == ({FIRST: [None]}, [])

    def test_before_setup_has_begun_nothing_is_begun(self, stuck: Site) -> None:
        ending = threading.Event()
        ending.set()
        end = finished(stuck.install(end_setup=ending))
        assert (end.result, end.changed) == ("cancelled", False)
        assert (stuck.setups(), stuck.left()) == ({}, [])


def test_resume_end_setup_ends_what_a_killed_process_began(stuck: Site) -> None:
    Command(stuck).run(f'"node": "{FIRST}", "step": "setup", "state": "started"')
    killed = newest(stuck.journal).id
    wants_yes = "vmm-wizard: without a terminal, resume --end-setup wants --yes\n"
    assert run(stuck, "resume", killed, "--end-setup") == (2, "", wants_yes)
    code, said, _ = run(stuck, "resume", killed, "--end-setup", "--yes", "--json")
    assert code == 4
    told: list[dict[str, Any]] = documents(said)
    assert [row["text"] for row in told if row["event"] == "step" and row["step"] == "end" and row["text"]]
    assert "setup was ended as you asked" in told[-1]["text"]
    assert (stuck.setups(), stuck.left(), runs(stuck.journal)) == ({FIRST: [None]}, [], [(killed, "failed")])
    code, _, errors = run(stuck, "resume", killed, "--end-setup", "--yes")
    assert (code, errors) == (1, f"vmm-wizard: run {killed} is over: failed\n")
