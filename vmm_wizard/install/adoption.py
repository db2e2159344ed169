"""The answers that a running VMM gives by itself: what another node of it is installed with. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_interface
from typing import Any

from vmm_wizard.checks.remedies import same_account
from vmm_wizard.checks.schedule import VMM_SERVICE, vmm_group
from vmm_wizard.facts.model import ClusterFacts, Facts, NodeFacts, NotKnown, SqlFacts, VmmFacts
from vmm_wizard.facts.node_parts import vmm_of
from vmm_wizard.install.role import label_of
from vmm_wizard.plan.fields import field_text, field_value, parse_field, set_field
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.names import AccountName, HostName
from vmm_wizard.plan.releases import release_of_setup
from vmm_wizard.texts import text


@dataclass(frozen=True, slots=True)
class Read:
    """One answer as it was read: its key, its value, and from where."""

    key: str
    value: Any
    where: str


@dataclass(frozen=True, slots=True)
class Adoption:
    """A plan with what was read of the running VMM, and sentences on what the answers say otherwise: with any of them
    it must not be used. `read` is what was filled in."""

    plan: Plan
    conflicts: tuple[str, ...] = ()
    read: tuple[Read, ...] = ()


def adopt(plan: Plan, facts: Facts, source: str, new: Sequence[str], stated: Collection[str]) -> Adoption:
    """`plan` filled from the VMM that runs on `source` (full name, lower case), for the `new` nodes to join it.

    `stated` are the keys that the answers give: none of those is overwritten, and one that differs is a conflict.
    Whether the database is behind a listener is read where SQL Server was asked, too.
    Where `source` did not answer or has no VMM, that is the conflict. The DKM container is in no registry value that is
    documented: it must be among the answers.
    """
    answer = facts.nodes.get(source)
    if not isinstance(answer, NodeFacts):
        reason = answer.reason if answer is not None else text("engine.shared.not_asked")
        return Adoption(plan, (text("engine.adoption.silent", source=source, reason=reason),))
    try:
        vmm = vmm_of(answer)
    except NotKnown as gap:
        return Adoption(plan, (f"{source}: {gap.answer.reason}",))
    if vmm is None:
        return Adoption(plan, (text("engine.adoption.no_vmm", source=source),))
    if answer.cluster is None or vmm_group(answer.cluster) is None:
        return Adoption(plan, (text("engine.adoption.no_role", source=source),))
    conflicts, filled = [], []
    try:
        rows = [*_read(plan, source, answer, vmm, answer.cluster), *_listener(facts, vmm)]
    except ValueError as error:
        return Adoption(plan, (text("engine.adoption.unusable", source=source, error=error),))
    for row in rows:
        if row.key not in stated:
            plan = set_field(plan, row.key, row.value)
            filled.append(row)
        elif not _agrees(plan, facts, row):
            read = field_text(set_field(plan, row.key, row.value), row.key)
            conflicts.append(
                text(
                    "engine.adoption.differs",
                    answer=row.key,
                    given=field_text(plan, row.key) or text("engine.adoption.empty"),
                    read=read,
                    where=row.where,
                )
            )
    nodes = _nodes(plan, facts, source, answer.cluster, new)
    return Adoption(set_field(plan, "cluster.nodes", nodes), tuple(conflicts), tuple(filled))


def _read(plan: Plan, source: str, node: NodeFacts, vmm: VmmFacts, cluster: ClusterFacts) -> Iterator[Read]:
    registry, service = (
        text("engine.adoption.registry", source=source),
        text("engine.adoption.service", service=VMM_SERVICE, source=source),
    )
    release = release_of_setup(vmm.version)
    if release is not None:
        yield Read("release", release, registry)
    if cluster.domain and not plan.domain:
        yield Read("domain", HostName.parse(cluster.domain), text("engine.adoption.cluster", name=cluster.name))
    if vmm.install_path:
        yield Read("program_files", parse_field("program_files", vmm.install_path.rstrip("\\")), registry)
    if vmm.service_account:
        account = AccountName.parse(vmm.service_account)
        yield Read("service_account.name", account, service)
        kind = "gmsa" if account.user.endswith("$") else "user"
        yield Read("service_account.kind", parse_field("service_account.kind", kind), service)
    if vmm.sql_machine:
        yield Read("database.host", parse_field("database.host", label_text(vmm.sql_machine)), registry)
        yield Read("database.instance", parse_field("database.instance", vmm.sql_instance), registry)
    port = vmm.sql_settings.server.rpartition(",")[2].strip() if vmm.sql_settings else ""
    if vmm.sql_settings and "," in vmm.sql_settings.server and port.isdecimal():
        yield Read("database.port", parse_field("database.port", port), registry)
    if vmm.sql_database:
        yield Read("database.name", vmm.sql_database, registry)
        yield Read("database.create_new", False, registry)
    for name in ("console", "winpe_https", "wds", "winpe_http", "winrm", "bits"):
        number = getattr(vmm.ports, name) if vmm.ports else 0
        if number:
            yield Read(f"ports.{name}", number, registry)
    where = text("engine.adoption.cluster", name=cluster.name)
    domain = f".{cluster.domain}" if cluster.domain else ""
    yield Read("cluster.name", HostName.parse(f"{cluster.name}{domain}".casefold()), where)
    yield Read("cluster.role_name", parse_field("cluster.role_name", vmm_group(cluster) or ""), where)
    yield Read("cluster.static_addresses", tuple(_static(node, cluster)), where)


def _listener(facts: Facts, vmm: VmmFacts) -> Iterator[Read]:
    """Whether the registry names a listener: it looks like a default instance there, so only SQL Server can tell."""
    if isinstance(facts.sql, SqlFacts) and vmm.sql_machine:
        names = {label_of(name.partition(":")[0]) for name in facts.sql.listeners or ()}
        yield Read(
            "database.listener",
            label_of(vmm.sql_machine) in names,
            text("engine.adoption.sql_server", server=facts.sql.server),
        )


def label_text(name: str) -> str:
    """A computer's name without its domain, as written: setup wants no more of SQL Server's (PLAN)."""
    return name.partition(".")[0]


def _static(node: NodeFacts, cluster: ClusterFacts) -> Iterator[Any]:
    """The role's addresses but for those on networks where nodes have theirs by DHCP, which are not to be given."""
    leased = {row.network for row in node.adapters if row.dhcp}
    subnets = [ip_interface(text).network for row in cluster.networks if row.name in leased for text in row.subnets]
    for row in cluster.addresses:
        if row.kind == "address" and row.group == vmm_group(cluster) and row.value:
            (address,) = parse_field("cluster.static_addresses", row.value)
            if not any(address in subnet for subnet in subnets):
                yield address


def _agrees(plan: Plan, facts: Facts, row: Read) -> bool:
    """Whether the answer that is given means what was read."""
    given = field_value(plan, row.key)
    if row.key == "database.create_new":
        # An additional node never creates it, whatever the answers say of the first (2.3).
        return True
    if row.key == "service_account.name":
        return same_account(str(row.value), given, facts)
    if row.key in ("database.host", "cluster.name"):
        return label_of(str(given)) == label_of(str(row.value))
    if row.key == "cluster.static_addresses":
        return set(given) == set(row.value)
    return bool(str(given).casefold() == str(row.value).casefold())


def _nodes(plan: Plan, facts: Facts, source: str, cluster: ClusterFacts, new: Sequence[str]) -> tuple[HostName, ...]:
    """The nodes that have VMM, those of the answers first and in their order, and after them the new ones."""
    owners = possible_owners(cluster)
    have = {source}
    for key, answer in facts.nodes.items():
        has_vmm = answer.vmm is not None if isinstance(answer, NodeFacts) else label_of(key) in owners
        have |= {key} if has_vmm else set()
    order = [node.key for node in plan.nodes]
    existing = sorted(have - set(new), key=lambda key: (order.index(key) if key in order else len(order), key))
    return tuple(map(HostName.parse, (*existing, *new)))


def possible_owners(cluster: ClusterFacts) -> frozenset[str]:
    """The nodes that may own VMM's role, by label; where the cluster names none it means all."""
    named = {
        label_of(name)
        for row in cluster.services
        if row.service_name.casefold() == VMM_SERVICE.casefold()
        for name in row.possible_owners
    }
    return frozenset(named or {label_of(row.name) for row in cluster.nodes})
