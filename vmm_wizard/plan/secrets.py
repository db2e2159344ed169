"""Where each secret comes from; never the answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import BinaryIO

from vmm_wizard.plan.known_secrets import Secret, Secrets
from vmm_wizard.plan.secret_files import SIZE_MAX, SecretsError, parse_accounts, read_accounts
from vmm_wizard.texts import text

__all__ = ["STANDARD_INPUT", "Secret", "Secrets", "SecretsError", "load_secrets", "piped", "read_piped"]

#: What stands in place of a file's name for standard input.
STANDARD_INPUT = "-"


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
