"""The plan is installed on both nodes, told as it goes, and leaves nothing behind; a second time changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.estates import of_status
from tests.install.finished import install_at_once
from tests.install.installing import FIRST, SECOND, Site, finished, newest, site, steps
from vmm_wizard.checks.registry import Status
from vmm_wizard.install.events import Event, LogGrew, Progress
from vmm_wizard.report import run as report

#: What a node goes through, from nothing to verified.
WHOLE = ["preflight", "stage", "start", "setup", "clear", "verify"]
KEYS = {
    "started": {"event", "run", "job", "resumed", "nodes", "certificate_exceptions"},
    "preflight": {"event", "node", "step", "blocking", "findings"},
    "step": {"event", "node", "step", "state", "text"},
    "progress": {"event", "node", "step", "percent", "text"},
    "log": {"event", "node", "lines"},
    "notice": {"event", "node", "text", "remedy", "calls"},
    "finished": {"event", "result", "changed", "text"},
}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, list[Event]]]:
    with site(tmp_path_factory.mktemp("site")) as place:
        yield place, place.install()


def test_both_nodes_are_installed_by_one_setup_each_and_nothing_is_left(installed: tuple[Site, list[Event]]) -> None:
    place, events = installed
    end = finished(events)
    assert (end.result, end.changed) == ("installed", True)
    assert place.setups() == {FIRST: [0], SECOND: [0]}
    assert place.left() == []
    assert place.served.shells() == 0
    assert place.told() == []
    report = place.served.estate.report()
    assert report["roles"]["vmm"] == {"state": "Online", "owner": "VMM01", "possible_owners": ["VMM01", "VMM02"]}
    assert report["bad_logons"] == {}


def test_each_node_is_finished_before_the_next_begins(installed: tuple[Site, list[Event]]) -> None:
    _, events = installed
    for node in (FIRST, SECOND):
        assert steps(events, node) == [(name, state) for name in WHOLE for state in ("started", "done")]
    of_nodes = [event.as_json()["node"] for event in events if event.as_json().get("node") in (FIRST, SECOND)]
    assert of_nodes.index(SECOND) == of_nodes.count(FIRST)


def test_four_witnesses_speak_for_each_node(installed: tuple[Site, list[Event]]) -> None:
    place, _ = installed
    first = place.journal.attempt(newest(place.journal).id, FIRST)["verify"].detail
    second = place.journal.attempt(newest(place.journal).id, SECOND)["verify"].detail
    for text in ("setup ended with exit code 0", "registry: VMM 10.22", "cluster role vmm is Online on VMM01"):
        assert text in first
        assert text in second
    assert "SCVMMService is Running" in first
    assert "SCVMMService is Stopped, as on a passive node" in second
    assert "vmm.contoso.lab:8100 answers" in first


def test_every_event_has_the_documented_keys_and_the_last_is_finished(installed: tuple[Site, list[Event]]) -> None:
    _, events = installed
    documents = [json.loads(report.as_json(event)) for event in events]
    assert all("\n" not in report.as_json(event) for event in events)
    assert [set(row) for row in documents] == [KEYS[row["event"]] for row in documents]
    assert documents[0]["event"] == "started"
    assert documents[0]["nodes"] == [FIRST, SECOND]
    assert {key: documents[-1][key] for key in ("event", "result", "changed")} == {
        "event": "finished",
        "result": "installed",
        "changed": True,
    }
    assert "vmm:8100" in documents[-1]["text"]


def test_the_journal_keeps_what_was_told_but_of_a_preflight_only_what_stops(
    installed: tuple[Site, list[Event]],
) -> None:
    place, events = installed
    journal = place.journal
    told = journal.told(newest(journal).id)
    assert [row.event["event"] for row in told] == [event.as_json()["event"] for event in events[:-1]] + ["finished"]
    assert all(row.event["findings"] == [] for row in told if row.event["event"] == "preflight")
    assert [row.event for row in told if row.event["event"] == "log"] == [
        event.as_json() for event in events if isinstance(event, LogGrew)
    ]


def test_progress_only_rises_and_ends_at_100(installed: tuple[Site, list[Event]]) -> None:
    _, events = installed
    for node in (FIRST, SECOND):
        percents = [event.percent for event in events if isinstance(event, Progress) and event.node == node]
        assert percents == sorted(percents)
        assert percents[-1] == 100


def test_setups_whole_log_is_told(installed: tuple[Site, list[Event]]) -> None:
    place, events = installed
    for node in (FIRST, SECOND):
        told = [line for event in events if isinstance(event, LogGrew) and event.node == node for line in event.lines]
        held = place.served.estate.nodes[node].files.read(r"C:\ProgramData\VMMLogs\SetupWizard.log")
        assert held is not None
        assert told == [line.split(":", 3)[3] for line in held.decode().splitlines()]


def test_no_word_of_it_holds_a_password(installed: tuple[Site, list[Event]]) -> None:
    place, events = installed
    words = "\n".join([report.as_json(event) for event in events] + [str(event) for event in events])
    words += "\n".join(line for event in events for line in report.lines_of(event))
    words += "\n".join(
        task.xml() for node in place.served.estate.nodes.values() for task in node.scheduler._tasks.values()
    )
    assert not [secret for secret in place.served.secrets.values() if secret.reveal() in words]


def test_in_words_a_run_is_a_few_lines(installed: tuple[Site, list[Event]]) -> None:
    _, events = installed
    lines = [line for event in events if not report.is_progress(event) for line in report.lines_of(event)]
    assert lines[0].startswith("run ")
    assert f"+ {FIRST} verify: setup ended with exit code 0" in "\n".join(lines)
    assert lines[-1] == "installed: connect the VMM console to vmm:8100"
    assert len(lines) < 40


def test_a_second_time_nothing_is_changed(installed: tuple[Site, list[Event]]) -> None:
    place, _ = installed
    before = {**place.served.estate.report(), "written": ""}
    events = place.install()
    end = finished(events)
    assert (end.result, end.changed) == ("unchanged", False)
    assert steps(events, FIRST) == steps(events, SECOND) == [("setup", "skipped")]
    assert {**place.served.estate.report(), "written": ""} == before


def test_check_on_the_finished_estate_has_no_fail_and_says_what_is_installed(
    installed: tuple[Site, list[Event]],
) -> None:
    place, _ = installed
    findings = place.served.check(place.plan).findings
    assert of_status(findings, Status.FAIL, Status.UNKNOWN) == []
    assert any("VMM 10.22" in row.evidence and row.subject == FIRST for row in findings if row.id == "POST-02")


def test_a_role_that_is_down_is_no_unchanged_install(tmp_path: Path) -> None:
    with site(tmp_path) as place:
        install_at_once(place.served.estate, place.plan)
        role = place.served.estate.cluster.vmm_group()
        assert role is not None
        role.state = "Offline"
        end = finished(place.install())
    assert (end.result, end.changed) == ("failed", False)
    assert "POST-02" in end.text


@pytest.mark.long
def test_where_winrs_is_forbidden_the_whole_install_goes_over_remoting(tmp_path: Path) -> None:
    with site(tmp_path) as place:
        for node in place.served.estate.nodes.values():
            node.state.remote_shell_allowed = False
        end = finished(place.install())
        assert (end.result, end.changed) == ("installed", True)
        assert place.is_clean()
