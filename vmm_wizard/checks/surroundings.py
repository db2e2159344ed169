"""Checks of what surrounds a run on the nodes: shells, logs, other installers, open consoles (MED-03, RUN)."""

from __future__ import annotations

from vmm_wizard.checks.registry import Verdict, failed, node_check, not_applicable, passed, warned
from vmm_wizard.checks.remedies import Team, Whom, ask, on_node
from vmm_wizard.facts.model import Facts, LoggingFacts
from vmm_wizard.facts.node_parts import part
from vmm_wizard.plan.model import AccountKind, Plan

#: Memory that a remote shell should have for installers of prerequisites, in MB (WSMV's own default).
_SHELL_MEMORY_MB = 1024
#: How the names of our own tasks begin.
_OWN_TASK = "vmm-wizard-"


@node_check("MED-03", topic="media", source="PHX")
def no_other_setup(plan: Plan, facts: Facts, node: str) -> Verdict:
    """Setup of VMM, or Windows Installer at work. A run of ours that is under way is followed, not waited for."""
    del plan
    answer = facts.node(node)
    own = [name for name in answer.tasks or () if name.startswith(_OWN_TASK)]
    if answer.setup_processes and own:
        return not_applicable(f"setup runs as task {own[0]}: install follows it")
    wait = on_node(node, "Get-Process Setup, SetupVM, msiexec shows it; wait until it has ended, then check again")
    if answer.setup_processes:
        return failed(f"a setup of VMM is running: {', '.join(answer.setup_processes)}", wait)
    if part(answer, answer.installer_busy, "whether Windows Installer is at work"):
        return failed("Windows Installer is at work: two installations cannot run at once", wait)
    return passed("no setup of VMM is running, and Windows Installer is idle")


@node_check("RUN-01", topic="run", source="WSMV")
def shell_limits(plan: Plan, facts: Facts, node: str) -> Verdict:
    """Matters only where prerequisites are installed in a remote shell: setup itself runs in a task."""
    del plan
    answer = facts.node(node)
    shell = part(answer, answer.shell, "WinRM's limits for shells")
    memory = f"{shell.memory_mb} MB" if shell.memory_mb else "no limit"
    evidence = f"memory per shell: {memory}, idle time-out {shell.idle_milliseconds // 1000} s"
    if 0 < shell.memory_mb < _SHELL_MEMORY_MB:
        return warned(
            f"{evidence}; an ADK or ODBC installer started in a remote shell may need {_SHELL_MEMORY_MB} MB",
            on_node(
                node,
                "install prerequisites at the console or in a task, or "
                rf"Set-Item WSMan:\localhost\Shell\MaxMemoryPerShellMB {_SHELL_MEMORY_MB}; Restart-Service WinRM",
            ),
        )
    return passed(evidence)


@node_check("RUN-03", topic="run", source="expert")
def written_down(plan: Plan, facts: Facts, node: str) -> Verdict:
    """Command lines in the Security log hold setup's passwords. PowerShell's own logs hold our scripts, which hand no
    password to a cmdlet; that is said, so that nobody is surprised."""
    answer = facts.node(node)
    logging = part(answer, answer.logging, "what Windows logs")
    kept = _kept(plan, logging)
    if not kept:
        return passed("neither command lines nor PowerShell are logged by policy")
    accounts = " and ".join(_on_command_line(plan))
    step = f"tell the security team before setup runs on {node}, and who may read these logs"
    if logging.command_lines and accounts:
        step += (
            f"; afterwards give {accounts} a new password, and the service SCVMMService on every node with it. "
            "Logging stays on"
        )
    else:
        step += "; nothing has to be changed, and a password that somebody types in PowerShell is changed afterwards"
    return warned("; ".join(kept), ask(Whom(Team.NODES, "you, with the security team"), step))


def _on_command_line(plan: Plan) -> list[str]:
    """The accounts whose passwords setup gets as arguments; a managed service account has none that anybody knows."""
    managed = plan.service_account.kind is not AccountKind.USER
    accounts = [] if managed else [str(plan.service_account.name or "the service account")]
    return [*accounts, str(plan.database.admin_account)] if plan.has_sql_admin else accounts


def _kept(plan: Plan, logging: LoggingFacts) -> list[str]:
    accounts = " and ".join(_on_command_line(plan))
    rows = (
        (
            logging.command_lines,
            "event 4688 keeps command lines: "
            + (f"the password of {accounts} will be in the Security log" if accounts else "setup's holds no password"),
        ),
        (logging.modules, "module logging (4103) keeps cmdlets and their arguments: names and paths of this run"),
        (logging.script_blocks, "script block logging (4104) keeps the texts of scripts that run"),
        (logging.transcripts, "transcription keeps what scripts print"),
    )
    return [text for there, text in rows if there]


@node_check("RUN-04", topic="run", source="HAU")
def consoles_closed(plan: Plan, facts: Facts, node: str) -> Verdict:
    """Before an uninstall: a console, or a PowerShell with VMM's module, holds files that are to go."""
    del plan
    answer = facts.node(node)
    consoles = part(answer, answer.consoles, "who has VMM open")
    if consoles:
        return failed(
            f"open: {', '.join(f'{row.process} ({row.process_id})' for row in consoles)}",
            on_node(node, "query user shows who is signed in; ask them to close the console and their VMM shells"),
        )
    return passed("no VMM console and no PowerShell with VMM's module is open")
