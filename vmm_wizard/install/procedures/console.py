"""Console: VMM's console on machines that need be none of the plan's nodes, or taken away from them."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from dataclasses import replace

from vmm_wizard.checks.registry import Finding, judge
from vmm_wizard.facts.model import Facts, NoAnswer, NodeFacts
from vmm_wizard.install import verify
from vmm_wizard.install.admission import blocking
from vmm_wizard.install.endings import End, LostSight, NodeFailed, Refused
from vmm_wizard.install.events import Event, Notice, PreflightDone, StepChanged, StepState
from vmm_wizard.install.node_run import NodeRun
from vmm_wizard.install.procedures.procedure import Procedure
from vmm_wizard.install.removal import has_console
from vmm_wizard.install.restarting import wants_restart
from vmm_wizard.install.works import console_uninstall_work, console_work
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.names import HostName
from vmm_wizard.remote.errors import Cancelled
from vmm_wizard.texts import text

#: The step of setup for the console.
CONSOLE = "console"
#: The checks of nodes that hold for any machine that setup is run on: account, its rights, room, .NET, domain, media.
CONDITIONS = frozenset({"INS-01", "INS-02", "INS-03", "NOD-03", "NOD-04", "NOD-11", "MED-01", "MED-02", "MED-03"})
#: Those that hold for taking it away, too.
_ALWAYS = CONDITIONS - {"NOD-03", "NOD-04"}
#: The oldest build that a console of 2016 and later runs on: Windows 10 1607 and Windows Server 2016.
_OLDEST_BUILD = 14393


class Console(Procedure):
    """The console on each machine of the order, one after the other."""

    lasting = frozenset({CONSOLE})

    def so_far(self) -> str:
        names = ", ".join(self.context.good)
        if not names:
            return ""
        if self._removes:
            return text("engine.procedures.console.gone_from", names=names)
        return text("engine.procedures.console.so_far", names=names)

    @property
    def _removes(self) -> bool:
        return self.context.order.remove

    def go(self, resumed: bool) -> Generator[Event, None, End]:
        context = self.context
        if not context.order.nodes:
            raise Refused(text("engine.procedures.console.no_machine"), text("engine.procedures.console.name_machines"))
        if resumed:
            for host in context.open_nodes():
                yield from self._node_run(host).take_up()
        # Passwords are proved with that, each by one bind.
        facts = context.look()
        for host in self.places:
            context.require_uncancelled(host)
            yield from self._one(host, facts)
            context.good.append(host)
        names = ", ".join(self.places)
        if self._removes:
            return End(
                "done" if context.changed else "unchanged", text("engine.procedures.console.gone_from", names=names)
            )
        said = text("engine.procedures.console.on", names=names, connect=verify.how_to_connect(context.plan))
        return End("done" if context.changed else "unchanged", said)

    def _node_run(self, host: str) -> NodeRun:
        work = console_uninstall_work if self._removes else console_work
        try:
            return self.context.work(host, work(self.context.plan))
        except ValueError as error:
            raise Refused(str(error), text("engine.procedures.console.mend_answer")) from None

    # --- one machine

    def _one(self, host: str, facts: Facts) -> Iterator[Event]:
        context = self.context
        answer = self._answer(host)
        there = has_console(replace(facts, nodes={host: answer}), host)
        steps = context.journal.attempt(context.run.id, host)
        verified = "verify" in steps and steps["verify"].state == "done"
        if there is self._removes and not self._comes_with_server(host, answer):
            yield from self._admit(host, replace(facts, nodes={host: answer}), answer)
            yield from self._node_run(host).carry_out()
            yield from self._verify(host, facts)
        elif CONSOLE in steps and not verified:
            # An earlier call of this run did it, and was cut off before it looked.
            yield from self._verify(host, facts)
        else:
            said = (
                text("engine.procedures.console.not_there")
                if self._removes
                else text("engine.procedures.console.there_already")
            )
            yield StepChanged(host, CONSOLE, StepState.SKIPPED, said)
        if not self._removes:
            yield from self._reach(host)

    def _answer(self, host: str) -> NodeFacts:
        answer = self.context.ask_machine(host)
        if isinstance(answer, NodeFacts):
            return answer
        raise Refused(
            text("engine.procedures.console.silent", host=host, reason=answer.reason),
            text("engine.shared.when_it_answers"),
        )

    def _comes_with_server(self, host: str, answer: NodeFacts) -> bool:
        """Whether the management server is there, with which the console comes and goes. Raises Refused."""
        if answer.vmm is None:
            return False
        if self._removes:
            raise Refused(
                text("engine.procedures.console.has_server", host=host),
                text("engine.procedures.console.uninstall_takes_both"),
            )
        return True

    def _admit(self, host: str, facts: Facts, answer: NodeFacts) -> Iterator[Event]:
        """What must hold on this machine. Raises Refused, Occupied."""
        context = self.context
        context.journal.start(context.run.id, host, "preflight")
        yield StepChanged(host, "preflight", StepState.STARTED)
        findings = self._findings(host, facts)
        stops = blocking(findings)
        yield PreflightDone(findings, stops, host)
        try:
            yield from context.make_way(facts)
            self._require_fit(host, answer)
            context.require_good(host, findings, stops)
        except Refused as refusal:
            context.journal.finish(context.run.id, host, "preflight", "failed", str(refusal))
            yield StepChanged(host, "preflight", StepState.FAILED, str(refusal))
            raise
        context.journal.finish(context.run.id, host, "preflight")
        yield StepChanged(host, "preflight", StepState.DONE, text("engine.shared.nothing_in_the_way"))

    def _findings(self, host: str, facts: Facts) -> tuple[Finding, ...]:
        """The nodes' own checks, made for this machine as if it were the plan's only node."""
        wanted = _ALWAYS if self._removes else CONDITIONS
        plan = _plan_for(self.context.plan, host)
        return tuple(row for row in judge(plan, facts) if row.id in wanted)

    def _require_fit(self, host: str, answer: NodeFacts) -> None:
        """What no check of nodes says: Windows' build, a restart that is pending, a console that is open."""
        if answer.os_build < _OLDEST_BUILD:
            raise Refused(
                text("engine.procedures.console.too_old", host=host, build=answer.os_build, oldest=_OLDEST_BUILD),
                text("engine.procedures.console.another_machine"),
            )
        if wants_restart(answer):
            raise Refused(
                text("engine.shared.wants_restart_before", node=host),
                text("engine.procedures.console.restart_first", host=host),
            )
        if self._removes and answer.consoles:
            open_now = ", ".join(f"{row.process} ({row.process_id})" for row in answer.consoles)
            raise Refused(
                text("engine.procedures.console.open", host=host, open_now=open_now),
                text("engine.procedures.console.close_it"),
            )

    # --- afterwards

    def _verify(self, host: str, facts: Facts) -> Iterator[Event]:
        """Look whether it is there, or gone. Raises NodeFailed, LostSight, Cancelled."""
        context = self.context
        context.journal.start(context.run.id, host, "verify")
        yield StepChanged(host, "verify", StepState.STARTED)
        since = time.monotonic()
        while True:
            answer = self.context.ask_machine(host)
            there = has_console(replace(facts, nodes={host: answer}), host)
            if isinstance(answer, NodeFacts) and there is not self._removes:
                break
            silent = isinstance(answer, NoAnswer)
            if time.monotonic() - since >= (context.pace.patience if silent else context.pace.settling):
                if isinstance(answer, NoAnswer):
                    raise LostSight(
                        text("engine.procedures.console.silent_after", host=host, reason=answer.reason),
                        text("engine.shared.when_it_answers_again"),
                    )
                how = "still" if there else "not"
                said = text(f"engine.procedures.console.listed.{how}", host=host)
                context.journal.finish(context.run.id, host, "verify", "failed", said)
                yield StepChanged(host, "verify", StepState.FAILED, said)
                raise NodeFailed(said, text("engine.shared.look_at_log", node=host))
            if context.cancel.wait(context.pace.poll):
                raise Cancelled(host)
        said = text("engine.procedures.console.gone") if self._removes else text("engine.procedures.console.there")
        context.journal.finish(context.run.id, host, "verify", "done", said)
        yield StepChanged(host, "verify", StepState.DONE, said)

    def _reach(self, host: str) -> Iterator[Event]:
        """Whether the console will get an answer from there: the role's console port, without a logon."""
        plan = self.context.plan
        where = f"{plan.role_fqdn}:{plan.ports.console}"
        answer = self.context.ask_machine(host, (plan.role_fqdn, plan.ports.console))
        if isinstance(answer, NodeFacts) and not answer.sql.open:
            yield Notice(
                host,
                text("engine.procedures.console.no_answer", where=where, host=host, error=answer.sql.error),
                text("engine.procedures.console.installed_all_the_same"),
            )


def _plan_for(plan: Plan, host: str) -> Plan:
    """The plan with this machine as its only node."""
    return replace(plan, cluster=replace(plan.cluster, nodes=(HostName.parse(host),)))
