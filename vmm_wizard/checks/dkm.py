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
from vmm_wizard.texts import counted, text

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


@check("DKM-01", topic="dkm", source="DKM", needs=("dkm.container",))
def container_exists(plan: Plan, facts: Facts) -> Verdict:
    """An object of class container, made before setup. An organizational unit warns: the docs only know containers."""
    if _other_domain(plan, facts):
        return not_applicable(text("evidence.DKM-01.other_domain"))
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
            text("evidence.DKM-01.referred", dn=dn, referral=container.referral),
            in_plan(text("evidence.DKM-01.choose_own_domain")),
        )
    if not container.found:
        if kind.upper() != "CN":
            return not_applicable(text("evidence.DKM-01.name_first"))
        return failed(text("evidence.DKM-01.missing", dn=dn), ask(AD_TEAM, make))
    classes = ", ".join(container.object_classes)
    if _is_container(container):
        return passed(text("evidence.DKM-01.found", dn=container.dn, classes=classes))
    if "organizationalunit" in {row.casefold() for row in container.object_classes}:
        return warned(
            text("evidence.DKM-01.a_unit", dn=container.dn),
            ask(AD_TEAM, text("evidence.DKM-01.make_container")),
        )
    return failed(
        text("evidence.DKM-01.not_a_container", dn=container.dn, classes=classes),
        ask(AD_TEAM, text("evidence.DKM-01.make_container")),
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
        yield not_applicable(text("evidence.dkm.container_first"))
        return
    name = down_level(plan.installing_account, facts)
    grant = full_control(container.dn, name)
    remedy = ask(AD_TEAM, grant)
    refused = _refused_inside(facts)
    if refused:
        yield failed(
            refused, ask(AD_TEAM, text("evidence.DKM-02.denied", grant=grant, show=show_descriptor(container.dn)))
        )
        return
    seen_inside = _allowed_inside(facts)
    account = found_account(facts.installing_account)
    if account is None:
        yield not_applicable(text("evidence.shared.installing_account_first"))
        return
    if container.descriptor is None:
        yield passed(seen_inside) if seen_inside else unknown(text("evidence.dkm.permissions_unread", dn=container.dn))
        return
    granted = access(container.descriptor, sids_of(account))
    evidence = _evidence(name, container.dn, granted)
    if granted.on_object & FULL_CONTROL != FULL_CONTROL and not seen_inside:
        yield failed(evidence, _less_remedy(container, sids_of(account), remedy))
    elif not granted.covers(FULL_CONTROL):
        yield warned("; ".join(filter(None, (seen_inside, evidence))), remedy)
    elif not granted.protected:
        protect = f"Set-ADObject -Identity {powershell(container.dn)} -ProtectedFromAccidentalDeletion $true"
        yield warned(text("evidence.DKM-02.not_protected", evidence=evidence), ask(AD_TEAM, protect))
    else:
        yield passed(text("evidence.DKM-02.protected", evidence=evidence))


def _refused_inside(facts: Facts) -> str:
    """What a rehearsal could not do with the container, empty when none failed at that."""
    for node, rehearsal in facts.rehearsals.items():
        if not isinstance(rehearsal, RehearsalFacts) or not rehearsal.registered or not rehearsal.user:
            continue
        if rehearsal.dkm_error or not rehearsal.dkm_found:
            return text(
                "evidence.DKM-02.could_not_open",
                node=node,
                user=rehearsal.user,
                error=rehearsal.dkm_error or text("evidence.shared.not_found"),
            )
        if not _may_make_keys(rehearsal):
            allowed = ", ".join(rehearsal.dkm_allowed_child_classes) or text("evidence.shared.nothing")
            return (
                text("evidence.DKM-02.may_change", node=node, user=rehearsal.user, allowed=allowed)
                if rehearsal.dkm_sd_rights & _DACL
                else text("evidence.DKM-02.may_not_change", node=node, user=rehearsal.user, allowed=allowed)
            )
    return ""


def _may_make_keys(rehearsal: RehearsalFacts) -> bool:
    classes = {name.casefold() for name in rehearsal.dkm_allowed_child_classes}
    return "container" in classes and bool(rehearsal.dkm_sd_rights & _DACL)


def _allowed_inside(facts: Facts) -> str:
    """What the rehearsals proved, empty when there are none that got so far."""
    nodes = [
        node for node, rehearsal in facts.rehearsals.items() if isinstance(rehearsal, RehearsalFacts) and rehearsal.user
    ]
    if not nodes:
        return ""
    return text("evidence.DKM-02.seen_inside", nodes=", ".join(nodes))


def _evidence(name: str, dn: str, granted: Access) -> str:
    on_object, below = words(granted.on_object), words(granted.on_descendants)
    if on_object == below:
        return text("evidence.dkm.rights_alike", name=name, dn=dn, on_object=on_object)
    return text("evidence.dkm.rights_differ", name=name, dn=dn, on_object=on_object, below=below)


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
        text("evidence.DKM-02.denials", who=who, show=show_descriptor(container.dn), grant=grant.step),
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
        return not_applicable(text("evidence.dkm.container_first"))
    account = found_account(facts.service_account)
    if account is None:
        return not_applicable(text("evidence.shared.service_account_first"))
    if container.descriptor is None:
        return unknown(text("evidence.dkm.permissions_unread", dn=container.dn))
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
        return not_applicable(text("evidence.dkm.container_first"))
    name = down_level(plan.installing_account, facts)
    if not same_account(container.asked_as, plan.installing_account, facts):
        return not_applicable(
            text(
                "evidence.DKM-04.asked_as_another",
                account=container.asked_as or text("evidence.shared.nobody"),
                name=name,
            )
        )
    if container.sd_rights_effective is None or container.allowed_child_classes_effective is None:
        return unknown(text("evidence.DKM-04.unread", name=name, dn=container.dn))
    makes = "container" in {row.casefold() for row in container.allowed_child_classes_effective}
    changes = bool(container.sd_rights_effective & _DACL)
    both = {(True, True): "both", (True, False): "makes", (False, True): "changes"}.get((makes, changes), "neither")
    said = text(f"evidence.DKM-04.may.{both}")
    if makes and changes:
        return passed(text("evidence.DKM-04.said", name=name, dn=container.dn, said=said))
    account = found_account(facts.installing_account)
    if account is not None and container.descriptor is not None:
        granted = access(container.descriptor, sids_of(account))
        if granted.on_object & FULL_CONTROL != FULL_CONTROL:
            return not_applicable(text("evidence.DKM-04.rights_first"))
    return warned(
        text("evidence.DKM-04.said_otherwise", name=name, dn=container.dn, said=said),
        ask(
            AD_TEAM,
            text("evidence.DKM-04.look_for_denials", show=show_descriptor(container.dn)),
        ),
    )


@check("DKM-05", topic="dkm", source="PHX", needs=("dkm.container",))
def container_is_free(plan: Plan, facts: Facts) -> Verdict:
    """Empty before a new installation; afterwards the keys in it are this role's own. A database that is kept from an
    earlier VMM is of no use without its keys: then they must be there (DKM)."""
    container = _usable(plan, facts)
    if container is None:
        return not_applicable(text("evidence.dkm.container_first"))
    database = plan.database.name
    kept = _kept_database(plan, facts)
    if not container.children:
        if not kept:
            return passed(text("evidence.DKM-05.empty", dn=container.dn))
        return failed(
            text("evidence.DKM-05.keys_lost", dn=container.dn, database=database),
            in_plan(
                text("evidence.DKM-05.name_earlier_container"),
                ask(
                    AD_TEAM,
                    text(
                        "evidence.DKM-05.restore",
                        deleted=powershell("isDeleted -eq $true"),
                        dn=powershell(container.dn),
                    ),
                ),
            ),
        )
    evidence = counted("evidence.DKM-05.holds", len(container.children), dn=container.dn, first=container.children[0])
    if situation(plan, facts).ours:
        return passed(text("evidence.DKM-05.own_keys", evidence=evidence))
    if kept:
        return passed(text("evidence.DKM-05.kept_keys", evidence=evidence, database=database))
    return warned(
        text("evidence.DKM-05.another_uses_it", evidence=evidence),
        in_plan(text("evidence.DKM-05.choose_another")),
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
            text("evidence.DKM-06.not_by_cn", dn=dn, kind=kind),
            in_plan(text("evidence.DKM-06.write_by_cn")),
        )
    domain = known(facts.domain)
    if dn.dns_domain != domain.dns_name.casefold():
        return failed(
            text(
                "evidence.DKM-06.other_domain",
                dn=dn,
                domain=dn.dns_domain or text("evidence.shared.no_domain"),
                dns_name=domain.dns_name,
            ),
            in_plan(text("evidence.DKM-06.write_name", dn=_in_domain(dn, domain.base))),
        )
    awkward = sorted(set(name) & _AWKWARD)
    if awkward:
        return warned(
            text("evidence.DKM-06.awkward", characters=" ".join(awkward)),
            ask(AD_TEAM, text("evidence.DKM-06.make_plain_one")),
        )
    return passed(text("evidence.DKM-06.fits", dn=dn, base=domain.base, server=domain.server))


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
        yield not_applicable(text("evidence.dkm.container_first"))
        return
    replicas = known(facts.replicas)
    if replicas.from_node:
        yield not_applicable(text("evidence.DKM-07.from_a_node", server=replicas.server))
        return
    more = text("evidence.DKM-07.not_asked", servers=", ".join(replicas.left_out)) if replicas.left_out else ""
    for host in replicas.lacking:
        copy = " ".join(map(powershell, (host, replicas.server, container.dn)))
        yield warned(
            text("evidence.DKM-07.lacking", host=host, dn=container.dn, server=replicas.server, more=more),
            ask(AD_TEAM, f"repadmin /replsingleobj {copy}"),
            subject=host,
        )
    for host, reason in replicas.silent.items():
        yield unknown(
            text("evidence.DKM-07.not_known", host=host, dn=container.dn, reason=reason, more=more), subject=host
        )
    if replicas.having:
        yield passed(
            text(
                "evidence.DKM-07.replicated",
                servers=", ".join((replicas.server, *replicas.having)),
                dn=container.dn,
                more=more,
            )
        )
    elif not replicas.lacking and not replicas.silent:
        yield passed(text("evidence.DKM-07.no_other", site=replicas.site, server=replicas.server))


def _in_domain(dn: DistinguishedName, base: str) -> str:
    rest = DistinguishedName(tuple(rdn for rdn in dn.rdns if rdn[0].upper() != "DC"))
    return f"{rest},{base}"
