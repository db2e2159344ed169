"""Gathers the facts that a plan needs, all at once, and yields findings as they arrive. Both doors use it.

Each question is asked in a thread of its own, once: an equal question (same values, same password) is answered from
what is known, also by a later run that has changed something else. Threads are daemons with deadlines, so that leaving
never waits for a probe.
"""

from __future__ import annotations

import logging
import math
import queue
import threading
import time
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from vmm_wizard.addresses import Addresses
from vmm_wizard.checks.registry import Finding, judge
from vmm_wizard.checks.schedule import Job, pending_nodes
from vmm_wizard.facts.model import (
    Facts,
    NoAnswer,
    NodeFacts,
    NotKnown,
    PasswordShape,
    RehearsalFacts,
)
from vmm_wizard.facts.questions import (
    DirectoryAccess,
    NodeQuestion,
    PrincipalsQuestion,
    accounts_of,
    questions,
)
from vmm_wizard.facts.sql_reach import reached_from_nodes
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.secrets import Secrets
from vmm_wizard.texts import text

if TYPE_CHECKING:
    from vmm_wizard.facts.directory_principals import Principals
    from vmm_wizard.facts.rehearsal import Begin
    from vmm_wizard.remote.kept import KeptSessions


_log = logging.getLogger(__name__)

#: Seconds that one probe may take, connecting included.
DEADLINE = 30.0
#: A probe held up where no deadline reaches (system resolver, driver, Kerberos) is given up after so many deadlines.
GIVEN_UP_AFTER = 4

#: Seconds that leaving waits, at most, for rehearsals to take their tasks away.
CLEAR_UP_SECONDS = 120.0

#: Reasons that a question was never put to anybody: nothing to remember.
_NOT_PUT = frozenset({"not_asked", "logon", "stopped"})

#: Where an answer goes in `Facts`: a field, or a mapping field and a key in it.
Slot = tuple[str, str]


@dataclass(frozen=True)
class Update:
    """What is known so far of `plan`. `waiting` names what is still being asked; empty in the last update of a run."""

    plan: Plan
    facts: Facts
    waiting: tuple[str, ...]

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What the checks say of it; judged when it is looked at, for most only wait for the last update."""
        return judge(self.plan, self.facts)

    def findings_for(self, job: Job) -> tuple[Finding, ...]:
        """What the checks say of it when another job is to be done than an install."""
        return self.findings if job is Job.INSTALL else judge(self.plan, self.facts, job=job)


@dataclass(frozen=True, slots=True)
class _Job:
    slot: Slot
    name: str
    key: Hashable
    ask: Callable[[], object]
    #: What of the answer goes into the slot: jobs of an equal key share one answer.
    part: Callable[[Any], object] = lambda answer: answer

    def share(self, answer: object) -> object:
        """This job's share of an answer; a `NoAnswer` is everybody's."""
        return answer if isinstance(answer, NoAnswer) else self.part(answer)


class Preflight:
    """Asks an estate about plans. Thread-safe; one for the life of a wizard or a command."""

    def __init__(self, secrets: Secrets, addresses: Addresses, deadline: float = DEADLINE) -> None:
        from vmm_wizard.facts.passwords import Passwords
        from vmm_wizard.facts.probes import Probes

        self.secrets = secrets
        self.addresses = addresses
        self.deadline = deadline
        self.passwords = Passwords(addresses, deadline)
        self.probes = Probes(secrets, self.passwords)
        self._lock = threading.Lock()
        self._asked: dict[Hashable, Future[object]] = {}
        self._heard: dict[Hashable, datetime] = {}

    @property
    def kept(self) -> KeptSessions:
        """The sessions with nodes that nobody uses now."""
        return self.probes.kept

    def run(
        self,
        plan: Plan,
        *,
        fresh: bool = False,
        same_sessions: bool = False,
        rehearse: bool = False,
        rehearse_on: Collection[str] | None = None,
        rehearsal_id: str = "",
        rehearse_if: Callable[[tuple[Finding, ...]], bool] = lambda _: True,
        cancel: threading.Event | None = None,
    ) -> Iterator[Update]:
        """Ask what `plan` raises and yield what is known, first at once and then after each answer.

        `fresh` forgets earlier answers (not proofs of passwords), and logs on to the nodes anew unless `same_sessions`:
        a logon does not see rights that are given after it. `rehearse` also registers and runs the rehearsal task on
        each node that setup will still run on, or on those named in `rehearse_on` (RUN-02); it stores a password there
        for its length, and so is left out where `rehearse_if` says of the findings so far that it would serve nobody.
        `rehearsal_id` names it there. `cancel` ends the iteration early; a rehearsal that was begun is cleared away
        first, whoever stops iterating.
        """
        if fresh:
            with self._lock:
                self._asked.clear()
            if not same_sessions:
                self.kept.renew()
        answers: dict[Slot, object] = {}
        arrived: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        jobs, until = self._jobs(plan), time.monotonic() + GIVEN_UP_AFTER * self.deadline
        yield from self._gather(plan, jobs, self._ask_all(jobs, arrived), answers, arrived, cancel, until)
        if not rehearse or (cancel and cancel.is_set()) or not rehearse_if(judge(plan, self._facts(plan, answers))):
            return
        stop = threading.Event()
        jobs = self._rehearsals(plan, answers, rehearse_on, rehearsal_id, stop)
        futures = self._ask_all(jobs, arrived)
        try:
            yield from self._gather(plan, jobs, futures, answers, arrived, cancel)
        finally:
            # A stored password stays on the node until its rehearsal has cleared up: leave only then.
            stop.set()
            wait(futures.values(), CLEAR_UP_SECONDS)

    def close(self) -> None:
        """End the sessions with the directory and the nodes."""
        self.passwords.close()
        self.kept.close()

    def _gather(
        self,
        plan: Plan,
        jobs: list[_Job],
        futures: Mapping[Slot, Future[object]],
        answers: dict[Slot, object],
        arrived: queue.SimpleQueue[_Job],
        cancel: threading.Event | None,
        until: float = math.inf,
    ) -> Iterator[Update]:
        open_jobs = {job.slot: job for job in jobs}
        while True:
            yield Update(plan, self._facts(plan, answers), tuple(dict.fromkeys(job.name for job in open_jobs.values())))
            if not open_jobs:
                return
            while True:
                if cancel is not None and cancel.is_set():
                    return
                try:
                    done = arrived.get(timeout=0.2)
                    break
                except queue.Empty:
                    if time.monotonic() < until:
                        continue
                    answers |= {slot: job.share(self._give_up(job, futures[slot])) for slot, job in open_jobs.items()}
                    open_jobs.clear()
                    break
            while open_jobs:
                if open_jobs.pop(done.slot, None) is not None:
                    answers[done.slot] = done.share(futures[done.slot].result())
                    answers["heard", done.slot[1] or done.slot[0]] = self._heard[done.key]
                try:
                    done = arrived.get_nowait()
                except queue.Empty:
                    break

    def _give_up(self, job: _Job, future: Future[object]) -> object:
        """The answer for a probe that never comes back; its thread is left to itself, and asked anew the next time."""
        with self._lock:
            if future.done():
                return future.result()
            if self._asked.get(job.key) is future:
                del self._asked[job.key]
        _log.warning("probe %s was given up", job.name)
        seconds = GIVEN_UP_AFTER * self.deadline
        return NoAnswer(text("reasons.preflight.no_answer", job=job.name, seconds=seconds), "timeout")

    def _ask_all(self, jobs: list[_Job], arrived: queue.SimpleQueue[_Job]) -> dict[Slot, Future[object]]:
        return {job.slot: self._ask(job, arrived) for job in jobs}

    def _ask(self, job: _Job, arrived: queue.SimpleQueue[_Job]) -> Future[object]:
        with self._lock:
            future = self._asked.get(job.key)
            if future is None:
                future = self._asked[job.key] = Future()
                threading.Thread(target=self._answer, args=(job, future), name=f"probe {job.name}", daemon=True).start()
        future.add_done_callback(lambda _: arrived.put(job))
        return future

    def _answer(self, job: _Job, future: Future[object]) -> None:
        try:
            answer = job.ask()
        except NotKnown as gap:
            answer = gap.answer
        except Exception as error:
            # A probe that breaks must not take the others, or the screen, with it; the log keeps where it broke.
            _log.exception("probe %s broke", job.name)
            answer = NoAnswer(text("reasons.preflight.broke", job=job.name, kind=type(error).__name__), "unreadable")
        if isinstance(answer, NoAnswer) and answer.code in _NOT_PUT:
            with self._lock:
                if self._asked.get(job.key) is future:
                    del self._asked[job.key]
        self._heard[job.key] = datetime.now(UTC)
        future.set_result(answer)

    # --- what is asked

    def _jobs(self, plan: Plan) -> list[_Job]:
        asked = questions(plan, self.addresses.ca_file or "")
        self.passwords.ask_from(asked.nodes, self.secrets.get(plan.node_account))
        jobs: list[_Job] = []

        def add(slot: str, sub: str, name: str, question: Hashable, ask: Callable[[], object]) -> None:
            accounts = accounts_of(question)
            key = (slot, sub, question, tuple(self.secrets.get(account) for account in accounts))
            jobs.append(_Job((slot, sub), name, key, ask))

        access = asked.access
        if access is not None:
            for account in asked.accounts:
                add(
                    "passwords",
                    account.key,
                    text("reasons.preflight.password", account=account),
                    (account, access),
                    lambda account=account: self.probes.proof(account, access),  # type: ignore[misc]
                )
            add("domain", "", text("reasons.preflight.directory"), access, lambda: self.probes.session(access).domain())
        if asked.principals:
            jobs += self._principal_jobs(plan, asked.principals)
        if asked.container:
            container = asked.container
            ask = lambda: self.probes.session(container.access).container(container.dn)  # noqa: E731
            add("dkm", "", text("reasons.preflight.dkm"), container, ask)
            add("replicas", "", text("reasons.preflight.replicas"), container, lambda: self.probes.replicas(container))
        if asked.role_record:
            record = asked.role_record
            add(
                "role_record",
                "",
                text("reasons.preflight.role_name"),
                record,
                lambda: self.probes.session(record.access).role_record(record.fqdn),
            )
        if asked.sql:
            sql = asked.sql
            name = text("reasons.preflight.sql", host=sql.host)
            add("sql", "", name, (sql, access), lambda: self.probes.sql(sql, access))
        if asked.network:
            network = asked.network
            add("network", "", text("reasons.preflight.network"), network, lambda: self.probes.network(network))
        if asked.library:
            library = asked.library
            add("library", "", library.host, (library, access), lambda: self.probes.library(library, access))
        for node in asked.nodes:
            add("nodes", node.host, node.host, (node, access), lambda node=node: self.probes.node(node, access))  # type: ignore[misc]
        return jobs

    def _principal_jobs(self, plan: Plan, question: PrincipalsQuestion) -> list[_Job]:
        """One question, whose answer has a part for each slot."""
        key = ("principals", question, self.secrets.get(question.access.account))
        parts: dict[Slot, Callable[[Principals], object]] = {}
        for slot, name in (
            ("installing_account", plan.installing_account),
            ("service_account", plan.service_account.name),
        ):
            if name:
                parts[slot, ""] = lambda answer, key=name.key: answer.accounts[key]  # type: ignore[misc]
        if question.role:
            parts["role_object", ""] = lambda answer: answer.role
        if question.cluster:
            parts["cluster_object", ""] = lambda answer: answer.cluster
        if question.names:
            parts["principal_names", ""] = lambda answer: answer.names
        for label in question.computers:
            parts["node_objects", label.casefold()] = lambda answer, label=label: answer.computers[label.casefold()]  # type: ignore[misc]
        ask = lambda: self.probes.session(question.access).principals(question)  # noqa: E731
        return [_Job(slot, text("reasons.preflight.principals"), key, ask, part) for slot, part in parts.items()]

    def _rehearsals(
        self,
        plan: Plan,
        answers: dict[Slot, object],
        only: Collection[str] | None,
        rehearsal_id: str,
        stop: threading.Event,
    ) -> list[_Job]:
        """The rehearsal on each node that answered and that setup will still run on. Never answered from memory."""
        facts = self._facts(plan, answers)
        asked = questions(plan, self.addresses.ca_file or "")
        pending = pending_nodes(plan, facts)
        begin = self._beginning(plan, asked.access)
        return [
            _Job(
                ("rehearsals", node.host),
                text("reasons.preflight.rehearsal", host=node.host),
                object(),
                lambda node=node: self._rehearse(plan, node, asked.access, rehearsal_id, stop, begin),  # type: ignore[misc]
            )
            for node in asked.nodes
            if node.host in pending and (only is None or node.host in only)
            if isinstance(facts.nodes.get(node.host), NodeFacts)
        ]

    def _rehearse(
        self,
        plan: Plan,
        node: NodeQuestion,
        access: DirectoryAccess | None,
        rehearsal_id: str,
        stop: threading.Event,
        begin: Begin,
    ) -> RehearsalFacts | NoAnswer:
        from vmm_wizard.facts.rehearsal import rehearsal_question, rehearse_node

        question = rehearsal_question(plan, node)
        return rehearse_node(
            question,
            self.probes.secret(node.account, access),
            self.probes.secret(question.account, access),
            self.addresses,
            run_id=rehearsal_id,
            cancel=stop,
            begin=begin,
            kept=self.kept,
        )

    def _beginning(self, plan: Plan, access: DirectoryAccess | None) -> Begin:
        from vmm_wizard.facts.rehearsal import OneFirst

        def require() -> None:
            for account in (plan.node_account, plan.installing_account):
                self.probes.secret(account, access)

        def refused(reason: str, of_logon: bool) -> None:
            account = plan.node_account if of_logon else plan.installing_account
            secret = self.secrets.get(account)
            if secret is not None and (access is None or self.passwords.can_be_judged(access)):
                self.passwords.refuse(account, secret, access, reason)

        return OneFirst(require, refused)

    # --- what is known

    def _facts(self, plan: Plan, answers: dict[Slot, object]) -> Facts:
        fields: dict[str, Any] = {"passwords": {}, "nodes": {}, "rehearsals": {}, "node_objects": {}, "heard": {}}
        for (name, sub), answer in answers.items():
            if isinstance(fields.get(name), dict):
                fields[name][sub] = answer
            else:
                fields[name] = answer
        shapes = {}
        for account in plan.accounts:
            secret = self.secrets.get(account)
            if secret is not None:
                shapes[account.key] = PasswordShape.of(secret.reveal())
        facts = Facts(password_shapes=shapes, **fields)
        return replace(facts, sql=reached_from_nodes(facts.sql, facts.network, facts.nodes, facts.rehearsals))
