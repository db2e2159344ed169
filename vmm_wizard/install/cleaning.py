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
        reason = answer.reason if isinstance(answer, NoAnswer) else "it was not asked"
        return NodeCondition(node, Condition.UNKNOWN, f"{node} did not answer: {reason}")
    if answer.setup_processes:
        names = ", ".join(answer.setup_processes)
        return NodeCondition(node, Condition.RUNNING, f"setup runs on {node} still: {names}")
    if work in (SetupKind.CONSOLE, SetupKind.CONSOLE_UNINSTALL):
        return _of_console(plan, answer, node, work, exit_code)
    if answer.vmm is not None and not log.changed_something and work is SetupKind.UNINSTALL:
        return NodeCondition(node, Condition.INSTALLED, "the removal ended before it changed anything")
    role_is_there = answer.cluster is not None and (vmm_group(answer.cluster) or "").casefold() == (
        plan.cluster.role_name.key
    )
    good = exit_code in GOOD_EXIT_CODES
    if work is SetupKind.INSTALL and good and answer.vmm is not None and role_is_there:
        return NodeCondition(node, Condition.INSTALLED, "setup ended well, and the cluster has VMM's role")
    if work is SetupKind.INSTALL and exit_code is None and all(row.good for row in standing(plan, facts, node)):
        # The task could not write its result down, or was ended after setup: to remove VMM would be wrong.
        reason = "how setup ended is not known, and registry, service and role are as they should be"
        return NodeCondition(node, Condition.INSTALLED, reason)
    # A log that was not read is no sign that nothing was changed.
    changed = log.changed_something or not log.percent
    around = _around(plan, facts, answer, work) if changed and not _others_have_vmm(plan, facts, node) else ()
    leftovers = (*_on_node(plan, answer, node), *around)
    if not any(row.blocks for row in leftovers):
        if answer.remains is None:
            return NodeCondition(node, Condition.UNKNOWN, f"{node} does not tell what files are left", leftovers)
        return NodeCondition(node, Condition.CLEAN, _why_clean(log, work), leftovers)
    return NodeCondition(node, Condition.HALF_DONE, _why_half_done(log, work, exit_code, good), leftovers)


def _others_have_vmm(plan: Plan, facts: Facts, node: str) -> bool:
    """Whether VMM lives on another node: then group, database and keys are in use, and no leftovers."""
    others = (facts.nodes.get(row.key) for row in plan.nodes if row.key != node)
    return any(isinstance(row, NodeFacts) and row.vmm is not None for row in others)


def _why_clean(log: LogReader, work: SetupKind) -> str:
    if work.removes:
        return "nothing of VMM is left on the node"
    if not log.changed_something:
        return "setup ended before it changed anything"
    if log.rollback_ended:
        return "setup has rolled everything back"
    return "nothing of VMM is seen on the node"


def _why_half_done(log: LogReader, work: SetupKind, exit_code: int | None, good: bool) -> str:
    if good and work is SetupKind.INSTALL:
        return "setup ended well, but without a cluster role: it has not read its answer file, and took its defaults"
    if work.removes:
        return "a removal is never rolled back: what failed was passed over, and is there still"
    if log.rollback_begun and not log.rollback_ended:
        return "the rollback has not come to its end"
    if log.rollback_ended:
        return "setup was rolled back, and has left something behind"
    if exit_code is None:
        return "setup was ended from outside, so that nothing was rolled back"
    return "setup has failed, and was not rolled back"


def _on_node(plan: Plan, answer: NodeFacts, node: str) -> Iterator[Leftover]:
    remains, vmm = answer.remains, answer.vmm
    products = [row for row in remains.products if "console" not in row.name.casefold()] if remains else []
    for product in products:
        yield Leftover(
            Left.PRODUCT,
            f"Windows lists {product.name}",
            on_node(node, f"{_uninstall(plan)} with RetainSqlDatabase=1; where setup refuses: {product.uninstall}"),
        )
    if vmm is not None and vmm.service_state:
        yield Leftover(
            Left.SERVICE,
            f"SCVMMService is {vmm.service_state}",
            on_node(node, _after(products, "sc.exe delete SCVMMService")),
        )
    if vmm is not None and vmm.install_path:
        command = f"Remove-Item -LiteralPath {powershell(_REGISTRY)} -Recurse"
        yield Leftover(Left.REGISTRY, "the registry holds VMM's key", on_node(node, _after(products, command)))
    if remains is not None and remains.folder:
        command = f"Remove-Item -LiteralPath {powershell(plan.program_files)} -Recurse"
        yield Leftover(Left.FILES, f"{plan.program_files} is there", on_node(node, _after(products, command)))
    for task in answer.tasks or ():
        yield Leftover(
            Left.TASK,
            f"the task {task} keeps a password",
            on_node(node, f"Unregister-ScheduledTask -TaskName {powershell(task)} -Confirm:$false"),
        )


def _after(products: Sequence[InstalledProduct], command: str) -> str:
    """A command by hand that comes only when the product's own removal has left something."""
    return f"if it is there still after the product's removal: {command}" if products else command


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
            command = f"Get-ClusterGroup -Name {name} | Get-ClusterResource shows whose it is; take it away if nobody's"
        text = f"the cluster has the role {group.name} ({group.state}), and no node has VMM"
        yield Leftover(Left.GROUP, text, on_node(answer.computer_name.casefold(), command))
    yield from _database(plan, facts, work)
    if isinstance(facts.dkm, ContainerFacts) and facts.dkm.children:
        where = powershell(facts.dkm.dn)
        yield Leftover(
            Left.KEYS,
            f"{facts.dkm.dn} holds {len(facts.dkm.children)} objects with keys",
            ask(
                AD_TEAM,
                f"leave them: without them the database cannot be read, and a new one gets keys of its own. Which are "
                f"new: Get-ADObject -SearchBase {where} -SearchScope OneLevel -Filter * -Properties whenCreated",
            ),
            blocks=False,
        )
    if isinstance(facts.role_object, ComputerFacts) and facts.role_object.found:
        yield Leftover(
            Left.COMPUTER,
            f"{facts.role_object.dn} is there",
            ask(AD_TEAM, f"leave it: the next setup takes it (NAM-05). To look at it: {show_computer(role + '$')}"),
            blocks=False,
        )
    if isinstance(facts.network, NetworkFacts) and facts.network.role_addresses:
        name = f"{role}.{plan.dns_domain}"
        yield Leftover(
            Left.DNS,
            f"DNS has {name}: {', '.join(facts.network.role_addresses)}",
            ask(AD_TEAM, f"leave it: the role writes it anew. To look at it: Resolve-DnsName {powershell(name)}"),
            blocks=False,
        )


def _database(plan: Plan, facts: Facts, work: SetupKind) -> Iterator[Leftover]:
    found = facts.sql.database if isinstance(facts.sql, SqlFacts) else None
    if found is None:
        return
    name = sql_name(found.name)
    if work.removes or not plan.database.create_new:
        step = in_plan("to build VMM again on it, set database.create_new to false and keep dkm.container")
        yield Leftover(Left.DATABASE, f"the database {found.name} is kept", step, blocks=False)
        return
    yield Leftover(
        Left.DATABASE,
        f"the database {found.name} is there, and setup is to make a new one",
        ask(DBA, f"when nobody needs what is in it: DROP DATABASE {name}"),
    )


def _of_console(plan: Plan, answer: NodeFacts, node: str, work: SetupKind, exit_code: int | None) -> NodeCondition:
    products = [row for row in answer.remains.products if "console" in row.name.casefold()] if answer.remains else []
    if answer.remains is None:
        return NodeCondition(node, Condition.UNKNOWN, f"{node} does not tell what is installed")
    if not products:
        return NodeCondition(node, Condition.CLEAN, "no console is installed")
    if (exit_code in GOOD_EXIT_CODES) is not work.removes:
        return NodeCondition(node, Condition.INSTALLED, "the console is installed")
    try:
        command = console_uninstall(plan).masked()
    except ValueError:
        command = "setup.exe /client /x"
    rows = [
        Leftover(Left.PRODUCT, f"Windows lists {row.name}", on_node(node, f"{command}; else {row.uninstall}"))
        for row in products
    ]
    return NodeCondition(node, Condition.HALF_DONE, "setup failed, and the console is there", tuple(rows))
