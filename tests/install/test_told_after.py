"""How a failure is told: what the log, the node and its disk say afterwards; and no verdict without a judge."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.install.fault_cells import PACE
from tests.install.installing import FIRST, QUICK, SECOND, finished, newest, notices, site
from tests.lab.faulty import faulty
from vmm_wizard.facts.model import Facts
from vmm_wizard.install.admission import stopped_by
from vmm_wizard.install.context import Context
from vmm_wizard.install.details import boot_of
from vmm_wizard.install.events import StepChanged
from vmm_wizard.lab import contoso
from vmm_wizard.remote.kept import KeptSessions

#: The node is logged on to anew after it: WinRM is restarted soon.
BEFORE_WINRM = "setup 40%"


def test_what_was_not_rolled_back_is_not_said_to_be(tmp_path: Path) -> None:
    half_done = {"kind": "half_done", "when": "setup 96%", "leaves": ["files", "database", "service"]}
    with site(tmp_path, faulty(half_done)) as place:
        events = place.install()
        end = finished(events)
        assert end.result == "failed"
        assert "its log tells of no rollback" in end.text
        assert end.text.endswith(f"; {FIRST} is half done")
        told = next(row for row in notices(events) if row.text.startswith(f"{FIRST} is half done"))
        assert "the database VirtualManagerDB is there" in told.text
        assert told.remedy.startswith("1. ")


def test_a_node_that_restarted_meanwhile_is_named_as_such(tmp_path: Path) -> None:
    with site(tmp_path, faulty({"kind": "node_reboots", "when": BEFORE_WINRM})) as place:
        events = place.install()
        end = finished(events)
        assert f"{FIRST} was restarted during setup: its Windows began at " in end.text
        assert end.text.endswith(f"; {FIRST} is half done")
        assert "event 1074" in notices(events)[-1].remedy
        step = place.journal.attempt(newest(place.journal).id, FIRST)["start"]
        booted = boot_of(step)
        assert booted is not None
        assert booted < place.served.estate.nodes[FIRST].power.boot_time


@pytest.mark.parametrize("step", ["stage", "secrets", BEFORE_WINRM])
def test_a_full_disk_is_told_with_its_drive_and_what_is_free(step: str, tmp_path: Path) -> None:
    with site(tmp_path, faulty({"kind": "disk_full", "when": step, "on": FIRST}), PACE) as place:
        events = place.install()
        assert f"C: of {FIRST} is full: 0 of 130048 MB are free" in finished(events).text
        assert any("cleanmgr" in row.remedy for row in notices(events))


def test_without_a_domain_controller_a_refused_logon_says_nothing_of_the_password(tmp_path: Path) -> None:
    """It is gone while the connection is made anew, and is back before setup needs it."""
    cut = {"kind": "winrm_refused", "when": BEFORE_WINRM, "on": FIRST, "for_seconds": 10}
    gone = {"kind": "dc_gone", "when": BEFORE_WINRM, "on": FIRST, "for_seconds": 450}
    # Looked for often, for the controller is away for a second.
    with site(tmp_path, faulty(cut, gone), replace(QUICK, poll=0.05), speed=400.0) as place:
        events = place.install()
        assert any("that says nothing of the password (waiting for one)" in row.text for row in notices(events))
        assert finished(events).result == "installed"
        assert set(place.served.estate.report()["bad_logons"].values()) <= {0}
        assert place.is_clean()


def test_one_that_stays_away_gives_no_password_up(tmp_path: Path) -> None:
    with site(tmp_path, faulty({"kind": "dc_gone", "when": BEFORE_WINRM, "on": FIRST}), PACE) as place:
        events = place.install()
        assert finished(events).result == "failed"
        assert "which says nothing of the password" in finished(events).text
        assert newest(place.journal).outcome == "interrupted"


def test_a_password_that_changed_meanwhile_costs_one_bad_logon(tmp_path: Path) -> None:
    cut = {"kind": "winrm_refused", "when": BEFORE_WINRM, "on": FIRST, "for_seconds": 10}
    gone = {"kind": "dc_gone", "when": BEFORE_WINRM, "on": FIRST, "for_seconds": 600}
    changed = {"kind": "password_changed", "account": contoso.INSTALLER, "when": BEFORE_WINRM, "on": FIRST}
    with site(tmp_path, faulty(cut, gone, changed), PACE, speed=400.0) as place:
        events = place.install()
        assert finished(events).result == "failed"
        assert "it is not tried again until the password changes" in finished(events).text
        account = place.served.estate.account(contoso.INSTALLER)
        assert account.counted == 1


def test_many_checks_that_nobody_can_judge_for_one_reason_are_one_sentence(tmp_path: Path) -> None:
    """The controller goes for good right after the first node, and comes back after nobody waits for it any more."""
    with site(tmp_path, None, PACE) as place:
        gone: list[str] = []

        def go(event: object) -> None:
            if isinstance(event, StepChanged) and (event.node, event.step, event.state) == (
                SECOND,
                "preflight",
                "started",
            ):
                place.served.estate.host_away(contoso.DC)
                gone.append(contoso.DC)

        end = finished(place.install(on=go))
        assert gone
        assert end.text.startswith(f"not started on {SECOND}: could not reach {contoso.DC}")
        assert "more cannot be judged)" in end.text
        assert stopped_by(()) == ""


def test_a_logon_that_nobody_can_judge_before_anything_is_begun_is_told_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The controller goes when all is known, and the cluster's lock is still to be taken over a new connection."""
    with site(tmp_path, None, PACE) as place:
        estate = place.served.estate
        look = Context.look

        def look_once(self: Context, *how: Any) -> Facts:
            facts = look(self, *how)
            estate.host_away(contoso.DC)
            return facts

        with monkeypatch.context() as patch:
            patch.setattr(Context, "look", look_once)
            patch.setattr(KeptSessions, "keep", lambda *_: False)
            events = place.install()
        end = finished(events)
        assert (end.result, end.changed) == ("failed", False)
        assert end.text.startswith(f"{FIRST}:5985 refused the logon of ")
        assert end.text.endswith(" while no domain controller answers, which says nothing of the password")
        assert "when a domain controller answers again" in notices(events)[-1].remedy
        estate.host_back(contoso.DC)
        assert finished(place.install()).result == "installed"
        assert place.is_clean()


def test_a_password_that_changed_before_the_rehearsal_costs_one_bad_logon_however_many_nodes(tmp_path: Path) -> None:
    changed = {"kind": "password_changed", "account": contoso.INSTALLER, "when": "script stage-run"}
    with site(tmp_path, faulty(changed), PACE) as place:
        end = finished(place.install())
        assert end.result == "refused"
        assert "RUN-02" in end.text
        assert place.served.estate.account(contoso.INSTALLER).counted == 1
        assert (place.setups(), place.left()) == ({}, [])
