"""One node's install: stage, start the task, hand the passwords over, follow setup to its end, clear up.

Every step first looks whether it is already done, so that the same call takes up a run that was cut off anywhere: what
is true is read from the node, the journal only says which run it was.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vmm_wizard import log
from vmm_wizard.install.events import Event, LogGrew, Notice, Progress, StepChanged, StepState
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.names import AccountName
from vmm_wizard.plan.secrets import Secret
from vmm_wizard.remote.errors import Cancelled, RemoteError
from vmm_wizard.setup.command import SetupCommand, server_install
from vmm_wizard.setup.ini import SERVER_INI, read_private_profile, render_server_ini, server_options
from vmm_wizard.setup.log import LogReader

if TYPE_CHECKING:
    from vmm_wizard.install.journal import Journal
    from vmm_wizard.remote.task import RemoteTask
    from vmm_wizard.remote.task_run import RunFile, TaskStatus

#: Exit codes of setup.exe that are good: success, and success with a restart to come (G25, PHX).
GOOD_EXIT_CODES = frozenset({0, 3010})
#: What setup.exe's exit codes mean (section 1.3).
EXIT_CODES = {
    1: "setup failed and rolled itself back",
    13: "another version of VMM is installed (unconfirmed)",
    14: "setup's own prerequisite check failed (unconfirmed)",
    15: "setup refused its command line or answer file, or VMM is installed already (unconfirmed)",
    16: "the setup media is incomplete (unconfirmed)",
    17: "setup does not run on this machine (unconfirmed)",
    18: "another setup runs on this node (unconfirmed)",
}


class NodeFailed(Exception):
    """A node's install came to nothing. The text is one sentence; `remedy` says what to do."""

    def __init__(self, text: str, remedy: str = "") -> None:
        super().__init__(text)
        self.remedy = remedy


class Detached(Exception):
    """Setup runs on the node, and we were asked to stop following it. It goes on."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a node is asked while setup runs, how long it may be out of reach, how long setup may take: seconds."""

    poll: float = 1.0
    patience: float = 1800.0
    limit: float = 2 * 3600.0


@dataclass
class NodeRun:
    """The install of one node in one run. `passwords` gives the secret of an account, or raises NodeFailed.

    After `run`, `changed` says whether anything was changed on the node, `needs_restart` whether Windows wants one.
    """

    plan: Plan
    node: str
    first: bool
    run_id: str
    task: RemoteTask
    passwords: Callable[[AccountName], Secret]
    journal: Journal
    pace: Pace = field(default_factory=Pace)
    cancel: threading.Event = field(default_factory=threading.Event)
    changed: bool = False
    needs_restart: bool = False

    def run(self) -> Iterator[Event]:
        """Bring setup here to a good end. Raises NodeFailed, Detached, Cancelled (nothing runs), RemoteError."""
        try:
            status = self.task.status()
            if status.task_state == "Missing" and not status.begun and status.result is None:
                yield from self._step("stage", "answer file and wrapper staged and read back", self._stage)
                yield from self._step("start", f"scheduled task of {self.task.account} started", self._start)
            else:
                self.changed = True
                yield StepChanged(self.node, "start", StepState.SKIPPED, "the run's task is on the node already")
            yield from self._follow()
        except Cancelled:
            yield from self._stop()
            raise
        except NodeFailed:
            yield from self._clear(end_running=False)
            raise
        yield from self._clear(end_running=False)

    # --- steps

    def _step(self, name: str, done: str, act: Callable[[], None]) -> Iterator[Event]:
        self.journal.start(self.run_id, self.node, name)
        yield StepChanged(self.node, name, StepState.STARTED)
        try:
            act()
        except (NodeFailed, RemoteError) as error:
            self.journal.finish(self.run_id, self.node, name, "failed", log.masked(str(error)))
            yield StepChanged(self.node, name, StepState.FAILED, log.masked(str(error)))
            raise
        self.journal.finish(self.run_id, self.node, name)
        yield StepChanged(self.node, name, StepState.DONE, done)

    @property
    def _folder(self) -> str:
        return rf"C:\ProgramData\vmm-wizard\{self.run_id}"

    def _command(self, folder: str) -> SetupCommand:
        return server_install(self.plan, rf"{folder}\{SERVER_INI}")

    def _files(self, folder: str) -> tuple[RunFile, ...]:
        from vmm_wizard.remote.task_run import RunFile, setup_job, wrapper_file

        command = self._command(folder)
        ini = render_server_ini(self.plan, first=self.first)
        job = setup_job(command.program, command.argument_template())
        return (wrapper_file(), RunFile(SERVER_INI, ini), job)

    def _stage(self) -> None:
        files = self._files(self._folder)
        staged = self.task.stage(files)
        self.changed = True
        if not staged.task_exists and staged.folder.casefold() != self._folder.casefold():
            # The node keeps ProgramData elsewhere: the command line must name the answer file where it really is.
            files = self._files(staged.folder)
            staged = self.task.stage(files)
        written = {file.name: file.content for file in files}
        read = {file.name: file.content for file in staged.files}
        if not staged.task_exists and read != written:
            raise NodeFailed(
                f"{self.node}: the staged files do not read back as they were written", "run install again"
            )
        options = server_options(self.plan, first=self.first)
        profile = read_private_profile(read.get(SERVER_INI, b""))
        wrong = [key for key, value in options.items() if profile.get(key) != value]
        if wrong:
            raise NodeFailed(f"{self.node}: Windows would read {', '.join(wrong)} of {SERVER_INI} differently")

    def _start(self) -> None:
        started = self.task.start(self.passwords(self.task.account))
        if started.failed_step:
            raise NodeFailed(
                f"{self.node}: Windows refused the scheduled task of {self.task.account}: {started.reason}",
                "see `vmm-wizard explain INS-02` and `vmm-wizard explain INS-03`",
            )

    def _follow(self) -> Iterator[Event]:
        self.journal.start(self.run_id, self.node, "setup")
        yield StepChanged(self.node, "setup", StepState.STARTED)
        reader = LogReader()
        offset, shown, waited = 0, (-1, ""), 0.0
        while True:
            status = self.task.status(offset)
            if status.log_length < offset:
                # Setup began a new log: what was read belonged to an older one.
                reader, offset = LogReader(), 0
                continue
            if status.log_bytes and (status.begun or status.result is not None):
                offset += len(status.log_bytes)
                lines = tuple(log.masked(line.text) for line in reader.feed(status.log_bytes))
                if lines:
                    yield LogGrew(self.node, lines)
            now = (reader.percent, reader.phase)
            if now != shown:
                shown = now
                yield Progress(self.node, "setup", reader.percent, reader.phase)
            if status.result is not None and offset >= status.log_length:
                break
            if status.stopped_because:
                raise self._failed(f"{self.node}: {status.stopped_because}", reader)
            if status.public_key is not None and not status.begun:
                self._hand_over(status)
            if status.log_length > offset and status.begun:
                continue
            self.task.pause(self.pace.poll)
            waited += self.pace.poll
            if waited > self.pace.limit:
                raise Detached(f"setup on {self.node} has not ended after {self.pace.limit / 3600:.1f} hours")
        yield from self._judge_result(status, reader)

    def _hand_over(self, status: TaskStatus) -> None:
        command = self._command(self._folder)
        self.task.send_secrets([self.passwords(account) for account in command.secret_accounts], status)

    def _judge_result(self, status: TaskStatus, reader: LogReader) -> Iterator[Event]:
        result = status.result
        assert result is not None
        if result.exit_code is None:
            raise self._failed(f"{self.node}: setup was not started: {log.masked(result.error)}", reader)
        if result.exit_code not in GOOD_EXIT_CODES:
            meaning = EXIT_CODES.get(result.exit_code, "setup failed")
            raise self._failed(f"{self.node}: setup ended with exit code {result.exit_code}: {meaning}", reader)
        self.needs_restart = result.exit_code == 3010
        text = "setup ended well" + ("; Windows wants a restart of this node" if self.needs_restart else "")
        self.journal.finish(self.run_id, self.node, "setup", "done", f"exit code {result.exit_code}")
        yield Progress(self.node, "setup", 100, text)
        yield StepChanged(self.node, "setup", StepState.DONE, text)

    def _failed(self, text: str, reader: LogReader) -> NodeFailed:
        remedy = ""
        if reader.failures:
            first = reader.failures[0]
            text = f"{text}. SetupWizard.log, line {first.line_number}: {log.masked(first.text)}. {first.cause}"
            remedy = first.remedy
        self.journal.finish(self.run_id, self.node, "setup", "failed", log.masked(text))
        return NodeFailed(text, remedy)

    # --- clearing up

    def _stop(self) -> Iterator[Event]:
        """We were asked to stop: leave a setup that runs alone, take away everything that only waits."""
        self.task.uncancelled()
        try:
            status = self.task.status()
        except RemoteError:
            raise Detached(f"{self.node} is out of reach; setup may run there") from None
        if status.begun and status.result is None:
            raise Detached(f"setup goes on on {self.node}; run the same command again to follow it")
        yield from self._clear(end_running=not status.begun)

    def _clear(self, *, end_running: bool) -> Iterator[Event]:
        self.journal.start(self.run_id, self.node, "clear")
        yield StepChanged(self.node, "clear", StepState.STARTED)
        self.task.uncancelled()
        try:
            removal = self.task.remove(end_running=end_running)
        except RemoteError as error:
            self.journal.finish(self.run_id, self.node, "clear", "failed", str(error))
            yield StepChanged(self.node, "clear", StepState.FAILED, str(error))
            yield Notice(
                self.node,
                f"the scheduled task vmm-wizard-{self.run_id} with its stored password may still be on {self.node}",
                f"Unregister-ScheduledTask -TaskName 'vmm-wizard-{self.run_id}'",
            )
            return
        if removal.left:
            detail = f"left behind: {', '.join(removal.left)}" + (
                f" ({'; '.join(removal.errors)})" if removal.errors else ""
            )
            self.journal.finish(self.run_id, self.node, "clear", "failed", detail)
            yield StepChanged(self.node, "clear", StepState.FAILED, detail)
            return
        self.journal.finish(self.run_id, self.node, "clear")
        yield StepChanged(self.node, "clear", StepState.DONE, "task, key, passwords and answer file are gone")
