"""What setup could only warn of: service principal names and the service connection point (PLAN, TTB)."""

from __future__ import annotations

from collections.abc import Iterator

from vmm_wizard.afterwards.model import OPEN, REGISTRY, State, Step, View, Who, found, state_of
from vmm_wizard.checks.principals import role_names
from vmm_wizard.checks.registry import Finding
from vmm_wizard.checks.remedies import down_level, powershell
from vmm_wizard.plan.model import AccountKind
from vmm_wizard.texts import text


def principal_names(view: View) -> Iterator[Step]:
    """Each name on the service account, then the list of them in each node's registry. A managed account's names are
    VMM's own business (INST)."""
    account = powershell(down_level(view.plan.service_account.name, view.facts))
    managed = view.plan.service_account.kind is AccountKind.GMSA
    rows = found(view, "POST-03")
    for name in role_names(view.plan):
        state, read = _state(rows, name)
        if managed and state in OPEN:
            state, read = State.NOT_NEEDED, text("afterwards.registration.by_itself")
        yield Step(
            text("afterwards.registration.put", name=name, account=account),
            Who.AD,
            state,
            _command(rows.get(name), f"setspn -U -S {powershell(name)} {account}"),
            text("afterwards.shared.powershell"),
            read,
            text("afterwards.registration.lists", account=account),
        )
    value = powershell(",".join(role_names(view.plan)))
    for node in view.plan.nodes:
        key = node.key
        state, read = State.NOT_NEEDED, text("afterwards.registration.not_installed", node=key)
        if key in rows or "" in rows:
            state, read = _state(rows, key)
        yield Step(
            text("afterwards.registration.write", node=key),
            Who.NODES,
            state,
            f"Set-ItemProperty -Path {powershell(REGISTRY + chr(92) + 'Setup')} -Name VmmServicePrincipalNames "
            f"-Value {value}",
            text("afterwards.shared.in_powershell", node=key),
            read,
            text("afterwards.registration.holds"),
        )


def _state(rows: dict[str, Finding], subject: str) -> tuple[State, str]:
    """By subject, or by the finding on the whole where the check could not come so far."""
    row = rows.get(subject) or rows.get("")
    return state_of(row) if row else (State.UNKNOWN, text("afterwards.registration.not_judged"))


def _command(row: Finding | None, usual: str) -> str:
    """The remedy that the check found, which knows of another holder; else the usual one."""
    return row.steps[0].step if row and row.steps else usual


def connection_point(view: View) -> Iterator[Step]:
    """The object in the directory, by the tool that setup brings along, run by a domain administrator (TTB)."""
    rows = found(view, "POST-03")
    state, read = _state(rows, "service connection point")
    domain = down_level(view.plan.service_account.name, view.facts).partition("\\")[0]
    tool = powershell(view.plan.program_files.rstrip("\\") + r"\setup\ConfigureSCPTool.exe")
    computer = powershell(f"{domain}\\{view.plan.cluster.role_name}$")
    yield Step(
        text("afterwards.registration.make"),
        Who.AD,
        state,
        f"& {tool} -install {powershell(view.plan.role_fqdn)} {computer}",
        text("afterwards.shared.in_powershell", node=view.plan.nodes[0])
        if view.plan.nodes
        else text("afterwards.shared.on_a_node"),
        read,
        text("afterwards.registration.has"),
    )
