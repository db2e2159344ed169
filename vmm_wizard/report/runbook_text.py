"""The words of a runbook: what a person does before, on each node and afterwards, with the plan's own names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce

from vmm_wizard.checks.remedies import powershell
from vmm_wizard.plan.model import AccountKind, Plan
from vmm_wizard.plan.names import AccountName
from vmm_wizard.texts import text

_SETUP_KEY = r"HKLM:\SOFTWARE\Microsoft\Microsoft System Center Virtual Machine Manager Server\Setup"


def overview(plan: Plan, answers: str, folders: Sequence[str]) -> str:
    """README.md of the whole runbook: who does what, in which order, and how to verify."""
    role = plan.cluster.role_name
    rows = [
        f"| {place} | {node} | `{folder}` | {_does(place)} |"
        for place, (node, folder) in enumerate(zip(plan.nodes, folders, strict=True), 1)
    ]
    return _document(
        text("reports.runbook_text.title", cluster=plan.cluster.name),
        text(
            "reports.runbook_text.subject",
            role=role,
            database=plan.database.name,
            server=plan.database.target,
            account=plan.service_account.name,
            installer=plan.installing_account,
        ),
        text("reports.runbook_text.no_password"),
        text("reports.runbook_text.order"),
        "\n".join([text("reports.runbook_text.order_head"), "|---|---|---|---|", *rows]),
        text("reports.runbook_text.one_after_another"),
        text("reports.runbook_text.who"),
        _list(
            text("reports.runbook_text.ad_team", container=plan.dkm.dn, account=plan.installing_account),
            text(
                "reports.runbook_text.dba",
                server=plan.database.target,
                account=plan.database.admin_account if plan.has_sql_admin else plan.installing_account,
            ),
            text("reports.runbook_text.node_admin", account=plan.installing_account),
            text("reports.runbook_text.you", answers=answers),
        ),
        text("reports.runbook_text.before"),
        _numbered(
            text("reports.runbook_text.request", answers=answers),
            text("reports.runbook_text.media", path=plan.media.path),
            text("reports.runbook_text.backup", server=plan.database.target),
            text("reports.runbook_text.take_folders", folder=folders[0]),
        ),
        text("reports.runbook_text.watches"),
        _list(
            text("reports.runbook_text.by_hand", answers=answers),
            text("reports.runbook_text.check", answers=answers),
            text("reports.runbook_text.log"),
            text("reports.runbook_text.verify", answers=answers),
        ),
        text("reports.runbook_text.after_last"),
        _numbered(
            text("reports.runbook_text.nothing_wrong", answers=answers),
            *_names(plan),
            text("reports.runbook_text.after", answers=answers),
            text("reports.runbook_text.console", role=role, port=plan.ports.console),
            text("reports.runbook_text.move", role=role),
            text("reports.runbook_text.delete_folders"),
        ),
    )


def node_steps(plan: Plan, answers: str, folders: Sequence[str], place: int, accounts: Iterable[AccountName]) -> str:
    """README.md of one node; `place` counts from 0, `accounts` are those whose passwords the script asks for."""
    node, folder = plan.nodes[place], folders[place]
    here = rf"C:\vmm-runbook\{folder}"
    asked = [f"`{account}`" for account in accounts]
    passwords = text("reports.runbook_text.asks_nothing")
    if asked:
        passwords = text("reports.runbook_text.asks", accounts=_both(asked, "also_of"))
    before = (
        text("reports.runbook_text.nothing_fails", answers=answers)
        if place == 0
        else text("reports.runbook_text.node_before", node=plan.nodes[place - 1], role=plan.cluster.role_name)
    )
    after = (
        text("reports.runbook_text.go_on", folder=folders[place + 1])
        if place + 1 < len(folders)
        else text("reports.runbook_text.last")
    )
    run = rf"powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File {here}\run-setup.ps1"
    return _document(
        text("reports.runbook_text.place", place=place + 1, count=len(folders), node=node),
        text("reports.runbook_text.setup", does=_does(place + 1)),
        text("reports.runbook_text.before"),
        _numbered(
            before,
            text("reports.runbook_text.copy", folder=here, node=node),
            text("reports.runbook_text.log_on", node=node, account=plan.installing_account),
            text("reports.runbook_text.as_administrator"),
            text("reports.runbook_text.look", command=run),
        ),
        text("reports.runbook_text.unblock", folder=here),
        text("reports.runbook_text.run"),
        _numbered(f"`{run}`", passwords, text("reports.runbook_text.leave_open")),
        text("reports.runbook_text.verify_head"),
        _numbered(
            text("reports.runbook_text.exit_codes"),
            text("reports.runbook_text.installed", answers=answers, node=node),
            text("reports.runbook_text.delete", folder=here),
            after,
        ),
        *_managed(plan),
    )


def _does(place: int) -> str:
    return text("reports.runbook_text.makes") if place == 1 else text("reports.runbook_text.joins")


def _names(plan: Plan) -> list[str]:
    """What setup only warns of where the installing account may not write it (PLAN, TTB)."""
    if plan.service_account.kind is AccountKind.GMSA:
        return []
    role, full, service = str(plan.cluster.role_name), plan.role_fqdn, plan.service_account.name
    account, computer = powershell(str(service)), powershell(f"{service.domain}\\{role}$")
    names = f"SCVMM/{role}", f"SCVMM/{full}"
    tool = powershell(plan.program_files.rstrip("\\") + r"\setup\ConfigureSCPTool.exe")
    register = _both((f"`setspn -U -S {powershell(name)} {account}`" for name in names), "then")
    return [
        text(
            "reports.runbook_text.principal_names",
            register=register,
            registry=powershell(_SETUP_KEY),
            names=powershell(",".join(names)),
        ),
        text("reports.runbook_text.connection_point", tool=tool, name=powershell(full), computer=computer),
    ]


def _managed(plan: Plan) -> list[str]:
    if plan.service_account.kind is not AccountKind.GMSA:
        return []
    return [text("reports.runbook_text.managed")]


def _both(parts: Iterable[str], how: str) -> str:
    """Parts as one: `how` says by which sentence two of them are put together."""
    return reduce(lambda first, second: text(f"reports.runbook_text.both.{how}", first=first, second=second), parts)


def _document(*parts: str) -> str:
    return "\n\n".join(parts) + "\n"


def _list(*lines: str) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _numbered(*lines: str) -> str:
    return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1))
