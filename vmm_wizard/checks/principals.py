"""Checks of the role's service principal names, and of a managed account's password (ACC-08 to ACC-10)."""

from __future__ import annotations

from collections.abc import Iterator

from vmm_wizard.checks.accounts import computer_sids, found_account, listing, sids_of
from vmm_wizard.checks.registry import Verdict, check, failed, not_applicable, or_unknown, passed, warned
from vmm_wizard.checks.remedies import AD_TEAM, ask, down_level, in_domain, powershell, same_account
from vmm_wizard.checks.rights import PRINCIPAL_NAMES, READ_PROPERTY, WRITE_PROPERTY, rights_on_object
from vmm_wizard.facts.model import AccountFacts, Facts, NoAnswer, NotKnown, known
from vmm_wizard.plan.model import AccountKind, Plan
from vmm_wizard.plan.releases import requirements

_FIRST = "ACC-01 first: the account is not there"
_ATTRIBUTE = "servicePrincipalName"


def role_names(plan: Plan) -> tuple[str, str]:
    """The two service principal names of the role, on the service account (PLAN)."""
    return f"SCVMM/{plan.cluster.role_name}", f"SCVMM/{plan.role_fqdn}"


def holders_of(name: str, facts: Facts) -> tuple[str, ...]:
    """The DNs of all that hold a service principal name; raises NotKnown when it was not looked for.

    One that nobody holds in this domain is not known to be free while the forest's other domains were not searched.
    """
    names = known(facts.principal_names)
    held = {key.casefold(): dns for key, dns in names.holders.items()}
    if name.casefold() not in held:
        raise NotKnown(NoAnswer(f"who holds {name} has not been asked"))
    found = held[name.casefold()]
    if not found and not names.forest_wide:
        raise NotKnown(
            NoAnswer(
                f"nobody in this domain holds {name}; the forest has other domains, and no global catalog answered",
                "unreachable",
            )
        )
    return found


@check(
    "ACC-08",
    topic="account",
    source="PLAN",
    needs=("service_account.name", "cluster.role_name"),
)
def names_are_free(plan: Plan, facts: Facts) -> Iterator[Verdict]:
    """Each on the service account already or on nobody, in the whole forest. Another holder stays one: fail."""
    account = found_account(facts.service_account)
    if account is None:
        yield not_applicable(_FIRST)
        return
    for name in dict.fromkeys(role_names(plan)):
        yield or_unknown(lambda name=name: _free(plan, facts, account, name), name)  # type: ignore[misc]


def _free(plan: Plan, facts: Facts, account: AccountFacts, name: str) -> Verdict:
    holders = holders_of(name, facts)
    others = [dn for dn in holders if dn.casefold() != account.dn.casefold()]
    if others:
        show = f"Get-ADObject {powershell(others[0])} -Properties whenCreated,lastLogonTimestamp,servicePrincipalName"
        service = powershell(down_level(plan.service_account.name, facts))
        quoted = powershell(name)
        return failed(
            f"{name} is on {listing(others)}, and not on {account.dn} alone: consoles could not log on to VMM",
            ask(
                AD_TEAM,
                f"setspn -Q {quoted}; {show} | Format-List *; once its owner agrees that nothing uses it there, "
                f"setspn -D {quoted} '<that account>'; setspn -U -S {quoted} {service}",
            ),
        )
    if holders:
        return passed(f"{name} is on {account.dn} already")
    return passed(f"nobody holds {name}: it is free for {account.dn}")


@check(
    "ACC-09",
    topic="account",
    source="PLAN",
    needs=("installing_account", "service_account.name", "cluster.role_name"),
)
def names_can_be_written(plan: Plan, facts: Facts) -> Verdict:
    """AD's own word on what the installing account may write; asked as somebody else, the entries tell."""
    account = found_account(facts.service_account)
    if account is None:
        return not_applicable(_FIRST)
    names = role_names(plan)
    if plan.service_account.kind is AccountKind.GMSA:
        return not_applicable("VMM sets the names of a group managed service account by itself (INST)")
    if _may_write_names(plan, facts, account):
        return passed(f"{plan.installing_account} may write {_ATTRIBUTE} of {account.dn}")
    if isinstance(facts.principal_names, NoAnswer):
        raise NotKnown(facts.principal_names)
    if all(account.dn.casefold() in {dn.casefold() for dn in holders_of(name, facts)} for name in names):
        return passed(f"{' and '.join(names)} are on {account.dn} already: setup need not write them")
    service = powershell(down_level(plan.service_account.name, facts))
    register = "; ".join(f"setspn -U -S {powershell(name)} {service}" for name in names)
    return warned(
        f"{plan.installing_account} may not write {_ATTRIBUTE} of {account.dn}: setup ends well with a warning, and "
        "consoles elsewhere cannot connect",
        ask(AD_TEAM, register),
    )


def _may_write_names(plan: Plan, facts: Facts, account: AccountFacts) -> bool:
    """Whether the installing account may write the attribute; raises NotKnown."""
    if same_account(account.asked_as, plan.installing_account, facts) and account.writable_attributes is not None:
        return _ATTRIBUTE.casefold() in {row.casefold() for row in account.writable_attributes}
    installer = found_account(facts.installing_account)
    if installer is None:
        raise NotKnown(NoAnswer("INS-02 first: the installing account is not there", "unreadable"))
    if account.descriptor is None:
        raise NotKnown(
            NoAnswer(
                f"what {plan.installing_account} may write on {account.dn} could not be read as "
                f"{account.asked_as or 'nobody'}",
                "denied",
            )
        )
    return bool(rights_on_object(account.descriptor, sids_of(installer), *PRINCIPAL_NAMES) & WRITE_PROPERTY)


@check(
    "ACC-10",
    topic="account",
    source="INST",
    needs=("service_account.name", "cluster.nodes"),
)
def managed_account_usable(plan: Plan, facts: Facts) -> Verdict:
    """Every node, by itself or by a group, may retrieve the password. Even then it warns: nobody has shown unattended
    setup with such an account."""
    if plan.service_account.kind is not AccountKind.GMSA:
        return not_applicable("the service account is a domain user")
    if not requirements(plan.release).gmsa:
        return not_applicable(f"ACC-01 first: VMM {plan.release} takes no managed account")
    account = found_account(facts.service_account)
    if account is None or "msds-groupmanagedserviceaccount" not in {row.casefold() for row in account.object_classes}:
        return not_applicable("ACC-01 first: there is no such managed account")
    shut_out = [node.label for node in plan.nodes if not _may_retrieve(account, facts, node.label)]
    nodes = ", ".join(powershell(f"{node.label}$") for node in plan.nodes)
    sam, allowed = powershell(account.sam), "PrincipalsAllowedToRetrieveManagedPassword"
    if shut_out:
        return failed(
            f"{listing(in_domain(f'{label}$', facts) for label in shut_out)} may not retrieve the password of "
            f"{account.dn}: the service could not start there",
            ask(
                AD_TEAM,
                f"Get-ADServiceAccount {sam} -Properties {allowed}; keep who is named there and add the nodes: "
                f"Set-ADServiceAccount -Identity {sam} -{allowed} {nodes}; a node that gets it by a new group must be "
                "restarted",
            ),
        )
    return warned(
        f"every node may retrieve the password of {account.dn}; but Microsoft documents no unattended setup with a "
        "managed account",
        ask(AD_TEAM, "make a domain user for VMM and name it in the plan, unless you want to be the first to try"),
    )


def _may_retrieve(account: AccountFacts, facts: Facts, label: str) -> bool:
    if account.password_readers is None:
        raise NotKnown(NoAnswer(f"who may retrieve the password of {account.dn} could not be read", "denied"))
    computer = known(facts.node_objects.get(label.casefold(), NoAnswer(f"the computer {label}$ was not asked about")))
    if not computer.found:
        return False
    return bool(rights_on_object(account.password_readers, computer_sids(computer)) & READ_PROPERTY)
