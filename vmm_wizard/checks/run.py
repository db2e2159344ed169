"""Checks around the run itself: the rehearsal before it (RUN), and what stands after it (POST)."""

from __future__ import annotations

from collections.abc import Iterator

from vmm_wizard.checks.accounts import listing
from vmm_wizard.checks.principals import holders_of, role_names
from vmm_wizard.checks.registry import Verdict, check, failed, node_check, not_applicable, or_unknown, passed, warned
from vmm_wizard.checks.remedies import AD_TEAM, NETWORK, ask, down_level, on_node, powershell, same_account
from vmm_wizard.checks.rights import ADMINISTRATORS
from vmm_wizard.checks.schedule import Role, planned_cluster, situation, vmm_group
from vmm_wizard.facts.model import ClusterFacts, ClusterGroup, Facts, NoAnswer, NodeFacts, RehearsalFacts, known
from vmm_wizard.facts.node_parts import seen_or_unknown, vmm_of
from vmm_wizard.plan.model import Plan
from vmm_wizard.texts import counted, text


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
        return _left_behind(facts, node) or not_applicable(text("evidence.RUN-02.made_later"))
    rehearsal = known(answer)
    if not rehearsal.registered:
        return failed(
            text("evidence.RUN-02.not_registered", error=rehearsal.error or text("evidence.RUN-02.no_reason")),
            on_node(node, text("evidence.RUN-02.see_rights")),
        )
    if rehearsal.error or not rehearsal.user:
        return failed(
            text("evidence.RUN-02.did_not_run", error=rehearsal.error or text("evidence.RUN-02.no_result")),
            on_node(node, "Get-WinEvent -LogName Microsoft-Windows-TaskScheduler/Operational -MaxEvents 50"),
        )
    lacks = list(_lacks(plan, facts, rehearsal))
    if lacks:
        return failed(
            text("evidence.RUN-02.lacks", user=rehearsal.user, lacks="; ".join(what for what, _ in lacks)),
            on_node(node, "; ".join(dict.fromkeys(remedy for _, remedy in lacks))),
        )
    user, cluster = rehearsal.user, rehearsal.cluster_name
    if not rehearsal.sql_sysadmin:
        return passed(
            text("evidence.RUN-02.passed_without_sql", user=user, account=plan.setup_sql_account, cluster=cluster)
        )
    return passed(
        text(
            "evidence.RUN-02.passed",
            user=user,
            login=rehearsal.sql_login,
            scheme=rehearsal.sql_auth_scheme or text("evidence.RUN-02.unknown_scheme"),
            cluster=cluster,
        )
    )


def _left_behind(facts: Facts, node: str) -> Verdict | None:
    """Tasks of ours that are on the node although nobody rehearses: each holds a stored password (section 1.2)."""
    seen = facts.nodes.get(node)
    if not isinstance(seen, NodeFacts) or not seen.tasks:
        return None
    names = ", ".join(seen.tasks)
    remove = "; ".join(f"Unregister-ScheduledTask -TaskName {powershell(name)}" for name in seen.tasks)
    return warned(
        text("evidence.RUN-02.left_behind", names=names),
        on_node(node, text("evidence.RUN-02.remove", remove=remove)),
    )


def _lacks(plan: Plan, facts: Facts, rehearsal: RehearsalFacts) -> Iterator[tuple[str, str]]:
    """(what was lacking inside the task, what to look at)."""
    if not same_account(rehearsal.user, plan.installing_account, facts):
        yield text("evidence.RUN-02.other_account", account=plan.installing_account), text("evidence.RUN-02.whose_task")
    if ADMINISTRATORS not in rehearsal.groups or not rehearsal.elevated:
        yield text("evidence.RUN-02.no_administrator"), _see("INS-01")
    if rehearsal.language_mode.casefold() not in ("", "fulllanguage"):
        yield (
            text("evidence.RUN-02.language_mode", mode=rehearsal.language_mode),
            text("evidence.RUN-02.ask_for_exception"),
        )
    # Another account for the SQL work cannot be seen from this task: SQL-02 judges that one.
    own_sql = plan.setup_sql_account.key == plan.installing_account.key
    if own_sql and rehearsal.sql_error:
        yield text("evidence.RUN-02.sql_refused", error=rehearsal.sql_error), _see("SQL-01", "SQL-02")
    elif own_sql and not rehearsal.sql_sysadmin:
        yield (
            text("evidence.RUN-02.no_sysadmin", login=rehearsal.sql_login or text("evidence.RUN-02.the_login")),
            _see("SQL-02"),
        )
    if rehearsal.dkm_error or not rehearsal.dkm_found:
        yield (
            text("evidence.RUN-02.container_closed", error=rehearsal.dkm_error or text("evidence.shared.not_found")),
            _see("DKM-01", "DKM-02"),
        )
    elif "container" not in {name.casefold() for name in rehearsal.dkm_allowed_child_classes}:
        yield text("evidence.RUN-02.no_containers"), _see("DKM-02")
    elif not rehearsal.dkm_sd_rights & 4:
        yield text("evidence.RUN-02.no_permissions"), _see("DKM-02")
    if rehearsal.cluster_error or not rehearsal.cluster_name:
        yield (
            text("evidence.RUN-02.no_cluster", error=rehearsal.cluster_error or text("evidence.RUN-02.no_answer")),
            _see("CLU-01", "INS-01"),
        )


def _see(*checks: str) -> str:
    return text("evidence.RUN-02.see", checks=listing(checks))


# --- after an installation


@node_check("POST-01", topic="run", source="G25", needs=("cluster.role_name",))
def log_clean(plan: Plan, facts: Facts, node: str) -> Verdict:
    """SetupWizard.log of an installed node. Failures fail while there is no service; else VMM stands: a warning."""
    vmm = vmm_of(facts.node(node))
    if vmm is None or not situation(plan, facts).ours:
        return not_applicable(text("evidence.schedule.otherwise.not_installed"))
    show = on_node(node, r"Get-Content $env:SystemDrive\ProgramData\VMMLogs\SetupWizard.log -Tail 200")
    if vmm.log_failures:
        evidence = counted("evidence.POST-01.failures", len(vmm.log_failures), first=vmm.log_failures[0])
        return failed(evidence, show) if not vmm.service_state else warned(evidence, show)
    if not seen_or_unknown(facts.node(node), vmm.log_exists, "SetupWizard.log"):
        return warned(text("evidence.POST-01.no_log"), show)
    return passed(text("evidence.POST-01.clean"))


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
            text("evidence.POST-02.foreign") if state.role is Role.FOREIGN else text("evidence.POST-02.none")
        )
        return
    cluster = _cluster(plan, facts)
    group = next((row for row in cluster.groups if row.name == vmm_group(cluster)), None)
    role = plan.cluster.role_name.text
    if group is None or group.state.casefold() != "online":
        yield failed(
            text("evidence.POST-02.state", role=role, state=group.state if group else text("evidence.shared.absent")),
            on_node(text("evidence.POST-02.any_node"), text("evidence.POST-02.see_each", role=powershell(role))),
            subject=role,
        )
        return
    yield passed(text("evidence.POST-02.online", role=role, owner=group.owner), subject=role)
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
        return not_applicable(text("evidence.schedule.otherwise.not_installed"))
    owns = group.owner.partition(".")[0].casefold() == node.partition(".")[0]
    runs = vmm.service_state.casefold() == "running"
    state = text(
        "evidence.POST-02.service", version=vmm.version, state=vmm.service_state or text("evidence.shared.absent")
    )
    if not vmm.service_state or (owns and not runs):
        look = on_node(node, "Get-Service SCVMMService; Get-WinEvent -LogName 'VM Manager' -MaxEvents 50")
        return failed(
            text("evidence.POST-02.owner", state=state) if owns else text("evidence.POST-02.never", state=state), look
        )
    if runs and not owns:
        return warned(
            text("evidence.POST-02.by_hand", state=state, owner=group.owner),
            on_node(node, text("evidence.POST-02.stop")),
        )
    return passed(
        text("evidence.POST-02.active", state=state) if owns else text("evidence.POST-02.passive", state=state)
    )


def _console(plan: Plan, facts: Facts) -> Verdict:
    network = known(facts.network)
    where = f"{plan.role_fqdn}:{plan.ports.console}"
    if network.console.open:
        return passed(text("evidence.POST-02.accepts", where=where))
    addresses = ", ".join(network.role_addresses or ()) or text("evidence.POST-02.no_address")
    return warned(
        text("evidence.POST-02.no_answer", where=where, addresses=addresses, error=network.console.error),
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
        yield not_applicable(text("evidence.schedule.otherwise.no_role_yet"))
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
            text("evidence.POST-03.on", name=name, holders=", ".join(others)),
            ask(AD_TEAM, text("evidence.POST-03.move", name=powershell(name), register=register)),
        )
    if not holders:
        return warned(text("evidence.POST-03.on_none", name=name), ask(AD_TEAM, register))
    return passed(text("evidence.POST-03.on", name=name, holders=holders[0]))


def _connection_point(plan: Plan, facts: Facts) -> Verdict:
    points = known(facts.principal_names).connection_points
    if points:
        return passed(text("evidence.POST-03.found", dn=points[0]))
    account = f"{down_level(plan.service_account.name, facts).partition(chr(92))[0]}\\{plan.cluster.role_name}$"
    tool = powershell(plan.program_files.rstrip("\\") + r"\setup\ConfigureSCPTool.exe")
    return warned(
        text("evidence.POST-03.no_connection_point"),
        on_node(
            text("evidence.POST-03.as_domain_administrator", node=plan.nodes[0]),
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
        f"VmmServicePrincipalNames: {written or text('evidence.POST-03.empty')}",
        on_node(
            node,
            f"Set-ItemProperty -Path {powershell(key)} -Name VmmServicePrincipalNames "
            f"-Value {powershell(','.join(wanted))}",
        ),
    )
