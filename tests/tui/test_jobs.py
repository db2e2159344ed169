"""The bridge to the threads: batches, cancelling, and questions that come back from a run."""

import queue
from pathlib import Path

import pytest
from textual.message import Message

from tests.tui.wizards import all_passwords, nowhere, ready_plan
from vmm_wizard.install.events import Finished
from vmm_wizard.install.orders import Order
from vmm_wizard.plan.secrets import Secrets
from vmm_wizard.tui.jobs import Batches, Jobs
from vmm_wizard.tui.messages import ConfirmWanted, LookBroke, Looked, RunTold, UsualsFound
from vmm_wizard.wizard.carrying import Unknowns

PATIENCE = 60.0


def listening(jobs: Jobs) -> "queue.Queue[Message]":
    """What the jobs tell, in order."""
    heard: queue.Queue[Message] = queue.Queue()
    jobs.tell(heard.put)
    return heard


def test_what_comes_together_goes_together() -> None:
    delivered: list[tuple[int, ...]] = []
    batches: Batches[int] = Batches(delivered.append, rest=PATIENCE)
    for number in range(100):
        batches.put(number)
    batches.end()
    assert [number for batch in delivered for number in batch] == list(range(100))
    assert len(delivered) <= 2


def test_nothing_is_delivered_when_nothing_came() -> None:
    delivered: list[tuple[int, ...]] = []
    batches: Batches[int] = Batches(delivered.append, rest=PATIENCE)
    batches.end()
    assert delivered == []


def test_a_look_tells_findings_until_nothing_waits(tmp_path: Path) -> None:
    jobs = Jobs(Secrets(), nowhere(tmp_path))
    heard = listening(jobs)
    jobs.look(ready_plan())
    while True:
        message = heard.get(timeout=PATIENCE)
        assert isinstance(message, Looked)
        assert message.findings
        if not message.waiting:
            break


@pytest.mark.parametrize("place", ["vmm_wizard.preflight.Preflight.run", "vmm_wizard.tui.jobs.judged"])
def test_a_look_that_breaks_says_why_instead_of_asking_for_ever(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*given: object, **named: object) -> None:
        raise ZeroDivisionError("wire")

    monkeypatch.setattr(place, breaks)
    jobs = Jobs(Secrets(), nowhere(tmp_path))
    heard = listening(jobs)
    jobs.look(ready_plan())
    message = heard.get(timeout=PATIENCE)
    assert isinstance(message, LookBroke)
    assert message.why == "unexpected error (ZeroDivisionError: wire); the log file has the details"


def test_a_run_against_nothing_is_refused_and_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VMM_WIZARD_STATE", str(tmp_path / "state"))
    jobs = Jobs(all_passwords(ready_plan()), nowhere(tmp_path))
    heard = listening(jobs)
    jobs.carry_out(ready_plan(), Order())
    assert jobs.running
    last = None
    while not isinstance(last, Finished):
        message = heard.get(timeout=PATIENCE)
        if isinstance(message, UsualsFound):
            continue
        assert isinstance(message, RunTold)
        last = message.events[-1]
    assert last.result in ("refused", "failed")
    assert not jobs.running


def test_a_run_that_cannot_write_its_journal_fails_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "journal.sqlite").mkdir()
    monkeypatch.setenv("VMM_WIZARD_STATE", str(tmp_path / "state"))
    jobs = Jobs(all_passwords(ready_plan()), nowhere(tmp_path))
    heard = listening(jobs)
    jobs.carry_out(ready_plan(), Order())
    message = heard.get(timeout=PATIENCE)
    assert isinstance(message, RunTold)
    finished = message.events[-1]
    assert isinstance(finished, Finished)
    assert finished.result == "failed"
    assert "journal" in finished.text


def test_a_question_of_the_run_is_answered_from_the_screen(tmp_path: Path) -> None:
    jobs = Jobs(Secrets(), nowhere(tmp_path))
    heard, asked = listening(jobs), Unknowns(())
    jobs._take(asked, Batches(lambda _: None, rest=0))
    message = heard.get(timeout=PATIENCE)
    assert isinstance(message, ConfirmWanted)
    message.reply.put(True)
    assert asked.reply.get_nowait() is True


def test_after_closing_no_session_waits_for_a_next_question(tmp_path: Path) -> None:
    jobs = Jobs(Secrets(), nowhere(tmp_path))
    kept = jobs._get_preflight().kept
    jobs.close()
    assert kept._closed


def test_after_closing_nobody_is_told_anything(tmp_path: Path) -> None:
    jobs = Jobs(Secrets(), nowhere(tmp_path))
    heard = listening(jobs)
    jobs.close()
    jobs._send(Looked((), ()))
    assert heard.empty()
