"""Checks of the library's file server (LIB)."""

from __future__ import annotations

from vmm_wizard.checks.cluster import cluster_of_plan
from vmm_wizard.checks.registry import Verdict, check, failed, not_applicable, passed, unknown, warned
from vmm_wizard.checks.remedies import Team, Whom, ask, down_level, in_plan, powershell
from vmm_wizard.facts.model import Facts, LibraryFacts, LibraryShare, PrincipalNameFacts, known
from vmm_wizard.plan.model import Plan

#: Who needs full access to the share beside the service account, by SID: their names differ by language.
_SYSTEM = "S-1-5-18"
_ADMINISTRATORS = "S-1-5-32-544"
#: All bits of file access, as `Full` of a share sets them.
_FULL = 0x1F01FF
_GENERIC_ALL = 0x10000000
_SCALE_OUT = "scaleoutfileserver"

_FILE_TEAM = Whom(Team.NODES, "file server admin")


@check("LIB-01", topic="cluster", source="HALIB")
def library_file_server(plan: Plan, facts: Facts) -> Verdict:
    """A clustered file server on another cluster, not a scale-out one, with a share that VMM may use (HALIB, SEED)."""
    host = plan.library_host
    if not host:
        return not_applicable("no file server for the library is chosen; a share is added after setup")
    label = host.partition(".")[0]
    other = in_plan("choose a file server role on another failover cluster, or leave library.file_server empty")
    if label in {node.label.casefold() for node in plan.nodes} | _names_on_cluster(plan, facts):
        return failed(f"{host} is on the VMM cluster {plan.cluster.name}", other)
    names = known(facts.principal_names)
    if not _held(names, f"MSClusterVirtualServer/{host}"):
        if not _held(names, f"HOST/{host}"):
            return warned(f"the directory has no computer {host}", in_plan("correct library.file_server"))
        return warned(f"{host} is not clustered: without that machine VMM has no library", other)
    return _asked(plan, facts, host, known(facts.library))


def _names_on_cluster(plan: Plan, facts: Facts) -> set[str]:
    """Every name of the VMM cluster: its nodes, and what its network names are called. Raises NotKnown."""
    cluster = cluster_of_plan(plan, facts)
    if cluster is None:
        return set()
    nodes = {row.name.partition(".")[0].casefold() for row in cluster.nodes}
    return nodes | {row.value.partition(".")[0].casefold() for row in cluster.addresses if row.kind == "name"}


def _held(names: PrincipalNameFacts, name: str) -> bool:
    return any(holders for held, holders in names.holders.items() if held.casefold() == name.casefold())


def _asked(plan: Plan, facts: Facts, host: str, library: LibraryFacts) -> Verdict:
    """The verdict by what the file server says of itself."""
    other = in_plan("choose a file server for general use: a scale-out one is not for a library")
    if library.role is None:
        said = f": {library.error}" if library.error else ""
        return unknown(f"{library.computer_name}, which answers for {host}, did not tell its cluster role{said}")
    role = f"{host} is role {library.role.name} ({library.role.kind}) on cluster {library.cluster_name}"
    if library.role.kind.casefold() == _SCALE_OUT:
        return failed(role, other)
    if library.cluster_name.casefold() == plan.cluster.name.label.casefold():
        return failed(f"{role}, VMM's own", other)
    if library.shares is None:
        return unknown(f"{role}; its shares could not be read: {library.error}")
    account = known(facts.service_account).sids
    for share in library.shares:
        if not _lacking(share, account):
            return passed(
                f"{role}; SYSTEM, Administrators and {plan.service_account.name} have full access to {share.name}"
            )
    return _no_share(plan, facts, role, host, library.shares, account)


def _lacking(share: LibraryShare, account: frozenset[str]) -> tuple[str, ...]:
    """Which of the three have no full access to a share: "S-1-5-18", "S-1-5-32-544", "account"."""
    wanted = ((_SYSTEM, {_SYSTEM}), (_ADMINISTRATORS, {_ADMINISTRATORS}), ("account", set(account)))
    return tuple(name for name, sids in wanted if not _has_full(share, sids))


def _has_full(share: LibraryShare, sids: set[str]) -> bool:
    """Whether entries for these SIDs give all bits, read in order: a bit that was denied before is not given."""
    given = denied = 0
    for entry in share.entries:
        if entry.sid in sids | {"S-1-1-0"}:
            mask = _FULL if entry.mask & _GENERIC_ALL else entry.mask & _FULL
            if entry.allow:
                given |= mask & ~denied
            else:
                denied |= mask & ~given
    return given == _FULL


def _no_share(
    plan: Plan, facts: Facts, role: str, host: str, shares: tuple[LibraryShare, ...], account: frozenset[str]
) -> Verdict:
    words = {_SYSTEM: "SYSTEM", _ADMINISTRATORS: "Administrators", "account": str(plan.service_account.name)}
    found = [f"{share.name} lacks {', '.join(words[name] for name in _lacking(share, account))}" for share in shares]
    name = shares[0].name if shares else "VMMLibrary"
    label = host.partition(".")[0]
    accounts = ", ".join(
        [
            f"(New-Object Security.Principal.SecurityIdentifier {powershell(sid)}).Translate("
            "[Security.Principal.NTAccount]).Value"
            for sid in (_SYSTEM, _ADMINISTRATORS)
        ]
        + [powershell(down_level(plan.service_account.name, facts))]
    )
    grant = (
        f"{accounts} | ForEach-Object {{ Grant-SmbShareAccess -Name {powershell(name)} -ScopeName {powershell(label)} "
        "-AccountName $_ -AccessRight Full -Force }"
    )
    step = f"in PowerShell on the node that owns the role: {grant}"
    if not shares:
        step = f"make a share on the role, then {step}"
    return warned(f"{role}; {'; '.join(found) or 'it has no share yet'} (full access)", ask(_FILE_TEAM, step))
