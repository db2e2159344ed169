"""Who may log on: passwords, states and bad-logon counts for LDAP, TDS and WinRM together, as in a domain."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

Refusal = Literal[
    "no_user",
    "bad_password",
    "logon_hours",
    "workstation",
    "password_expired",
    "disabled",
    "expired",
    "must_change",
    "locked",
    "no_controller",
]

#: AD's sub-code in an LDAP bind error, by refusal (seen on Windows; facts/backends.md).
LDAP_DATA: dict[Refusal, str] = {
    "no_user": "525",
    "bad_password": "52e",
    "logon_hours": "530",
    "workstation": "531",
    "password_expired": "532",
    "disabled": "533",
    "expired": "701",
    "must_change": "773",
    "locked": "775",
    "no_controller": "51f",
}


class LogonRefused(Exception):
    """A logon that the domain refuses. `refusal` says why; the text holds no password."""

    def __init__(self, refusal: Refusal, login: str) -> None:
        super().__init__(f"logon of {login} refused: {refusal}")
        self.refusal: Refusal = refusal
        self.login = login


@dataclass
class Credential:
    """One account that can log on. `account` is `NETBIOS\\sam`; `aliases` are its other spellings (UPN, DN, ...)."""

    account: str
    password: str = field(repr=False)
    sid: str
    dn: str
    aliases: tuple[str, ...] = ()
    state: Refusal | None = None
    bad_logons: int = 0
    counted: int = 0
    last_via: list[str] = field(default_factory=list)


class Logons:
    """The domain's accounts. `lockout` bad logons in a row lock an account; any good one sets the count back.

    `changed` is called after every change, for state.json.
    """

    def __init__(self, lockout: int = 3, changed: Callable[[], None] = lambda: None) -> None:
        self.lockout = lockout
        #: Whether anybody is there to be asked: without a domain controller nobody logs on, and nothing is counted.
        self.has_controller: Callable[[], bool] = lambda: True
        self._changed = changed
        self._lock = threading.RLock()
        self._by_name: dict[str, Credential] = {}
        self.credentials: list[Credential] = []
        self.unknown_logons: dict[str, int] = {}

    def add(self, credential: Credential) -> Credential:
        """Make an account known under its name and all its aliases."""
        with self._lock:
            self.credentials.append(credential)
            for name in (credential.account, *credential.aliases):
                self._by_name[name.casefold()] = credential
        return credential

    def find(self, login: str) -> Credential | None:
        """The account with this name or alias, in any case."""
        return self._by_name.get(login.casefold())

    def log_on(self, login: str, password: str, via: str) -> Credential:
        """Log on with a password over `via` ("ldap", "tds", "winrm", "task"). Raises LogonRefused, and counts."""
        credential = self.find(login)
        if credential is None or credential.password != password:
            raise self.refuse(login, via)
        return self.admit(login, via)

    def admit(self, login: str, via: str) -> Credential:
        """The password (or NTLM proof) was right: apply the account's state. Raises LogonRefused."""
        with self._lock:
            credential = self.find(login)
            if credential is None or not self.has_controller():
                raise self.refuse(login, via)
            if credential.bad_logons >= self.lockout:
                raise LogonRefused("locked", login)
            if credential.state is not None:
                raise LogonRefused(credential.state, login)
            credential.bad_logons = 0
            credential.last_via.append(via)
            del credential.last_via[:-50]
        self._changed()
        return credential

    def refuse(self, login: str, via: str) -> LogonRefused:
        """The password (or NTLM proof) was wrong: count it and return the refusal to raise or to answer with."""
        if not self.has_controller():
            return LogonRefused("no_controller", login)
        with self._lock:
            credential = self.find(login)
            if credential is None:
                self.unknown_logons[login] = self.unknown_logons.get(login, 0) + 1
                refusal = LogonRefused("no_user", login)
            else:
                was_locked = credential.bad_logons >= self.lockout or credential.state == "locked"
                credential.bad_logons += 1
                credential.counted += 1
                credential.last_via.append(f"{via}: refused")
                refusal = LogonRefused("locked" if was_locked else "bad_password", login)
        self._changed()
        return refusal

    def is_locked(self, credential: Credential) -> bool:
        """Whether the account is locked out, by its state or by too many bad logons."""
        return credential.state == "locked" or credential.bad_logons >= self.lockout
