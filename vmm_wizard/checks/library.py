"""Checks of the library's file server (LIB)."""

from __future__ import annotations

from vmm_wizard.checks.cluster import cluster_of_plan
from vmm_wizard.checks.registry import Verdict, check, failed, not_applicable, passed, unknown, warned
from vmm_wizard.checks.remedies import Contact, Team, ask, down_level, in_plan, powershell
from vmm_wizard.facts.model import Facts, LibraryFacts, LibraryShare, PrincipalNameFacts, known
from vmm_wizard.plan.model import Plan
from vmm_wizard.texts import text

#: Who needs full access to the share beside the service account, by SID: their names differ by language.
_SYSTEM = "S-1-5-18"
_ADMINISTRATORS = "S-1-5-32-544"
#: All bits of file access, as `Full` of a share sets them.
_FULL = 0x1F01FF
_GENERIC_ALL = 0x10000000
_SCALE_OUT = "scaleoutfileserver"

_FILE_TEAM = Contact(Team.NODES, "file_server_admin")


@check("LIB-01", topic="cluster", source="HALIB")
def library_file_server(plan: Plan, facts: Facts) -> Verdict:
    """A clustered file server on another cluster, not a scale-out one, with a share that VMM may use (HALIB, SEED)."""
    host = plan.library_host
    if not host:
        return not_applicable(text("evidence.LIB-01.none"))
    label = host.partition(".")[0]
    other = in_plan(text("evidence.LIB-01.mend"))
    if label in {node.label.casefold() for node in plan.nodes} | _names_on_cluster(plan, facts):
        return failed(text("evidence.LIB-01.on_cluster", host=host, cluster=plan.cluster.name), other)
    names = known(facts.principal_names)
    if not _held(names, f"MSClusterVirtualServer/{host}"):
        if not _held(names, f"HOST/{host}"):
            return warned(text("evidence.LIB-01.unknown", host=host), in_plan(text("evidence.LIB-01.mend_unknown")))
        return warned(text("evidence.LIB-01.standalone", host=host), other)
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
    other = in_plan(text("evidence.LIB-01.mend_scale_out"))
    if library.role is None:
        both = {"node": library.computer_name, "host": host}
        if library.error:
            return unknown(text("evidence.LIB-01.role_unreadable", **both, error=library.error))
        return unknown(text("evidence.LIB-01.no_role", **both))
    role = text(
        "evidence.LIB-01.role",
        host=host,
        role=library.role.name,
        kind=library.role.kind,
        cluster=library.cluster_name,
    )
    if library.role.kind.casefold() == _SCALE_OUT:
        return failed(role, other)
    if library.cluster_name.casefold() == plan.cluster.name.label.casefold():
        return failed(text("evidence.LIB-01.own_cluster", role=role), other)
    if library.shares is None:
        return unknown(text("evidence.LIB-01.shares_unreadable", role=role, error=library.error))
    account = known(facts.service_account).sids
    for share in library.shares:
        if not _lacking(share, account):
            return passed(text("evidence.LIB-01.good", role=role, account=plan.service_account.name, share=share.name))
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
    words = {
        _SYSTEM: text("evidence.LIB-01.system"),
        _ADMINISTRATORS: text("evidence.LIB-01.administrators"),
        "account": str(plan.service_account.name),
    }
    found = "; ".join(
        text("evidence.LIB-01.lacks", share=share.name, who=", ".join(words[one] for one in _lacking(share, account)))
        for share in shares
    )
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
    share = f"-Name {powershell(name)} -ScopeName {powershell(label)}"
    access = f"Grant-SmbShareAccess {share} -AccountName $_ -AccessRight Full -Force"
    grant = f"{accounts} | ForEach-Object {{ {access} }}"
    if not shares:
        step = text("evidence.LIB-01.mend_no_share", command=grant)
        return warned(text("evidence.LIB-01.no_share", role=role), ask(_FILE_TEAM, step))
    step = text("evidence.LIB-01.mend_access", command=grant)
    return warned(text("evidence.LIB-01.no_access", role=role, shares=found), ask(_FILE_TEAM, step))
