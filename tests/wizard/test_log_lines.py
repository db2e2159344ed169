"""The log of a run as it is shown: of which machine, only problems, and what was searched for."""

from vmm_wizard.install.events import Event, LogGrew, Notice, StepChanged, StepState
from vmm_wizard.report.run import lines_of
from vmm_wizard.setup.log_causes import explain
from vmm_wizard.wizard.log_lines import KEPT, LogLines, wrapped

FIRST, SECOND = "vmm01.contoso.lab", "vmm02.contoso.lab"
FAILS = "*** Carmine error was: HostAgentFail (2912); HR: 0x80041001"


def a_log(*events: Event) -> LogLines:
    log = LogLines()
    for event in events:
        log.add(event, lines_of(event))
    return log


def numbered(count: int, node: str = FIRST, first: int = 1) -> LogGrew:
    return LogGrew(node, tuple(f"line {number}" for number in range(first, first + count)))


def shown(log: LogLines) -> list[str]:
    return [str(row) for row in log.rows()]


def test_lines_of_setup_stand_as_they_are_and_ours_keep_their_sign() -> None:
    log = a_log(StepChanged(FIRST, "stage", StepState.DONE, "staged"), LogGrew(FIRST, ("Main: begin",)))
    assert shown(log) == [f"  + {FIRST} stage: staged", "  Main: begin"]


def test_no_more_lines_are_kept_than_that() -> None:
    log = a_log(numbered(KEPT + 5))
    assert len(log.rows()) == KEPT
    assert shown(log)[0] == "  line 6"


def test_what_a_node_says_cannot_steer_the_terminal() -> None:
    assert "\x1b" not in "".join(shown(a_log(LogGrew(FIRST, ("\x1b]0;owned\x07",)))))


def test_problems_have_their_sign_among_all_lines() -> None:
    log = a_log(LogGrew(FIRST, ("fine", FAILS)), Notice(FIRST, "vmm01 is out of reach"))
    assert [row.sign for row in log.rows()] == ["", "X", "!"]
    assert shown(log)[-1].count("!") == 1


def test_only_problems_are_shown_with_the_lines_around_them_and_what_was_left_out() -> None:
    log = a_log(numbered(5), LogGrew(FIRST, (FAILS,)), numbered(4, first=6))
    log.turn_problems()
    said = shown(log)
    assert said[0] == "  ... 3 lines ..."
    assert said[1:4] == ["  line 4", "  line 5", f"X {FAILS}"]
    assert said[-2:] == ["  line 6", "  line 7"]
    log.turn_problems()
    assert len(log.rows()) == 10


def test_the_cause_of_a_problem_stands_below_it_once() -> None:
    fails = "Have NOT acknowledge acceptance of the licence"
    log = a_log(LogGrew(FIRST, (fails, fails)))
    log.turn_problems()
    said = " ".join(row.text.removeprefix("->").strip() for row in log.rows(200) if not row.number)
    assert said == f"{explain(fails).cause} {explain(fails).remedy}"


def test_one_machine_after_another_and_then_all() -> None:
    log = a_log(LogGrew(FIRST, ("one",)), LogGrew(SECOND, ("two",)))
    seen = []
    for _ in range(4):
        seen.append([row.text for row in log.rows()])
        log.next_node()
    assert seen == [["one", "two"], ["one"], ["two"], ["one", "two"]]


def test_a_search_begins_at_the_last_match_and_goes_round() -> None:
    log = a_log(LogGrew(FIRST, ("an apple", "a pear", "another Apple")))
    log.search("APPLE")
    log.go(-1)
    assert shown(log) == ["* an apple", "  a pear", "> another Apple"]
    log.go(1)
    assert shown(log) == ["> an apple", "  a pear", "* another Apple"]
    log.go(-1)
    assert log.head(follows=True) == 'Log: all machines, "APPLE": 2 of 2, 3 lines'


def test_a_match_is_kept_while_lines_come_and_the_first_ones_go() -> None:
    log = a_log(LogGrew(FIRST, ("an apple",)))
    log.search("apple")
    log.go(1)
    log.add(numbered(10), ())
    assert shown(log)[0] == "> an apple"
    log.add(numbered(KEPT), ())
    log.go(1)
    assert log.at == 0


def test_what_is_nowhere_is_said_to_be() -> None:
    log = a_log(numbered(3))
    log.search("apple")
    log.go(-1)
    assert log.head(follows=True) == 'Log: all machines, "apple" is nowhere in it, 3 lines'
    log.search("")
    assert log.head(follows=False) == "Log: all machines, 3 lines, End follows"


def test_a_search_is_within_what_is_shown() -> None:
    log = a_log(LogGrew(FIRST, ("an apple", *("line",) * 9, FAILS)))
    log.search("apple")
    log.turn_problems()
    assert log.matches() == []


def test_a_line_that_is_wider_than_the_screen_goes_on_below_and_nothing_of_it_is_lost() -> None:
    said = f"10:00:01 {FAILS} at Microsoft.VirtualManager.Setup.{'x' * 60}; see the log"
    log = a_log(LogGrew(FIRST, (said, "short")))
    log.search("carmine")
    log.go(-1)
    rows = wrapped(log.rows(), 40)
    assert all(len(str(row)) <= 40 for row in rows)
    assert "".join("".join(row.text.split()) for row in rows) == "".join(f"{said}short".split())
    assert [(row.sign, row.is_more) for row in rows] == [(">", False), *[(">", True)] * (len(rows) - 2), ("", False)]
    assert [str(row)[:2] for row in rows] == ["> ", *["  "] * (len(rows) - 1)]
    assert len(log.matches()) == 1


def test_wide_letters_are_wrapped_by_the_columns_that_they_take() -> None:
    rows = wrapped(a_log(LogGrew(FIRST, ("\u65e5" * 40,))).rows(), 42)
    assert [len(row.text.strip()) for row in rows] == [20, 18, 2]
