"""What the tests for sessions share: targets, logins, a script."""

from __future__ import annotations

from tests.winrm_nodes import ADMIN, PASSWORD
from vmm_wizard.lab.logons import Logons
from vmm_wizard.lab.winrm_server import WinrmServer
from vmm_wizard.plan.secrets import Secret
from vmm_wizard.remote.session import Login, Script, Session, Target, deadline_in

HOST = "vmm01.contoso.lab"
CANARY = "Canary-4711-secret"
FACTS = Script("facts", "param([string] $Name)\n@{ name = $Name }")


def at(server: WinrmServer, **changes: object) -> Target:
    given: dict[str, object] = {"host": HOST, "connect_address": "127.0.0.1", "port": server.port, "shown_port": 5985}
    return Target(**{**given, **changes})  # type: ignore[arg-type]


def login(account: str = ADMIN, password: str = PASSWORD) -> Login:
    return Login(account, Secret(password))


def opened(target: Target, who: Login | None = None) -> Session:
    return Session.open(target, who or login(), deadline_in(20))


def counted(logons: Logons, account: str = ADMIN) -> int:
    credential = logons.find(account)
    assert credential is not None
    return credential.counted
