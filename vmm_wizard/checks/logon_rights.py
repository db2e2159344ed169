"""Check of the service account's user rights on each node, as they are and as policy will make them (ACC-05)."""

from __future__ import annotations

from vmm_wizard.checks.accounts import found_account, listing, sids_of, sids_on_node
from vmm_wizard.checks.governance import (
    DENY_NETWORK_LOGON,
    DENY_SERVICE_LOGON,
    SERVICE_LOGON,
    Outlook,
    defined_by,
    mend_denial,
    mend_grant,
    outlook,
    place,
    sids_later,
    unread,
    will_lose,
    worst_if_certain,
)
from vmm_wizard.checks.registry import Verdict, failed, node_check, not_applicable, passed, warned
from vmm_wizard.checks.remedies import down_level, on_node
from vmm_wizard.facts.model import AccountFacts, Facts, NodeFacts
from vmm_wizard.facts.node_parts import part
from vmm_wizard.plan.model import Plan
from vmm_wizard.texts import text


@node_check(
    "ACC-05",
    topic="account",
    source="PLAN",
    needs=("service_account.name",),
)
def service_account_may_log_on(plan: Plan, facts: Facts, node: str) -> Verdict:
    """No denial of service or network logon, now or by a GPO; and the right itself, which setup adds where no GPO
    defines it."""
    account = found_account(facts.service_account)
    if account is None:
        return not_applicable(text("evidence.shared.service_account_first"))
    facts_of_node = facts.node(node)
    rights = part(facts_of_node, facts_of_node.rights, text("evidence.shared.user_rights"))
    name = down_level(plan.service_account.name, facts)
    for setting, holders in (
        (DENY_SERVICE_LOGON, rights.deny_service_logon),
        (DENY_NETWORK_LOGON, rights.deny_network_logon),
    ):
        denial = _denied(facts_of_node, account, setting, holders, name, node)
        if denial:
            return denial
    return _granted(facts_of_node, account, rights.service_logon, name, node)


def _view(node: NodeFacts, account: AccountFacts, setting: str, holders: tuple[str, ...]) -> Outlook:
    now = not sids_on_node(account, node).isdisjoint(holders)
    return outlook(node, setting, now, sids_later(node, sids_of(account)))


def _denied(
    node: NodeFacts, account: AccountFacts, setting: str, holders: tuple[str, ...], name: str, where: str
) -> Verdict | None:
    """The fail of a denial that is there, or that a GPO will bring; None when there is none."""
    view = _view(node, account, setting, holders)
    local = on_node(where, text("evidence.governance.take_out_locally", name=name, place=place(setting)))
    remedy = mend_denial(view, setting, name, where, local)
    if view.now:
        named = listing(sorted(sids_on_node(account, node) & set(holders)))
        return failed(
            text(
                "evidence.ACC-05.denied",
                name=name,
                right=setting,
                names=named,
                defined=defined_by(view),
                unread=unread(node),
            ),
            remedy,
        )
    if view.later and view.governor:
        return failed(
            text("evidence.ACC-05.will_be_denied", name=name, gpo=view.governor.gpo, right=setting),
            remedy,
        )
    return None


def _granted(node: NodeFacts, account: AccountFacts, holders: tuple[str, ...], name: str, where: str) -> Verdict:
    view = _view(node, account, SERVICE_LOGON, holders)
    local = on_node(where, text("evidence.governance.put_locally", name=name, place=place(SERVICE_LOGON)))
    remedy = mend_grant(view, SERVICE_LOGON, name, where, local)
    if view.now and view.later:
        return passed(text("evidence.ACC-05.granted", name=name, defined=defined_by(view), unread=unread(node)))
    if view.now:
        return worst_if_certain(view, will_lose(view, name), remedy)
    if view.governor and not view.later:
        return worst_if_certain(
            view,
            text("evidence.ACC-05.undone", name=name, right=SERVICE_LOGON, defined=defined_by(view)),
            remedy,
        )
    if view.governor:
        return warned(
            text("evidence.ACC-05.will_be_granted", name=name, right=SERVICE_LOGON, gpo=view.governor.gpo),
            remedy,
        )
    return warned(
        text("evidence.ACC-05.setup_may_add", name=name, right=SERVICE_LOGON, unread=unread(node)),
        remedy,
    )
