"""A practice estate served inside the test's own process, with everything that asks it."""

from __future__ import annotations

import threading
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vmm_wizard.addresses import AddressBook
from vmm_wizard.checks.registry import Finding, Status
from vmm_wizard.lab.clock import SpedUpClock
from vmm_wizard.lab.estate import Estate
from vmm_wizard.lab.scenarios import Scenario, apply
from vmm_wizard.lab.serving import Serving
from vmm_wizard.lab.winrm_server import WinrmServer
from vmm_wizard.plan.answers import load
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.names import AccountName
from vmm_wizard.plan.secrets import Secret, Secrets
from vmm_wizard.preflight import Preflight, Update

ANSWERS = Path(__file__).parent.parent / "answers"

#: Fast enough that setup takes about a second; WinRM is away for a twentieth of one.
FAST = 1200.0


class HeldClock(SpedUpClock):
    """Time that a test can hold: setups and whatever else waits for time to pass go on when it is let go."""

    def __init__(self, speed: float) -> None:
        super().__init__(speed)
        self._goes_on = threading.Event()
        self._goes_on.set()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nothing that waits from now on gets further until the block ends."""
        self._goes_on.clear()
        try:
            yield
        finally:
            self._goes_on.set()

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        while not self._goes_on.wait(0.01) and not stop.is_set():
            pass
        return super().wait(seconds, stop)


@dataclass
class ServedEstate:
    """A running estate, the folder with its files, and the passwords that it made up."""

    estate: Estate
    serving: Serving
    folder: Path
    secrets: Secrets
    clock: HeldClock

    @property
    def book(self) -> AddressBook:
        return AddressBook.load(self.folder / "address-book.toml")

    @property
    def plan(self) -> Plan:
        """The plan that goes with the estate: the example's, or what its scenario makes of it."""
        return load(self.folder / "practice.toml")

    def preflight(self, secrets: Secrets | None = None, deadline: float = 30.0) -> Preflight:
        return Preflight(secrets or self.secrets, self.book, deadline)

    def sql_login_password(self, login: str) -> str:
        """The password of a SQL Server login, as `credentials.toml` has it."""
        document = tomllib.loads((self.folder / "credentials.toml").read_text(encoding="utf-8"))
        return str(document["sql_logins"][login])

    def shells(self) -> int:
        """How many shells are open on the machines; none as soon as they have heard so, where none is to be."""
        servers = [server for server in self.serving._close if isinstance(server, WinrmServer)]
        until = time.monotonic() + 20.0
        while (count := sum(len(server.shells) for server in servers)) and time.monotonic() < until:
            time.sleep(0.02)
        return count

    def check(self, plan: Plan, **how: Any) -> Update:
        """The last update of one run."""
        preflight = self.preflight()
        last = list(preflight.run(plan, **how))[-1]
        preflight.kept.close()
        return last


@contextmanager
def serving_estate(
    folder: Path, scenario: Scenario | None = None, speed: float = FAST, **how: Any
) -> Iterator[ServedEstate]:
    """An estate on loopback until the block ends."""
    clock = HeldClock(speed)
    estate = Estate(clock, **how)
    if scenario is not None:
        apply(scenario, estate)
    with Serving(estate, folder) as serving:
        secrets = Secrets()
        document = tomllib.loads((folder / "credentials.toml").read_text(encoding="utf-8"))
        for name, password in document["accounts"].items():
            secrets.put(AccountName.parse(name), Secret(password))
        yield ServedEstate(estate, serving, folder, secrets, clock)


def contoso_plan() -> Plan:
    """The plan of `answers/contoso-ha.toml`."""
    return load(ANSWERS / "contoso-ha.toml")


def of_status(findings: tuple[Finding, ...], *statuses: Status) -> list[tuple[str, str]]:
    """(id, subject) of the findings in these states."""
    return [(finding.id, finding.subject) for finding in findings if finding.status in statuses]
