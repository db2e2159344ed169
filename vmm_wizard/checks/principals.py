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
from vmm_wizard.texts import text

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
        raise NotKnown(NoAnswer(text("evidence.principals.not_asked", name=name)))
    found = held[name.casefold()]
    if not found and not names.forest_wide:
        raise NotKnown(
            NoAnswer(
                text("evidence.principals.not_in_this_domain", name=name),
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
        yield not_applicable(text("evidence.shared.service_account_first"))
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
            text("evidence.ACC-08.held", name=name, holders=listing(others), dn=account.dn),
            ask(
                AD_TEAM,
                text("evidence.ACC-08.move", quoted=quoted, show=show, service=service),
            ),
        )
    if holders:
        return passed(text("evidence.ACC-08.own", name=name, dn=account.dn))
    return passed(text("evidence.ACC-08.free", name=name, dn=account.dn))


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
        return not_applicable(text("evidence.shared.service_account_first"))
    names = role_names(plan)
    if plan.service_account.kind is AccountKind.GMSA:
        return not_applicable(text("evidence.ACC-09.sets_them_itself"))
    if _may_write_names(plan, facts, account):
        return passed(
            text("evidence.ACC-09.may_write", account=plan.installing_account, attribute=_ATTRIBUTE, dn=account.dn)
        )
    if isinstance(facts.principal_names, NoAnswer):
        raise NotKnown(facts.principal_names)
    if all(account.dn.casefold() in {dn.casefold() for dn in holders_of(name, facts)} for name in names):
        return passed(text("evidence.ACC-09.registered", names=listing(names), dn=account.dn))
    service = powershell(down_level(plan.service_account.name, facts))
    register = "; ".join(f"setspn -U -S {powershell(name)} {service}" for name in names)
    return warned(
        text("evidence.ACC-09.may_not_write", account=plan.installing_account, attribute=_ATTRIBUTE, dn=account.dn),
        ask(AD_TEAM, register),
    )


def _may_write_names(plan: Plan, facts: Facts, account: AccountFacts) -> bool:
    """Whether the installing account may write the attribute; raises NotKnown."""
    if same_account(account.asked_as, plan.installing_account, facts) and account.writable_attributes is not None:
        return _ATTRIBUTE.casefold() in {row.casefold() for row in account.writable_attributes}
    installer = found_account(facts.installing_account)
    if installer is None:
        raise NotKnown(NoAnswer(text("evidence.shared.installing_account_first"), "unreadable"))
    if account.descriptor is None:
        raise NotKnown(
            NoAnswer(
                text(
                    "evidence.ACC-09.unread",
                    account=plan.installing_account,
                    dn=account.dn,
                    asker=account.asked_as or text("evidence.shared.nobody"),
                ),
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
        return not_applicable(text("evidence.ACC-10.a_user"))
    if not requirements(plan.release).gmsa:
        return not_applicable(text("evidence.ACC-10.release_first", release=plan.release))
    account = found_account(facts.service_account)
    if account is None or "msds-groupmanagedserviceaccount" not in {row.casefold() for row in account.object_classes}:
        return not_applicable(text("evidence.ACC-10.account_first"))
    shut_out = [node.label for node in plan.nodes if not _may_retrieve(account, facts, node.label)]
    nodes = ", ".join(powershell(f"{node.label}$") for node in plan.nodes)
    sam, allowed = powershell(account.sam), "PrincipalsAllowedToRetrieveManagedPassword"
    if shut_out:
        return failed(
            text(
                "evidence.ACC-10.may_not_retrieve",
                nodes=listing(in_domain(f"{label}$", facts) for label in shut_out),
                dn=account.dn,
            ),
            ask(
                AD_TEAM,
                text("evidence.ACC-10.add_readers", sam=sam, allowed=allowed, nodes=nodes),
            ),
        )
    return warned(
        text("evidence.ACC-10.may_retrieve", dn=account.dn),
        ask(AD_TEAM, text("evidence.ACC-10.make_a_user")),
    )


def _may_retrieve(account: AccountFacts, facts: Facts, label: str) -> bool:
    if account.password_readers is None:
        raise NotKnown(NoAnswer(text("evidence.ACC-10.readers_unread", dn=account.dn), "denied"))
    computer = known(
        facts.node_objects.get(label.casefold(), NoAnswer(text("evidence.ACC-10.computer_not_asked", label=label)))
    )
    if not computer.found:
        return False
    return bool(rights_on_object(account.password_readers, computer_sids(computer)) & READ_PROPERTY)
