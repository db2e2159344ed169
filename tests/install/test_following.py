"""A setup is followed by statuses alone: new lines once, a percentage that never falls, a cause for a bad end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vmm_wizard.install.events import Event, LogGrew, Notice, Progress
from vmm_wizard.install.following import SetupFollower
from vmm_wizard.remote.task_run import RunResult, TaskStatus

LOG = b"10:00:00:Main: setup.exe\r\n10:00:01:CheckPrerequisites: begin\r\n10:00:02:FailureReason = who knows\r\n"
RUNNING = TaskStatus(
    folder_exists=True,
    task_state="Running",
    task_result=0x41301,
    language_mode="FullLanguage",
    public_key=None,
    secrets_waiting=False,
    begun=True,
    result=None,
    report=None,
    log_exists=True,
    log_length=len(LOG),
    log_bytes=b"",
    setup_processes=("Setup",),
)


def lines(events: list[Event]) -> list[str]:
    return [line for event in events if isinstance(event, LogGrew) for line in event.lines]


def test_a_log_in_pieces_is_told_line_by_line_and_once() -> None:
    follower = SetupFollower("vmm01", 900)
    told: list[str] = []
    for start in range(0, len(LOG), 20):
        told += lines(list(follower.take(replace(RUNNING, log_bytes=LOG[start : start + 20]))))
        assert follower.offset == min(start + 20, len(LOG))
    assert told == ["Main: setup.exe", "CheckPrerequisites: begin", "FailureReason = who knows"]
    assert follower.has_all(RUNNING)


def test_a_log_that_became_shorter_is_read_from_its_beginning() -> None:
    follower = SetupFollower("vmm01", 900)
    list(follower.take(replace(RUNNING, log_bytes=LOG)))
    shorter = replace(RUNNING, log_length=10)
    assert list(follower.take(shorter)) == []
    assert follower.offset == 0
    assert not follower.has_all(shorter)


def test_a_last_line_without_an_end_is_told_at_the_end() -> None:
    follower = SetupFollower("vmm01", 900)
    list(follower.take(replace(RUNNING, log_bytes=LOG[:-2])))
    assert lines(list(follower.close())) == ["FailureReason = who knows"]


def test_the_log_of_an_older_run_is_not_taken_for_this_ones() -> None:
    follower = SetupFollower("vmm01", 900)
    events = list(follower.take(replace(RUNNING, begun=False, log_bytes=LOG)))
    assert events == []
    assert follower.offset == 0


def test_progress_is_told_when_it_changes() -> None:
    follower = SetupFollower("vmm01", 900)
    first = list(follower.take(replace(RUNNING, log_bytes=LOG)))
    assert [event.text for event in first if isinstance(event, Progress)] == ["checking prerequisites"]
    assert list(follower.take(RUNNING)) == []


def test_a_log_that_stands_still_is_told_once_until_it_grows() -> None:
    follower = SetupFollower("vmm01", 0)
    assert [type(event) for event in follower.take(RUNNING)] == [Notice, Progress]
    assert list(follower.take(RUNNING)) == []
    list(follower.take(replace(RUNNING, log_bytes=LOG)))
    (again,) = follower.take(RUNNING)
    assert isinstance(again, Notice)
    assert "SetupWizard.log on vmm01 has not grown" in again.text


@pytest.mark.parametrize(("sessions", "called"), [(None, True), (1, False)])
def test_somebody_is_called_to_a_log_that_stands_still_unless_there_is_nothing_to_do(
    sessions: int | None, called: bool
) -> None:
    follower = SetupFollower("vmm01", 0)
    follower.sessions = lambda: sessions
    told = [event for event in follower.take(RUNNING) if isinstance(event, Notice)]
    assert [event.calls for event in told] == [called]


@pytest.mark.parametrize("stall", [900.0, 1e9])
def test_a_short_silence_is_nothing_to_tell(stall: float) -> None:
    follower = SetupFollower("vmm01", stall)
    assert [event for event in follower.take(RUNNING) if isinstance(event, Notice)] == []


@pytest.mark.parametrize(
    ("code", "error", "words"),
    [
        (0, "", ""),
        (3010, "", ""),
        (1, "", "exit code 1: setup failed"),
        (18, "", "exit code 18: another setup runs"),
        (77, "", "exit code 77: setup failed"),
        (None, "the passwords did not arrive in time", "not started: the passwords did not arrive in time"),
        (None, "", "gave no reason"),
    ],
)
def test_what_a_result_means(code: int | None, error: str, words: str) -> None:
    problem = SetupFollower("vmm01", 900).problem(RunResult("setup", code, "", "", error))
    assert (problem == "") is (words == "")
    assert words in problem


def test_a_failure_is_explained_by_the_log() -> None:
    follower = SetupFollower("vmm01", 900)
    list(follower.take(replace(RUNNING, log_bytes=LOG)))
    text, remedy = follower.explained("setup failed")
    assert "setup failed. SetupWizard.log, line 3: FailureReason = who knows." in text
    assert remedy
    assert SetupFollower("vmm01", 900).explained("setup failed") == ("setup failed", "")
