"""Runs an install: preflight, then node after node, each verified before the next; takes up what was cut off."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Collection, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from vmm_wizard import log
from vmm_wizard.addresses import AddressError
from vmm_wizard.checks.registry import Finding, Status, judge
from vmm_wizard.checks.schedule import Role, pending_nodes, situation
from vmm_wizard.facts.model import Facts, NoAnswer, NodeFacts
from vmm_wizard.facts.rehearsal import REHEARSAL_PREFIX
from vmm_wizard.install import verify
from vmm_wizard.install.admission import blocking, is_worth_a_rehearsal, lock_name, missing_secrets, plan_key
from vmm_wizard.install.endings import Detached, LostSight, NodeFailed, Pace, PasswordRefused
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
from vmm_wizard.install.journal import Journal, JournalError, Outcome, Run
from vmm_wizard.install.node_run import NodeRun, exit_code_of
from vmm_wizard.install.occupancy import Occupied, make_way
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.names import AccountName
from vmm_wizard.plan.secrets import Secret, Secrets
from vmm_wizard.preflight import Preflight
from vmm_wizard.remote.errors import Cancelled, LogonRefused, RemoteError

if TYPE_CHECKING:
    from vmm_wizard.remote.task import RemoteTask

_log = logging.getLogger(__name__)

__all__ = ["Installer", "blocking", "missing_secrets", "plan_key"]

JOB = "install"

#: Asked once when something is unknown that is no reason to stop: go on?
Confirm = Callable[[tuple[Finding, ...]], bool]


class _Refused(Exception):
    """The run must not go on. One sentence."""


@dataclass(frozen=True, slots=True)
class _End:
    """How a call ended. `remedy` goes into a notice before; `resumable`: the same run is to be taken up again."""

    result: Result
    text: str
    remedy: str = ""
    findings: tuple[Finding, ...] = ()
    resumable: bool = False


@dataclass
class Installer:
    """Installs one plan. `state_folder` holds the lock that keeps a second process of this user from the same cluster;
    `confirm` is asked once about unknowns that do not stop a run."""

    plan: Plan
    secrets: Secrets
    preflight: Preflight
    journal: Journal
    state_folder: Path
    confirm: Confirm = lambda _: True
    pace: Pace = field(default_factory=Pace)
    _rehearsed: bool = field(default=False, init=False)
    _confirmed: bool = field(default=False, init=False)
    _good: list[str] = field(default_factory=list, init=False)
    _changed_before: bool = field(default=False, init=False)
    _node_runs: list[NodeRun] = field(default_factory=list, init=False)
    _run: Run = field(init=False)
    _cancel: threading.Event = field(default_factory=threading.Event, init=False)

    def run(self, cancel: threading.Event | None = None) -> Iterator[Event]:
        """Install, and tell how it goes; the last event is `Finished`, whatever happens. For one call.

        Setting `cancel` stops between steps; a setup that runs on a node is left running and is followed again by the
        next call, as is one whose call was killed.
        """
        import filelock

        self._cancel = cancel or self._cancel
        for secret in self.secrets.values():
            log.mask(secret.reveal())
        missing = missing_secrets(self.plan, self.secrets)
        if missing:
            yield Finished("refused", False, f"the password of {', '.join(map(str, missing))} is missing")
            return
        lock = filelock.FileLock(self.state_folder / lock_name(self.plan), timeout=0)
        try:
            lock.acquire()
        except filelock.Timeout:
            text = f"another vmm-wizard on this computer is installing on {self.plan.cluster.name} now"
            yield Finished("refused", False, text)
            return
        except OSError as error:
            yield Finished("refused", False, f"{self.state_folder}: cannot be used ({error.strerror})")
            return
        try:
            yield from self._locked()
        finally:
            lock.release()

    def _locked(self) -> Iterator[Event]:
        from vmm_wizard.plan.answers import dumps

        key = plan_key(self.plan)
        try:
            earlier = self.journal.unfinished(key, JOB)
            self._run = earlier or self.journal.begin(key, dumps(self.plan), JOB)
            if earlier:
                self.journal.resume(earlier.id)
                self._changed_before = any(row.step == "setup" for row in self.journal.steps(earlier.id))
        except JournalError as error:
            yield Finished("failed", False, str(error))
            return
        outcome: Outcome = "interrupted"
        changed = False
        try:
            exceptions = tuple(map(str, self.plan.connection.certificate_exceptions))
            nodes = tuple(node.key for node in self.plan.nodes)
            yield RunStarted(self._run.id, earlier is not None, nodes, exceptions)
            end = yield from self._to_the_end(resumed=earlier is not None)
            still_open = self._open_nodes()
            # A task that was started, and can neither be followed nor ended now, may have begun setup.
            changed = self._changed or any("start" in self.journal.attempt(self._run.id, node) for node in still_open)
            if not end.resumable and not still_open:
                outcome = end.result
            if end.remedy or end.result == "failed":
                yield Notice("", end.text, end.remedy)
        except JournalError as error:
            # Nothing is done that the journal does not hold first. What runs on a node goes on, and is found again.
            remedy = "mend that, then run the same command to go on"
            end, changed = _End("failed", f"{error}; {remedy}"), self._changed
            yield Notice("", str(error), remedy)
        except Exception as error:
            _log.exception("the run broke")
            text = log.masked(f"unexpected error ({type(error).__name__}: {error}); the log file has the details")
            end, changed = _End("failed", text), self._changed
        finally:
            with contextlib.suppress(JournalError):
                self.journal.end(self._run.id, outcome)
        yield Finished(end.result, changed, end.text, end.findings)

    def _to_the_end(self, *, resumed: bool) -> Generator[Event, None, _End]:
        """The run, and how it ended. Raises JournalError."""
        try:
            return (yield from self._go(resumed))
        except _Refused as refusal:
            # Before anything was changed this is a refusal; after the first node it is an install that did not end.
            return self._ended("failed" if self._changed else "refused", str(refusal))
        except Occupied as error:
            return self._ended("failed" if self._changed else "refused", str(error), error.remedy)
        except Cancelled:
            return self._ended("cancelled", "cancelled")
        except Detached as stop:
            return self._ended("cancelled", str(stop), resumable=True)
        except NodeFailed as error:
            if isinstance(error, PasswordRefused):
                self._stop_password(self.plan.installing_account, str(error))
            return self._ended("failed", str(error), error.remedy)
        except LostSight as error:
            if error.refused is not None:
                self._stop_password(self.plan.node_account or self.plan.installing_account, str(error))
            return self._ended("failed", str(error), error.remedy, resumable=True)
        except (RemoteError, AddressError) as error:
            if isinstance(error, LogonRefused):
                self._stop_password(self.plan.node_account or self.plan.installing_account, str(error))
            return self._ended("failed", str(error), "when that is mended, run the same command again", resumable=True)

    def _ended(self, result: Result, text: str, remedy: str = "", *, resumable: bool = False) -> _End:
        if self._good:
            text = f"{text}; VMM is installed on {', '.join(self._good)}"
        return _End(result, log.masked(text), log.masked(remedy), resumable=resumable)

    @property
    def _changed(self) -> bool:
        """Whether setup was begun on a node by this run."""
        return self._changed_before or any(node_run.begun for node_run in self._node_runs)

    def _open_nodes(self) -> list[str]:
        return [node.key for node in self.plan.nodes if self.journal.is_open(self._run.id, node.key)]

    # --- the run

    def _go(self, resumed: bool) -> Generator[Event, None, _End]:
        if resumed:
            yield from self._take_up()
        facts = self._look()
        yield from self._make_way(facts)
        for number, node in enumerate(self.plan.nodes):
            if self._cancel.is_set():
                raise Cancelled(node.key)
            if node.key in self._good:
                continue
            if node.key not in pending_nodes(self.plan, facts):
                facts = yield from self._pass_by(node.key, facts)
                continue
            facts = yield from self._preflight(node.key)
            first = number == 0 and situation(self.plan, facts).role is not Role.OURS
            node_run = self._node_run(node.key, first)
            yield from node_run.install()
            facts = yield from self._verify(node_run)
        return (yield from self._verify_role(facts))

    def _take_up(self) -> Iterator[Event]:
        """Go on with what an earlier call of this run left under way."""
        if any(row.step == "preflight" and not row.ended for row in self.journal.steps(self._run.id)):
            self._clear_rehearsals()
        for node in self._open_nodes():
            node_run = self._node_run(node, first=False)
            if (yield from node_run.take_up()):
                yield from self._verify(node_run)

    def _clear_rehearsals(self) -> None:
        """A call that was killed while it rehearsed may have left a task, or a folder, on any node."""
        for node in self.plan.nodes:
            task = self._task(self._rehearsal_id, node.key)
            try:
                task.remove(end_running=True)
            except LogonRefused:
                raise
            except RemoteError as error:
                # The preflight that follows says so, if it is still true.
                _log.warning("rehearsal on %s: %s", node, error)
            finally:
                task.close()

    def _pass_by(self, node: str, facts: Facts) -> Generator[Event, None, Facts]:
        """A node that has VMM: verified now, if this run installed it and was cut off before."""
        done = {name: step for name, step in self.journal.attempt(self._run.id, node).items() if step.state == "done"}
        if "setup" in done and "verify" not in done:
            node_run = self._node_run(node, first=False)
            node_run.exit_code = exit_code_of(done["setup"])
            return (yield from self._verify(node_run))
        self._good.append(node)
        yield StepChanged(node, "setup", StepState.SKIPPED, "VMM is installed here already, by this plan")
        return facts

    # --- looking

    def _look(self, rehearse_on: Collection[str] | None = ()) -> Facts:
        """All facts, asked anew, passwords proved anew by one bind each; rehearsed on these nodes (None: all that setup
        will still run on). Raises Cancelled."""
        self.preflight.passwords.expire()
        updates = self.preflight.run(
            self.plan,
            fresh=True,
            rehearse=rehearse_on is None or bool(rehearse_on),
            rehearse_on=rehearse_on,
            rehearsal_id=self._rehearsal_id,
            rehearse_if=is_worth_a_rehearsal,
            cancel=self._cancel,
        )
        *_, last = (None, *updates)
        if self._cancel.is_set() or last is None or last.waiting:
            raise Cancelled("preflight")
        return last.facts

    @property
    def _rehearsal_id(self) -> str:
        return REHEARSAL_PREFIX + self._run.id

    def _preflight(self, node: str) -> Generator[Event, None, Facts]:
        """The preflight right before setup on `node`. The first rehearses on all nodes: what is wrong with the last one
        is better known before the first is installed. Raises _Refused, Occupied."""
        self.journal.start(self._run.id, node, "preflight")
        yield StepChanged(node, "preflight", StepState.STARTED)
        facts = self._look((node,) if self._rehearsed else None)
        self._rehearsed = True
        findings = judge(self.plan, facts)
        stops = blocking(findings)
        yield PreflightDone(findings, stops, node)
        try:
            yield from self._make_way(facts)
            self._require_good(node, findings, stops)
        except (_Refused, Occupied) as refusal:
            self.journal.finish(self._run.id, node, "preflight", "failed", str(refusal))
            yield StepChanged(node, "preflight", StepState.FAILED, str(refusal))
            raise
        self.journal.finish(self._run.id, node, "preflight")
        yield StepChanged(node, "preflight", StepState.DONE, "nothing stands in the way")
        return facts

    def _require_good(self, node: str, findings: tuple[Finding, ...], stops: tuple[Finding, ...]) -> None:
        if stops:
            raise _Refused(f"not started on {node}: {', '.join(dict.fromkeys(finding.id for finding in stops))}")
        unknowns = tuple(finding for finding in findings if finding.status is Status.UNKNOWN and not finding.accepted)
        if unknowns and not self._confirmed:
            self._confirmed = self.confirm(unknowns)
            if not self._confirmed:
                raise _Refused(f"not started on {node}: what is unknown was not confirmed")

    def _make_way(self, facts: Facts) -> Iterator[Event]:
        yield from make_way(self._run, facts, self.journal, self._task, self.pace.poll)

    # --- doing

    def _password(self, account: AccountName) -> Secret:
        secret = self.secrets.get(account)
        if secret is None:
            raise NodeFailed(f"the password of {account} is missing", "give it and run install again")
        return secret

    def _stop_password(self, account: AccountName, meaning: str) -> None:
        """A node took a proved password for wrong: it was changed, and no probe may try it again."""
        from vmm_wizard.facts.questions import questions

        access = questions(self.plan, self.preflight.addresses.ca_file or "").access
        secret = self.secrets.get(account)
        if access is not None and secret is not None:
            self.preflight.passwords.refuse(account, secret, access, meaning)

    def _node_run(self, node: str, first: bool) -> NodeRun:
        task = self._task(self._run.id, node)
        node_run = NodeRun(
            self.plan, node, first, self._run.id, task, self._password, self.journal, self.pace, self._cancel
        )
        self._node_runs.append(node_run)
        return node_run

    def _task(self, run_id: str, node: str) -> RemoteTask:
        from vmm_wizard.facts.nodes import connector
        from vmm_wizard.facts.questions import questions
        from vmm_wizard.remote.task import RemoteTask

        asked = questions(self.plan, self.preflight.addresses.ca_file or "")
        question = next(row for row in asked.nodes if row.host == node)
        connect, place = connector(question, self._password(question.account), self.preflight.addresses)
        return RemoteTask(connect, place, run_id, self.plan.installing_account, patience=0.0, cancel=self._cancel)

    # --- verifying

    def _verify(self, node_run: NodeRun) -> Generator[Event, None, Facts]:
        """Look at what setup left, until it has come up. Raises NodeFailed, LostSight, Cancelled."""
        node = node_run.node
        self.journal.start(self._run.id, node, "verify")
        yield StepChanged(node, "verify", StepState.STARTED)
        since = time.monotonic()
        while True:
            facts = self._look()
            witnesses = verify.witnesses(self.plan, facts, node, node_run.exit_code)
            text = "; ".join(row.text for row in witnesses if not row.good)
            if not text:
                break
            answer = facts.nodes.get(node)
            is_final = isinstance(answer, NoAnswer) and answer.code == "logon"
            limit = self.pace.settling if isinstance(answer, NodeFacts) else self.pace.patience
            if is_final or time.monotonic() - since >= limit:
                self.journal.finish(self._run.id, node, "verify", "failed", text)
                yield StepChanged(node, "verify", StepState.FAILED, text)
                if isinstance(answer, NodeFacts):
                    raise NodeFailed(f"{node}: setup ended well, but {text}", f"look at SetupWizard.log on {node}")
                raise LostSight(f"setup ended well, but {text}", "when it answers again, run the same command to go on")
            if self._cancel.wait(self.pace.poll):
                raise Cancelled(node)
        text = "; ".join(row.text for row in witnesses)
        self.journal.finish(self._run.id, node, "verify", "done", text)
        self._good.append(node)
        yield StepChanged(node, "verify", StepState.DONE, text)
        if node_run.needs_restart:
            yield Notice(node, f"{node} wants a restart", "move the role to another node before, and then restart it")
        return facts

    def _verify_role(self, facts: Facts) -> Generator[Event, None, _End]:
        """What the checks say of the finished role. A fail among them is no good end, whoever installed it."""
        self.journal.start(self._run.id, "", "verify")
        findings = judge(self.plan, facts)
        told = (Status.WARN, Status.FAIL, Status.UNKNOWN)
        for finding in findings:
            if finding.id.startswith("POST-") and finding.status in told:
                yield Notice(finding.subject, f"{finding.id}: {finding.evidence}", finding.remedy)
        failed = [
            row for row in findings if row.id.startswith("POST-") and row.status is Status.FAIL and not row.accepted
        ]
        if failed:
            text = "; ".join(f"{row.id}: {row.evidence}" for row in failed)
            self.journal.finish(self._run.id, "", "verify", "failed", text)
            yield StepChanged("", "verify", StepState.FAILED, text)
            return _End("failed", f"VMM is installed, but {text}", failed[0].remedy, findings)
        text = verify.how_to_connect(self.plan)
        self.journal.finish(self._run.id, "", "verify", "done", text)
        yield StepChanged("", "verify", StepState.DONE, text)
        return _End("installed" if self._changed else "unchanged", text, findings=findings)
