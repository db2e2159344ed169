"""The passwords that a process knows. A `Secret` shows itself to nobody who does not ask by name."""

from __future__ import annotations

from vmm_wizard.plan.names import AccountName


class Secret:
    """A password in memory. Its repr and str are masked; `reveal()` is the only way to the text."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself. Call it where it leaves the process, nowhere else."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __bool__(self) -> bool:
        return bool(self._text)

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a secret is never pickled")


class Secrets:
    """The passwords known in this process, by account name in any case."""

    def __init__(self) -> None:
        self._by_account: dict[str, Secret] = {}

    def put(self, account: AccountName, secret: Secret) -> None:
        """Remember (or replace) the password of `account`; an empty one is forgotten."""
        if secret:
            self._by_account[account.key] = secret
        else:
            self._by_account.pop(account.key, None)

    def get(self, account: AccountName) -> Secret | None:
        """The password of `account`, or None when nobody gave one."""
        return self._by_account.get(account.key)

    def values(self) -> tuple[Secret, ...]:
        """All passwords, to mask them."""
        return tuple(self._by_account.values())

    def items(self) -> tuple[tuple[str, Secret], ...]:
        """Each account, in lower case, with its password."""
        return tuple(self._by_account.items())

    def __contains__(self, account: object) -> bool:
        return isinstance(account, AccountName) and account.key in self._by_account

    def __repr__(self) -> str:
        return f"Secrets({len(self._by_account)} accounts)"
