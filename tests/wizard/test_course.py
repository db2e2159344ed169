"""A lesson: what gives nothing away, hints one by one, and when it counts as found."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vmm_wizard.checks.registry import Finding, Status
from vmm_wizard.texts import sentences
from vmm_wizard.wizard.course import Fault, Goal, Learning, Lesson, lesson_of

DENIED = Fault("A deny entry", "It stands before the grant.", "DKM-02")
PORTS = Fault("Two ports are the same", "Somebody changed one.", "NOD-13")
HANGS = Fault("It hangs", "A window.", ends="failed")


def a_lesson(fault: Fault, name: str = "without-words", *, mend: bool = False) -> Lesson:
    return lesson_of(name, "The keys, 6", fault, number=6, count=9, mend=mend, then="Lesson 7: more.")


def a_finding(status: Status, check: str = "DKM-02", subject: str = "") -> Finding:
    return Finding(check, "title", "dkm", "DKM", status, subject, "evidence", "remedy")


class Counting:
    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1


class TestWhatIsToldBefore:
    @pytest.mark.parametrize("fault", [DENIED, PORTS, HANGS])
    @pytest.mark.parametrize("mend", [False, True])
    def test_does_not_tell_what_it_is(self, fault: Fault, mend: bool) -> None:
        lesson = a_lesson(fault, mend=mend)
        said = f"{lesson.head} {lesson.task}"
        assert fault.title not in said
        assert not fault.check or fault.check not in said

    def test_is_by_hand_where_the_catalogue_has_it(self) -> None:
        lesson = a_lesson(PORTS, "ports-clash", mend=True)
        assert lesson.task.startswith("A colleague")
        assert len(lesson.hints) == 3
        assert lesson.why

    def test_hints_come_nearer_step_by_step(self) -> None:
        first, second, third = a_lesson(DENIED).hints
        assert "DKM container" in first
        assert "DKM-02" not in first + second
        assert "Full Control" in second
        assert "DKM-02" in third

    def test_of_a_run_names_its_end_last(self) -> None:
        assert "failed" in a_lesson(HANGS).hints[2]


class TestHints:
    def test_come_one_by_one_and_end(self) -> None:
        learning = Learning(a_lesson(DENIED))
        assert (len(learning.lines()), learning.left) == (1, 3)
        for left in (2, 1, 0, 0):
            learning.hint()
            assert learning.left == left
            assert len(learning.lines()) == 4 - left
        assert "Hint 3" in learning.lines()[3][1]


class TestALessonOfFinding:
    def test_is_done_when_the_finding_is_opened(self) -> None:
        told = Counting()
        learning = Learning(a_lesson(DENIED), told)
        learning.looked([a_finding(Status.FAIL)])
        assert not learning.found
        assert learning.opened([a_finding(Status.FAIL)]) is False
        learning.opened([a_finding(Status.FAIL)])
        assert (learning.found, told.times) == (True, 1)

    @pytest.mark.parametrize(
        "row",
        [
            a_finding(Status.PASS),
            a_finding(Status.WARN),
            a_finding(Status.UNKNOWN),
            a_finding(Status.FAIL, "DKM-01"),
        ],
    )
    def test_is_not_done_by_another_one(self, row: Finding) -> None:
        learning = Learning(a_lesson(DENIED))
        learning.opened([row])
        assert not learning.found

    def test_wants_the_right_node_where_the_fault_has_one(self) -> None:
        learning = Learning(a_lesson(replace(DENIED, subject="vmm02")))
        learning.opened([a_finding(Status.FAIL, subject="vmm01")])
        assert not learning.found
        learning.opened([a_finding(Status.FAIL, subject="vmm01"), a_finding(Status.FAIL, subject="vmm02")])
        assert learning.found

    def test_of_a_warning_wants_the_warning(self) -> None:
        learning = Learning(a_lesson(replace(DENIED, is_warning=True)))
        learning.opened([a_finding(Status.WARN)])
        assert learning.found


class TestALessonOfMending:
    def test_is_done_when_what_was_wrong_is_good(self) -> None:
        told = Counting()
        learning = Learning(a_lesson(PORTS, mend=True), told)
        assert learning.lesson.goal is Goal.MEND
        wrong, good = a_finding(Status.FAIL, "NOD-13"), a_finding(Status.PASS, "NOD-13")
        learning.looked([wrong])
        assert learning.opened([wrong]) is True
        assert not learning.found
        learning.looked([good, a_finding(Status.UNKNOWN, "NOD-13")])
        assert not learning.found
        learning.looked([good])
        learning.looked([good])
        assert (learning.found, told.times) == (True, 1)

    @pytest.mark.parametrize("status", [Status.UNKNOWN, Status.WARN, Status.NOT_APPLICABLE])
    def test_is_not_done_by_what_is_not_good(self, status: Status) -> None:
        learning = Learning(a_lesson(PORTS, mend=True))
        learning.looked([a_finding(Status.FAIL, "NOD-13")])
        learning.looked([a_finding(status, "NOD-13")])
        assert not learning.found

    def test_is_not_done_before_it_was_wrong(self) -> None:
        learning = Learning(a_lesson(PORTS, mend=True))
        learning.looked([a_finding(Status.PASS, "NOD-13")])
        assert not learning.found


class TestALessonOfARun:
    def test_is_done_when_the_run_ends_as_it_does_there(self) -> None:
        learning = Learning(a_lesson(HANGS))
        learning.ended("cancelled")
        assert not learning.found
        learning.ended("failed")
        assert learning.found


class TestTheEnd:
    def test_says_what_it_was_why_and_what_comes_next(self) -> None:
        said = " ".join(row for _, row in Learning(a_lesson(DENIED)).ending())
        assert "A deny entry. It stands before the grant." in said
        assert "Full Control with inheritance" in said
        assert "Lesson 7" in said

    def test_of_the_last_lesson_says_so(self) -> None:
        learning = Learning(replace(a_lesson(HANGS), then=""))
        assert "last lesson" in learning.ending()[-1][1]


def test_every_lesson_told_by_hand_has_task_and_hints() -> None:
    by_hand = 0
    for name in {key.split(".")[1] for key in sentences("lessons")}:
        parts = {key.split(".")[2] for key in sentences("lessons") if key.split(".")[1] == name}
        by_hand += parts != {"title"}
        assert parts == {"title"} or parts - {"why"} == {"title", "task", "hint1", "hint2", "hint3"}, name
    assert by_hand >= 12
