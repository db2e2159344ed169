"""Accounts as several checks look at them: SIDs, groups, domains, and the time that dates are held against."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from vmm_wizard.checks.registry import Verdict, failed
from vmm_wizard.checks.remedies import AD_TEAM, ask, powershell
from vmm_wizard.checks.rights import ADMINISTRATORS
from vmm_wizard.facts.model import (
    AccountFacts,
    ComputerFacts,
    DomainFacts,
    Facts,
    NoAnswer,
    NodeFacts,
    NotKnown,
    SqlFacts,
    known,
)
from vmm_wizard.facts.node_parts import part
from vmm_wizard.plan.names import AccountName

# userAccountControl, and its computed twin
_DISABLED = 0x2
_LOCKED = 0x10
NEVER_EXPIRES = 0x10000
_SMARTCARD = 0x40000
_PASSWORD_EXPIRED = 0x800000

#: What a node may not tell, in words.
ADMINISTRATORS_GROUP = "the members of the local Administrators group"

#: AD's bind sub-codes that tell an account's state rather than a wrong password.
STATE_REFUSALS = {
    "532": "its password has expired",
    "533": "it is disabled",
    "701": "it has expired",
    "773": "its password must be changed first",
    "775": "it is locked out",
}
#: The account is good, but not here or not now: proves nothing about the password.
ELSEWHERE = {"530": "it may not log on at this hour", "531": "it may not log on from this computer"}


def found_account(answer: AccountFacts | NoAnswer) -> AccountFacts | None:
    """The account, None when the directory has none of that name; raises NotKnown."""
    account = known(answer)
    return account if account.found else None


def group_sids(account: AccountFacts) -> frozenset[str]:
    """The SIDs of an account's groups, nested ones included; raises NotKnown when they could not be read."""
    if account.token_groups is None:
        raise NotKnown(NoAnswer(f"the groups of {account.dn or account.name} could not be read", "denied"))
    return frozenset(account.token_groups)


def sids_of(account: AccountFacts) -> frozenset[str]:
    """Every SID that an account acts with in the directory; raises NotKnown when its groups could not be read."""
    group_sids(account)
    return account.sids


def computer_sids(computer: ComputerFacts) -> frozenset[str]:
    """Every SID that a computer account acts with in the directory; raises NotKnown when they could not be read."""
    if computer.token_groups is None:
        raise NotKnown(NoAnswer(f"the groups of {computer.dn or computer.name} could not be read", "denied"))
    return frozenset({computer.sid, "S-1-1-0", "S-1-5-11", *computer.token_groups})


def sids_on_node(account: AccountFacts, node: NodeFacts) -> frozenset[str]:
    """The SIDs that an account acts with on a node, the local Administrators group included where it is in it.

    Raises NotKnown when the members of that group could not be read.
    """
    sids = sids_of(account)
    administrators = part(node, node.administrators, ADMINISTRATORS_GROUP)
    members = {member.sid for member in administrators}
    return sids | {ADMINISTRATORS} if sids & members else sids


def dns_domain_of(account: AccountName, facts: Facts) -> str:
    """The DNS name of an account's domain, lower case; raises NotKnown when a NetBIOS name cannot be translated.

    The directory knows best (a UPN suffix need not be a domain); else what was typed, by the domain's two names.
    """
    for answer in (facts.installing_account, facts.service_account):
        if (
            isinstance(answer, AccountFacts)
            and answer.found
            and answer.domain_dns
            and answer.name.casefold() == account.key
        ):
            return answer.domain_dns.casefold()
    typed = account.domain.casefold()
    if "." in typed.strip("."):
        return typed
    domain = known(facts.domain)
    return domain.dns_name.casefold() if typed == domain.netbios_name.casefold() else typed


def clock(facts: Facts) -> datetime | None:
    """What time it is in the estate, in UTC: as the DC says, else SQL Server, else a node; None when nobody told."""
    if isinstance(facts.domain, DomainFacts) and facts.domain.time:
        return facts.domain.time
    if isinstance(facts.sql, SqlFacts) and facts.sql.utc_time:
        return facts.sql.utc_time
    return next((node.utc_time for node in facts.answering_nodes()), None)


def stops(account: AccountFacts, now: datetime | None) -> Iterator[tuple[str, str]]:
    """(what is wrong, command) for everything that keeps an account from logging on."""
    sam = powershell(account.sam)
    new_password = f"Set-ADAccountPassword -Identity {sam} -Reset"
    if account.user_account_control & _DISABLED:
        yield "is disabled", f"Enable-ADAccount -Identity {sam}"
    if account.computed_control & _LOCKED:
        yield "is locked out", f"Unlock-ADAccount -Identity {sam}"
    if account.user_account_control & _SMARTCARD:
        yield (
            "needs a smart card to log on",
            f"make an account beside {sam} that logs on with a password, for this alone",
        )
    if account.must_change_password:
        yield "must change its password at the next logon", f"{new_password}, then give the new password here"
    elif account.computed_control & _PASSWORD_EXPIRED:
        yield "has an expired password", f"{new_password}, then give the new password here"
    if account.expires and now and account.expires <= now:
        yield f"expired on {account.expires:%Y-%m-%d}", f"Set-ADAccountExpiration -Identity {sam} -DateTime <new date>"


def cannot_log_on(account: AccountFacts, now: datetime | None) -> Verdict | None:
    """The fail of an account that cannot log on, with a command for each reason; None when nothing stops it."""
    found = list(stops(account, now))
    if not found:
        return None
    commands = "; ".join(command for _, command in found)
    return failed(f"{account.dn} {listing(text for text, _ in found)}", ask(AD_TEAM, commands))


def listing(parts: Iterable[str]) -> str:
    """The parts as a sentence has them: `a`, `a and b`, `a, b and c`."""
    rows = list(parts)
    return " and ".join(rows) if len(rows) < 3 else ", ".join(rows[:-1]) + " and " + rows[-1]
