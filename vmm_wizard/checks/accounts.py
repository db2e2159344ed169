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
    Member,
    NoAnswer,
    NodeFacts,
    NotKnown,
    PasswordFacts,
    SqlFacts,
    known,
)
from vmm_wizard.facts.node_parts import part
from vmm_wizard.plan.names import AccountName
from vmm_wizard.texts import text

# userAccountControl, and its computed twin
_DISABLED = 0x2
_LOCKED = 0x10
NEVER_EXPIRES = 0x10000
_SMARTCARD = 0x40000
_PASSWORD_EXPIRED = 0x800000

#: AD's bind sub-codes that tell an account's state rather than a wrong password.
STATE_REFUSALS = frozenset({"532", "533", "701", "773", "775"})
#: The account is good, but not now (530) or not from here (531): proves nothing about the password.
ELSEWHERE = frozenset({"530", "531"})


def state_told_by(code: str) -> str:
    """The state of an account that one of STATE_REFUSALS tells, as a part of a sentence."""
    return text(f"evidence.accounts.refusal.{code}")


def refused(name: AccountName, proof: PasswordFacts) -> str:
    """Evidence that a domain controller refused the password of an account."""
    meaning = proof.meaning or text("evidence.accounts.logon_failed")
    return text("evidence.accounts.refused", name=name, meaning=meaning, code=proof.refusal)


def administrators_of(node: NodeFacts) -> tuple[Member, ...]:
    """The members of a node's local Administrators group; raises NotKnown when they could not be read."""
    return part(node, node.administrators, text("evidence.accounts.administrators"))


def found_account(answer: AccountFacts | NoAnswer) -> AccountFacts | None:
    """The account, None when the directory has none of that name; raises NotKnown."""
    account = known(answer)
    return account if account.found else None


def group_sids(account: AccountFacts) -> frozenset[str]:
    """The SIDs of an account's groups, nested ones included; raises NotKnown when they could not be read."""
    if account.token_groups is None:
        raise NotKnown(NoAnswer(text("evidence.accounts.groups_unread", name=account.dn or account.name), "denied"))
    return frozenset(account.token_groups)


def sids_of(account: AccountFacts) -> frozenset[str]:
    """Every SID that an account acts with in the directory; raises NotKnown when its groups could not be read."""
    group_sids(account)
    return account.sids


def computer_sids(computer: ComputerFacts) -> frozenset[str]:
    """Every SID that a computer account acts with in the directory; raises NotKnown when they could not be read."""
    if computer.token_groups is None:
        raise NotKnown(NoAnswer(text("evidence.accounts.groups_unread", name=computer.dn or computer.name), "denied"))
    return frozenset({computer.sid, "S-1-1-0", "S-1-5-11", *computer.token_groups})


def sids_on_node(account: AccountFacts, node: NodeFacts) -> frozenset[str]:
    """The SIDs that an account acts with on a node, the local Administrators group included where it is in it.

    Raises NotKnown when the members of that group could not be read.
    """
    sids = sids_of(account)
    members = {member.sid for member in administrators_of(node)}
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
        yield text("evidence.accounts.stop.disabled"), f"Enable-ADAccount -Identity {sam}"
    if account.computed_control & _LOCKED:
        yield text("evidence.accounts.stop.locked"), f"Unlock-ADAccount -Identity {sam}"
    if account.user_account_control & _SMARTCARD:
        yield (
            text("evidence.accounts.stop.smart_card"),
            text("evidence.accounts.other_account", sam=sam),
        )
    if account.must_change_password:
        yield (
            text("evidence.accounts.stop.must_change"),
            text("evidence.accounts.give_new_password", command=new_password),
        )
    elif account.computed_control & _PASSWORD_EXPIRED:
        yield (
            text("evidence.accounts.stop.password_expired"),
            text("evidence.accounts.give_new_password", command=new_password),
        )
    if account.expires and now and account.expires <= now:
        yield (
            text("evidence.accounts.stop.expired", expires=account.expires),
            f"Set-ADAccountExpiration -Identity {sam} -DateTime <new date>",
        )


def cannot_log_on(account: AccountFacts, now: datetime | None) -> Verdict | None:
    """The fail of an account that cannot log on, with a command for each reason; None when nothing stops it."""
    found = list(stops(account, now))
    if not found:
        return None
    commands = "; ".join(command for _, command in found)
    return failed(
        text("evidence.accounts.cannot_log_on", dn=account.dn, reasons=listing(reason for reason, _ in found)),
        ask(AD_TEAM, commands),
    )


def listing(parts: Iterable[str]) -> str:
    """The parts as a sentence has them: `a`, `a and b`, `a, b and c`."""
    rows = list(parts)
    if len(rows) < 2:
        return "".join(rows)
    return text("evidence.accounts.listing", first=", ".join(rows[:-1]), last=rows[-1])
