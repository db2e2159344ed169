"""What keeps an installed VMM alive: backups, a product key, updates, exclusions from scanning, new passwords."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from vmm_wizard.afterwards.model import REGISTRY, State, Step, View, Who, found, judged, state_of
from vmm_wizard.checks.remedies import powershell, sql_name, sql_text
from vmm_wizard.checks.rights import is_deletion_protection
from vmm_wizard.checks.schedule import vmm_group
from vmm_wizard.facts.model import AccountFacts, NoAnswer, NodeFacts, NotKnown, SqlFacts, known
from vmm_wizard.plan.model import AccountKind
from vmm_wizard.plan.names import AccountName
from vmm_wizard.texts import text

#: A full backup is looked for each week, one of the log each day.
_WEEK, _DAY = timedelta(days=7), timedelta(days=1)
#: Days that VMM runs without a product key (INST).
_EVALUATION = timedelta(days=180)


def backup(view: View) -> Iterator[Step]:
    """The database, its log where it has one to keep, the keys in the directory, and VMM's settings on a node."""
    name = view.plan.database.name
    where = text("afterwards.shared.at", server=view.plan.database.target)
    state, read = judged(lambda: _full(view))
    yield Step(
        text("afterwards.upkeep.back_up"),
        Who.SQL,
        state,
        f"BACKUP DATABASE {sql_name(name)} TO DISK = {sql_text(name + '.bak')} WITH CHECKSUM;",
        where,
        read,
        text("afterwards.upkeep.week"),
    )
    state, read = judged(lambda: _log(view))
    yield Step(
        text("afterwards.upkeep.back_log_up"),
        Who.SQL,
        state,
        f"BACKUP LOG {sql_name(name)} TO DISK = {sql_text(name + '.trn')};",
        where,
        read,
        text("afterwards.upkeep.day"),
    )
    container = powershell(str(view.plan.dkm.dn))
    state, read = judged(lambda: _protected(view))
    yield Step(
        text("afterwards.upkeep.protect"),
        Who.AD,
        state,
        f"Set-ADObject -Identity {container} -ProtectedFromAccidentalDeletion $true",
        text("afterwards.shared.powershell"),
        read,
        text("afterwards.upkeep.protected"),
    )
    yield Step(
        text("afterwards.upkeep.directory"),
        Who.AD,
        State.UNKNOWN,
        "repadmin /showbackup *",
        text("afterwards.upkeep.controller"),
        text("afterwards.upkeep.unseen"),
        text("afterwards.upkeep.restored", container=view.plan.dkm.dn),
    )
    key = REGISTRY.replace("HKLM:", "HKLM") + r"\Settings"
    yield Step(
        text("afterwards.upkeep.settings"),
        Who.NODES,
        State.UNKNOWN,
        rf'reg.exe export "{key}" "$env:USERPROFILE\vmm-settings.reg"',
        text("afterwards.shared.in_powershell", node=view.plan.nodes[0])
        if view.plan.nodes
        else text("afterwards.shared.on_a_node"),
        verify=text("afterwards.upkeep.kept"),
        trial=True,
    )


def _sql(view: View) -> tuple[SqlFacts, datetime]:
    sql = known(view.facts.sql)
    if sql.database is None:
        raise NotKnown(
            NoAnswer(text("afterwards.upkeep.no_database", server=sql.server, database=view.plan.database.name))
        )
    if sql.database.backups is None or sql.utc_time is None:
        raise NotKnown(
            NoAnswer(text("afterwards.shared.no_backups", account=sql.logged_on_as, server=sql.server), "denied")
        )
    return sql, sql.utc_time


def _recent(time: datetime | None, now: datetime, limit: timedelta, what: str) -> tuple[State, str]:
    if time is None:
        return State.TO_DO, text(f"afterwards.upkeep.no_backup.{what}")
    fresh = now - time <= limit
    return (State.DONE if fresh else State.TO_DO), text(f"afterwards.upkeep.last_backup.{what}", time=time)


def _full(view: View) -> tuple[State, str]:
    sql, now = _sql(view)
    assert sql.database is not None
    assert sql.database.backups is not None
    return _recent(sql.database.backups.full, now, _WEEK, "full")


def _log(view: View) -> tuple[State, str]:
    sql, now = _sql(view)
    assert sql.database is not None
    assert sql.database.backups is not None
    model = (sql.database.recovery_model or "").upper()
    if model == "SIMPLE":
        return State.NOT_NEEDED, text("afterwards.upkeep.simple")
    state, read = _recent(sql.database.backups.log, now, _DAY, "log")
    if state is State.TO_DO and sql.database.availability_group:
        return State.UNKNOWN, text("afterwards.upkeep.elsewhere", read=read, server=sql.server)
    return state, read


def _protected(view: View) -> tuple[State, str]:
    container = known(view.facts.dkm)
    if container.descriptor is None:
        raise NotKnown(NoAnswer(text("afterwards.upkeep.permissions", container=container.dn), "denied"))
    good = any(is_deletion_protection(ace) for ace in container.descriptor.dacl or ())
    return (State.DONE if good else State.TO_DO), text(
        f"afterwards.upkeep.protection.{'there' if good else 'none'}", container=container.dn
    )


def evaluation(view: View) -> Iterator[Step]:
    """Known by the product key alone, which the answers hold or not; its end by when setup made the database."""
    if view.plan.registration.product_key:
        yield Step(
            text("afterwards.upkeep.enter_key"), Who.YOU, State.NOT_NEEDED, read=text("afterwards.upkeep.has_key")
        )
        return
    sql = view.facts.sql
    made = (
        sql.database.created if isinstance(sql, SqlFacts) and sql.database and view.plan.database.create_new else None
    )
    read = text("afterwards.upkeep.no_key")
    if made:
        read = text("afterwards.upkeep.no_key_since", made=made, ends=made + _EVALUATION)
    yield Step(
        text("afterwards.upkeep.enter_before"),
        Who.YOU,
        State.TO_DO,
        where=text("afterwards.upkeep.where_key", file=view.file),
        read=read,
        verify=text("afterwards.upkeep.no_evaluation"),
    )


def antivirus(view: View) -> Iterator[Step]:
    """Not seen from here: every product keeps its exclusions elsewhere. Which ones are expert knowledge
    (unconfirmed)."""
    folder = view.plan.program_files.rstrip("\\")
    paths = (folder, r"C:\ProgramData\VMMLogs", r"C:\ProgramData\Virtual Machine Manager", r"C:\Windows\Cluster")
    for node in view.plan.nodes:
        yield Step(
            text("afterwards.upkeep.exclude", node=node.key),
            Who.NODES,
            State.UNKNOWN,
            f"Add-MpPreference -ExclusionPath {','.join(powershell(path) for path in paths)} "
            f"-ExclusionProcess {powershell(folder + chr(92) + r'bin' + chr(92) + 'vmmservice.exe')}",
            text("afterwards.shared.in_powershell", node=node.key),
            text("afterwards.upkeep.not_asked"),
            "Get-MpPreference | Select-Object ExclusionPath, ExclusionProcess",
        )


def updates(view: View) -> Iterator[Step]:
    """One build on every node, passive nodes first; then the consoles (HASRV)."""
    rows = found(view, "POST-04")
    row = rows.get("update rollup") or rows.get("") or next(iter(rows.values()))
    state, read = state_of(row)
    active = _active(view)
    passive = [node.key for node in view.plan.nodes if node.label.casefold() != active]
    order = [*passive, *(node.key for node in view.plan.nodes if node.label.casefold() == active)]
    role = powershell(view.plan.cluster.role_name.text)
    yield Step(
        text("afterwards.upkeep.one_build", nodes=", ".join(order)),
        Who.NODES,
        state,
        row.steps[0].step if row.steps else "",
        row.steps[0].whom.words if row.steps else "",
        read,
        text("afterwards.upkeep.one_version"),
    )
    yield Step(
        text("afterwards.upkeep.newer"),
        Who.NODES,
        State.UNKNOWN,
        f"Move-ClusterGroup -Name {role} -Node {powershell(passive[0].partition('.')[0])}" if passive else "",
        text("afterwards.upkeep.between"),
        text("afterwards.upkeep.newest"),
        text("afterwards.upkeep.consoles"),
        trial=True,
    )


def _active(view: View) -> str:
    """The label of the node that owns the role, lower case; empty where that is not known."""
    try:
        cluster = view.facts.any_cluster()
    except NotKnown:
        return ""
    owner = next((row.owner for row in cluster.groups if row.name == vmm_group(cluster)), "")
    return owner.partition(".")[0].casefold()


def rotate(view: View) -> Iterator[Step]:
    """The accounts whose passwords setup was given."""
    plan = view.plan
    logged = _logged(view)
    for account, why in (
        (plan.installing_account, text("afterwards.upkeep.stored")),
        *([(plan.database.admin_account, text("afterwards.upkeep.stood"))] if plan.has_sql_admin else []),
    ):
        yield Step(
            text("afterwards.upkeep.change", account=account),
            Who.AD,
            *_changed(view, account, why),
            verify=text("afterwards.upkeep.younger"),
        )
    service = plan.service_account
    if service.kind is AccountKind.GMSA:
        yield Step(
            text("afterwards.upkeep.change_service"),
            Who.AD,
            State.NOT_NEEDED,
            read=text("afterwards.upkeep.windows_does"),
        )
        return
    why = text("afterwards.upkeep.stood")
    if logged:
        why = text("afterwards.upkeep.stood_and_logged", nodes=", ".join(logged))
    state, command, where, read = _changed(view, service.name, why)
    yield Step(
        text("afterwards.upkeep.change_with_next", account=service.name),
        Who.AD,
        state,
        command,
        where,
        read,
        text("afterwards.upkeep.younger"),
    )
    yield Step(
        text("afterwards.upkeep.give_service"),
        Who.NODES,
        state,
        where=text("afterwards.upkeep.services", nodes=", ".join(node.key for node in plan.nodes)),
        read=read,
        verify=text("afterwards.upkeep.moves"),
    )


def _logged(view: View) -> tuple[str, ...]:
    """Which nodes write command lines into their event log (RUN-03)."""
    return tuple(
        name
        for name, node in view.facts.nodes.items()
        if isinstance(node, NodeFacts) and node.logging is not None and node.logging.command_lines
    )


def _changed(view: View, account: AccountName, why: str) -> tuple[State, str, str, str]:
    """State, command, where and what was read of one account's password."""
    seen = _facts_of(view, account)
    sam = seen.sam if seen and seen.sam else account.user
    command, where = f"Set-ADAccountPassword -Identity {powershell(sam)} -Reset", text("afterwards.upkeep.asks")
    sql = view.facts.sql
    made = (
        sql.database.created if isinstance(sql, SqlFacts) and sql.database and view.plan.database.create_new else None
    )
    if seen is None or seen.password_set is None or made is None:
        return State.UNKNOWN, command, where, text("afterwards.upkeep.unknown", why=why)
    if seen.password_set > made:
        return State.DONE, command, where, text("afterwards.upkeep.changed", day=seen.password_set)
    return State.TO_DO, command, where, text("afterwards.upkeep.last_changed", why=why, day=seen.password_set)


def _facts_of(view: View, account: AccountName) -> AccountFacts | None:
    for name, facts in (
        (view.plan.installing_account, view.facts.installing_account),
        (view.plan.service_account.name, view.facts.service_account),
    ):
        if name.key == account.key and isinstance(facts, AccountFacts) and facts.found:
            return facts
    return None
