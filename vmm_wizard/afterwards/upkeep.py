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

#: A full backup is looked for each week, one of the log each day.
_WEEK, _DAY = timedelta(days=7), timedelta(days=1)
#: Days that VMM runs without a product key (INST).
_EVALUATION = timedelta(days=180)
_SERVICES = "services.msc: System Center Virtual Machine Manager, Properties, Log On"


def backup(view: View) -> Iterator[Step]:
    """The database, its log where it has one to keep, the keys in the directory, and VMM's settings on a node."""
    name = view.plan.database.name
    where = f"on {view.plan.database.target}"
    state, read = judged(lambda: _full(view))
    yield Step(
        "Back the database up, and let a job do it from now on",
        Who.SQL,
        state,
        f"BACKUP DATABASE {sql_name(name)} TO DISK = {sql_text(name + '.bak')} WITH CHECKSUM;",
        where,
        read,
        "a full backup of the last seven days",
    )
    state, read = judged(lambda: _log(view))
    yield Step(
        "Back its log up as well, each day or oftener: it grows until then",
        Who.SQL,
        state,
        f"BACKUP LOG {sql_name(name)} TO DISK = {sql_text(name + '.trn')};",
        where,
        read,
        "a backup of the log of the last day, while the recovery model is FULL",
    )
    container = powershell(str(view.plan.dkm.dn))
    state, read = judged(lambda: _protected(view))
    yield Step(
        "Protect the DKM container from accidental deletion",
        Who.AD,
        state,
        f"Set-ADObject -Identity {container} -ProtectedFromAccidentalDeletion $true",
        "in PowerShell",
        read,
        "DKM-02 says that it is protected",
    )
    yield Step(
        "Have the directory backed up with the keys in it (system state of a domain controller)",
        Who.AD,
        State.UNKNOWN,
        "repadmin /showbackup *",
        "on a domain controller: it shows when each partition was last backed up",
        "the directory's backups are not seen from here",
        f"the backup is newer than the install, and a restore of {view.plan.dkm.dn} was tried once",
    )
    key = REGISTRY.replace("HKLM:", "HKLM") + r"\Settings"
    yield Step(
        "Keep a copy of VMM's settings in the registry of a node",
        Who.NODES,
        State.UNKNOWN,
        rf'reg.exe export "{key}" "$env:USERPROFILE\vmm-settings.reg"',
        f"in PowerShell on {view.plan.nodes[0]}" if view.plan.nodes else "on a node",
        verify="the file is kept where backups are",
        trial=True,
    )


def _sql(view: View) -> tuple[SqlFacts, datetime]:
    sql = known(view.facts.sql)
    if sql.database is None:
        raise NotKnown(NoAnswer(f"{sql.server} does not show the database {view.plan.database.name}"))
    if sql.database.backups is None or sql.utc_time is None:
        raise NotKnown(NoAnswer(f"{sql.logged_on_as} may not see the backups of {sql.server}", "denied"))
    return sql, sql.utc_time


def _recent(time: datetime | None, now: datetime, limit: timedelta, what: str) -> tuple[State, str]:
    if time is None:
        return State.TO_DO, f"there is no {what}"
    fresh = now - time <= limit
    return (State.DONE if fresh else State.TO_DO), f"last {what}: {time:%Y-%m-%d %H:%M} UTC"


def _full(view: View) -> tuple[State, str]:
    sql, now = _sql(view)
    assert sql.database is not None
    assert sql.database.backups is not None
    return _recent(sql.database.backups.full, now, _WEEK, "full backup")


def _log(view: View) -> tuple[State, str]:
    sql, now = _sql(view)
    assert sql.database is not None
    assert sql.database.backups is not None
    model = (sql.database.recovery_model or "").upper()
    if model == "SIMPLE":
        return State.NOT_NEEDED, "with the recovery model SIMPLE there is no log to keep"
    state, read = _recent(sql.database.backups.log, now, _DAY, "backup of the log")
    if state is State.TO_DO and sql.database.availability_group:
        return State.UNKNOWN, f"{read} on {sql.server}; it may be made on another replica"
    return state, read


def _protected(view: View) -> tuple[State, str]:
    container = known(view.facts.dkm)
    if container.descriptor is None:
        raise NotKnown(NoAnswer(f"the permissions of {container.dn} could not be read", "denied"))
    good = any(is_deletion_protection(ace) for ace in container.descriptor.dacl or ())
    return (State.DONE if good else State.TO_DO), f"{container.dn} is {'' if good else 'not '}protected"


def evaluation(view: View) -> Iterator[Step]:
    """Known by the product key alone, which the answers hold or not; its end by when setup made the database."""
    if view.plan.registration.product_key:
        yield Step("Enter a product key", Who.YOU, State.NOT_NEEDED, read="the answers hold a product key")
        return
    sql = view.facts.sql
    made = (
        sql.database.created if isinstance(sql, SqlFacts) and sql.database and view.plan.database.create_new else None
    )
    ends = f", so it ends about {made + _EVALUATION:%Y-%m-%d}" if made else ""
    since = f"; the database was made on {made:%Y-%m-%d}{ends}" if made else ""
    yield Step(
        "Enter a product key before the evaluation ends; all nodes share it",
        Who.YOU,
        State.TO_DO,
        where="in the console: About, Enter product key (unconfirmed); else uninstall and install again with "
        f"registration.product_key in {view.file} and the database kept",
        read=f"the answers hold no product key{since}",
        verify="About in the console names no evaluation",
    )


def antivirus(view: View) -> Iterator[Step]:
    """Not seen from here: every product keeps its exclusions elsewhere. Which ones are expert knowledge
    (unconfirmed)."""
    folder = view.plan.program_files.rstrip("\\")
    paths = (folder, r"C:\ProgramData\VMMLogs", r"C:\ProgramData\Virtual Machine Manager", r"C:\Windows\Cluster")
    for node in view.plan.nodes:
        yield Step(
            f"Exclude VMM and the cluster from scanning on {node.key} (with Microsoft Defender; others likewise)",
            Who.NODES,
            State.UNKNOWN,
            f"Add-MpPreference -ExclusionPath {','.join(powershell(path) for path in paths)} "
            f"-ExclusionProcess {powershell(folder + chr(92) + r'bin' + chr(92) + 'vmmservice.exe')}",
            f"in PowerShell on {node.key}",
            "what a scanner leaves out is not asked",
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
        f"Bring every node to one build, in this order: {', '.join(order)}",
        Who.NODES,
        state,
        row.steps[0].step if row.steps else "",
        row.steps[0].whom.words if row.steps else "",
        read,
        "POST-04 shows one version",
    )
    yield Step(
        "Look for a newer update rollup: passive nodes first, move the role, then the node that had it",
        Who.NODES,
        State.UNKNOWN,
        f"Move-ClusterGroup -Name {role} -Node {powershell(passive[0].partition('.')[0])}" if passive else "",
        "between the passive nodes and the active one, while no job runs",
        "which rollup is the newest is not known here; back the database up before",
        "all consoles get the same rollup",
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
        (plan.installing_account, "it was stored with setup's task on each node"),
        *([(plan.database.admin_account, "it stood on setup's command line")] if plan.has_sql_admin else []),
    ):
        yield Step(
            f"Change the password of {account}, or disable it until the next update",
            Who.AD,
            *_changed(view, account, why),
            verify="its password is younger than VMM's database",
        )
    service = plan.service_account
    if service.kind is AccountKind.GMSA:
        yield Step("Change the service account's password", Who.AD, State.NOT_NEEDED, read="Windows changes it itself")
        return
    why = f"it stood on setup's command line{logged}"
    state, command, where, read = _changed(view, service.name, why)
    yield Step(
        f"Change the password of {service.name}, together with the next step",
        Who.AD,
        state,
        command,
        where,
        read,
        "its password is younger than VMM's database",
    )
    yield Step(
        "Give the service the new password on every node, passive ones first; then move the role once",
        Who.NODES,
        state,
        where=f"{_SERVICES}, on {', '.join(node.key for node in plan.nodes)}",
        read=read,
        verify="the role moves to each node and comes online (POST-02)",
    )


def _logged(view: View) -> str:
    """Which nodes write command lines into their event log, as the end of a sentence (RUN-03)."""
    nodes = [
        name
        for name, node in view.facts.nodes.items()
        if isinstance(node, NodeFacts) and node.logging is not None and node.logging.command_lines
    ]
    return f", and {', '.join(nodes)} write command lines into the event log" if nodes else ""


def _changed(view: View, account: AccountName, why: str) -> tuple[State, str, str, str]:
    """State, command, where and what was read of one account's password."""
    seen = _facts_of(view, account)
    sam = seen.sam if seen and seen.sam else account.user
    command, where = f"Set-ADAccountPassword -Identity {powershell(sam)} -Reset", "in PowerShell: it asks for it"
    sql = view.facts.sql
    made = (
        sql.database.created if isinstance(sql, SqlFacts) and sql.database and view.plan.database.create_new else None
    )
    if seen is None or seen.password_set is None or made is None:
        return State.UNKNOWN, command, where, f"{why}; when it was changed is not known"
    if seen.password_set > made:
        return State.DONE, command, where, f"changed on {seen.password_set:%Y-%m-%d}, after the install"
    return State.TO_DO, command, where, f"{why}; last changed on {seen.password_set:%Y-%m-%d}"


def _facts_of(view: View, account: AccountName) -> AccountFacts | None:
    for name, facts in (
        (view.plan.installing_account, view.facts.installing_account),
        (view.plan.service_account.name, view.facts.service_account),
    ):
        if name.key == account.key and isinstance(facts, AccountFacts) and facts.found:
            return facts
    return None
