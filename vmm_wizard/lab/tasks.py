"""The Task Scheduler of a simulated node: stored passwords, who may log on as a batch job, one instance at a time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from vmm_wizard.lab.logons import Credential, LogonRefused, Logons, Refusal
from vmm_wizard.lab.processes import ProcessEnd

_log = logging.getLogger(__name__)

#: HRESULTs as Task Scheduler gives them (winerror.h, mstask.h).
SUCCESS = 0
STILL_RUNNING = 0x41301
NEVER_RAN = 0x41303
TERMINATED = 0x41306
#: What is left of a task that ran when Windows went down (DBG_TERMINATE_PROCESS) (unconfirmed).
SHUT_DOWN = 0x40010004
ALREADY_EXISTS = 0x800700B7
NO_SUCH_LOGON_SESSION = 0x80070520
ACCOUNT_RESTRICTION = 0x8007052F
LOGON_TYPE_NOT_GRANTED = 0x80070569

#: An ended program is waited for at most this many real seconds.
_STOP_SECONDS = 10.0

_LOGON_ERRORS: dict[Refusal, int] = {
    "no_user": 0x80070534,
    "bad_password": 0x8007052E,
    "logon_hours": 0x80070530,
    "workstation": 0x80070531,
    "password_expired": 0x80070532,
    "disabled": 0x80070533,
    "expired": 0x80070701,
    "must_change": 0x80070773,
    "locked": 0x80070775,
    "no_controller": 0x8007051F,
}
_TEXTS = {
    ALREADY_EXISTS: "Cannot create a file when that file already exists.",
    NO_SUCH_LOGON_SESSION: "A specified logon session does not exist. It may already have been terminated.",
    ACCOUNT_RESTRICTION: "Account restrictions are preventing this user from signing in.",
    0x80070534: "No mapping between account names and security IDs was done.",
    0x8007052E: "The user name or password is incorrect.",
    0x80070530: "Your account has time restrictions that keep you from signing in right now.",
    0x80070531: "This user isn't allowed to sign in to this computer.",
    0x80070532: "The password for this account has expired.",
    0x80070533: "This user can't sign in because this account is currently disabled.",
    0x80070701: "The user's account has expired.",
    0x80070773: "The user's password must be changed before signing in.",
    0x8007051F: "We can't sign you in with this credential because your domain isn't available.",
    0x80070775: "The referenced account is currently locked out and may not be logged on to.",
}


class TaskRefused(Exception):
    """Windows refuses to register a task. `code` is the HRESULT, the text Windows' own."""

    def __init__(self, code: int) -> None:
        super().__init__(_TEXTS[code])
        self.code = code


#: What a task's program does: it gets the task, and returns the exit code.
Program = Callable[["ScheduledTask"], int]


@dataclass
class ScheduledTask:
    """A registered task. What it starts runs as `account`, with network credentials of its own (a batch logon)."""

    name: str
    account: Credential
    arguments: str
    time_limit: str
    state: str = "Ready"
    last_result: int = NEVER_RAN
    stop: ProcessEnd = field(default_factory=ProcessEnd)
    ended_as: int = TERMINATED
    thread: threading.Thread | None = field(default=None, repr=False)

    @property
    def is_active(self) -> bool:
        """Whether an instance of it runs."""
        return self.state == "Running"

    @property
    def ever_ran(self) -> bool:
        """Whether it was started before."""
        return self.last_result != NEVER_RAN

    def xml(self) -> str:
        """The task as an administrator can export it; the stored password is not in it."""
        return (
            '<Task version="1.2"><Principals><Principal>'
            f"<UserId>{escape(self.account.sid)}</UserId><LogonType>Password</LogonType>"
            "<RunLevel>HighestAvailable</RunLevel></Principal></Principals><Settings>"
            f"<MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>"
            f"<ExecutionTimeLimit>{escape(self.time_limit)}</ExecutionTimeLimit></Settings>"
            f"<Actions><Exec><Command>powershell.exe</Command><Arguments>{escape(self.arguments)}</Arguments></Exec>"
            "</Actions></Task>"
        )


class TaskScheduler:
    """The scheduled tasks of one node.

    `stores_passwords` false: the policy DisableDomainCreds. `has_batch_right` and `is_protected` (Protected Users) are
    asked about an account. `changed` is called after every change.
    """

    def __init__(
        self,
        logons: Logons,
        stores_passwords: Callable[[], bool] = lambda: True,
        has_batch_right: Callable[[Credential], bool] = lambda _: True,
        is_protected: Callable[[Credential], bool] = lambda _: False,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._logons = logons
        self._stores_passwords = stores_passwords
        self._has_batch_right = has_batch_right
        self._is_protected = is_protected
        self._changed = changed
        self._lock = threading.RLock()
        self._tasks: dict[str, ScheduledTask] = {}

    def names(self) -> tuple[str, ...]:
        """The names of all tasks."""
        with self._lock:
            return tuple(task.name for task in self._tasks.values())

    def get(self, name: str) -> ScheduledTask | None:
        """The task of this name, in any case."""
        with self._lock:
            return self._tasks.get(name.casefold())

    def register(self, name: str, login: str, password: str, arguments: str, time_limit: str) -> ScheduledTask:
        """Register a task with a stored password, which is checked by a logon. Raises TaskRefused.

        An account without the right to log on as a batch job is registered too: Windows merely warns, and the start
        fails. Protected Users are refused, because nothing of theirs may be stored.
        """
        if not self._stores_passwords():
            raise TaskRefused(NO_SUCH_LOGON_SESSION)
        with self._lock:
            if name.casefold() in self._tasks:
                raise TaskRefused(ALREADY_EXISTS)
        try:
            account = self._logons.log_on(login, password, "task")
        except LogonRefused as refused:
            raise TaskRefused(_LOGON_ERRORS[refused.refusal]) from None
        if self._is_protected(account):
            raise TaskRefused(ACCOUNT_RESTRICTION)
        task = ScheduledTask(name, account, arguments, time_limit)
        with self._lock:
            self._tasks[name.casefold()] = task
        self._changed()
        return task

    def run(self, task: ScheduledTask, program: Program) -> None:
        """Start a task; one that runs already is not started again (IgnoreNew)."""
        with self._lock:
            if task.is_active:
                return
            if not self._has_batch_right(task.account):
                task.last_result = LOGON_TYPE_NOT_GRANTED
                self._changed()
                return
            task.state = "Running"
            task.last_result = STILL_RUNNING
            if task.stop.is_set():
                task.stop = ProcessEnd()
            task.thread = threading.Thread(
                target=self._run, args=(task, program), name=f"task {task.name}", daemon=True
            )
            task.thread.start()
        self._changed()

    def _run(self, task: ScheduledTask, program: Program) -> None:
        try:
            code = program(task)
        except Exception:
            _log.exception("the simulated task %s broke", task.name)
            code = 1
        with self._lock:
            task.last_result = task.ended_as if task.stop.is_set() else code
            task.state = "Ready"
        self._changed()

    def stop(self, task: ScheduledTask) -> None:
        """End a running task; comes back when its program has stopped."""
        task.stop.set()
        if task.thread is not None:
            task.thread.join(_STOP_SECONDS)
        with self._lock:
            task.state = "Ready"
            task.last_result = TERMINATED

    def shut_down(self) -> None:
        """Windows goes down: what runs ends in the midst of it, and every task stays registered."""
        with self._lock:
            running = [task for task in self._tasks.values() if task.is_active]
            for task in running:
                task.ended_as = SHUT_DOWN
        for task in running:
            task.stop.set()
        for task in running:
            # Setup itself may be what met the moment: it ends when it goes on.
            if task.thread is not None and task.thread is not threading.current_thread():
                task.thread.join(_STOP_SECONDS)
            with self._lock:
                task.state, task.last_result = "Ready", SHUT_DOWN

    def delete(self, task: ScheduledTask) -> None:
        """Remove a task and the password stored with it. What it started goes on."""
        with self._lock:
            self._tasks.pop(task.name.casefold(), None)
        self._changed()

    def close(self) -> None:
        """Stop everything, for the end of the estate."""
        with self._lock:
            tasks = list(self._tasks.values())
        for task in tasks:
            task.stop.set()
