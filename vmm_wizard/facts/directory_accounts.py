"""Asks the directory for accounts to choose from: by a few letters of a name, or those that speak of VMM."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from vmm_wizard.facts.directory_channel import DirectoryUnusable
from vmm_wizard.facts.directory_domain import DomainView
from vmm_wizard.facts.directory_search import Found, Searcher, escaped
from vmm_wizard.facts.discovery_model import MOST_ACCOUNTS, FoundAccount
from vmm_wizard.texts import text

#: Accounts that are read at the most.
MOST: Final = MOST_ACCOUNTS
#: Seconds for one search: who types does not wait longer.
SECONDS: Final = 8.0

_MANAGED_CLASS: Final = "msDS-GroupManagedServiceAccount"
_MANAGED: Final = f"(objectClass={_MANAGED_CLASS})"
_USER: Final = "(&(objectCategory=person)(objectClass=user))"
_ATTRIBUTES: Final = (
    "objectClass",
    "sAMAccountName",
    "description",
    "userAccountControl",
    "msDS-User-Account-Control-Computed",
    "accountExpires",
    "pwdLastSet",
)

# Bits of userAccountControl and of msDS-User-Account-Control-Computed (MS-ADTS 2.2.16).
_DISABLED: Final = 0x2
_NEVER_EXPIRES: Final = 0x10000
_LOCKED: Final = 0x10
_PASSWORD_EXPIRED: Final = 0x800000


def ask_accounts(view: DomainView, typed: str) -> tuple[FoundAccount, ...]:
    """Accounts that a few letters mean: first by ANR, which an index answers, then by letters within the name.

    Two searches, the second only where the first found few; where that one takes too long, the first is the answer.
    """
    letters = escaped(typed)
    rows = _search(view, f"(anr={letters})")
    if len(rows) < MOST:
        try:
            rows += _search(view, f"(sAMAccountName=*{letters}*)")
        except DirectoryUnusable as failure:
            if failure.answer.code != "timeout" or view.channel.is_closed:
                raise
    begin = typed.casefold()
    unlike = {row.dn: row for row in rows}.values()
    names = sorted(unlike, key=lambda row: (not _sam(row).startswith(begin), _sam(row)))
    return tuple(_account(view, row) for row in names[:MOST])


def ask_likely_accounts(view: DomainView) -> tuple[FoundAccount, ...]:
    """What VMM's service account may be: managed accounts, and users with "vmm" in their name (one search)."""
    rows = view.searcher.search(
        view.naming.base, "subtree", f"(|{_MANAGED}(&{_USER}(sAMAccountName=*vmm*)))", _ATTRIBUTES, most=MOST
    )
    return tuple(_account(view, row) for row in sorted(rows, key=lambda row: (not _is_service(row), _sam(row))))


def _search(view: DomainView, wanted: str) -> list[Found]:
    asking = Searcher(view.channel, min(SECONDS, view.searcher.seconds))
    return asking.search(view.naming.base, "subtree", f"(&(|{_USER}{_MANAGED}){wanted})", _ATTRIBUTES, most=MOST)


def _sam(row: Found) -> str:
    return row.text("sAMAccountName").casefold()


def _is_service(row: Found) -> bool:
    name = _sam(row)
    return _is_managed(row) or name.startswith(("svc", "srv", "sa-", "sa_")) or "svc" in name


def _is_managed(row: Found) -> bool:
    return _MANAGED_CLASS.casefold() in {each.casefold() for each in row.texts("objectClass")}


def _account(view: DomainView, row: Found) -> FoundAccount:
    domain = view.naming.netbios_name or view.naming.dns_name
    managed = _is_managed(row)
    return FoundAccount(
        f"{domain}\\{row.text('sAMAccountName')}", managed, tuple(_state(row, managed)), row.text("description"), row.dn
    )


def _state(row: Found, managed: bool) -> Iterable[str]:
    control = row.number("userAccountControl") or 0
    computed = row.number("msDS-User-Account-Control-Computed") or 0
    expires = row.file_time("accountExpires")
    must_change = row.number("pwdLastSet") == 0 and not control & _NEVER_EXPIRES
    for holds, word in (
        (control & _DISABLED, "disabled"),
        (computed & _LOCKED, "locked"),
        (expires is not None and expires < datetime.now(UTC), "expired"),
        (computed & _PASSWORD_EXPIRED and not must_change and not managed, "password_expired"),
        (must_change and not managed, "must_change"),
    ):
        if holds:
            yield text(f"reasons.directory_accounts.{word}")
