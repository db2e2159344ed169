"""The rehearsal (RUN-02): a task with the real one's principal, logon type and wrapper says what it sees inside."""

from __future__ import annotations

import base64
import hashlib
import secrets as random
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vmm_wizard.addresses import AddressError, Addresses
from vmm_wizard.facts.model import NoAnswer, NotKnown, RehearsalFacts
from vmm_wizard.facts.nodes import connector, no_answer
from vmm_wizard.facts.questions import NodeQuestion
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.names import AccountName
from vmm_wizard.plan.secrets import Secret
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.remote.kept import KeptSessions
    from vmm_wizard.remote.task import RemoteTask
    from vmm_wizard.remote.task_run import TaskStart, TaskStatus

#: Seconds that a rehearsal may take on one node, and how often its state is asked for.
LIMIT = 180.0
POLL = 1.0
#: What the ids of rehearsals begin with.
REHEARSAL_PREFIX = "rehearsal-"
#: Seconds that a node may be out of reach before the rehearsal gives it up.
PATIENCE = 30.0
#: A rehearsal's task may not run longer than this many hours.
_TIME_LIMIT_HOURS = 1


@dataclass(frozen=True, slots=True)
class RehearsalQuestion:
    """What is rehearsed on one node: `account` is whom setup will run as there, `domain` a DNS name."""

    node: NodeQuestion
    account: AccountName
    domain: str
    dkm_container: str
    sql_host: str
    sql_instance: str
    sql_port: int


def rehearsal_question(plan: Plan, node: NodeQuestion) -> RehearsalQuestion:
    """The rehearsal that goes with `plan` on the node that `node` asks about."""
    target = plan.database.target
    return RehearsalQuestion(
        node,
        plan.installing_account,
        plan.dns_domain,
        str(plan.dkm.dn),
        plan.sql_host,
        target.instance,
        target.port,
    )


#: Carries the beginning of a rehearsal out, from the logon on the node until its task is started, when it may be:
#: raises NotKnown when it must not.
Begin = Callable[[Callable[[], "TaskStart"]], "TaskStart"]


class OneFirst:
    """Begins the rehearsals of several nodes: on one node first, for Windows to take the passwords there, then on the
    others at once. So a password that was changed a moment ago costs one bad logon, however many nodes there are.

    `require` raises NotKnown when a password must not be used any more. `refused` is told why Windows refused one, and
    whether it was that of the logon on the node, and not of the task.
    """

    def __init__(self, require: Callable[[], object], refused: Callable[[str, bool], None]) -> None:
        self._require = require
        self._refused = refused
        self._lock = threading.Lock()
        self._taken = False

    def __call__(self, start: Callable[[], TaskStart]) -> TaskStart:
        with self._lock:
            if not self._taken:
                return self._first(start)
        return start()

    def _first(self, start: Callable[[], TaskStart]) -> TaskStart:
        from vmm_wizard.remote.errors import LogonRefused
        from vmm_wizard.remote.task_run import WRONG_PASSWORD

        self._require()
        try:
            started = start()
        except LogonRefused as error:
            self._refused(str(error), True)
            raise
        self._taken = not started.failed_step
        if started.error_code == WRONG_PASSWORD:
            self._refused(started.reason, False)
        return started


def rehearse_node(
    question: RehearsalQuestion,
    node_password: Secret,
    task_password: Secret,
    addresses: Addresses,
    *,
    run_id: str = "",
    cancel: threading.Event | None = None,
    limit: float = LIMIT,
    pace: float = 1.0,
    begin: Begin = lambda start: start(),
    kept: KeptSessions | None = None,
) -> RehearsalFacts | NoAnswer:
    """Register the task on the node, hear its report, and take everything away again, whatever happened.

    `node_password` belongs to the account that logs on to the node, `task_password` to the one that setup will run as;
    both were proved before. `run_id` names the rehearsal on the node (empty: a name of its own), so that whoever chose
    it can clear up after a process that was killed. `limit` in seconds; `pace` multiplies all pauses. `begin` does
    the beginning. `kept` may have a session. A task that Windows refuses is an answer (`registered` false); a node that
    cannot be asked is none.
    """
    from vmm_wizard.remote.errors import RemoteError
    from vmm_wizard.remote.task import RemoteTask
    from vmm_wizard.remote.task_run import UnreadableAnswer

    host = question.node.host
    try:
        connect, place = connector(question.node, node_password, addresses, kept)
    except AddressError as error:
        return NoAnswer(str(error), "unreachable")
    run_id = run_id or f"{REHEARSAL_PREFIX}{uuid.uuid4()}"
    task = RemoteTask(connect, place, run_id, question.account, patience=PATIENCE, cancel=cancel, pace=pace)
    answer: RehearsalFacts | NoAnswer
    try:
        answer = _rehearse(question, task, task_password, limit, begin)
    except NotKnown as gap:
        answer = gap.answer
    except RemoteError as error:
        answer = no_answer(error)
    except UnreadableAnswer as error:
        answer = NoAnswer(f"{host}: {error}", "unreadable")
    finally:
        # Also when this thread is being ended.
        left = _clear_up(task) if task.reached else ""
        task.close()
    # A stored password must not stay unnoticed, however well the rest went.
    if not left:
        return answer
    well = NoAnswer(text("reasons.rehearsal.went_well", host=host), "unreadable")
    before = answer if isinstance(answer, NoAnswer) else well
    return NoAnswer(text("reasons.rehearsal.left", reason=before.reason, left=left), before.code)


def _clear_up(task: RemoteTask) -> str:
    """Take the run away; what is left of it, or may be, as words; empty when nothing is."""
    from vmm_wizard.remote.errors import RemoteError
    from vmm_wizard.remote.task_run import UnreadableAnswer

    task.uncancelled()
    try:
        removal = task.remove(end_running=True)
    except (RemoteError, UnreadableAnswer) as error:
        return text("reasons.rehearsal.task", run=task.run_id, error=error)
    left = ", ".join(removal.left)
    if left and removal.errors:
        return text("reasons.rehearsal.left_because", left=left, why="; ".join(removal.errors))
    return left


def _rehearse(
    question: RehearsalQuestion, task: RemoteTask, task_password: Secret, limit: float, begin: Begin
) -> RehearsalFacts | NoAnswer:
    from vmm_wizard.remote.run_files import rehearsal_job, wrapper_file
    from vmm_wizard.remote.task_run import UnreadableAnswer

    host = question.node.host
    job = rehearsal_job(
        domain=question.domain,
        dkm_container=question.dkm_container,
        sql_host=question.sql_host,
        sql_instance=question.sql_instance,
        sql_port=question.sql_port,
    )
    files = (wrapper_file(), job)

    def stage_and_start() -> TaskStart:
        if task.stage(files).files != files:
            raise UnreadableAnswer(text("reasons.rehearsal.files"))
        return task.start(task_password, _TIME_LIMIT_HOURS)

    start = begin(stage_and_start)
    if start.failed_step:
        return RehearsalFacts(registered=start.registered, error=start.reason)
    word = Secret(random.token_urlsafe(24))
    handed_over = False
    for status in task.watch(POLL, limit):
        if status.result is not None:
            return _facts(host, status, word)
        if status.stopped_because:
            return RehearsalFacts(registered=True, error=status.stopped_because, language_mode=status.language_mode)
        if status.public_key is not None and not handed_over:
            handed_over = task.send_secrets((word,), status)
    return NoAnswer(text("reasons.rehearsal.not_ended", host=host), "timeout")


def _facts(host: str, status: TaskStatus, word: Secret) -> RehearsalFacts | NoAnswer:
    if status.result is None or status.report is None:
        said = status.result.error if status.result else ""
        said = said or text("reasons.rehearsal.no_reason")
        return NoAnswer(text("reasons.rehearsal.no_report", host=host, said=said), "unreadable")
    digest = base64.b64encode(hashlib.sha256(word.reveal().encode()).digest()).decode()
    if status.report.get("secret_digests") not in ([digest], digest):
        return NoAnswer(text("reasons.rehearsal.word", host=host), "unreadable")
    try:
        return read_report(status.report)
    except (KeyError, TypeError, ValueError) as error:
        return NoAnswer(text("reasons.rehearsal.report", host=host, error=error), "unreadable")


def read_report(report: Mapping[str, Any]) -> RehearsalFacts:
    """The wrapper's report.json as facts. Raises KeyError, TypeError or ValueError when it is none."""
    sysadmin = report["sql_sysadmin"]
    return RehearsalFacts(
        registered=True,
        user=str(report["user"]),
        groups=_texts(report["groups"]),
        elevated=bool(report["elevated"]),
        language_mode=str(report["language_mode"]),
        ui_culture=str(report["ui_culture"]),
        sql_login=str(report["sql_login"]),
        sql_sysadmin=None if sysadmin is None else bool(sysadmin),
        sql_auth_scheme=str(report["sql_auth_scheme"]),
        sql_error=str(report["sql_error"]),
        dkm_found=bool(report["dkm_found"]),
        dkm_allowed_child_classes=_texts(report["dkm_allowed_child_classes"]),
        dkm_sd_rights=int(report["dkm_sd_rights"]),
        dkm_error=str(report["dkm_error"]),
        cluster_name=str(report["cluster_name"]),
        cluster_error=str(report["cluster_error"]),
    )


def _texts(value: object) -> tuple[str, ...]:
    """A list of texts; PowerShell may write a list of one as the one."""
    if isinstance(value, list):
        return tuple(map(str, value))
    return () if value is None else (str(value),)
