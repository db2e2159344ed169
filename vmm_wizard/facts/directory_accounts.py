"""Asks the directory about accounts: their state, and every group in their tokens."""

from __future__ import annotations

from typing import Final

from vmm_wizard.facts.directory_channel import DirectoryUnusable
from vmm_wizard.facts.directory_domain import DomainView
from vmm_wizard.facts.directory_search import Found, equals
from vmm_wizard.facts.model import AccountFacts
from vmm_wizard.plan.names import AccountName

# A bit of userAccountControl (MS-ADTS 2.2.16).
_PASSWORD_NEVER_EXPIRES: Final = 0x10000

_ATTRIBUTES: Final = (
    "objectSid",
    "objectClass",
    "sAMAccountName",
    "userPrincipalName",
    "userAccountControl",
    "msDS-User-Account-Control-Computed",
    "accountExpires",
    "pwdLastSet",
    "msDS-UserPasswordExpiryTimeComputed",
)


def ask_account(view: DomainView, name: AccountName) -> AccountFacts:
    """An account of this domain and all groups in its token (two searches)."""
    naming = view.naming
    own = name.domain.casefold() in (naming.dns_name.casefold(), naming.netbios_name.casefold())
    if not own and not name.is_upn:
        raise DirectoryUnusable(
            f"it is of the domain {name.domain}, and {view.server} answers for {naming.netbios_name} "
            f"({naming.dns_name})",
            "not_asked",
        )
    found = _search(view, name, own)
    if found is None:
        return AccountFacts(str(name), False, domain_dns=naming.dns_name)
    control = found.number("userAccountControl") or 0
    must_change = found.number("pwdLastSet") == 0 and not control & _PASSWORD_NEVER_EXPIRES
    return AccountFacts(
        str(name),
        True,
        found.dn,
        found.text("sAMAccountName"),
        found.sid(),
        found.texts("objectClass"),
        naming.dns_name,
        control,
        found.number("msDS-User-Account-Control-Computed") or 0,
        found.file_time("accountExpires"),
        found.file_time("msDS-UserPasswordExpiryTimeComputed"),
        must_change,
        token_groups(view, found.dn),
    )


def _search(view: DomainView, name: AccountName, own: bool) -> Found | None:
    """The account, an explicit userPrincipalName before one that AD makes of the sAMAccountName."""
    wanted = [equals("userPrincipalName", str(name))] if name.is_upn else []
    if own:
        wanted.append(equals("sAMAccountName", name.user))
    text = wanted[0] if len(wanted) == 1 else f"(|{''.join(wanted)})"
    hits = view.searcher.search(view.naming.base, "subtree", text, _ATTRIBUTES)
    by_upn = [row for row in hits if row.text("userPrincipalName").casefold() == name.key]
    return next(iter(by_upn or hits), None)


def token_groups(view: DomainView, dn: str) -> tuple[str, ...] | None:
    """All groups in an account's token, which a base search alone gives; None when we may not read them."""
    return view.searcher.base(dn, ("tokenGroups",)).sids("tokenGroups") or None
