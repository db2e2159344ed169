"""What has changed since an earlier report."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.building import a_plan, good_facts
from tests.checks.asking import VMM01, with_node
from vmm_wizard.checks.registry import Finding, Status, judge
from vmm_wizard.report import findings as report
from vmm_wizard.report.changes import Kind, ReportError, as_document, as_text, changes, read_report

SMALL = with_node(memory_bytes=2 * 1024**3)


def a_finding(status: Status, evidence: str = "what was read", check_id: str = "NOD-02") -> Finding:
    return Finding(check_id, "A title", "node", "INST", status, VMM01, evidence, "do this" * (status is Status.FAIL))


def saved(folder: Path, findings: tuple[Finding, ...]) -> Path:
    path = folder / "last.json"
    path.write_text(report.as_json(a_plan(), findings), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("before", "now", "kind"),
    [
        (Status.PASS, Status.FAIL, Kind.NEW),
        (Status.UNKNOWN, Status.WARN, Kind.NEW),
        (None, Status.FAIL, Kind.NEW),
        (Status.WARN, Status.FAIL, Kind.STILL),
        (Status.FAIL, Status.FAIL, Kind.STILL),
        (Status.FAIL, Status.PASS, Kind.MENDED),
        (Status.UNKNOWN, Status.PASS, Kind.MENDED),
        (Status.PASS, Status.UNKNOWN, Kind.LOST),
        (Status.FAIL, Status.UNKNOWN, Kind.LOST),
        (Status.UNKNOWN, Status.UNKNOWN, Kind.STILL),
        (Status.FAIL, Status.NOT_APPLICABLE, Kind.GONE),
        (Status.FAIL, None, Kind.GONE),
        (Status.PASS, Status.PASS, None),
        (Status.PASS, None, None),
        (None, Status.PASS, None),
        (Status.NOT_APPLICABLE, Status.PASS, None),
    ],
)
def test_every_pair_of_states_has_its_kind(
    before: Status | None, now: Status | None, kind: Kind | None, tmp_path: Path
) -> None:
    old = read_report(saved(tmp_path, (a_finding(before),) if before else ()))
    rows = changes(old, (a_finding(now),) if now else ())
    assert [row.kind for row in rows] == ([kind] if kind else [])


def test_good_evidence_that_changed_is_told_with_both(tmp_path: Path) -> None:
    old = read_report(saved(tmp_path, (a_finding(Status.PASS, "8 GB"),)))
    [row] = changes(old, (a_finding(Status.PASS, "16 GB"),))
    assert row.kind is Kind.EVIDENCE
    short = as_text([row], "last.json")
    assert "As before, with other evidence (1, --all shows it): NOD-02" in short
    assert "    before: 8 GB" not in short
    lines = as_text([row], "last.json", everything=True)
    assert "    before: 8 GB" in lines
    assert "    now: 16 GB" in lines


def test_a_fault_that_comes_and_one_that_goes(tmp_path: Path) -> None:
    before, after = judge(a_plan(), good_facts()), judge(a_plan(), SMALL)
    [came] = changes(read_report(saved(tmp_path, before)), after)
    assert (came.kind, came.as_json()["id"], came.as_json()["was"], came.as_json()["status"]) == (
        Kind.NEW,
        "NOD-02",
        "pass",
        "fail",
    )
    [went] = changes(read_report(saved(tmp_path, after)), before)
    assert went.kind is Kind.MENDED
    document = as_document([went])
    assert list(document) == [kind.value for kind in Kind]
    assert [row["subject"] for row in document["mended"]] == [VMM01]
    assert f"+ NOD-02  Processors and memory ({VMM01}): it was FAIL" in as_text([went], "last.json")


def test_the_same_estate_has_no_changes(tmp_path: Path) -> None:
    rows = judge(a_plan(), good_facts())
    assert changes(read_report(saved(tmp_path, rows)), rows) == ()
    assert as_text((), "last.json")[0] == "Nothing has changed since last.json, and nothing is wrong."


def test_what_is_still_wrong_shows_the_remedy_and_what_was_read_before(tmp_path: Path) -> None:
    old = read_report(saved(tmp_path, (a_finding(Status.WARN, "3 GB"),)))
    lines = as_text(changes(old, (a_finding(Status.FAIL, "2 GB"),)), "last.json")
    assert {"Still wrong or unknown (1)", "    -> do this", "    it was warn", "    before: 3 GB"} <= set(lines)


def test_several_findings_of_one_check_and_subject_are_compared_in_order(tmp_path: Path) -> None:
    two = (a_finding(Status.PASS, "first"), a_finding(Status.FAIL, "second"))
    old = read_report(saved(tmp_path, two))
    assert [row.kind for row in changes(old, two)] == [Kind.STILL]
    assert [row.kind for row in changes(old, (two[0], replace(two[1], status=Status.PASS)))] == [Kind.MENDED]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"findings": {}}',
        b'{"findings": [1]}',
        b'{"findings": [{"id": "NOD-02"}]}',
        b'{"findings": [{"id": 1, "subject": "", "title": "", "evidence": "", "status": "pass"}]}',
        b'{"findings": [{"id": "NOD-02", "subject": "", "title": "", "evidence": "", "status": "fine"}]}',
        b"\xff\xfe\x00",
        b"[" * 100_000,
    ],
)
def test_what_is_no_report_is_one_sentence(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(ReportError) as error:
        read_report(path)
    assert str(error.value) == f"{path}: this is no report that `vmm-wizard check --json` has written"


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"none.json: cannot be read"):
        read_report(tmp_path / "none.json")


def test_an_earlier_report_steers_no_terminal(tmp_path: Path) -> None:
    row = a_finding(Status.FAIL).as_json() | {"evidence": "\x1b[31m", "title": "\x1b[2J"}
    path = tmp_path / "last.json"
    path.write_text(json.dumps({"findings": [row]}), encoding="utf-8")
    lines = as_text(changes(read_report(path), ()), "last.json\x1b")
    assert lines
    assert not [line for line in lines if "\x1b" in line]
