"""Checks of what is installed on the nodes beside Windows, and of what keeps programs from running (NOD)."""

from __future__ import annotations

from vmm_wizard.checks.registry import Verdict, node_check, not_applicable, passed, warned
from vmm_wizard.checks.remedies import by_policy, on_node, powershell
from vmm_wizard.facts.model import Facts
from vmm_wizard.facts.node_parts import part
from vmm_wizard.plan.model import Plan, Release
from vmm_wizard.texts import counted, text

#: Enforcement of a code integrity policy, as Windows counts it.
_ENFORCED = 2

#: What installs the tools, without a question.
_INSTALL_DRIVER = "msiexec /i msodbcsql.msi IACCEPTMSODBCSQLLICENSETERMS=YES /passive"
_INSTALL_UTILITIES = "msiexec /i MsSqlCmdLnUtils.msi IACCEPTMSSQLCMDLNUTILSLICENSETERMS=YES /passive"


@node_check("NOD-06", topic="node", source="REQ*")
def image_manager(plan: Plan, facts: Facts, node: str) -> Verdict:
    r"""From VMM 2019 on setup looks in the kit's `WSIM` for files that the kit keeps in `WSIM\amd64` (INST)."""
    if plan.release is Release.VMM_2016:
        return not_applicable(text("evidence.NOD-06.other_kit"))
    kit = facts.node(node).adk
    if not kit.root or not kit.deployment_tools:
        return not_applicable(text("evidence.NOD-06.no_tools"))
    if not kit.wsim_files:
        return passed(text("evidence.NOD-06.no_files"))
    folder = kit.root.rstrip("\\") + r"\Assessment and Deployment Kit\Deployment Tools\WSIM"
    source = folder + r"\amd64"
    if kit.wsim_uncopied:
        every = powershell(source + r"\*")
        return warned(
            counted(
                "evidence.NOD-06.uncopied",
                kit.wsim_uncopied,
                all=kit.wsim_files,
                source=source,
                folder=folder,
            ),
            on_node(node, f"Copy-Item -Path {every} -Destination {powershell(folder)} -Recurse"),
        )
    return passed(text("evidence.NOD-06.copied", number=kit.wsim_files, source=source, folder=folder))


@node_check("NOD-07", topic="node", source="REQ*")
def sql_tools(plan: Plan, facts: Facts, node: str) -> Verdict:
    """Setup's own prerequisite check warns without them. They are not required: only data-tier applications use them
    (section 3), so their absence never fails."""
    del plan
    answer = facts.node(node)
    tools = part(answer, answer.sql_tools, text("evidence.NOD-07.what"))
    if not (tools.odbc_drivers and tools.command_line):
        which = "utilities" if tools.odbc_drivers else "driver" if tools.command_line else "both"
        return warned(
            text(f"evidence.NOD-07.missing.{which}"),
            on_node(node, text("evidence.NOD-07.mend", driver=_INSTALL_DRIVER, utilities=_INSTALL_UTILITIES)),
        )
    return passed(", ".join((*tools.odbc_drivers, *tools.command_line)))


@node_check("NOD-20", topic="node", source="expert")
def nothing_blocked(plan: Plan, facts: Facts, node: str) -> Verdict:
    """AppLocker counts while its service runs; packaged apps are nothing to setup. Virus scanners cannot be judged."""
    answer = facts.node(node)
    control = part(answer, answer.app_control, text("evidence.NOD-20.what"))
    kinds = [kind for kind in control.applocker if kind != "Appx"] if control.service_running else []
    found = [text("evidence.NOD-20.applocker", kinds=", ".join(kinds))] if kinds else []
    if control.code_integrity == _ENFORCED:
        found.append(text("evidence.NOD-20.application_control"))
    if not found:
        return passed(text("evidence.NOD-20.good"))
    media = plan.media.path or text("evidence.NOD-20.media")
    step = text("evidence.NOD-20.mend", media=media, folder=plan.program_files)
    return warned("; ".join(found), by_policy(node, text("evidence.NOD-20.setting"), step))
