"""Faults of WinRM at a moment, met by our own sessions and by pywinrm."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import requests

from tests.lab.faulty import FIRST, SECOND, faults, served_with, session, stage, status
from tests.lab.test_estate_logons import on_node
from vmm_wizard.lab import contoso
from vmm_wizard.remote.errors import AnswerUnreadable, NodeUnreachable


def test_a_refusing_node_refuses_from_its_moment_on_and_no_other_does(tmp_path: Path) -> None:
    with served_with(tmp_path, {"kind": "winrm_refused", "when": "script run-status", "on": FIRST}) as served:
        password = served.estate.account(contoso.INSTALLER).password
        assert on_node(served, password, "hostname").std_out == b"VMM01\r\n"
        with session(served, FIRST) as first, pytest.raises(NodeUnreachable):
            status(first)
        with pytest.raises(requests.exceptions.ConnectionError):
            on_node(served, password, "hostname")
        with session(served, SECOND) as second:
            assert status(second)["task_state"] == "Missing"
        assert faults(served) == [("winrm_refused", "script run-status")]


def test_a_refusal_that_passes_is_over_and_the_state_file_says_when(tmp_path: Path) -> None:
    fault = {"kind": "winrm_refused", "when": "after script stage-run", "for_seconds": 60}
    with served_with(tmp_path, fault) as served:
        with session(served) as first, pytest.raises(NodeUnreachable):
            stage(first)
        while served.estate.report()["faults"][0]["over"] is None:
            served.estate.stop.wait(0.01)
        with session(served) as again:
            assert status(again)["folder_exists"] is True
    (row,) = json.loads((tmp_path / "state.json").read_text())["faults"]
    assert row["over"] - row["seconds"] >= 60


def test_two_who_shut_a_door_must_both_have_opened_it(tmp_path: Path) -> None:
    with served_with(tmp_path) as served:
        wire = served.estate.nodes[FIRST].wire
        first, second = wire.shut(), wire.shut()
        first()
        with pytest.raises(NodeUnreachable):
            session(served)
        second()
        session(served).close()


def test_a_connection_is_cut_in_the_middle_of_the_answer_and_the_work_is_done(tmp_path: Path) -> None:
    with served_with(tmp_path, {"kind": "winrm_cut", "when": "after script stage-run"}) as served:
        with session(served) as first, pytest.raises(NodeUnreachable):
            stage(first)
        with session(served) as again:
            assert status(again)["folder_exists"] is True
            assert stage(again)["task_exists"] is False


def test_pywinrm_sees_a_cut_answer_as_a_broken_connection(tmp_path: Path) -> None:
    with served_with(tmp_path, {"kind": "winrm_cut", "node": FIRST}) as served:
        password = served.estate.account(contoso.INSTALLER).password
        with pytest.raises(requests.exceptions.RequestException):
            on_node(served, password, "hostname")
        assert on_node(served, password, "hostname").std_out == b"VMM01\r\n"


def test_a_banner_before_the_answer_is_read_over(tmp_path: Path) -> None:
    fault = {"kind": "winrm_garbage", "when": "script", "times": "always", "after": "Goodbye\n}"}
    with served_with(tmp_path, fault, {**fault, "before": 'Hello {"a": 1}'}) as served, session(served) as first:
        assert status(first)["task_state"] == "Missing"
        assert stage(first)["task_exists"] is False
        assert len(faults(served)) == 4


def test_a_truncated_answer_is_one_that_cannot_be_read_once(tmp_path: Path) -> None:
    fault = {"kind": "winrm_garbage", "when": "script run-status", "kept": 0.5}
    with served_with(tmp_path, fault) as served, session(served) as first:
        with pytest.raises(AnswerUnreadable):
            status(first)
        assert status(first)["task_state"] == "Missing"


def test_a_silent_node_takes_connections_and_does_not_answer_even_what_it_was_asked_before(tmp_path: Path) -> None:
    with served_with(tmp_path, {"kind": "winrm_silent", "when": "script run-status"}) as served:
        first = session(served)
        with pytest.raises(NodeUnreachable):
            status(first, seconds=0.5)
        first.close()
        with pytest.raises(NodeUnreachable):
            session(served, seconds=0.2)


def test_a_node_is_silent_until_all_who_silenced_it_let_it_speak(tmp_path: Path) -> None:
    with served_with(tmp_path) as served:
        wire = served.estate.nodes[FIRST].wire
        first, second = wire.silence(), wire.silence()
        first()
        with pytest.raises(NodeUnreachable):
            session(served, seconds=0.2)
        second()
        with session(served) as again:
            assert status(again)["task_state"] == "Missing"
