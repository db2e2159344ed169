"""Checks of what is installed on the nodes beside Windows, and of what keeps programs from running (NOD)."""

from __future__ import annotations

from vmm_wizard.checks.registry import Verdict, node_check, not_applicable, passed, warned
from vmm_wizard.checks.remedies import by_policy, on_node, powershell
from vmm_wizard.facts.model import Facts
from vmm_wizard.facts.node_parts import part
from vmm_wizard.plan.model import Plan, Release

#: Enforcement of a code integrity policy, as Windows counts it.
_ENFORCED = 2


@node_check("NOD-06", topic="node", source="REQ*")
def image_manager(plan: Plan, facts: Facts, node: str) -> Verdict:
    r"""From VMM 2019 on setup looks in the kit's `WSIM` for files that the kit keeps in `WSIM\amd64` (INST)."""
    if plan.release is Release.VMM_2016:
        return not_applicable("VMM 2016 goes with a kit that has these files where setup looks")
    kit = facts.node(node).adk
    if not kit.root or not kit.deployment_tools:
        return not_applicable("there are no Deployment Tools: see NOD-05")
    if not kit.wsim_files:
        return passed("this kit keeps no files by processor")
    folder = kit.root.rstrip("\\") + r"\Assessment and Deployment Kit\Deployment Tools\WSIM"
    if kit.wsim_uncopied:
        source = powershell(folder + r"\amd64\*")
        return warned(
            rf"{kit.wsim_uncopied} of {kit.wsim_files} files of {folder}\amd64 are not in {folder}, where setup looks",
            on_node(node, f"Copy-Item -Path {source} -Destination {powershell(folder)} -Recurse"),
        )
    return passed(rf"the {kit.wsim_files} files of {folder}\amd64 are in {folder} too")


@node_check("NOD-07", topic="node", source="REQ*")
def sql_tools(plan: Plan, facts: Facts, node: str) -> Verdict:
    """Setup's own prerequisite check warns without them. They are not required: only data-tier applications use them
    (section 3), so their absence never fails."""
    del plan
    answer = facts.node(node)
    tools = part(answer, answer.sql_tools, "the list of installed programs")
    missing = []
    if not tools.odbc_drivers:
        missing.append("ODBC driver for SQL Server")
    if not tools.command_line:
        missing.append("command line utilities")
    if missing:
        return warned(
            f"no {' and no '.join(missing)}: optional, needed for data-tier applications only",
            on_node(
                node,
                "msiexec /i msodbcsql.msi IACCEPTMSODBCSQLLICENSETERMS=YES /passive; then "
                "msiexec /i MsSqlCmdLnUtils.msi IACCEPTMSSQLCMDLNUTILSLICENSETERMS=YES /passive",
            ),
        )
    return passed(", ".join((*tools.odbc_drivers, *tools.command_line)))


@node_check("NOD-20", topic="node", source="expert")
def nothing_blocked(plan: Plan, facts: Facts, node: str) -> Verdict:
    """AppLocker counts while its service runs; packaged apps are nothing to setup. Virus scanners cannot be judged."""
    answer = facts.node(node)
    control = part(answer, answer.app_control, "which programs may run")
    kinds = [kind for kind in control.applocker if kind != "Appx"] if control.service_running else []
    found = [f"AppLocker enforces rules for {', '.join(kinds)}"] if kinds else []
    if control.code_integrity == _ENFORCED:
        found.append("Windows Defender Application Control enforces a policy for programs")
    if not found:
        return passed("neither AppLocker nor Application Control enforces rules for programs")
    media = plan.media.path or "the media"
    return warned(
        "; ".join(found),
        by_policy(
            node,
            "AppLocker or Application Control",
            f"allow what Microsoft has signed in {media} and in {plan.program_files}, for the time of setup at least",
        ),
    )
