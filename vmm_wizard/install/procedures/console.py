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
        good = self.context.good
        return f"the console is {'gone from' if self._removes else 'on'} {', '.join(good)}" if good else ""

    @property
    def _removes(self) -> bool:
        return self.context.order.remove

    def go(self, resumed: bool) -> Generator[Event, None, End]:
        context = self.context
        if not context.order.nodes:
            raise Refused("no machine is named", "say on which machines the console shall be")
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
            return End("done" if context.changed else "unchanged", f"the console is gone from {names}")
        text = f"the console is on {names}; {verify.how_to_connect(context.plan)}"
        return End("done" if context.changed else "unchanged", text)

    def _node_run(self, host: str) -> NodeRun:
        work = console_uninstall_work if self._removes else console_work
        try:
            return self.context.work(host, work(self.context.plan))
        except ValueError as error:
            raise Refused(str(error), "mend the answer, then run it again") from None

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
            text = "the console is not there" if self._removes else "the console is there already"
            yield StepChanged(host, CONSOLE, StepState.SKIPPED, text)
        if not self._removes:
            yield from self._reach(host)

    def _answer(self, host: str) -> NodeFacts:
        answer = self.context.ask_machine(host)
        if isinstance(answer, NodeFacts):
            return answer
        raise Refused(f"{host} cannot be asked: {answer.reason}", "when it answers, run the same command again")

    def _comes_with_server(self, host: str, answer: NodeFacts) -> bool:
        """Whether the management server is there, with which the console comes and goes. Raises Refused."""
        if answer.vmm is None:
            return False
        if self._removes:
            raise Refused(
                f"{host} has the VMM management server, and its console cannot be removed while that is there",
                "vmm-wizard uninstall takes both",
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
        yield StepChanged(host, "preflight", StepState.DONE, "nothing stands in the way")

    def _findings(self, host: str, facts: Facts) -> tuple[Finding, ...]:
        """The nodes' own checks, made for this machine as if it were the plan's only node."""
        wanted = _ALWAYS if self._removes else CONDITIONS
        plan = _plan_for(self.context.plan, host)
        return tuple(row for row in judge(plan, facts) if row.id in wanted)

    def _require_fit(self, host: str, answer: NodeFacts) -> None:
        """What no check of nodes says: Windows' build, a restart that is pending, a console that is open."""
        if answer.os_build < _OLDEST_BUILD:
            raise Refused(
                f"{host} has Windows build {answer.os_build}, and the console needs {_OLDEST_BUILD} or later",
                "choose another machine",
            )
        if wants_restart(answer):
            raise Refused(f"{host} wants a restart, and setup fails before it", f"restart {host}, then run it again")
        if self._removes and answer.consoles:
            open_now = ", ".join(f"{row.process} ({row.process_id})" for row in answer.consoles)
            raise Refused(f"the console is open on {host}: {open_now}", "close it, then run the same command again")

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
                        f"setup on {host} ended well, and it does not answer any more: {answer.reason}",
                        "when it answers again, run the same command to go on",
                    )
                text = (
                    f"setup ended well, and Windows on {host} {'still lists' if there else 'does not list'} a console"
                )
                context.journal.finish(context.run.id, host, "verify", "failed", text)
                yield StepChanged(host, "verify", StepState.FAILED, text)
                raise NodeFailed(text, f"look at SetupWizard.log on {host}")
            if context.cancel.wait(context.pace.poll):
                raise Cancelled(host)
        text = "Windows lists no console any more" if self._removes else "Windows lists the console"
        context.journal.finish(context.run.id, host, "verify", "done", text)
        yield StepChanged(host, "verify", StepState.DONE, text)

    def _reach(self, host: str) -> Iterator[Event]:
        """Whether the console will get an answer from there: the role's console port, without a logon."""
        plan = self.context.plan
        where = f"{plan.role_fqdn}:{plan.ports.console}"
        answer = self.context.ask_machine(host, (plan.role_fqdn, plan.ports.console))
        if isinstance(answer, NodeFacts) and not answer.sql.open:
            yield Notice(
                host,
                f"{where} does not answer {host} ({answer.sql.error})",
                "the role must be online, and no firewall between; the console is installed all the same",
            )


def _plan_for(plan: Plan, host: str) -> Plan:
    """The plan with this machine as its only node."""
    return replace(plan, cluster=replace(plan.cluster, nodes=(HostName.parse(host),)))
