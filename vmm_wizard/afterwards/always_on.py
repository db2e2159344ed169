"""The way of VMM's database into its availability group, step by step (HASQL; EALES for a listener not on 1433)."""

from __future__ import annotations

from collections.abc import Iterator

from vmm_wizard.afterwards.group import Group, group_of, points_to
from vmm_wizard.afterwards.model import OPEN, REGISTRY, State, Step, View, Who, judged
from vmm_wizard.checks.remedies import down_level, powershell, sql_name, sql_text
from vmm_wizard.checks.schedule import Role, situation, vmm_group
from vmm_wizard.checks.sql_server import make_login
from vmm_wizard.facts.model import NoAnswer, NodeFacts, NotKnown
from vmm_wizard.facts.node_parts import vmm_of
from vmm_wizard.facts.sql_model import GroupListener

_SQL_KEY = powershell(REGISTRY + r"\Settings\Sql")
_AGAIN = "`vmm-wizard after` reads it again"


def group_steps(view: View) -> Iterator[Step]:
    """All steps in their order. Where SQL Server has no group for VMM, one step that is not needed."""
    try:
        group = group_of(view)
    except NotKnown as gap:
        yield Step("See which availability groups there are", Who.SQL, State.UNKNOWN, read=gap.answer.reason)
        return
    if group is None:
        said = "no availability group with a listener"
        yield Step("Join an availability group", Who.SQL, State.NOT_NEEDED, read=f"SQL Server has {said}")
        return
    if group.listener is None:
        yield _listener(group)
        return
    path = list(_own_path(view, group) if group.is_odd else _usual_path(view, group))
    yield from path
    yield from _after_joining(view, group, path)


def _listener(group: Group) -> Step:
    command = (
        f"ALTER AVAILABILITY GROUP {sql_name(group.name)} ADD LISTENER N'<name>' "
        "(WITH IP ((N'<address>', N'<subnet mask>')), PORT = 1433);"
    )
    read = f"{group.name} has no listener"
    return Step(
        "Give the group a listener", Who.SQL, State.TO_DO, command, f"on {group.sql.server}", read, "it is in DNS"
    )


def _usual_path(view: View, group: Group) -> Iterator[Step]:
    """Install against the server itself, then let the database join and tell every node the listener's name."""
    yield _outside(view, group)
    moved = group.joined and all(wrong == () for wrong in _wrong_values(view, group).values())
    yield _offline(view, moved)
    yield from _into_the_group(view, group)
    for node, wrong in _wrong_values(view, group).items():
        yield _registry(view, group, node, wrong)
    yield from _multi_subnet(view, group)


def _own_path(view: View, group: Group) -> Iterator[Step]:
    """A listener on another port: setup itself must be told it, which it takes unattended only, on a database that is
    there already (EALES)."""
    listener = _listener_of(group)
    there = {node: wrong == () for node, wrong in _wrong_values(view, group).items()}
    installed = _installed_nodes(view)
    again = bool(installed) and all(there.get(node) for node in installed)
    made = group.database is not None and (group.database.is_vmm or bool(installed))
    names = f"{listener.name}, port {listener.port}"
    yield _outside(view, group)
    yield Step(
        f"Install VMM against {group.sql.server} itself, with a new database",
        Who.YOU,
        State.DONE if made else State.TO_DO,
        f"vmm-wizard install {view.file}",
        read=f"{view.plan.database.name} is {'there' if made else 'not there yet'}",
        verify="the role is online (POST-02)",
    )
    gone = made and (not installed or again)
    left = [node for node in installed if not there.get(node)]
    yield Step(
        "Uninstall VMM from every node and keep the database",
        Who.YOU,
        State.DONE if gone else State.TO_DO,
        f"vmm-wizard uninstall {view.file}",
        read=f"VMM uses {group.sql.server} itself on {', '.join(left)}" if left else "no node uses the server itself",
        verify="no node has VMM, and the database is still there",
    )
    database = view.plan.database
    named = database.is_listener and database.target.label.casefold() == listener.name.casefold()
    told = named and database.target.port == listener.port and not database.create_new
    yield Step(
        f"Write the listener {names} into the answer file, and that its database is there",
        Who.YOU,
        State.DONE if told else State.TO_DO,
        f'host = "{listener.name}"\nport = {listener.port}\nlistener = true\ncreate_new = false',
        f"[database] of {view.file}",
        f"the plan names {database.target}",
        "VMServer.ini then holds SqlMachineName, SqlServerPort, CreateNewSqlDatabase=0 and Upgrade=0",
    )
    for node in view.plan.nodes:
        state = State.DONE if there.get(node.key) else State.TO_DO
        yield Step(
            f"Install VMM on {node.key} again, against the listener",
            Who.YOU,
            state,
            f"vmm-wizard install {view.file}",
            read="its registry names the listener"
            if state is State.DONE
            else "its registry does not name the listener",
            verify=f"its registry names {names}",
        )
    yield _offline(view, group.joined and again)
    yield from _into_the_group(view, group)
    yield from _multi_subnet(view, group)


# --- the parts of both ways


def _outside(view: View, group: Group) -> Step:
    here = situation(view.plan, view.facts)
    inside = group.joined and here.role is not Role.OURS
    database = sql_name(view.plan.database.name)
    return Step(
        "Keep the database outside of the group while setup runs",
        Who.SQL,
        State.TO_DO if inside else State.DONE,
        f"ALTER AVAILABILITY GROUP {sql_name(group.name)} REMOVE DATABASE {database};",
        f"on {group.sql.server}",
        f"it is in {group.name}, and VMM is not installed" if inside else "setup has run, or finds it outside",
        "SQL-07 passes",
    )


def _offline(view: View, moved: bool) -> Step:
    role = view.plan.cluster.role_name.text
    state, read = judged(lambda: _group_state(view))
    if moved:
        state, read = State.DONE, "all that needed it is done"
    elif state is State.DONE:
        read = f"role {role} is offline"
    return Step(
        "Take the role offline: VMM must not write while its database moves",
        Who.NODES,
        state,
        f"Stop-ClusterGroup -Name {powershell(role)}",
        f"in PowerShell on {view.plan.nodes[0]}" if view.plan.nodes else "on a node",
        read,
        f"Get-ClusterGroup {powershell(role)} says Offline",
    )


def _group_state(view: View) -> tuple[State, str]:
    """Done while the role is offline."""
    state = _role_state(view)
    return (State.DONE if state == "offline" else State.TO_DO), f"the role is {state}"


def _role_state(view: View) -> str:
    """What the cluster says of the role: online, offline, ..., lower case. Raises NotKnown."""
    cluster = view.facts.any_cluster()
    name = vmm_group(cluster) or view.plan.cluster.role_name.text
    found = next((row for row in cluster.groups if row.name.casefold() == name.casefold()), None)
    if found is None:
        raise NotKnown(NoAnswer("there is no VMM role yet"))
    return found.state.casefold()


def _into_the_group(view: View, group: Group) -> Iterator[Step]:
    """Full recovery, a full backup, copies on the others, and joining."""
    name, database, where = sql_name(group.name), sql_name(view.plan.database.name), f"on {group.sql.server}"
    found = group.database
    model = (found.recovery_model or "") if found else ""
    full = group.joined or model.upper() == "FULL"
    unknown = found is not None and not group.joined and not model
    yield Step(
        "Set the recovery model to FULL: setup leaves it at SIMPLE",
        Who.SQL,
        State.DONE if full else State.UNKNOWN if unknown else State.TO_DO,
        f"ALTER DATABASE {database} SET RECOVERY FULL;",
        where,
        f"recovery model {model}" if model else "the recovery model could not be read",
        _AGAIN,
    )
    state, read = _chain(group)
    yield Step(
        "Make a full backup: the log chain begins with it",
        Who.SQL,
        state,
        f"BACKUP DATABASE {database} TO DISK = {sql_text(view.plan.database.name + '-before-group.bak')};",
        where,
        read,
        _AGAIN,
    )
    joined = State.DONE if group.joined else State.TO_DO
    says = f"it is in {group.name}" if group.joined else f"{view.plan.database.name} is in no availability group"
    if group.choices and not group.joined:
        says += f"; {group.sql.server} also has {', '.join(group.choices)}"
    for server in group.others:
        yield Step(
            f"Let the group copy the database to {server} by itself (automatic seeding)",
            Who.SQL,
            joined,
            f"ALTER AVAILABILITY GROUP {name} MODIFY REPLICA ON {sql_text(server)} WITH (SEEDING_MODE = AUTOMATIC);",
            where,
            says,
            f"or restore backup and log on {server} WITH NORECOVERY instead, as Management Studio's wizard does",
        )
        yield Step(
            f"Let the group make the database on {server}",
            Who.SQL,
            joined,
            f"ALTER AVAILABILITY GROUP {name} GRANT CREATE ANY DATABASE;",
            f"on {server}",
            says,
            "it comes with joining",
        )
    yield Step(
        "Let the database join the group",
        Who.SQL,
        joined,
        f"ALTER AVAILABILITY GROUP {name} ADD DATABASE {database};",
        where,
        says,
        _AGAIN,
    )


def _chain(group: Group) -> tuple[State, str]:
    if group.joined:
        return State.DONE, "a database in a group has had one"
    backups = group.database.backups if group.database else None
    if backups is None:
        return State.UNKNOWN, f"{group.sql.logged_on_as} may not see the backups of {group.sql.server}"
    if backups.full_in_full is None:
        return State.TO_DO, "no full backup under the recovery model FULL"
    return State.DONE, f"full backup of {backups.full_in_full:%Y-%m-%d %H:%M} UTC"


def _installed_nodes(view: View) -> tuple[str, ...]:
    """The planned nodes that have VMM."""
    answers = ((node.key, view.facts.nodes.get(node.key)) for node in view.plan.nodes)
    return tuple(name for name, answer in answers if isinstance(answer, NodeFacts) and answer.vmm is not None)


def _wrong_values(view: View, group: Group) -> dict[str, tuple[str, ...] | None]:
    """For each node with VMM, which registry values do not name the listener; None: could not be read."""
    listener = _listener_of(group)
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
            found[node.key] = points_to(settings, listener, _fqdn(view, group)) if settings else None
    return found


def _listener_of(group: Group) -> GroupListener:
    assert group.listener is not None
    return group.listener


def _fqdn(view: View, group: Group) -> str:
    name = _listener_of(group).name
    suffix = view.plan.sql_host.partition(".")[2] or view.plan.dns_domain
    return f"{name}.{suffix}" if suffix else name


def _registry(view: View, group: Group, node: str, wrong: tuple[str, ...] | None) -> Step:
    listener = _listener_of(group).name
    command = (
        f"$key = {_SQL_KEY}; $text = (Get-ItemProperty -Path $key).ConnectionString; "
        r"$text = $text -replace '(?i)(^|;)\s*(Server|Data Source)\s*=[^;]*', "
        + powershell(f"$1Server={listener}")
        + "; Set-ItemProperty -Path $key -Name ConnectionString -Value $text; "
        f"Set-ItemProperty -Path $key -Name MachineName -Value {powershell(listener)}; "
        f"Set-ItemProperty -Path $key -Name InstanceName -Value {powershell(listener)}; "
        f"Set-ItemProperty -Path $key -Name MachineFQDN -Value {powershell(_fqdn(view, group))}"
    )
    state, read = State.DONE, "all four values name it"
    if wrong is None:
        state, read = State.UNKNOWN, f"the registry of {node} could not be read"
    elif wrong:
        state, read = State.TO_DO, f"not yet in {', '.join(wrong)}"
    return Step(
        f"Write the listener {listener} into the registry of {node}",
        Who.NODES,
        state,
        command,
        f"in PowerShell on {node}",
        read,
        _AGAIN,
    )


def _multi_subnet(view: View, group: Group) -> Iterator[Step]:
    """Only where the listener has addresses in several subnets: without it a failover costs long timeouts."""
    subnets = _listener_of(group).subnets
    if len(subnets) < 2:
        return
    for node in _installed_nodes(view):
        answer = view.facts.node(node)
        settings = answer.vmm.sql_settings if answer.vmm else None
        good = bool(settings and settings.multi_subnet)
        yield Step(
            f"Add MultiSubnetFailover=True to the connection string on {node}",
            Who.NODES,
            State.DONE if good else State.TO_DO,
            f"$key = {_SQL_KEY}; $text = (Get-ItemProperty -Path $key).ConnectionString; "
            "Set-ItemProperty -Path $key -Name ConnectionString -Value "
            "($text.TrimEnd(';') + ';MultiSubnetFailover=True')",
            f"in PowerShell on {node}",
            f"the listener has addresses in {', '.join(subnets)}",
            _AGAIN,
        )


def _after_joining(view: View, group: Group, path: list[Step]) -> Iterator[Step]:
    role = view.plan.cluster.role_name.text
    ready = all(step.state is State.DONE for step in path)
    state, read = judged(lambda: _back(view))
    yield Step(
        "Bring the role online",
        Who.NODES,
        state if ready or state is State.UNKNOWN else State.TO_DO,
        f"Start-ClusterGroup -Name {powershell(role)}",
        f"in PowerShell on {view.plan.nodes[0]}" if view.plan.nodes else "on a node",
        read if ready else "once the steps before are done",
        "the role is online and its console port answers (POST-02)",
    )
    name = down_level(view.plan.service_account.name, view.facts)
    said = {row.server: row for row in group.sql.replica_logins}
    for server in group.others:
        row = said.get(server)
        login = State.UNKNOWN if row is None or row.found is None else State.DONE if row.found else State.TO_DO
        why = "asked once the database is in the group" if row is None else row.error
        yield Step(
            f"Give {name} a login on {server}: VMM makes it on one server only",
            Who.SQL,
            login,
            make_login(name),
            f"on {server}",
            {State.DONE: "it has one", State.TO_DO: "it has none"}.get(login, why),
            "SQL-17 passes; its user and db_owner come with the database",
        )
    for server in group.others[:1]:
        yield Step(
            "Try a failover of the group, and see that VMM comes back; then the same back again",
            Who.SQL,
            State.UNKNOWN,
            f"ALTER AVAILABILITY GROUP {sql_name(group.name)} FAILOVER;",
            f"on {server}, when it is synchronized",
            "nothing shows whether it was tried",
            f"the console connects to {view.plan.role_fqdn}:{view.plan.ports.console} again",
            trial=True,
        )


def _back(view: View) -> tuple[State, str]:
    state = _role_state(view)
    return (State.DONE if state == "online" else State.TO_DO), f"the role is {state}"


def summary(view: View, steps: tuple[Step, ...]) -> str:
    """One sentence on how far it has come."""
    waiting = [step for step in steps if step.state in OPEN and not step.trial]
    if len(steps) == 1:
        return steps[0].read
    if not waiting:
        return f"{view.plan.database.name} is in its group, and every node and replica knows it"
    done = sum(step.state is State.DONE for step in steps)
    return f"{done} of {len([step for step in steps if not step.trial])} steps are done; next: {waiting[0].text}"
