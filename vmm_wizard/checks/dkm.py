"""Checks of the container that holds VMM's encryption keys (DKM)."""

from __future__ import annotations

from collections.abc import Iterator

from vmm_wizard.checks.accounts import found_account, sids_of
from vmm_wizard.checks.registry import Verdict, check, failed, not_applicable, passed, unknown, warned
from vmm_wizard.checks.remedies import (
    AD_TEAM,
    Remedy,
    ask,
    down_level,
    full_control,
    in_plan,
    powershell,
    same_account,
    show_descriptor,
)
from vmm_wizard.checks.rights import (
    FULL_CONTROL,
    READ_WRITE_CREATE,
    Access,
    access,
    is_deletion_protection,
    words,
)
from vmm_wizard.checks.schedule import situation
from vmm_wizard.facts.model import Ace, ContainerFacts, DomainFacts, Facts, RehearsalFacts, SecurityDescriptor, known
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.names import DistinguishedName

#: Characters that RFC 4514 wants escaped: nobody has seen setup cope with them.
_AWKWARD = set(',+"\\<>;=#')


def _is_container(container: ContainerFacts) -> bool:
    return "container" in {name.casefold() for name in container.object_classes}


def _other_domain(plan: Plan, facts: Facts) -> bool:
    """Whether the DN lies outside the domain, as far as that is known."""
    return isinstance(facts.domain, DomainFacts) and plan.dkm.dn.dns_domain != facts.domain.dns_name.casefold()


def _usable(plan: Plan, facts: Facts) -> ContainerFacts | None:
    """The container, None when DKM-06 or DKM-01 must be settled first; raises NotKnown."""
    if _other_domain(plan, facts):
        return None
    container = known(facts.dkm)
    return container if container.found else None


#: sDRightsEffective: the DACL may be changed (MS-ADTS 3.1.1.4.5.4).
_DACL = 0x4

_FIRST = "DKM-01 first: the container is not there"


@check("DKM-01", topic="dkm", source="DKM", needs=("dkm.container",))
def container_exists(plan: Plan, facts: Facts) -> Verdict:
    """An object of class container, made before setup. An organizational unit warns: the docs only know containers."""
    if _other_domain(plan, facts):
        return not_applicable("DKM-06 first: the name lies outside the domain")
    container = known(facts.dkm)
    dn = str(plan.dkm.dn)
    kind, name = plan.dkm.dn.rdns[0]
    path = powershell(str(plan.dkm.dn.parent))
    make = (
        f"New-ADObject -Type container -Name {powershell(name)} -Path {path} -ProtectedFromAccidentalDeletion $true; "
        + full_control(dn, down_level(plan.installing_account, facts))
    )
    if container.referral:
        return failed(
            f"the directory refers {dn} to {container.referral}", in_plan("name a container of the nodes' own domain")
        )
    if not container.found:
        if kind.upper() != "CN":
            return not_applicable("DKM-06 first: the name is not that of a container")
        return failed(f"the directory has no object {dn}", ask(AD_TEAM, make))
    classes = ", ".join(container.object_classes)
    if _is_container(container):
        return passed(f"found {container.dn} ({classes})")
    if "organizationalunit" in {row.casefold() for row in container.object_classes}:
        return warned(
            f"{container.dn} is an organizational unit; Microsoft describes a container",
            ask(AD_TEAM, "make a container (New-ADObject -Type container) and name it in the plan"),
        )
    return failed(
        f"{container.dn} is no container ({classes})",
        ask(AD_TEAM, "make a container (New-ADObject -Type container) and name it in the plan"),
    )


@check(
    "DKM-02",
    topic="dkm",
    source="DKM",
    needs=("dkm.container", "installing_account"),
)
def installer_has_full_control(plan: Plan, facts: Facts) -> Iterator[Verdict]:
    """On this object and all descendants. A rehearsal saw it from inside and wins, but it cannot see inheritance."""
    container = _usable(plan, facts)
    if container is None:
        yield not_applicable(_FIRST)
        return
    name = down_level(plan.installing_account, facts)
    grant = full_control(container.dn, name)
    remedy = ask(AD_TEAM, grant)
    refused = _refused_inside(facts)
    if refused:
        yield failed(
            refused, ask(AD_TEAM, f"{grant}; {show_descriptor(container.dn)} shows a deny that stands in the way")
        )
        return
    seen_inside = _allowed_inside(facts)
    account = found_account(facts.installing_account)
    if account is None:
        yield not_applicable("INS-02 first: the installing account is not there")
        return
    if container.descriptor is None:
        yield passed(seen_inside) if seen_inside else unknown(f"the permissions of {container.dn} could not be read")
        return
    granted = access(container.descriptor, sids_of(account))
    evidence = _evidence(name, container.dn, granted)
    if granted.on_object & FULL_CONTROL != FULL_CONTROL and not seen_inside:
        yield failed(evidence, _less_remedy(container, sids_of(account), remedy))
    elif not granted.covers(FULL_CONTROL):
        yield warned("; ".join(filter(None, (seen_inside, evidence))), remedy)
    elif not granted.protected:
        protect = f"Set-ADObject -Identity {powershell(container.dn)} -ProtectedFromAccidentalDeletion $true"
        yield warned(f"{evidence}; but it is not protected from accidental deletion", ask(AD_TEAM, protect))
    else:
        yield passed(f"{evidence}; it is protected from accidental deletion")


def _refused_inside(facts: Facts) -> str:
    """What a rehearsal could not do with the container, empty when none failed at that."""
    for node, rehearsal in facts.rehearsals.items():
        if not isinstance(rehearsal, RehearsalFacts) or not rehearsal.registered or not rehearsal.user:
            continue
        if rehearsal.dkm_error or not rehearsal.dkm_found:
            return f"on {node}, {rehearsal.user} could not open it: {rehearsal.dkm_error or 'not found'}"
        if not _may_make_keys(rehearsal):
            allowed = ", ".join(rehearsal.dkm_allowed_child_classes) or "nothing"
            return (
                f"on {node}, {rehearsal.user} may create {allowed} in it (allowedChildClassesEffective) and "
                f"{'may' if rehearsal.dkm_sd_rights & 4 else 'may not'} change its permissions (sDRightsEffective)"
            )
    return ""


def _may_make_keys(rehearsal: RehearsalFacts) -> bool:
    classes = {name.casefold() for name in rehearsal.dkm_allowed_child_classes}
    return "container" in classes and bool(rehearsal.dkm_sd_rights & 4)


def _allowed_inside(facts: Facts) -> str:
    """What the rehearsals proved, empty when there are none that got so far."""
    nodes = [
        node for node, rehearsal in facts.rehearsals.items() if isinstance(rehearsal, RehearsalFacts) and rehearsal.user
    ]
    if not nodes:
        return ""
    return f"the rehearsal on {', '.join(nodes)} could make containers in it and change its permissions"


def _evidence(name: str, dn: str, granted: Access) -> str:
    on_object, below = words(granted.on_object), words(granted.on_descendants)
    if on_object == below:
        return f"{name} has on {dn} and all descendants: {on_object}"
    return f"{name} has on {dn}: {on_object}; on descendants: {below}"


def _denials(descriptor: SecurityDescriptor, sids: frozenset[str]) -> list[Ace]:
    return [
        ace for ace in descriptor.dacl or () if not ace.allow and ace.sid in sids and not is_deletion_protection(ace)
    ]


def _less_remedy(container: ContainerFacts, sids: frozenset[str], grant: Remedy) -> Remedy:
    denials = _denials(container.descriptor, sids) if container.descriptor else []
    if not denials:
        return grant
    who = ", ".join(sorted({ace.sid for ace in denials}))
    return ask(
        AD_TEAM,
        f"a deny for {who} stands in the way: {show_descriptor(container.dn)} shows it; find out who set it and why, "
        f"then grant by {grant.step}",
    )


@check(
    "DKM-03",
    topic="dkm",
    source="TTB",
    needs=("dkm.container", "service_account.name"),
)
def service_account_has_rights(plan: Plan, facts: Facts) -> Verdict:
    """Reading, writing and making children at least. Only warns: setup may grant what the docs do not ask for."""
    container = _usable(plan, facts)
    if container is None:
        return not_applicable(_FIRST)
    account = found_account(facts.service_account)
    if account is None:
        return not_applicable("ACC-01 first: the account is not there")
    if container.descriptor is None:
        return unknown(f"the permissions of {container.dn} could not be read")
    name = down_level(plan.service_account.name, facts)
    granted = access(container.descriptor, sids_of(account))
    evidence = _evidence(name, container.dn, granted)
    if granted.covers(READ_WRITE_CREATE):
        return passed(evidence)
    return warned(evidence, ask(AD_TEAM, full_control(container.dn, name)))


@check(
    "DKM-04",
    topic="dkm",
    source="expert",
    needs=("dkm.container", "installing_account"),
)
def directory_agrees(plan: Plan, facts: Facts) -> Verdict:
    """What AD works out for the account that asks, held against what the entries say: a second opinion, which only
    counts when that account is the installing one. It knows what entries alone do not show (conditions, logon types).
    """
    container = _usable(plan, facts)
    if container is None:
        return not_applicable(_FIRST)
    name = down_level(plan.installing_account, facts)
    if not same_account(container.asked_as, plan.installing_account, facts):
        return not_applicable(
            f"the directory was asked as {container.asked_as or 'nobody'}, and says nothing of {name}'s own rights"
        )
    if container.sd_rights_effective is None or container.allowed_child_classes_effective is None:
        return unknown(f"what the directory lets {name} do with {container.dn} could not be read")
    makes = "container" in {row.casefold() for row in container.allowed_child_classes_effective}
    changes = bool(container.sd_rights_effective & _DACL)
    said = (
        f"it {'may' if makes else 'may not'} make containers in it and "
        f"{'may' if changes else 'may not'} change its permissions"
    )
    if makes and changes:
        return passed(f"the directory says of {name} on {container.dn}: {said}")
    account = found_account(facts.installing_account)
    if account is not None and container.descriptor is not None:
        granted = access(container.descriptor, sids_of(account))
        if granted.on_object & FULL_CONTROL != FULL_CONTROL:
            return not_applicable("DKM-02 first: the permissions themselves give less than Full Control")
    return warned(
        f"the directory says of {name} on {container.dn}: {said}, whatever its entries seem to grant",
        ask(
            AD_TEAM,
            f"{show_descriptor(container.dn)} shows every entry; look for one that denies something to a special "
            "identity (NETWORK, NTLM Authentication) or under a condition, and agree with its owner what to do",
        ),
    )


@check("DKM-05", topic="dkm", source="PHX", needs=("dkm.container",))
def container_is_free(plan: Plan, facts: Facts) -> Verdict:
    """Empty before a new installation; afterwards the keys in it are this role's own. A database that is kept from an
    earlier VMM is of no use without its keys: then they must be there (DKM)."""
    container = _usable(plan, facts)
    if container is None:
        return not_applicable(_FIRST)
    database = plan.database.name
    kept = _kept_database(plan, facts)
    if not container.children:
        if not kept:
            return passed(f"{container.dn} is empty")
        return failed(
            f"{container.dn} is empty, and database {database} is VMM's from before: its keys are lost, or elsewhere",
            in_plan(
                "name the container that the earlier VMM used",
                ask(
                    AD_TEAM,
                    "if it was that one, bring back what was deleted in it: Get-ADObject -IncludeDeletedObjects "
                    f"-Filter {powershell('isDeleted -eq $true')} -SearchBase {powershell(container.dn)}; else restore "
                    "it from a backup of the directory",
                ),
            ),
        )
    evidence = f"{container.dn} holds {len(container.children)} objects, first {container.children[0]}"
    if situation(plan, facts).ours:
        return passed(f"{evidence}: the planned role is installed, and they are its keys")
    if kept:
        return passed(f"{evidence}: keys, as database {database} from before wants them")
    return warned(
        f"{evidence}: another VMM uses it, or used it",
        in_plan("choose another container, unless this VMM shall share the other one's keys"),
    )


def _kept_database(plan: Plan, facts: Facts) -> bool:
    """Whether the plan takes a database that VMM has lived in; raises NotKnown where it takes one nobody has seen."""
    if plan.database.create_new:
        return False
    database = known(facts.sql).database
    return database is not None and bool(database.is_vmm)


@check("DKM-06", topic="dkm", source="DKM", needs=("dkm.container",))
def name_fits(plan: Plan, facts: Facts) -> Verdict:
    """CN= first, and the DC part the domain's own. Characters to escape warn: setup was never seen with them."""
    dn = plan.dkm.dn
    kind, name = dn.rdns[0]
    if kind.upper() != "CN":
        return failed(
            f"{dn} begins with {kind}=, and a container's name begins with CN=",
            in_plan("write the container's own name, such as CN=VMMDKM,DC=corp,DC=example"),
        )
    domain = known(facts.domain)
    if dn.dns_domain != domain.dns_name.casefold():
        return failed(
            f"{dn} lies in {dn.dns_domain or 'no domain'}, and the domain is {domain.dns_name}",
            in_plan(f"write {_in_domain(dn, domain.base)}"),
        )
    awkward = sorted(set(name) & _AWKWARD)
    if awkward:
        return warned(
            f"the name holds {' '.join(awkward)}, which must be escaped; setup may not cope",
            ask(AD_TEAM, "make a container with a plain name"),
        )
    return passed(f"{dn} lies in {domain.base}, by {domain.server}")


@check(
    "DKM-07",
    topic="dkm",
    source="expert",
    needs=("dkm.container",),
)
def container_is_replicated(plan: Plan, facts: Facts) -> Iterator[Verdict]:
    """On every other writable controller of the answering one's site, as far as they were asked. Only warns: a new
    container gets there by itself, and which controller a node's setup will ask nobody knows."""
    container = _usable(plan, facts)
    if container is None:
        yield not_applicable(_FIRST)
        return
    replicas = known(facts.replicas)
    if replicas.from_node:
        yield not_applicable(f"only {replicas.server} can be asked, from a node")
        return
    more = f"; not asked: {', '.join(replicas.left_out)}" if replicas.left_out else ""
    for host in replicas.lacking:
        copy = " ".join(map(powershell, (host, replicas.server, container.dn)))
        yield warned(
            f"{host} does not have {container.dn} yet, which {replicas.server} has{more}",
            ask(AD_TEAM, f"repadmin /replsingleobj {copy}"),
            subject=host,
        )
    for host, reason in replicas.silent.items():
        yield unknown(f"whether {host} has {container.dn} is not known: {reason}{more}", subject=host)
    if replicas.having:
        yield passed(f"{', '.join((replicas.server, *replicas.having))} have {container.dn}{more}")
    elif not replicas.lacking and not replicas.silent:
        yield passed(f"site {replicas.site} has no other writable domain controller than {replicas.server}")


def _in_domain(dn: DistinguishedName, base: str) -> str:
    rest = DistinguishedName(tuple(rdn for rdn in dn.rdns if rdn[0].upper() != "DC"))
    return f"{rest},{base}"
