"""Run something on a node as a scheduled task with a stored password, and follow it over dropped connections.

Setup never runs in a WinRM session: it restarts WinRM under itself, and a network logon has no credentials for SQL
Server or the directory (section 11). Only what starts, follows and clears up the task goes over WinRM.
"""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, TypeVar

from vmm_wizard.plan.names import AccountName
from vmm_wizard.plan.secrets import Secret
from vmm_wizard.remote.bootstrap import JSON, load_script
from vmm_wizard.remote.errors import AnswerUnreadable, Cancelled, DeadlinePassed, LogonRefused, NodeUnreachable
from vmm_wizard.remote.restart import JUST_LOOKING, read_restart
from vmm_wizard.remote.session import Session, deadline_in
from vmm_wizard.remote.task_run import (
    EndedSetup,
    Removal,
    RunFile,
    Staged,
    TaskStart,
    TaskStatus,
    UnreadableAnswer,
    encrypt_secrets,
    read_ended,
    read_removal,
    read_staged,
    read_start,
    read_status,
    read_written,
)

T = TypeVar("T")

#: Longest that the task may run, in hours (section 11).
TIME_LIMIT_HOURS = 2
#: Most bytes of the log in one status.
LOG_PIECE = 65_536
#: Seconds that one call to the node may take; a longer silence counts as a dropped connection.
CALL_SECONDS = 60.0
#: Seconds between attempts to reach a node that is away: the first, and the longest.
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 15.0


class RemoteTask:
    """One run on one node. Every call may be repeated, so a dropped connection is made again, with growing pauses,
    until `patience` seconds are over (then NodeUnreachable). A refused logon is never tried again.

    `connect` opens a session, which logs on, given a deadline (time.monotonic()) and a cancel flag. `place` is the node
    in messages, `account` whom the task runs as. `cancel` ends waiting early (Cancelled). `pace` multiplies all pauses.
    """

    def __init__(
        self,
        connect: Callable[[float, threading.Event], Session],
        place: str,
        run_id: str,
        account: AccountName,
        *,
        patience: float = 300.0,
        cancel: threading.Event | None = None,
        pace: float = 1.0,
    ) -> None:
        self._connect = connect
        self._place = place
        self.run_id = run_id
        self.account = account
        self._patience = patience
        self._cancel = cancel or threading.Event()
        self._pace = pace
        self._session: Session | None = None
        self._refused: LogonRefused | None = None
        #: Whether a session was open and a script may have run on the node.
        self.reached = False

    # --- what can be done with a run

    def stage(self, files: Sequence[RunFile]) -> Staged:
        """Write the run's files on the node and read them back. Raises RemoteError.

        Nothing is written when the run's task exists already (`task_exists`).
        """
        rows: list[JSON] = [{"name": file.name, "content": base64.b64encode(file.content).decode()} for file in files]
        parameters: dict[str, JSON] = {"RunId": self.run_id, "Account": str(self.account), "Files": rows}
        return self._ask(read_staged, "stage-run", parameters)

    def start(self, password: Secret, time_limit_hours: int = TIME_LIMIT_HOURS) -> TaskStart:
        """Register the task with its account's password and start it; once, however often this is called.

        A refusal by Windows is in the answer, and counts as a bad logon where the password was wrong: do not repeat it.
        """
        parameters = {"RunId": self.run_id, "Account": str(self.account), "TimeLimit": f"PT{time_limit_hours}H"}
        return self._ask(read_start, "start-task", parameters, (password,))

    def send_secrets(self, secrets: Sequence[Secret], status: TaskStatus) -> bool:
        """Encrypt `secrets` to the key in `status` and hand them over; false when the wrapper wants none (any more)."""
        if status.public_key is None:
            return False
        try:
            blob = encrypt_secrets(secrets, status.public_key)
        except UnreadableAnswer as error:
            raise AnswerUnreadable(self._place, str(error)) from None
        return self._ask(read_written, "put-secrets", {"RunId": self.run_id, "Blob": blob})

    def status(self, log_offset: int = 0, log: Literal["setup", "work"] = "setup") -> TaskStatus:
        """How the run is doing, with the next piece of its log from `log_offset` (bytes): SetupWizard.log, or the lines
        of the script that it runs."""
        parameters: dict[str, JSON] = {"RunId": self.run_id, "LogOffset": log_offset, "LogLimit": LOG_PIECE, "Log": log}
        return self._ask(read_status, "run-status", parameters)

    def remove(self, *, end_running: bool = False) -> Removal:
        """Take task, key, blob, answer file and folder away. A run that goes on is left alone unless `end_running`."""
        return self._ask(read_removal, "remove-run", {"RunId": self.run_id, "EndRunning": end_running})

    def end_setup(self) -> EndedSetup:
        """End the processes of setup that this run's wrapper has started, and nothing else. The wrapper goes on, and
        writes down how setup ended. Raises RemoteError."""
        return self._ask(read_ended, "end-setup", {"RunId": self.run_id})

    def boot_time(self) -> datetime:
        """Since when Windows runs on the node (UTC). Raises RemoteError."""
        return self._ask(read_restart, "restart-node", JUST_LOOKING).boot_time

    # --- following

    def watch(self, every: float, limit: float) -> Iterator[TaskStatus]:
        """Statuses, one every `every` seconds, until the caller stops. Raises DeadlinePassed after `limit` seconds."""
        due = time.monotonic() + limit
        while True:
            yield self.status()
            if time.monotonic() >= due:
                raise DeadlinePassed(self._place)
            self.pause(every)

    def pause(self, seconds: float) -> None:
        """Wait. Raises Cancelled as soon as the cancel flag is set."""
        if self._cancel.wait(seconds * self._pace):
            raise Cancelled(self._place)

    def forgive(self) -> None:
        """Let the calls that follow log on again after a refusal, because the domain itself has taken the password."""
        self._refused = None

    def close(self) -> None:
        """End the session, when there is one. The run goes on."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def uncancelled(self) -> None:
        """Let the calls that follow (clearing up) go through although the cancel flag was set."""
        self._cancel = threading.Event()

    def _ask(
        self,
        read: Callable[[Mapping[str, Any]], T],
        name: str,
        parameters: Mapping[str, JSON],
        secrets: Sequence[Secret] = (),
    ) -> T:
        answer = self._call(name, parameters, secrets)
        try:
            return read(answer)
        except UnreadableAnswer as error:
            raise AnswerUnreadable(self._place, str(error)) from None

    def _call(self, name: str, parameters: Mapping[str, JSON], secrets: Sequence[Secret] = ()) -> Mapping[str, Any]:
        due = time.monotonic() + self._patience
        wait = FIRST_PAUSE
        while True:
            if self._refused is not None:
                raise self._refused
            if self._cancel.is_set():
                raise Cancelled(self._place)
            try:
                deadline = deadline_in(CALL_SECONDS)
                if self._session is None or self._session.closed:
                    self._session = self._connect(deadline, self._cancel)
                self.reached = True
                script, cancel = load_script(name), self._cancel
                answer = self._session.run(script, parameters, secrets, deadline=deadline, cancel=cancel)
            except LogonRefused as refused:
                self._refused = refused
                raise
            except NodeUnreachable:
                self.close()
                if time.monotonic() + wait * self._pace >= due:
                    raise
            else:
                return answer
            self.pause(wait)
            wait = min(wait * 2, LONGEST_PAUSE)
