"""Findings told as text and as JSON."""

from __future__ import annotations

import json

import pytest

from tests.building import a_plan
from vmm_wizard.checks.registry import Finding, Status
from vmm_wizard.plan.model import CertificateException
from vmm_wizard.plan.names import HostName
from vmm_wizard.report import findings as report


def a_finding(check_id: str, status: Status, remedy: str = "", subject: str = "") -> Finding:
    return Finding(check_id, "A title", "node", "INST", status, subject, "What was read", remedy)


ALL = tuple(a_finding(f"NOD-0{number}", status) for number, status in enumerate(Status))


@pytest.mark.parametrize(
    ("states", "code"),
    [
        ((Status.PASS, Status.WARN, Status.NOT_APPLICABLE), 0),
        ((Status.PASS, Status.UNKNOWN), 3),
        ((Status.UNKNOWN, Status.FAIL, Status.WARN), 1),
        ((), 0),
    ],
)
def test_the_exit_code_is_that_of_the_gravest_finding(states: tuple[Status, ...], code: int) -> None:
    assert report.exit_code([a_finding("NOD-01", status) for status in states]) == code


def test_the_summary_counts_every_state_also_those_that_do_not_occur() -> None:
    assert report.summary([a_finding("NOD-01", Status.PASS)] * 2) == {
        "pass": 2,
        "warn": 0,
        "fail": 0,
        "unknown": 0,
        "not_applicable": 0,
        "accepted": 0,
    }


def test_the_text_begins_with_the_gravest_and_ends_with_the_count() -> None:
    lines = report.as_text(a_plan(), ALL, everything=True)
    order = [line.split()[1] for line in lines if "NOD-0" in line]
    assert order == ["FAIL", "unknown", "warn", "pass", "n/a"]
    assert lines[-1] == "1 FAIL, 1 unknown, 1 warn, 1 pass, 1 n/a"


def test_what_is_good_is_only_counted_unless_asked_for() -> None:
    lines = report.as_text(a_plan(), ALL)
    assert not [line for line in lines if "NOD-00" in line]
    assert "1 pass" in lines[-1]


def test_a_command_to_paste_is_never_broken_inside_a_word() -> None:
    word = "Add-LocalGroupMember-" + "x" * 90
    lines = report.lines_of(a_finding("ACC-04", Status.FAIL, remedy=f"run {word} now"), width=40)
    assert any(word in line for line in lines)


def test_certificate_exceptions_are_in_every_report() -> None:
    plan = a_plan()
    row = CertificateException(HostName("sql01.contoso.lab"), "ab" * 32, "until the CA is renewed")
    from dataclasses import replace

    plan = replace(plan, connection=replace(plan.connection, certificate_exceptions=(row,)))
    text = " ".join(line.strip() for line in report.as_text(plan, ()))
    assert f"! the certificate of sql01.contoso.lab is accepted by its fingerprint {'ab' * 32}: until the" in text
    assert json.loads(report.as_json(plan, ()))["certificate_exceptions"] == [
        {"host": "sql01.contoso.lab", "sha256": "ab" * 32, "reason": "until the CA is renewed"}
    ]
