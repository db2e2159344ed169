"""The way of VMM's database into its availability group, step by step (HASQL; EALES for a listener not on 1433)."""

from __future__ import annotations

from collections.abc import Iterator

from vmm_wizard.afterwards.group import Group, group_of
from vmm_wizard.afterwards.listener_names import installed_nodes, listener_of, multi_subnet, registry_step, wrong_values
from vmm_wizard.afterwards.model import OPEN, State, Step, View, Who, judged
from vmm_wizard.checks.remedies import down_level, powershell, sql_name, sql_text
from vmm_wizard.checks.schedule import Role, situation, vmm_group
from vmm_wizard.checks.sql_server import make_login
from vmm_wizard.facts.model import NoAnswer, NotKnown
from vmm_wizard.texts import text


def group_steps(view: View) -> Iterator[Step]:
    """All steps in their order. Where SQL Server has no group for VMM, one step that is not needed."""
    try:
        group = group_of(view)
    except NotKnown as gap:
        yield Step(text("afterwards.always_on.see"), Who.SQL, State.UNKNOWN, read=gap.answer.reason)
        return
    if group is None:
        said = text("afterwards.always_on.no_group")
        yield Step(
            text("afterwards.always_on.join"),
            Who.SQL,
            State.NOT_NEEDED,
            read=text("afterwards.always_on.sql_has", said=said),
        )
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
    read = text("afterwards.always_on.no_listener", group=group.name)
    return Step(
        text("afterwards.always_on.give_listener"),
        Who.SQL,
        State.TO_DO,
        command,
        _at(group.sql.server),
        read,
        text("afterwards.always_on.in_dns"),
    )


def _usual_path(view: View, group: Group) -> Iterator[Step]:
    """Install against the server itself, then let the database join and tell every node the listener's name."""
    yield _outside(view, group)
    moved = group.joined and all(wrong == () for wrong in wrong_values(view, group).values())
    yield _offline(view, moved)
    yield from _into_the_group(view, group)
    for node, wrong in wrong_values(view, group).items():
        yield registry_step(view, group, node, wrong)
    yield from multi_subnet(view, group)


def _own_path(view: View, group: Group) -> Iterator[Step]:
    """A listener on another port: setup itself must be told it, which it takes unattended only, on a database that is
    there already (EALES)."""
    listener = listener_of(group)
    there = {node: wrong == () for node, wrong in wrong_values(view, group).items()}
    installed = installed_nodes(view)
    again = bool(installed) and all(there.get(node) for node in installed)
    made = group.database is not None and (group.database.is_vmm or bool(installed))
    names = text("afterwards.always_on.listener", name=listener.name, port=listener.port)
    yield _outside(view, group)
    yield Step(
        text("afterwards.always_on.install_itself", server=group.sql.server),
        Who.YOU,
        State.DONE if made else State.TO_DO,
        f"vmm-wizard install {view.file}",
        read=text(f"afterwards.always_on.database.{'there' if made else 'not_yet'}", name=view.plan.database.name),
        verify=text("afterwards.always_on.online"),
    )
    gone = made and (not installed or again)
    left = [node for node in installed if not there.get(node)]
    yield Step(
        text("afterwards.always_on.uninstall"),
        Who.YOU,
        State.DONE if gone else State.TO_DO,
        f"vmm-wizard uninstall {view.file}",
        read=text("afterwards.always_on.uses_itself", server=group.sql.server, nodes=", ".join(left))
        if left
        else text("afterwards.always_on.not_itself"),
        verify=text("afterwards.always_on.still_there"),
    )
    database = view.plan.database
    named = database.is_listener and database.target.label.casefold() == listener.name.casefold()
    told = named and database.target.port == listener.port and not database.create_new
    yield Step(
        text("afterwards.always_on.write_listener", names=names),
        Who.YOU,
        State.DONE if told else State.TO_DO,
        f'host = "{listener.name}"\nport = {listener.port}\nlistener = true\ncreate_new = false',
        text("afterwards.always_on.in_answers", file=view.file),
        text("afterwards.always_on.names", target=database.target),
        text("afterwards.always_on.ini"),
    )
    for node in view.plan.nodes:
        state = State.DONE if there.get(node.key) else State.TO_DO
        yield Step(
            text("afterwards.always_on.install_again", node=node.key),
            Who.YOU,
            state,
            f"vmm-wizard install {view.file}",
            read=text("afterwards.always_on.names_listener")
            if state is State.DONE
            else text("afterwards.always_on.not_listener"),
            verify=text("afterwards.always_on.names_it", names=names),
        )
    yield _offline(view, group.joined and again)
    yield from _into_the_group(view, group)
    yield from multi_subnet(view, group)


# --- the parts of both ways


def _at(server: str) -> str:
    return text("afterwards.shared.at", server=server)


def _outside(view: View, group: Group) -> Step:
    here = situation(view.plan, view.facts)
    inside = group.joined and here.role is not Role.OURS
    database = sql_name(view.plan.database.name)
    return Step(
        text("afterwards.always_on.outside"),
        Who.SQL,
        State.TO_DO if inside else State.DONE,
        f"ALTER AVAILABILITY GROUP {sql_name(group.name)} REMOVE DATABASE {database};",
        _at(group.sql.server),
        text("afterwards.always_on.inside", group=group.name) if inside else text("afterwards.always_on.has_run"),
        text("afterwards.always_on.passes"),
    )


def _offline(view: View, moved: bool) -> Step:
    role = view.plan.cluster.role_name.text
    state, read = judged(lambda: _group_state(view))
    if moved:
        state, read = State.DONE, text("afterwards.always_on.all_done")
    elif state is State.DONE:
        read = text("afterwards.always_on.offline", role=role)
    return Step(
        text("afterwards.always_on.take_offline"),
        Who.NODES,
        state,
        f"Stop-ClusterGroup -Name {powershell(role)}",
        text("afterwards.shared.in_powershell", node=view.plan.nodes[0])
        if view.plan.nodes
        else text("afterwards.shared.on_a_node"),
        read,
        text("afterwards.always_on.says_offline", role=powershell(role)),
    )


def _group_state(view: View) -> tuple[State, str]:
    """Done while the role is offline."""
    state = _role_state(view)
    return (State.DONE if state == "offline" else State.TO_DO), text("afterwards.always_on.role_is", state=state)


def _role_state(view: View) -> str:
    """What the cluster says of the role: online, offline, ..., lower case. Raises NotKnown."""
    cluster = view.facts.any_cluster()
    name = vmm_group(cluster) or view.plan.cluster.role_name.text
    found = next((row for row in cluster.groups if row.name.casefold() == name.casefold()), None)
    if found is None:
        raise NotKnown(NoAnswer(text("afterwards.always_on.no_role")))
    return found.state.casefold()


def _into_the_group(view: View, group: Group) -> Iterator[Step]:
    """Full recovery, a full backup, copies on the others, and joining."""
    name, database, where = sql_name(group.name), sql_name(view.plan.database.name), _at(group.sql.server)
    found = group.database
    model = (found.recovery_model or "") if found else ""
    full = group.joined or model.upper() == "FULL"
    unknown = found is not None and not group.joined and not model
    yield Step(
        text("afterwards.always_on.full_recovery"),
        Who.SQL,
        State.DONE if full else State.UNKNOWN if unknown else State.TO_DO,
        f"ALTER DATABASE {database} SET RECOVERY FULL;",
        where,
        text("afterwards.always_on.model", model=model) if model else text("afterwards.always_on.model_unknown"),
        text("afterwards.shared.again"),
    )
    state, read = _chain(group)
    yield Step(
        text("afterwards.always_on.backup"),
        Who.SQL,
        state,
        f"BACKUP DATABASE {database} TO DISK = {sql_text(view.plan.database.name + '-before-group.bak')};",
        where,
        read,
        text("afterwards.shared.again"),
    )
    joined = State.DONE if group.joined else State.TO_DO
    says = (
        text("afterwards.always_on.in_group", group=group.name)
        if group.joined
        else text("afterwards.always_on.in_no_group", database=view.plan.database.name)
    )
    if group.choices and not group.joined:
        says = text(
            "afterwards.always_on.other_groups", said=says, server=group.sql.server, groups=", ".join(group.choices)
        )
    for server in group.others:
        yield Step(
            text("afterwards.always_on.seed", server=server),
            Who.SQL,
            joined,
            f"ALTER AVAILABILITY GROUP {name} MODIFY REPLICA ON {sql_text(server)} WITH (SEEDING_MODE = AUTOMATIC);",
            where,
            says,
            text("afterwards.always_on.or_restore", server=server),
        )
        yield Step(
            text("afterwards.always_on.make", server=server),
            Who.SQL,
            joined,
            f"ALTER AVAILABILITY GROUP {name} GRANT CREATE ANY DATABASE;",
            _at(server),
            says,
            text("afterwards.always_on.with_joining"),
        )
    yield Step(
        text("afterwards.always_on.let_join"),
        Who.SQL,
        joined,
        f"ALTER AVAILABILITY GROUP {name} ADD DATABASE {database};",
        where,
        says,
        text("afterwards.shared.again"),
    )


def _chain(group: Group) -> tuple[State, str]:
    if group.joined:
        return State.DONE, text("afterwards.always_on.had_one")
    backups = group.database.backups if group.database else None
    if backups is None:
        return State.UNKNOWN, text(
            "afterwards.shared.no_backups", account=group.sql.logged_on_as, server=group.sql.server
        )
    if backups.full_in_full is None:
        return State.TO_DO, text("afterwards.always_on.no_full")
    return State.DONE, text("afterwards.always_on.full", time=backups.full_in_full)


def _after_joining(view: View, group: Group, path: list[Step]) -> Iterator[Step]:
    role = view.plan.cluster.role_name.text
    ready = all(step.state is State.DONE for step in path)
    state, read = judged(lambda: _back(view))
    yield Step(
        text("afterwards.always_on.bring_online"),
        Who.NODES,
        state if ready or state is State.UNKNOWN else State.TO_DO,
        f"Start-ClusterGroup -Name {powershell(role)}",
        text("afterwards.shared.in_powershell", node=view.plan.nodes[0])
        if view.plan.nodes
        else text("afterwards.shared.on_a_node"),
        read if ready else text("afterwards.always_on.after_the_steps"),
        text("afterwards.always_on.answers"),
    )
    name = down_level(view.plan.service_account.name, view.facts)
    said = {row.server: row for row in group.sql.replica_logins}
    for server in group.others:
        row = said.get(server)
        login = State.UNKNOWN if row is None or row.found is None else State.DONE if row.found else State.TO_DO
        why = text("afterwards.always_on.asked_later") if row is None else row.error
        yield Step(
            text("afterwards.always_on.login", name=name, server=server),
            Who.SQL,
            login,
            make_login(name),
            _at(server),
            {
                State.DONE: text("afterwards.always_on.has_login"),
                State.TO_DO: text("afterwards.always_on.no_login"),
            }.get(login, why),
            text("afterwards.always_on.login_passes"),
        )
    for server in group.others[:1]:
        yield Step(
            text("afterwards.always_on.try_failover"),
            Who.SQL,
            State.UNKNOWN,
            f"ALTER AVAILABILITY GROUP {sql_name(group.name)} FAILOVER;",
            text("afterwards.always_on.synchronized", server=server),
            text("afterwards.always_on.untried"),
            text("afterwards.always_on.connects", role=view.plan.role_fqdn, port=view.plan.ports.console),
            trial=True,
        )


def _back(view: View) -> tuple[State, str]:
    state = _role_state(view)
    return (State.DONE if state == "online" else State.TO_DO), text("afterwards.always_on.role_is", state=state)


def summary(view: View, steps: tuple[Step, ...]) -> str:
    """One sentence on how far it has come."""
    waiting = [step for step in steps if step.state in OPEN and not step.trial]
    if len(steps) == 1:
        return steps[0].read
    if not waiting:
        return text("afterwards.always_on.summary", database=view.plan.database.name)
    done = sum(step.state is State.DONE for step in steps)
    return text(
        "afterwards.always_on.progress",
        done=done,
        number=len([step for step in steps if not step.trial]),
        step=waiting[0].text,
    )
