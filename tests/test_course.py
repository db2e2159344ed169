"""The course: every scenario once, in chapters, and the way from one lesson to the next."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from vmm_wizard.cli import cli
from vmm_wizard.cli.course import Kept, go_on, learning_of, lines, next_after, places, read_done, write_done
from vmm_wizard.lab.scenarios import all_scenarios, scenario
from vmm_wizard.texts import has, sentences
from vmm_wizard.wizard.course import Learning

NOTHING: frozenset[str] = frozenset()


def test_every_scenario_is_a_lesson_once() -> None:
    assert sorted(place.name for place in places()) == sorted(row.name for row in all_scenarios())
    assert {key.split(".")[1] for key in sentences("lessons")} <= {place.name for place in places()}
    assert all(has(f"course.chapter.{place.chapter}") for place in places())


@pytest.mark.parametrize("place", places(), ids=lambda place: place.name)
def test_every_lesson_tells_its_task_and_not_its_answer(place) -> None:
    lesson = learning_of(place, NOTHING, lambda: None).lesson
    row = scenario(place.name)
    assert len(lesson.hints) == 3
    assert all(lesson.hints)
    before = f"{lesson.head} {lesson.task}"
    assert row.title not in before
    assert not any(check in before for check in row.finds)
    assert not place.mend or row.plan or "fix" in row.story


class TestTheWay:
    def test_goes_on_behind_the_last_one_and_begins_anew_with_what_was_left_out(self) -> None:
        first, second, third = places()[:3]
        assert next_after(NOTHING) == first
        assert next_after(frozenset({second.name}), first.number) == third
        others = frozenset(place.name for place in places()) - {second.name}
        assert next_after(others, 50) == second
        assert next_after(others | {second.name}) is None

    def test_what_was_found_is_kept(self, tmp_path: Path) -> None:
        file = tmp_path / "deep" / "course.json"
        assert read_done(file) == NOTHING
        Kept(file, "ports-clash").keep()
        Kept(file, "dkm-denied").keep()
        assert read_done(file) == {"ports-clash", "dkm-denied"}

    @pytest.mark.parametrize("written", ["", "[]", '{"found": 3}', '{"found": [1]}', "{"])
    def test_a_file_that_is_none_is_as_if_nothing_was_found(self, tmp_path: Path, written: str) -> None:
        file = tmp_path / "course.json"
        file.write_text(written)
        assert read_done(file) == NOTHING

    def test_what_cannot_be_kept_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "in the way").write_text("")
        assert write_done(tmp_path / "in the way" / "course.json", NOTHING)


class TestTheList:
    def test_names_what_was_found_and_hides_what_was_not(self) -> None:
        said = "\n".join(lines(frozenset({"ports-clash"})))
        assert "1 of 120" in said
        assert "Two ports are the same" in said
        assert scenario("role-name-too-long").title not in said

    def test_around_a_lesson_fits_into_a_small_screen(self) -> None:
        for place in places():
            assert len(list(lines(NOTHING, place))) <= 20

    def test_is_printed_where_nobody_can_choose(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("VMM_WIZARD_STATE", str(tmp_path))
        done = CliRunner().invoke(cli, ["lab", "--course"])
        assert done.exit_code == 0
        assert "Six numbers" in done.output


class TestTheMenu:
    def test_begins_the_next_lesson_another_one_and_leaves(self, tmp_path: Path) -> None:
        done: list[str] = []
        with CliRunner().isolation(input="x\n999\n\nl\n3\nq\n"):
            go_on(tmp_path / "course.json", lambda learning, name: done.append(name))
        assert done == [places()[0].name, places()[2].name]

    def test_lists_the_lessons_that_a_check_or_a_word_is_about(self, tmp_path: Path) -> None:
        typed = "nod-13\nsix NUM\nNOD\nno such\nq\n"
        with CliRunner().isolation(input=typed) as (said, errors, _):
            go_on(tmp_path / "course.json", lambda learning, name: None)
            told = said.getvalue().decode()
        place = next(row for row in places() if row.name == "ports-clash")
        assert told.count(f"{place.number:>3}  Six numbers") == 4, "in the list, by check, word, and kind of check"
        assert "no lesson is about 'no such'" in errors.getvalue().decode()
        assert scenario("ports-clash").title not in told

    def test_lists_a_screen_at_a_time_and_takes_a_number_in_between(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        begun: list[str] = []
        with CliRunner().isolation(input="l\n\n3\nl\nq\nq\n") as (said, *_):
            monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
            monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
            monkeypatch.setattr("shutil.get_terminal_size", lambda *_: os.terminal_size((80, 24)))
            go_on(tmp_path / "course.json", lambda learning, name: begun.append(name))
            told = said.getvalue().decode()
        assert begun == [places()[2].name]
        parts = re.split(r"Enter goes on \(\d+ more\)", told.partition("l lists all")[2])
        assert len(parts) == 4
        assert len(parts[1].splitlines()) == 24

    def test_goes_on_at_once_where_the_learner_said_so(self, tmp_path: Path) -> None:
        done: list[str] = []

        def find(learning: Learning, name: str) -> None:
            done.append(name)
            learning.found, learning.next_wanted = True, len(done) == 1
            learning.on_found()

        with CliRunner().isolation(input="\nq\n"):
            go_on(tmp_path / "course.json", find)
        assert done == [places()[0].name, places()[1].name]
        assert read_done(tmp_path / "course.json") == set(done)
