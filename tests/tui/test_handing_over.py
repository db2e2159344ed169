"""A run that the wizard lets go on by itself: a process of its own, without a terminal, followed all the same."""

import os
import queue
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from textual.message import Message

from tests.estates import ServedEstate, contoso_plan, serving_estate
from tests.tui.test_jobs import PATIENCE, listening
from tests.tui.wizards import all_passwords, nowhere, ready_plan
from vmm_wizard.addresses import AddressBook
from vmm_wizard.install import handing_over
from vmm_wizard.install.events import Event, Finished, StepChanged
from vmm_wizard.install.handing_over import NotHandedOver, hand_over, hand_over_run
from vmm_wizard.install.journal import Journal, JournalError, Told
from vmm_wizard.install.orders import Order
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.secrets import Secrets
from vmm_wizard.tui.jobs import Jobs
from vmm_wizard.tui.messages import ConfirmWanted, HandedOver, RunTold
from vmm_wizard.wizard.run_state import RunState

NODES = ("vmm01.contoso.lab", "vmm02.contoso.lab")


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServedEstate]:
    monkeypatch.setenv("VMM_WIZARD_STATE", str(tmp_path / "state"))
    folder = tmp_path / "estate"
    folder.mkdir()
    with serving_estate(folder) as served:
        yield served


class Heard:
    """What the jobs of one wizard told, folded as the wizard does."""

    def __init__(self, jobs: Jobs, plan: Plan) -> None:
        self._from: queue.Queue[Message] = listening(jobs)
        self.state = RunState(plan)
        self.events: list[Event] = []
        self.process = 0

    def until(self, condition: Callable[[], object]) -> None:
        """Listen until this holds."""
        while not condition():
            message = self._from.get(timeout=PATIENCE)
            if isinstance(message, ConfirmWanted):
                message.reply.put(True)
            if isinstance(message, HandedOver):
                self.process = message.process
            if isinstance(message, RunTold):
                for event, at in message.rows:
                    self.state.take(event, at)
                    self.events.append(event)

    def has_begun(self, step: str) -> bool:
        return any(isinstance(row, StepChanged) and row.step == step for row in self.events)


@pytest.mark.parametrize(
    "step",
    ["stage", pytest.param("preflight", marks=pytest.mark.long), pytest.param("setup", marks=pytest.mark.long)],
)
def test_a_run_goes_on_by_itself_wherever_it_stands_and_is_followed_to_its_end(step: str, served: ServedEstate) -> None:
    jobs = Jobs(served.secrets, served.book)
    heard = Heard(jobs, contoso_plan())
    jobs.carry_out(contoso_plan(), Order())
    heard.until(lambda: heard.has_begun(step))
    begun = heard.state.begun
    assert not jobs.cannot_leave
    jobs.hand_over()
    heard.until(lambda: heard.process)
    assert heard.process != os.getpid()
    assert jobs.watching
    require_no_secret(served, heard.process)
    # That it runs no more is known before its last word is told.
    heard.until(lambda: not jobs.running and isinstance(heard.events[-1], Finished))
    last = heard.events[-1]
    assert isinstance(last, Finished)
    assert last.result == "installed"
    assert [node.good for node in heard.state.nodes.values()] == [True, True]
    assert heard.state.begun == begun
    report = served.estate.report()
    assert {node: len(runs) for node, runs in report["setups"].items() if runs} == dict.fromkeys(NODES, 1)
    assert not any(report["tasks"].values())
    assert not any(report["run_folders"].values())


def require_no_secret(served: ServedEstate, process: int) -> None:
    """No password is in the process' arguments or variables, where others could read it."""
    for name in ("cmdline", "environ"):
        place = Path(f"/proc/{process}/{name}")
        said = place.read_bytes() if place.exists() else b""
        assert not [secret for secret in served.secrets.values() if secret.reveal().encode() in said]


def test_a_run_that_cannot_be_gone_on_with_is_not_handed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VMM_WIZARD_STATE", str(tmp_path / "state"))
    (tmp_path / "state").mkdir()
    Journal(tmp_path / "state" / "journal.sqlite")
    with pytest.raises(NotHandedOver, match="there is no run r1"):
        hand_over("r1", all_passwords(ready_plan()), AddressBook.load(nowhere(tmp_path).path).path, lambda: False)


class HeldJournal(Journal):
    """A journal that cannot be read but for the first time."""

    is_held = False

    def told(self, run_id: str, after: int = 0) -> tuple[Told, ...]:
        if self.is_held:
            raise JournalError("the journal is held")
        self.is_held = True
        return super().told(run_id, after)


def test_a_journal_that_is_held_for_a_moment_says_nothing_of_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VMM_WIZARD_STATE", str(tmp_path / "state"))
    (tmp_path / "state").mkdir()
    journal = HeldJournal(tmp_path / "state" / "journal.sqlite")
    with pytest.raises(NotHandedOver, match="there is no run r1"):
        hand_over_run(journal, "r1", contoso_plan(), tmp_path, all_passwords(ready_plan()), nowhere(tmp_path))


def test_what_lies_in_the_current_folder_is_not_handed_the_passwords(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VMM_WIZARD_STATE", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "vmm_wizard").mkdir()
    (tmp_path / "vmm_wizard" / "__init__.py").touch()
    (tmp_path / "vmm_wizard" / "__main__.py").write_text("open('taken', 'w').write(input())\n", encoding="utf-8")
    with pytest.raises(NotHandedOver, match="there is no run r1"):
        hand_over("r1", all_passwords(ready_plan()), None, lambda: False)
    assert not (tmp_path / "taken").exists()


def test_nothing_is_let_go_in_a_practice_estate_or_when_nothing_goes_on(tmp_path: Path) -> None:
    jobs = Jobs(all_passwords(ready_plan()), nowhere(tmp_path))
    assert jobs.cannot_leave == "No run goes on."
    jobs._running = jobs.practice = True
    assert "the estate ends with it" in jobs.cannot_leave
    jobs.practice, jobs.run.watching = False, True
    assert "by itself already" in jobs.cannot_leave


def test_a_stop_before_the_process_has_begun_takes_the_hand_over_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = Jobs(Secrets(), nowhere(tmp_path))
    jobs.hand_over()
    parting, leaving = jobs.run._parting, jobs.run._leaving
    assert parting is not None
    assert leaving.is_set()
    assert jobs.stop() == "stopping ..."
    assert not leaving.is_set()
    with pytest.raises(NotHandedOver, match="Stopped before it was handed over"):
        hand_over("r1", Secrets(), None, lambda: False, lambda: parting.is_unwanted)
    # One that has been started already, and has not begun.
    monkeypatch.setattr(handing_over, "_ourselves", lambda: [sys.executable, "-c", "import time; time.sleep(60)"])
    started: list[subprocess.Popen[bytes]] = []
    start = handing_over._start
    monkeypatch.setattr(handing_over, "_start", lambda *given: started.append(start(*given)) or started[0])
    with pytest.raises(NotHandedOver, match="Stopped before it was handed over"):
        hand_over("r1", Secrets(), None, lambda: False, lambda: bool(started))
    assert started[0].poll() is not None


@pytest.mark.skipif(os.name != "posix", reason="Windows cannot ask a process without a console: it says so")
@pytest.mark.parametrize("is_late", [False, True])
def test_a_stop_in_the_moment_of_the_hand_over_stops_the_run_in_its_new_process(is_late: bool, tmp_path: Path) -> None:
    jobs = Jobs(Secrets(), nowhere(tmp_path))
    jobs.hand_over()
    assert jobs.run._parting is not None
    with subprocess.Popen(["sleep", "60"]) as process:
        if not is_late:
            jobs.stop()
        said = jobs.run._parting.begun(process.pid)
        if is_late:
            # The question was asked before it was handed over, and answered after.
            assert not said
            jobs.run.watching = True
            said = jobs.stop(watched=False)
        assert f"process {process.pid}" in said
        assert process.wait(timeout=PATIENCE) == -signal.SIGTERM
    assert not jobs.stop(watched=True).startswith("It had just")


@pytest.mark.skipif(os.name != "posix", reason="sessions of processes are POSIX's")
def test_the_process_is_in_no_session_of_a_terminal(served: ServedEstate) -> None:
    """What ends with the terminal of whoever logs off is in its session: this one is not."""
    jobs = Jobs(served.secrets, served.book)
    heard = Heard(jobs, contoso_plan())
    with served.clock.held():
        jobs.carry_out(contoso_plan(), Order())
        heard.until(lambda: heard.has_begun("preflight"))
        jobs.hand_over()
        heard.until(lambda: heard.process)
        said = subprocess.run(
            ["ps", "-o", "sid=,tty=", "-p", str(heard.process)], capture_output=True, text=True, check=True
        ).stdout.split()
        assert said == [str(heard.process), "?"]
        jobs.close()
        os.kill(heard.process, 9)
