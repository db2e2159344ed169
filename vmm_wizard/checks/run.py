"""Checks around the run itself: the rehearsal before it (RUN), and what stands after it (POST)."""

from __future__ import annotations

from collections.abc import Iterator

from vmm_wizard.checks.principals import holders_of, role_names
from vmm_wizard.checks.registry import Verdict, check, failed, node_check, not_applicable, or_unknown, passed, warned
from vmm_wizard.checks.remedies import AD_TEAM, NETWORK, ask, down_level, on_node, powershell, same_account
from vmm_wizard.checks.rights import ADMINISTRATORS
from vmm_wizard.checks.schedule import Role, planned_cluster, situation, vmm_group
from vmm_wizard.facts.model import ClusterFacts, ClusterGroup, Facts, NoAnswer, NodeFacts, RehearsalFacts, known
from vmm_wizard.facts.node_parts import seen_or_unknown, vmm_of
from vmm_wizard.plan.model import Plan


@node_check(
    "RUN-02",
    topic="run",
    source="DSC",
    needs=("installing_account", "dkm.container", "database.host"),
)
def rehearsed(plan: Plan, facts: Facts, node: str) -> Verdict:
    """What a task with setup's principal, logon type and wrapper saw from inside; it wins over outside views."""
    answer = facts.rehearsals.get(node)
    if answer is None or (isinstance(answer, NoAnswer) and answer.code == "not_asked"):
        return _left_behind(facts, node) or not_applicable(
            "made right before an install; check --rehearse makes it now"
        )
    rehearsal = known(answer)
    if not rehearsal.registered:
        return failed(
            f"the task could not be registered: {rehearsal.error or 'Windows gave no reason'}",
            on_node(
                node, "see INS-02 and INS-03: the right to log on as a batch job, and policies on stored passwords"
            ),
        )
    if rehearsal.error or not rehearsal.user:
        return failed(
            f"the task did not run: {rehearsal.error or 'it left no result'}",
            on_node(node, "Get-WinEvent -LogName Microsoft-Windows-TaskScheduler/Operational -MaxEvents 50"),
        )
    lacks = list(_lacks(plan, facts, rehearsal))
    if lacks:
        return failed(
            f"as {rehearsal.user}: {'; '.join(what for what, _ in lacks)}",
            on_node(node, "; ".join(dict.fromkeys(remedy for _, remedy in lacks))),
        )
    sql = f"sysadmin on SQL Server as {rehearsal.sql_login} ({rehearsal.sql_auth_scheme or 'unknown scheme'})"
    if not rehearsal.sql_sysadmin:
        sql = f"SQL Server is left to {plan.setup_sql_account}"
    return passed(
        f"as {rehearsal.user}: elevated, {sql}, DKM container open, Get-Cluster says {rehearsal.cluster_name}"
    )


def _left_behind(facts: Facts, node: str) -> Verdict | None:
    """Tasks of ours that are on the node although nobody rehearses: each holds a stored password (section 1.2)."""
    seen = facts.nodes.get(node)
    if not isinstance(seen, NodeFacts) or not seen.tasks:
        return None
    names = ", ".join(seen.tasks)
    remove = "; ".join(f"Unregister-ScheduledTask -TaskName {powershell(name)}" for name in seen.tasks)
    return warned(
        f"a rehearsal or an install left {names}: the password of its account is stored with it",
        on_node(node, f"when no vmm-wizard goes on with it: {remove}"),
    )


def _lacks(plan: Plan, facts: Facts, rehearsal: RehearsalFacts) -> Iterator[tuple[str, str]]:
    """(what was lacking inside the task, what to look at)."""
    if not same_account(rehearsal.user, plan.installing_account, facts):
        yield f"the plan says {plan.installing_account}", "Get-ScheduledTask: whose task it is"
    if ADMINISTRATORS not in rehearsal.groups or not rehearsal.elevated:
        yield "not an administrator with elevation", "see INS-01"
    if rehearsal.language_mode.casefold() not in ("", "fulllanguage"):
        yield (
            f"PowerShell runs in {rehearsal.language_mode}",
            "a code integrity or AppLocker policy: ask for an exception",
        )
    # Another account for the SQL work cannot be seen from this task: SQL-02 judges that one.
    own_sql = plan.setup_sql_account.key == plan.installing_account.key
    if own_sql and rehearsal.sql_error:
        yield f"SQL Server refused: {rehearsal.sql_error}", "see SQL-01 and SQL-02"
    elif own_sql and not rehearsal.sql_sysadmin:
        yield f"{rehearsal.sql_login or 'the login'} is not sysadmin on SQL Server", "see SQL-02"
    if rehearsal.dkm_error or not rehearsal.dkm_found:
        yield f"the DKM container could not be opened: {rehearsal.dkm_error or 'not found'}", "see DKM-01 and DKM-02"
    elif "container" not in {name.casefold() for name in rehearsal.dkm_allowed_child_classes}:
        yield "may not create containers in the DKM container", "see DKM-02"
    elif not rehearsal.dkm_sd_rights & 4:
        yield "may not change the DKM container's permissions", "see DKM-02"
    if rehearsal.cluster_error or not rehearsal.cluster_name:
        yield f"Get-Cluster failed: {rehearsal.cluster_error or 'no answer'}", "see CLU-01 and INS-01"


# --- after an installation


@node_check("POST-01", topic="run", source="G25", needs=("cluster.role_name",))
def log_clean(plan: Plan, facts: Facts, node: str) -> Verdict:
    """SetupWizard.log of an installed node. Failures fail while there is no service; else VMM stands: a warning."""
    vmm = vmm_of(facts.node(node))
    if vmm is None or not situation(plan, facts).ours:
        return not_applicable("VMM is not installed here by this plan yet")
    show = on_node(node, r"Get-Content $env:SystemDrive\ProgramData\VMMLogs\SetupWizard.log -Tail 200")
    if vmm.log_failures:
        evidence = f"{len(vmm.log_failures)} lines mean failure, first: {vmm.log_failures[0]}"
        return failed(evidence, show) if not vmm.service_state else warned(evidence, show)
    if not seen_or_unknown(facts.node(node), vmm.log_exists, "SetupWizard.log"):
        return warned("there is no SetupWizard.log", show)
    return passed("SetupWizard.log has no line that means failure")


@check(
    "POST-02",
    topic="run",
    source="CPS",
    needs=("cluster.name", "cluster.role_name", "cluster.nodes"),
)
def role_online(plan: Plan, facts: Facts) -> Iterator[Verdict]:
    """The group is online, the service runs on its owner and, by design, nowhere else, and the console port answers."""
    state = situation(plan, facts)
    if not state.ours:
        yield not_applicable(
            "the VMM role there is not the planned one" if state.role is Role.FOREIGN else "there is no VMM role yet"
        )
        return
    cluster = _cluster(plan, facts)
    group = next((row for row in cluster.groups if row.name == vmm_group(cluster)), None)
    role = plan.cluster.role_name.text
    if group is None or group.state.casefold() != "online":
        yield failed(
            f"role {role} is {group.state if group else 'absent'}",
            on_node(
                "any node", f"Get-ClusterResource | Where-Object OwnerGroup -eq {powershell(role)}; see each state"
            ),
            subject=role,
        )
        return
    yield passed(f"role {role} is online on {group.owner}", subject=role)
    for node in plan.nodes:
        yield or_unknown(lambda node=node: _service(facts, node.key, group), node.key)  # type: ignore[misc]
    yield or_unknown(lambda: _console(plan, facts), f"{plan.role_fqdn}:{plan.ports.console}")


def _cluster(plan: Plan, facts: Facts) -> ClusterFacts:
    for node in facts.answering_nodes():
        if node.cluster and planned_cluster(plan, node.cluster) and vmm_group(node.cluster):
            return node.cluster
    return facts.any_cluster()


def _service(facts: Facts, node: str, group: ClusterGroup) -> Verdict:
    vmm = vmm_of(facts.node(node))
    if vmm is None:
        return not_applicable("VMM is not installed here by this plan yet")
    owns = group.owner.partition(".")[0].casefold() == node.partition(".")[0]
    runs = vmm.service_state.casefold() == "running"
    state = f"VMM {vmm.version}: service {vmm.service_state or 'absent'}"
    if not vmm.service_state or (owns and not runs):
        look = on_node(node, "Get-Service SCVMMService; Get-WinEvent -LogName 'VM Manager' -MaxEvents 50")
        return failed(f"{state}, and the node {'owns the role' if owns else 'could never take it'}", look)
    if runs and not owns:
        return warned(
            f"{state}, but {group.owner} owns the role: somebody started it by hand",
            on_node(node, "Stop-Service SCVMMService; the cluster starts it where it belongs"),
        )
    return passed(f"{state} ({'active' if owns else 'passive, stopped by design'})")


def _console(plan: Plan, facts: Facts) -> Verdict:
    network = known(facts.network)
    where = f"{plan.role_fqdn}:{plan.ports.console}"
    if network.console.open:
        return passed(f"{where} accepts connections: connect the console there, never to a node")
    addresses = ", ".join(network.role_addresses or ()) or "no address"
    return warned(
        f"{where} ({addresses}) does not answer this computer: {network.console.error}",
        ask(NETWORK, f"Test-NetConnection {powershell(plan.role_fqdn)} -Port {plan.ports.console}"),
    )


@check(
    "POST-03",
    topic="run",
    source="TTB",
    needs=("service_account.name", "cluster.role_name", "cluster.nodes"),
)
def registered(plan: Plan, facts: Facts) -> Iterator[Verdict]:
    """Service principal names, service connection point, and the list in each node's registry. Only warns."""
    if not situation(plan, facts).ours:
        yield not_applicable("the planned role does not exist yet")
        return
    for name in role_names(plan):
        yield or_unknown(lambda name=name: _principal_name(plan, facts, name), name)  # type: ignore[misc]
    yield or_unknown(lambda: _connection_point(plan, facts), "service connection point")
    for node in plan.nodes:
        answer = facts.nodes.get(node.key)
        if not isinstance(answer, NodeFacts) or answer.vmm is not None or answer.was_unreadable("vmm"):
            yield or_unknown(lambda node=node: _registry(plan, facts, node.key), node.key)  # type: ignore[misc]


def _principal_name(plan: Plan, facts: Facts, name: str) -> Verdict:
    account = down_level(plan.service_account.name, facts)
    holders = holders_of(name, facts)
    service = known(facts.service_account)
    register = f"setspn -U -S {powershell(name)} {powershell(account)}"
    others = [dn for dn in holders if dn.casefold() != service.dn.casefold()]
    if others:
        return warned(
            f"{name} is on {', '.join(others)}",
            ask(
                AD_TEAM, f"setspn -Q {powershell(name)} shows it; when nobody needs it there, move it, then {register}"
            ),
        )
    if not holders:
        return warned(f"{name} is on no account: consoles elsewhere cannot connect", ask(AD_TEAM, register))
    return passed(f"{name} is on {holders[0]}")


def _connection_point(plan: Plan, facts: Facts) -> Verdict:
    points = known(facts.principal_names).connection_points
    if points:
        return passed(f"found {points[0]}")
    account = f"{down_level(plan.service_account.name, facts).partition(chr(92))[0]}\\{plan.cluster.role_name}$"
    tool = powershell(plan.program_files.rstrip("\\") + r"\setup\ConfigureSCPTool.exe")
    return warned(
        "the directory has no service connection point of the role",
        on_node(
            f"{plan.nodes[0]}, as a domain administrator",
            f"& {tool} -install {powershell(plan.role_fqdn)} {powershell(account)}",
        ),
    )


def _registry(plan: Plan, facts: Facts, node: str) -> Verdict:
    vmm = vmm_of(facts.node(node))
    written = vmm.service_principal_names if vmm else ""
    have = {part.strip().casefold() for part in written.split(",") if part.strip()}
    wanted = role_names(plan)
    if {name.casefold() for name in wanted} <= have:
        return passed(f"VmmServicePrincipalNames: {written}")
    key = r"HKLM:\SOFTWARE\Microsoft\Microsoft System Center Virtual Machine Manager Server\Setup"
    return warned(
        f"VmmServicePrincipalNames: {written or 'empty'}",
        on_node(
            node,
            f"Set-ItemProperty -Path {powershell(key)} -Name VmmServicePrincipalNames "
            f"-Value {powershell(','.join(wanted))}",
        ),
    )
