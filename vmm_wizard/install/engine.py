"""Runs an install: preflight, then node after node, each verified before the next; takes up what was cut off."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from vmm_wizard import log
from vmm_wizard.checks.registry import Finding, Status, judge
from vmm_wizard.checks.schedule import Role, pending_nodes, situation
from vmm_wizard.facts.model import Facts, NodeFacts
from vmm_wizard.install import verify
from vmm_wizard.install.events import (
    Event,
    Finished,
    Notice,
    PreflightDone,
    Result,
    RunStarted,
    StepChanged,
    StepState,
)
from vmm_wizard.install.journal import Journal, Outcome, Run
from vmm_wizard.install.node_run import Detached, NodeFailed, NodeRun, Pace
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.names import AccountName
from vmm_wizard.plan.secrets import Secret, Secrets
from vmm_wizard.preflight import Preflight
from vmm_wizard.remote.errors import Cancelled, RemoteError

if TYPE_CHECKING:
    from vmm_wizard.remote.task import RemoteTask

_log = logging.getLogger(__name__)

JOB = "install"
TASK_PREFIX = "vmm-wizard-"

#: Asked once when something is unknown that is no reason to stop: go on?
Confirm = Callable[[tuple[Finding, ...]], bool]


def plan_key(plan: Plan) -> str:
    """The same for equal plans: what finds an unfinished run again."""
    from vmm_wizard.plan.answers import dumps

    return hashlib.sha256(dumps(plan).encode()).hexdigest()


def missing_secrets(plan: Plan, secrets: Secrets) -> tuple[AccountName, ...]:
    """The accounts whose passwords an install needs and nobody gave."""
    return tuple(account for account in plan.accounts if account not in secrets)


def blocking(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """What stops a run: each fail, and each unknown among the minimum (section 10, last line)."""
    return tuple(
        finding
        for finding in findings
        if finding.status is Status.FAIL or (finding.status is Status.UNKNOWN and finding.minimum)
    )


class _Refused(Exception):
    """The run must not go on. The text is one sentence."""


@dataclass
class Installer:
    """Installs one plan. `state_folder` holds the lock that keeps a second process of this user from driving the same
    plan; `confirm` is asked once about unknowns that do not stop a run."""

    plan: Plan
    secrets: Secrets
    preflight: Preflight
    journal: Journal
    state_folder: Path
    confirm: Confirm = lambda _: True
    pace: Pace = field(default_factory=Pace)
    changed: bool = field(default=False, init=False)
    _rehearsed: bool = field(default=False, init=False)
    _confirmed: bool = field(default=False, init=False)
    _run: Run | None = field(default=None, init=False)

    def run(self, cancel: threading.Event | None = None) -> Iterator[Event]:
        """Install, and tell how it goes; the last event is `Finished`. Setting `cancel` stops between steps; a setup
        that runs on a node is left running and is followed again by the next call. Raises JournalError."""
        import filelock

        cancel = cancel or threading.Event()
        key = plan_key(self.plan)
        lock = filelock.FileLock(self.state_folder / f"install-{key[:16]}.lock", timeout=0)
        try:
            lock.acquire()
        except filelock.Timeout:
            yield Finished("refused", False, "this plan is being installed by another vmm-wizard on this computer")
            return
        try:
            yield from self._ended(key, cancel)
        finally:
            lock.release()

    def _ended(self, key: str, cancel: threading.Event) -> Iterator[Event]:
        from vmm_wizard.plan.answers import dumps

        earlier = self.journal.unfinished(key, JOB)
        run = self._run = earlier or self.journal.begin(key, dumps(self.plan), JOB)
        if earlier:
            self.journal.resume(run.id)
        yield RunStarted(run.id, earlier is not None, tuple(node.key for node in self.plan.nodes))
        result: Result = "failed"
        outcome: Outcome | None = None
        try:
            result, text, findings = yield from self._go(run, cancel)
        except _Refused as refusal:
            # Before anything was changed this is a refusal; after the first node it is an install that did not end.
            result, text, findings = ("failed" if self.changed else "refused"), str(refusal), ()
        except (Cancelled, Detached) as stop:
            result, text, findings = "cancelled", str(stop) if isinstance(stop, Detached) else "cancelled", ()
        except NodeFailed as error:
            text, findings = log.masked(str(error)), ()
            yield Notice("", text, error.remedy)
        except RemoteError as error:
            # Setup may go on where we cannot see it: the same run is taken up again next time.
            text, findings, outcome = log.masked(str(error)), (), "interrupted"
            yield Notice("", text, "when the node answers again, run the same command to go on")
        except GeneratorExit:
            outcome = "interrupted"
            raise
        finally:
            self.journal.end(run.id, outcome or result)
        yield Finished(result, self.changed, text, findings)

    def _go(self, run: Run, cancel: threading.Event) -> Generator[Event, None, tuple[Result, str, tuple[Finding, ...]]]:
        facts = self._look("", rehearse=False, cancel=cancel)
        yield from self._refuse_foreign(run, facts, cancel)
        for node in self.plan.nodes:
            if cancel.is_set():
                raise Cancelled(node.key)
            todo = pending_nodes(self.plan, facts)
            under_way = self._is_under_way(run, facts, node.key)
            if node.key not in todo and not under_way:
                yield StepChanged(node.key, "setup", StepState.SKIPPED, "VMM is installed here already, by this plan")
                continue
            if not under_way:
                facts = yield from self._preflight(node.key, cancel)
            first = situation(self.plan, facts).role is not Role.OURS and node is self.plan.nodes[0]
            node_run = self._node_run(run, node.key, first, cancel)
            try:
                yield from node_run.run()
            finally:
                self.changed = self.changed or node_run.changed
            if node_run.needs_restart:
                yield Notice(node.key, f"{node.key} wants a restart; do it after the role was moved to another node")
            facts = self._look(node.key, rehearse=False, cancel=cancel)
            yield from self._verify_node(run, node.key, facts)
        findings = judge(self.plan, facts)
        yield from self._verify_role(run, findings)
        text = verify.how_to_connect(self.plan)
        return ("installed" if self.changed else "unchanged"), text, findings

    # --- looking

    def _look(self, node: str, *, rehearse: bool, cancel: threading.Event) -> Facts:
        """All facts, asked anew. Raises Cancelled."""
        last = None
        for update in self.preflight.run(self.plan, fresh=True, rehearse=rehearse, cancel=cancel):
            last = update
        if cancel.is_set() or last is None or last.waiting:
            raise Cancelled(node or "preflight")
        return last.facts

    def _preflight(self, node: str, cancel: threading.Event) -> Generator[Event, None, Facts]:
        """The preflight right before setup on `node`; the first one of a run rehearses. Raises _Refused."""
        assert self._run is not None
        self.journal.start(self._run.id, node, "preflight")
        yield StepChanged(node, "preflight", StepState.STARTED)
        facts = self._look(node, rehearse=not self._rehearsed, cancel=cancel)
        rehearsed = self._rehearsed
        self._rehearsed = True
        findings = judge(self.plan, facts)
        if rehearsed:
            # The rehearsal was made once, for all nodes: its check has said what it has to say.
            findings = tuple(finding for finding in findings if finding.id != "RUN-02")
        stops = blocking(findings)
        yield PreflightDone(findings, stops)
        if stops:
            what = ", ".join(dict.fromkeys(finding.id for finding in stops))
            self.journal.finish(self._run.id, node, "preflight", "failed", what)
            yield StepChanged(node, "preflight", StepState.FAILED, f"stopped by {what}")
            raise _Refused(f"not started on {node}: {what}")
        unknowns = tuple(finding for finding in findings if finding.status is Status.UNKNOWN)
        if unknowns and not self._confirmed:
            self._confirmed = self.confirm(unknowns)
            if not self._confirmed:
                raise _Refused("not started: what is unknown was not confirmed")
        self.journal.finish(self._run.id, node, "preflight")
        yield StepChanged(node, "preflight", StepState.DONE, "nothing stands in the way")
        return facts

    def _refuse_foreign(self, run: Run, facts: Facts, cancel: threading.Event) -> Iterator[Event]:
        """Clear away what ended runs of ours left on the nodes; raises _Refused where somebody else is at work."""
        ended = {row.id for row in self.journal.runs() if row.outcome in ("failed", "refused", "installed")}
        for name, answer in facts.nodes.items():
            if not isinstance(answer, NodeFacts):
                continue
            for task in answer.tasks:
                run_id = task.removeprefix(TASK_PREFIX)
                if run_id == run.id:
                    continue
                if run_id not in ended and not run_id.startswith("rehearsal-"):
                    raise _Refused(f"{name} holds the scheduled task of another run: {task}")
                removal = self._task(run_id, name, cancel).remove()
                if removal.was_running:
                    raise _Refused(f"the scheduled task {task} is still running on {name}")
                yield Notice(name, f"removed the scheduled task {task}, left by an earlier run")
            if answer.setup_processes and TASK_PREFIX + run.id not in answer.tasks:
                raise _Refused(f"a setup that this run did not start is running on {name}")

    def _is_under_way(self, run: Run, facts: Facts, node: str) -> bool:
        answer = facts.nodes.get(node)
        return isinstance(answer, NodeFacts) and TASK_PREFIX + run.id in answer.tasks

    # --- doing

    def _password(self, account: AccountName) -> Secret:
        secret = self.secrets.get(account)
        if secret is None:
            raise NodeFailed(f"the password of {account} is missing", "give it and run install again")
        return secret

    def _node_run(self, run: Run, node: str, first: bool, cancel: threading.Event) -> NodeRun:
        return NodeRun(
            self.plan,
            node,
            first,
            run.id,
            self._task(run.id, node, cancel),
            self._password,
            self.journal,
            self.pace,
            cancel,
        )

    def _task(self, run_id: str, node: str, cancel: threading.Event) -> RemoteTask:
        from vmm_wizard.facts.nodes import connector
        from vmm_wizard.facts.questions import questions
        from vmm_wizard.remote.task import RemoteTask

        asked = questions(self.plan, self.preflight.addresses.ca_file or "")
        question = next(row for row in asked.nodes if row.host == node)
        connect, place = connector(question, self._password(question.account), self.preflight.addresses)
        return RemoteTask(
            connect, place, run_id, self.plan.installing_account, patience=self.pace.patience, cancel=cancel
        )

    # --- verifying

    def _verify_node(self, run: Run, node: str, facts: Facts) -> Iterator[Event]:
        self.journal.start(run.id, node, "verify")
        yield StepChanged(node, "verify", StepState.STARTED)
        witnesses = verify.witnesses(self.plan, facts, node)
        bad = [row for row in witnesses if not row.good]
        if bad:
            text = "; ".join(row.text for row in bad)
            self.journal.finish(run.id, node, "verify", "failed", text)
            yield StepChanged(node, "verify", StepState.FAILED, text)
            raise NodeFailed(f"{node}: setup ended well, but {text}", "look at SetupWizard.log on the node")
        text = "; ".join(row.text for row in witnesses)
        self.journal.finish(run.id, node, "verify", "done", text)
        yield StepChanged(node, "verify", StepState.DONE, text)

    def _verify_role(self, run: Run, findings: tuple[Finding, ...]) -> Iterator[Event]:
        self.journal.start(run.id, "", "verify")
        for finding in findings:
            if finding.id.startswith("POST-") and finding.status is not Status.PASS:
                yield Notice(finding.subject, f"{finding.id}: {finding.evidence}", finding.remedy)
        self.journal.finish(run.id, "", "verify")
        yield StepChanged("", "verify", StepState.DONE, verify.how_to_connect(self.plan))
