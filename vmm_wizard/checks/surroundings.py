"""Checks of what surrounds a run on the nodes: shells, logs, other installers, open consoles (MED-03, RUN)."""

from __future__ import annotations

from vmm_wizard.checks.registry import Verdict, failed, node_check, not_applicable, passed, warned
from vmm_wizard.checks.remedies import Contact, Team, ask, on_node
from vmm_wizard.facts.model import Facts, LoggingFacts
from vmm_wizard.facts.node_parts import part
from vmm_wizard.plan.model import AccountKind, Plan
from vmm_wizard.texts import text

#: Memory that a remote shell should have for installers of prerequisites, in MB (WSMV's own default).
_SHELL_MEMORY_MB = 1024
#: How the names of our own tasks begin.
_OWN_TASK = "vmm-wizard-"
_SECURITY = Contact(Team.NODES, "with_security")


@node_check("MED-03", topic="media", source="PHX")
def no_other_setup(plan: Plan, facts: Facts, node: str) -> Verdict:
    """Setup of VMM, or Windows Installer at work. A run of ours that is under way is followed, not waited for."""
    del plan
    answer = facts.node(node)
    own = [name for name in answer.tasks or () if name.startswith(_OWN_TASK)]
    if answer.setup_processes and own:
        return not_applicable(text("evidence.MED-03.own_task", task=own[0]))
    wait = on_node(node, text("evidence.MED-03.mend", command="Get-Process Setup, SetupVM, msiexec"))
    if answer.setup_processes:
        return failed(text("evidence.MED-03.setup", processes=", ".join(answer.setup_processes)), wait)
    if part(answer, answer.installer_busy, text("evidence.MED-03.what")):
        return failed(text("evidence.MED-03.installer"), wait)
    return passed(text("evidence.MED-03.good"))


@node_check("RUN-01", topic="run", source="WSMV")
def shell_limits(plan: Plan, facts: Facts, node: str) -> Verdict:
    """Matters only where prerequisites are installed in a remote shell: setup itself runs in a task."""
    del plan
    answer = facts.node(node)
    shell = part(answer, answer.shell, text("evidence.RUN-01.what"))
    memory = f"{shell.memory_mb} MB" if shell.memory_mb else text("evidence.RUN-01.no_limit")
    evidence = text("evidence.RUN-01.found", memory=memory, seconds=shell.idle_milliseconds // 1000)
    if 0 < shell.memory_mb < _SHELL_MEMORY_MB:
        command = rf"Set-Item WSMan:\localhost\Shell\MaxMemoryPerShellMB {_SHELL_MEMORY_MB}; Restart-Service WinRM"
        return warned(
            text("evidence.RUN-01.little", found=evidence, wanted=_SHELL_MEMORY_MB),
            on_node(node, text("evidence.RUN-01.mend", command=command)),
        )
    return passed(evidence)


@node_check("RUN-03", topic="run", source="expert")
def written_down(plan: Plan, facts: Facts, node: str) -> Verdict:
    """Command lines in the Security log hold setup's passwords. PowerShell's own logs hold our scripts, which hand no
    password to a cmdlet; that is said, so that nobody is surprised."""
    answer = facts.node(node)
    logging = part(answer, answer.logging, text("evidence.RUN-03.what"))
    kept = _kept(plan, logging)
    if not kept:
        return passed(text("evidence.RUN-03.good"))
    accounts = _on_command_line(plan)
    step = text("evidence.RUN-03.mend", node=node)
    if logging.command_lines and accounts:
        step = text("evidence.RUN-03.mend_passwords", node=node, accounts=accounts)
    return warned("; ".join(kept), ask(_SECURITY, step))


def _on_command_line(plan: Plan) -> str:
    """The accounts whose passwords setup gets as arguments; a managed service account has none that anybody knows."""
    managed = plan.service_account.kind is not AccountKind.USER
    accounts = [] if managed else [str(plan.service_account.name or text("evidence.RUN-03.service_account"))]
    accounts += [str(plan.database.admin_account)] if plan.has_sql_admin else []
    return text("evidence.shared.and").join(accounts)


def _kept(plan: Plan, logging: LoggingFacts) -> list[str]:
    accounts = _on_command_line(plan)
    lines = text("evidence.RUN-03.kept.no_password")
    if accounts:
        lines = text("evidence.RUN-03.kept.password", accounts=accounts)
    rows = (
        (logging.command_lines, lines),
        (logging.modules, text("evidence.RUN-03.kept.modules")),
        (logging.script_blocks, text("evidence.RUN-03.kept.script_blocks")),
        (logging.transcripts, text("evidence.RUN-03.kept.transcripts")),
    )
    return [said for there, said in rows if there]


@node_check("RUN-04", topic="run", source="HAU")
def consoles_closed(plan: Plan, facts: Facts, node: str) -> Verdict:
    """Before an uninstall: a console, or a PowerShell with VMM's module, holds files that are to go."""
    del plan
    answer = facts.node(node)
    consoles = part(answer, answer.consoles, text("evidence.RUN-04.what"))
    if consoles:
        shown = ", ".join(f"{row.process} ({row.process_id})" for row in consoles)
        return failed(
            text("evidence.RUN-04.open", consoles=shown),
            on_node(node, text("evidence.RUN-04.mend", command="query user")),
        )
    return passed(text("evidence.RUN-04.good"))
