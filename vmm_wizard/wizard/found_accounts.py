"""Accounts that were found, as suggestions; before any account can ask, what is typed with a domain behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from vmm_wizard.facts.all_facts import NOT_ASKED, NoAnswer
from vmm_wizard.plan.fields import field_value
from vmm_wizard.report.discovery import account_line
from vmm_wizard.texts import text
from vmm_wizard.wizard.found_keys import ACCOUNT_KEYS, SERVICE
from vmm_wizard.wizard.searched import Asked
from vmm_wizard.wizard.suggesting import FEWEST_LETTERS, Sight, Suggestion, letters_of

if TYPE_CHECKING:
    from vmm_wizard.facts.discovery_model import FoundAccount


def rows_for(key: str) -> Callable[[Sight], Iterator[Suggestion]]:
    """What makes the suggestions for one of the account fields."""

    def rows(sight: Sight) -> Iterator[Suggestion]:
        typed = (str(field_value(sight.plan, key) or "") if sight.typed is None else sight.typed).strip()
        letters = letters_of(typed).casefold()
        answer = sight.asked.accounts.get(letters, NOT_ASKED)
        can_ask = not isinstance(sight.found.accounts, NoAnswer)
        if not isinstance(answer, NoAnswer):
            yield from (
                _suggestion(key, row, is_answer=True) for row in _usable_first(answer) if not _is_other(row, typed)
            )
        if not isinstance(sight.found.accounts, NoAnswer):
            found = _usable_first(sight.found.accounts)
            yield from (_suggestion(key, row) for row in found if key == SERVICE or not row.managed)
        elif sight.found.caller:
            yield Suggestion(text("found.caller", account=sight.found.caller), {key: sight.found.caller})
        is_none = not answer if isinstance(answer, tuple) else answer is not NOT_ASKED or not can_ask
        if is_none and letters and "\\" not in typed:
            yield from _completed(sight, key, typed)

    return rows


def _usable_first(rows: Iterable[FoundAccount]) -> list[FoundAccount]:
    """Those that are disabled, locked or expired come last: Down and Enter shall not take one of them."""
    return sorted(rows, key=lambda row: bool(row.state))


def _completed(sight: Sight, key: str, typed: str) -> Iterator[Suggestion]:
    user, _, domain = typed.partition("@")
    for name in dict.fromkeys(filter(None, (sight.found.domain, *sight.found.domains))):
        if name.startswith(domain.casefold()):
            yield Suggestion(f"{user}@{name}", {key: f"{user}@{name}"})


def _is_other(row: FoundAccount, typed: str) -> bool:
    """Whether a domain is typed that is not the account's: another account of that name is meant."""
    domain, slash, _ = typed.rpartition("\\")
    return bool(slash) and not row.name.casefold().startswith(domain.casefold())


def _suggestion(key: str, row: FoundAccount, *, is_answer: bool = False) -> Suggestion:
    answers = {key: row.name}
    if key == SERVICE:
        answers["service_account.kind"] = "gmsa" if row.managed else "user"
    return Suggestion(account_line(row), answers, is_answer=is_answer)


def wants_accounts(key: str, typed: str, asked: Asked) -> str:
    """The letters that the directory is to be asked for; empty when nothing is to be asked."""
    letters = letters_of(typed).casefold()
    if key not in ACCOUNT_KEYS or len(letters) < FEWEST_LETTERS:
        return ""
    return "" if letters in asked.accounts else letters
