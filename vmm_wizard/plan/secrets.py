"""Where each secret comes from; never the answers. A `Secret` shows itself to nobody who does not ask by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import BinaryIO

from vmm_wizard.plan.names import AccountName
from vmm_wizard.plan.secret_files import SIZE_MAX, SecretsError, parse_accounts, read_accounts
from vmm_wizard.texts import text

__all__ = ["STANDARD_INPUT", "Secret", "Secrets", "SecretsError", "load_secrets", "piped", "read_piped"]

#: What stands in place of a file's name for standard input.
STANDARD_INPUT = "-"


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


def load_secrets(path: Path | str) -> Secrets:
    """The passwords in the TOML file at `path`, whose `[accounts]` table has `'DOMAIN\\user' = "..."`.

    Raises SecretsError with one sentence (that shows nothing of the contents) when others can read the file, or when it
    is not such a file.
    """
    secrets = Secrets()
    for account, password in read_accounts(Path(path)).items():
        secrets.put(account, Secret(password))
    return secrets


def piped(secrets: Secrets) -> bytes:
    """The passwords as `read_piped` of another process of ours reads them. For a pipe: never for a file, an argument or
    a variable."""
    rows = (f"{_quoted(account)} = {_quoted(secret.reveal())}" for account, secret in secrets.items())
    return "\n".join(("[accounts]", *rows, "")).encode()


def read_piped(stream: BinaryIO) -> Secrets:
    """The passwords that come through a pipe, in the form of the file. Raises SecretsError as `load_secrets`."""
    data = stream.read(SIZE_MAX + 1)
    if len(data) > SIZE_MAX:
        raise SecretsError(text("parsing.secrets.too_large", size=SIZE_MAX // 1024))
    secrets = Secrets()
    for account, password in parse_accounts(data, text("parsing.secrets.standard_input")).items():
        secrets.put(account, Secret(password))
    return secrets


def _quoted(text: str) -> str:
    # A basic string of TOML is one of JSON, but for DEL.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
