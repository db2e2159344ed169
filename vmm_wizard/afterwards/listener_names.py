"""The listener's name in the registry of each node that has VMM: what is there, and the steps that write it (HASQL)."""

from __future__ import annotations

from collections.abc import Iterator

from vmm_wizard.afterwards.group import Group, points_to
from vmm_wizard.afterwards.model import REGISTRY, State, Step, View, Who
from vmm_wizard.checks.remedies import powershell
from vmm_wizard.facts.model import NodeFacts, NotKnown
from vmm_wizard.facts.node_parts import vmm_of
from vmm_wizard.facts.sql_model import GroupListener
from vmm_wizard.texts import text

_SQL_KEY = powershell(REGISTRY + r"\Settings\Sql")


def installed_nodes(view: View) -> tuple[str, ...]:
    """The planned nodes that have VMM."""
    answers = ((node.key, view.facts.nodes.get(node.key)) for node in view.plan.nodes)
    return tuple(name for name, answer in answers if isinstance(answer, NodeFacts) and answer.vmm is not None)


def wrong_values(view: View, group: Group) -> dict[str, tuple[str, ...] | None]:
    """For each node with VMM, which registry values do not name the listener; None: could not be read."""
    listener = listener_of(group)
    found: dict[str, tuple[str, ...] | None] = {}
    for node in view.plan.nodes:
        answer = view.facts.nodes.get(node.key)
        if not isinstance(answer, NodeFacts):
            found[node.key] = None
            continue
        try:
            vmm = vmm_of(answer)
        except NotKnown:
            found[node.key] = None
            continue
        if vmm is not None:
            settings = vmm.sql_settings
            found[node.key] = points_to(settings, listener, fqdn(view, group)) if settings else None
    return found


def listener_of(group: Group) -> GroupListener:
    """The listener of a group that has one."""
    assert group.listener is not None
    return group.listener


def fqdn(view: View, group: Group) -> str:
    """The listener's full name, as far as a domain is known."""
    name = listener_of(group).name
    suffix = view.plan.sql_host.partition(".")[2] or view.plan.dns_domain
    return f"{name}.{suffix}" if suffix else name


def registry_step(view: View, group: Group, node: str, wrong: tuple[str, ...] | None) -> Step:
    """The step that writes the listener into the registry of a node; `wrong` as in `wrong_values`."""
    listener = listener_of(group).name
    command = (
        f"$key = {_SQL_KEY}; $text = (Get-ItemProperty -Path $key).ConnectionString; "
        r"$text = $text -replace '(?i)(^|;)\s*(Server|Data Source)\s*=[^;]*', "
        + powershell(f"$1Server={listener}")
        + "; Set-ItemProperty -Path $key -Name ConnectionString -Value $text; "
        f"Set-ItemProperty -Path $key -Name MachineName -Value {powershell(listener)}; "
        f"Set-ItemProperty -Path $key -Name InstanceName -Value {powershell(listener)}; "
        f"Set-ItemProperty -Path $key -Name MachineFQDN -Value {powershell(fqdn(view, group))}"
    )
    state, read = State.DONE, text("afterwards.listener_names.all_four")
    if wrong is None:
        state, read = State.UNKNOWN, text("afterwards.listener_names.registry_unread", node=node)
    elif wrong:
        state, read = State.TO_DO, text("afterwards.listener_names.not_yet", values=", ".join(wrong))
    return Step(
        text("afterwards.listener_names.write_registry", listener=listener, node=node),
        Who.NODES,
        state,
        command,
        text("afterwards.shared.in_powershell", node=node),
        read,
        text("afterwards.shared.again"),
    )


def multi_subnet(view: View, group: Group) -> Iterator[Step]:
    """Only where the listener has addresses in several subnets: without it a failover costs long timeouts."""
    subnets = listener_of(group).subnets
    if len(subnets) < 2:
        return
    for node in installed_nodes(view):
        answer = view.facts.node(node)
        settings = answer.vmm.sql_settings if answer.vmm else None
        good = bool(settings and settings.multi_subnet)
        yield Step(
            text("afterwards.listener_names.multi_subnet", node=node),
            Who.NODES,
            State.DONE if good else State.TO_DO,
            f"$key = {_SQL_KEY}; $text = (Get-ItemProperty -Path $key).ConnectionString; "
            "Set-ItemProperty -Path $key -Name ConnectionString -Value "
            "($text.TrimEnd(';') + ';MultiSubnetFailover=True')",
            text("afterwards.shared.in_powershell", node=node),
            text("afterwards.listener_names.subnets", subnets=", ".join(subnets)),
            text("afterwards.shared.again"),
        )
