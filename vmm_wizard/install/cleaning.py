"""Is a node clean, half done or installed after a run of setup, and what is to be done so that setup can run again?

Judged from what setup said (exit code, log) and from what is seen now; what is seen counts more. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from vmm_wizard.checks.remedies import AD_TEAM, DBA, Remedy, ask, in_plan, on_node, powershell, show_computer, sql_name
from vmm_wizard.checks.schedule import vmm_group
from vmm_wizard.facts.model import ComputerFacts, ContainerFacts, Facts, NetworkFacts, NoAnswer, NodeFacts, SqlFacts
from vmm_wizard.facts.windows_model import InstalledProduct
from vmm_wizard.install.verify import GOOD_EXIT_CODES, standing
from vmm_wizard.plan.model import Plan
from vmm_wizard.setup.command import console_uninstall, server_uninstall
from vmm_wizard.setup.ini import UNINSTALL_INI
from vmm_wizard.setup.log import LogReader, SetupKind
from vmm_wizard.texts import counted, text

#: VMM's key in the registry of a node (TTB, HASQL).
_REGISTRY = r"HKLM:\SOFTWARE\Microsoft\Microsoft System Center Virtual Machine Manager Server"


class Condition(StrEnum):
    """What a node is after a run of setup."""

    INSTALLED = "installed"
    CLEAN = "clean"
    HALF_DONE = "half done"
    RUNNING = "setup runs"
    UNKNOWN = "unknown"


class Left(StrEnum):
    """What a run may leave: on the node first, then in the cluster, in SQL Server and in the directory."""

    PRODUCT = "product"
    SERVICE = "service"
    REGISTRY = "registry"
    FILES = "files"
    TASK = "task"
    GROUP = "cluster group"
    DATABASE = "database"
    KEYS = "encryption keys"
    COMPUTER = "computer object"
    DNS = "DNS record"


@dataclass(frozen=True, slots=True)
class Leftover:
    """One thing that is there still: what was seen, what to do about it, and whether it is in the way of setup.

    What is not in the way may stay: the next setup takes it, or makes its own beside it.
    """

    what: Left
    text: str
    step: Remedy
    blocks: bool = True


@dataclass(frozen=True, slots=True)
class NodeCondition:
    """A node's condition, why that is said, and what was left, in the order in which it is to be cleaned."""

    node: str
    condition: Condition
    reason: str
    leftovers: tuple[Leftover, ...] = ()

    @property
    def plan(self) -> tuple[Remedy, ...]:
        """The steps after which setup can run here again; empty when nothing is in its way."""
        return tuple(row.step for row in self.leftovers if row.blocks)


def node_condition(
    plan: Plan, facts: Facts, node: str, work: SetupKind, exit_code: int | None, log: LogReader
) -> NodeCondition:
    """What `node` (qualified, lower case) is after setup ran there for `work`. `exit_code` None: it was ended.

    `facts` were asked after the run. What they do not tell is not judged: an unread part of them never makes a node
    half done, and a node that did not answer is unknown.
    """
    answer = facts.nodes.get(node)
    if not isinstance(answer, NodeFacts):
        reason = answer.reason if isinstance(answer, NoAnswer) else text("engine.shared.not_asked")
        return NodeCondition(node, Condition.UNKNOWN, text("engine.cleaning.silent", node=node, reason=reason))
    if answer.setup_processes:
        names = ", ".join(answer.setup_processes)
        return NodeCondition(node, Condition.RUNNING, text("engine.cleaning.runs_still", node=node, names=names))
    if work in (SetupKind.CONSOLE, SetupKind.CONSOLE_UNINSTALL):
        return _of_console(plan, answer, node, work, exit_code)
    if answer.vmm is not None and not log.changed_something and work is SetupKind.UNINSTALL:
        return NodeCondition(node, Condition.INSTALLED, text("engine.cleaning.removal_changed_nothing"))
    role_is_there = answer.cluster is not None and (vmm_group(answer.cluster) or "").casefold() == (
        plan.cluster.role_name.key
    )
    good = exit_code in GOOD_EXIT_CODES
    if work is SetupKind.INSTALL and good and answer.vmm is not None and role_is_there:
        return NodeCondition(node, Condition.INSTALLED, text("engine.cleaning.installed"))
    if work is SetupKind.INSTALL and exit_code is None and all(row.good for row in standing(plan, facts, node)):
        # The task could not write its result down, or was ended after setup: to remove VMM would be wrong.
        reason = text("engine.cleaning.stands")
        return NodeCondition(node, Condition.INSTALLED, reason)
    # A log that was not read is no sign that nothing was changed.
    changed = log.changed_something or not log.percent
    around = _around(plan, facts, answer, work) if changed and not _others_have_vmm(plan, facts, node) else ()
    leftovers = (*_on_node(plan, answer, node), *around)
    if not any(row.blocks for row in leftovers):
        if answer.remains is None:
            return NodeCondition(node, Condition.UNKNOWN, text("engine.cleaning.files_unknown", node=node), leftovers)
        return NodeCondition(node, Condition.CLEAN, _why_clean(log, work), leftovers)
    return NodeCondition(node, Condition.HALF_DONE, _why_half_done(log, work, exit_code, good), leftovers)


def _others_have_vmm(plan: Plan, facts: Facts, node: str) -> bool:
    """Whether VMM lives on another node: then group, database and keys are in use, and no leftovers."""
    others = (facts.nodes.get(row.key) for row in plan.nodes if row.key != node)
    return any(isinstance(row, NodeFacts) and row.vmm is not None for row in others)


def _why_clean(log: LogReader, work: SetupKind) -> str:
    if work.removes:
        return text("engine.cleaning.nothing_left")
    if not log.changed_something:
        return text("engine.cleaning.changed_nothing")
    if log.rollback_ended:
        return text("engine.cleaning.rolled_back")
    return text("engine.cleaning.nothing_seen")


def _why_half_done(log: LogReader, work: SetupKind, exit_code: int | None, good: bool) -> str:
    if good and work is SetupKind.INSTALL:
        return text("engine.cleaning.took_defaults")
    if work.removes:
        return text("engine.cleaning.passed_over")
    if log.rollback_begun and not log.rollback_ended:
        return text("engine.cleaning.rollback_unfinished")
    if log.rollback_ended:
        return text("engine.cleaning.left_behind")
    if exit_code is None:
        return text("engine.cleaning.ended_from_outside")
    return text("engine.cleaning.not_rolled_back")


def _on_node(plan: Plan, answer: NodeFacts, node: str) -> Iterator[Leftover]:
    remains, vmm = answer.remains, answer.vmm
    products = [row for row in remains.products if "console" not in row.name.casefold()] if remains else []
    for product in products:
        yield Leftover(
            Left.PRODUCT,
            text("engine.cleaning.product", product=product.name),
            on_node(node, text("engine.cleaning.remove_product", uninstall=_uninstall(plan), other=product.uninstall)),
        )
    if vmm is not None and vmm.service_state:
        yield Leftover(
            Left.SERVICE,
            text("engine.cleaning.service", state=vmm.service_state),
            on_node(node, _after(products, "sc.exe delete SCVMMService")),
        )
    if vmm is not None and vmm.install_path:
        command = f"Remove-Item -LiteralPath {powershell(_REGISTRY)} -Recurse"
        yield Leftover(Left.REGISTRY, text("engine.cleaning.registry"), on_node(node, _after(products, command)))
    if remains is not None and remains.folder:
        command = f"Remove-Item -LiteralPath {powershell(plan.program_files)} -Recurse"
        yield Leftover(
            Left.FILES,
            text("engine.cleaning.folder", folder=plan.program_files),
            on_node(node, _after(products, command)),
        )
    for task in answer.tasks or ():
        yield Leftover(
            Left.TASK,
            text("engine.cleaning.task", task=task),
            on_node(node, f"Unregister-ScheduledTask -TaskName {powershell(task)} -Confirm:$false"),
        )


def _after(products: Sequence[InstalledProduct], command: str) -> str:
    """A command by hand that comes only when the product's own removal has left something."""
    return text("engine.cleaning.if_there_still", command=command) if products else command


def _uninstall(plan: Plan) -> str:
    try:
        return server_uninstall(plan, plan.media.path.rstrip("\\/") + "\\" + UNINSTALL_INI).masked()
    except ValueError:
        return f"setup.exe /server /x /f {UNINSTALL_INI}"


def _around(plan: Plan, facts: Facts, answer: NodeFacts, work: SetupKind) -> Iterator[Leftover]:
    """What lies beside the node, where no other node has VMM: all of it is of this run, or of one before."""
    role = str(plan.cluster.role_name)
    cluster = answer.cluster
    group = next((row for row in cluster.groups if row.name.casefold() == role.casefold()), None) if cluster else None
    if group is not None:
        name = powershell(group.name)
        command = f"Remove-ClusterGroup -Name {name} -RemoveResources -Force"
        if cluster is None or vmm_group(cluster) != group.name:
            # It may be somebody else's: whose, its resources tell.
            command = text("engine.cleaning.whose_role", name=name)
        said = text("engine.cleaning.role", role=group.name, state=group.state)
        yield Leftover(Left.GROUP, said, on_node(answer.computer_name.casefold(), command))
    yield from _database(plan, facts, work)
    if isinstance(facts.dkm, ContainerFacts) and facts.dkm.children:
        where = powershell(facts.dkm.dn)
        yield Leftover(
            Left.KEYS,
            counted("engine.cleaning.keys", len(facts.dkm.children), container=facts.dkm.dn),
            ask(
                AD_TEAM,
                text("engine.cleaning.leave_keys", where=where),
            ),
            blocks=False,
        )
    if isinstance(facts.role_object, ComputerFacts) and facts.role_object.found:
        yield Leftover(
            Left.COMPUTER,
            text("engine.cleaning.computer", computer=facts.role_object.dn),
            ask(AD_TEAM, text("engine.cleaning.leave_computer", command=show_computer(role + "$"))),
            blocks=False,
        )
    if isinstance(facts.network, NetworkFacts) and facts.network.role_addresses:
        name = f"{role}.{plan.dns_domain}"
        yield Leftover(
            Left.DNS,
            text("engine.cleaning.record", name=name, addresses=", ".join(facts.network.role_addresses)),
            ask(AD_TEAM, text("engine.cleaning.leave_record", name=powershell(name))),
            blocks=False,
        )


def _database(plan: Plan, facts: Facts, work: SetupKind) -> Iterator[Leftover]:
    found = facts.sql.database if isinstance(facts.sql, SqlFacts) else None
    if found is None:
        return
    name = sql_name(found.name)
    if work.removes or not plan.database.create_new:
        step = in_plan(text("engine.cleaning.keep_database"))
        yield Leftover(Left.DATABASE, text("engine.cleaning.database_kept", name=found.name), step, blocks=False)
        return
    yield Leftover(
        Left.DATABASE,
        text("engine.cleaning.database_there", name=found.name),
        ask(DBA, text("engine.cleaning.drop_database", name=name)),
    )


def _of_console(plan: Plan, answer: NodeFacts, node: str, work: SetupKind, exit_code: int | None) -> NodeCondition:
    products = [row for row in answer.remains.products if "console" in row.name.casefold()] if answer.remains else []
    if answer.remains is None:
        return NodeCondition(node, Condition.UNKNOWN, text("engine.cleaning.products_unknown", node=node))
    if not products:
        return NodeCondition(node, Condition.CLEAN, text("engine.cleaning.no_console"))
    if (exit_code in GOOD_EXIT_CODES) is not work.removes:
        return NodeCondition(node, Condition.INSTALLED, text("engine.cleaning.console"))
    try:
        command = console_uninstall(plan).masked()
    except ValueError:
        command = "setup.exe /client /x"
    rows = [
        Leftover(
            Left.PRODUCT,
            text("engine.cleaning.product", product=row.name),
            on_node(node, text("engine.cleaning.else_remove", command=command, other=row.uninstall)),
        )
        for row in products
    ]
    return NodeCondition(node, Condition.HALF_DONE, text("engine.cleaning.console_failed"), tuple(rows))
