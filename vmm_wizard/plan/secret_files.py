"""Files with passwords: who may read them, and what stands in them. Nothing of their contents is ever shown."""

from __future__ import annotations

import os
import re
import shlex
import stat
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from vmm_wizard.plan.names import AccountName
from vmm_wizard.plan.toml_lines import error_line
from vmm_wizard.texts import text

#: Longest file in bytes.
SIZE_MAX = 64 * 1024

#: Groups that everybody is in, by the two letters of SDDL and by SID.
_EVERYBODY = {
    "WD": "Everyone",
    "AU": "Authenticated Users",
    "BU": "Users",
    "BG": "Guests",
    "LG": "Guest",
    "AN": "Anonymous",
    "IU": "Interactive",
    "NU": "Network",
    "DU": "Domain Users",
    "DG": "Domain Guests",
    "DC": "Domain Computers",
    "S-1-1-0": "Everyone",
    "S-1-5-11": "Authenticated Users",
    "S-1-5-32-545": "Users",
    "S-1-5-32-546": "Guests",
    "S-1-5-7": "Anonymous",
    "S-1-5-4": "Interactive",
    "S-1-5-2": "Network",
}
#: The last part of a domain group's SID.
_EVERYBODY_RID = {"501": "Guest", "513": "Domain Users", "514": "Domain Guests", "515": "Domain Computers"}
#: Rights in letters that let somebody read the contents, or give the right to himself.
_READING_LETTERS = frozenset({"GA", "GR", "FA", "FR", "WD", "WO"})
#: The same as bits: FILE_READ_DATA, WRITE_DAC, WRITE_OWNER, GENERIC_ALL, GENERIC_READ.
_READING_BITS = 0x1 | 0x40000 | 0x80000 | 0x10000000 | 0x80000000
_ALLOW_TYPES = frozenset({"A", "OA", "XA", "ZA"})


class SecretsError(Exception):
    """A file with passwords that cannot be used; the sentence shows nothing of what stands in it."""


def read_accounts(path: Path) -> dict[AccountName, str]:
    """The passwords in the file at `path` by account: its `[accounts]` table, `'DOMAIN\\user' = "..."`.

    A name without a domain is a SQL login. Raises SecretsError with one sentence when the file cannot be read, others
    can read it, or it is not such a file.
    """
    try:
        with path.open("rb") as file:
            problem = _exposure(path, file)
            if problem:
                raise SecretsError(f"{path}: {problem}")
            data = file.read(SIZE_MAX + 1)
    except OSError as error:
        if path.is_dir():
            raise SecretsError(text("parsing.secret_files.folder", file=path)) from None
        why = error.strerror.lower() if error.strerror else text("parsing.secret_files.no_reason")
        raise SecretsError(text("parsing.secret_files.unreadable", file=path, why=why)) from None
    if len(data) > SIZE_MAX:
        raise SecretsError(text("parsing.secret_files.too_large", file=path, size=SIZE_MAX // 1024))
    return parse_accounts(data, str(path))


def parse_accounts(data: bytes, file: str) -> dict[AccountName, str]:
    """As `read_accounts`, of the bytes of a file that `file` names."""
    try:
        written = data.decode("utf-8-sig")
        table = tomllib.loads(written)
    except UnicodeDecodeError:
        raise SecretsError(text("parsing.secret_files.not_utf8", file=file)) from None
    except RecursionError:
        raise SecretsError(text("parsing.secret_files.nested", file=file)) from None
    except tomllib.TOMLDecodeError as error:
        # tomllib's own words may quote a character of a password, so only the place is told.
        where = f"{file}:{error_line(error, written)}"
        raise SecretsError(text("parsing.secret_files.not_toml", place=where)) from None
    if not all(isinstance(value, dict) for value in table.values()):
        raise SecretsError(text("parsing.secret_files.above_accounts", file=file))
    accounts = table.get("accounts")
    if not isinstance(accounts, dict):
        raise SecretsError(text("parsing.secret_files.no_accounts", file=file))
    return _accounts(accounts, file)


def _accounts(table: dict[str, Any], file: str) -> dict[AccountName, str]:
    found: dict[str, tuple[AccountName, str]] = {}
    for place, (name, password) in enumerate(table.items(), 1):
        account = _account(name)
        if account is None:
            # Not even the name is shown: somebody may have swapped name and password.
            raise SecretsError(text("parsing.secret_files.no_account", file=file, place=place))
        if not isinstance(password, str):
            raise SecretsError(text("parsing.secret_files.no_text", file=file, account=account or name))
        if account.key in found:
            raise SecretsError(text("parsing.secret_files.twice", file=file, account=account))
        found[account.key] = (account, password)
    return dict(found.values())


def _account(name: str) -> AccountName | None:
    try:
        return AccountName.parse_with_logins(name) or None
    except ValueError:
        return None


def _exposure(path: Path, file: BinaryIO) -> str:
    """Who else may read the file, as a sentence with the remedy; empty when nobody may."""
    if sys.platform == "win32":
        return _windows_exposure(path)
    mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
    return text("parsing.secret_files.others_read", mode=mode, path=shlex.quote(str(path))) if mode & 0o077 else ""


def _windows_exposure(path: Path) -> str:
    """Asks icacls, which every Windows has, for the file's security descriptor. Not proved on a real Windows yet."""
    import subprocess
    import tempfile

    icacls = Path(os.environ.get("SYSTEMROOT", r"C:\Windows")) / "System32" / "icacls.exe"
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder) / "acl.txt"
        command = [str(icacls), str(path), "/save", str(saved), "/Q"]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=30)
            sddl = saved_sddl(saved.read_bytes())
        except (OSError, subprocess.SubprocessError, ValueError):
            return text("parsing.secret_files.readers_unknown")
    readers = readers_by_sddl(sddl)
    if not readers:
        return ""
    return text("parsing.secret_files.readers", readers=text("parsing.secret_files.and").join(readers), path=path)


def saved_sddl(data: bytes) -> str:
    """The security descriptor in a file that `icacls /save` wrote (UTF-16: name, SDDL); ValueError for others."""
    lines = data.decode("utf-16").splitlines()
    if len(lines) < 2 or ":" not in lines[1]:
        raise ValueError("not a saved access list")
    return lines[1]


def readers_by_sddl(sddl: str) -> tuple[str, ...]:
    """The groups of everybody (Everyone, Users, ...) that an SDDL text lets read; without a DACL that is Everyone."""
    _, dacl, entries = sddl.partition("D:")
    if not dacl or entries.startswith("NO_ACCESS_CONTROL"):
        return ("Everyone",)
    readers: dict[str, None] = {}
    for ace in _aces(entries):
        kind, flags, rights, _, _, trustee = (*ace.split(";")[:6], *[""] * 6)[:6]
        inherit_only = "IO" in re.findall("..", flags)
        name = _everybody(trustee)
        if kind in _ALLOW_TYPES and not inherit_only and name and _can_read(rights):
            readers[name] = None
    return tuple(readers)


def _aces(entries: str) -> Iterator[str]:
    """What stands in brackets behind `D:`, up to the SACL. A condition has brackets of its own within them."""
    depth, begin = 0, 0
    for place, character in enumerate(entries):
        if character == "(":
            depth += 1
            begin = place + 1 if depth == 1 else begin
        elif character == ")":
            depth -= 1
            if depth == 0:
                yield entries[begin:place]
        elif character == ":" and depth == 0:
            return


def _everybody(trustee: str) -> str:
    if trustee in _EVERYBODY:
        return _EVERYBODY[trustee]
    domain = re.fullmatch(r"S-1-5-21-\d+-\d+-\d+-(\d+)", trustee)
    return _EVERYBODY_RID.get(domain[1], "") if domain else ""


def _can_read(rights: str) -> bool:
    if re.fullmatch(r"0x[0-9a-fA-F]+|\d+", rights):
        return bool(int(rights, 0) & _READING_BITS)
    # CC is bit 0x1, which on a file is the right to read data.
    return bool({*re.findall("..", rights)} & (_READING_LETTERS | {"CC"}))
