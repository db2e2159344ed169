"""An estate with faults in it, and clients that meet them: our own sessions, and commands by pywinrm."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.estates import FAST, ServedEstate, serving_estate
from vmm_wizard.lab import contoso
from vmm_wizard.lab.scenarios import Scenario
from vmm_wizard.plan.secrets import Secret
from vmm_wizard.remote.session import Login, Session, Target, deadline_in, load_script

FIRST, SECOND = "vmm01.contoso.lab", "vmm02.contoso.lab"
ACCOUNT = f"{contoso.NETBIOS}\\{contoso.INSTALLER}"
#: Real seconds that nothing here comes near.
SOON = 20.0


def faulty(*faults: dict[str, Any]) -> Scenario:
    """A scenario with these faults."""
    return Scenario("faulty", "", "", (), "", faults)


@contextmanager
def served_with(folder: Path, *faults: dict[str, Any], speed: float = FAST) -> Iterator[ServedEstate]:
    """An estate with these faults, served until the block ends."""
    with serving_estate(folder, faulty(*faults), speed) as served:
        yield served


def session(served: ServedEstate, node: str = FIRST, seconds: float = SOON, password: str = "") -> Session:
    """A session of the installing account on a node."""
    port = served.book.locate(node, "winrm_http").port
    secret = Secret(password or served.estate.account(contoso.INSTALLER).password)
    return Session.open(Target(node, "127.0.0.1", port), Login(ACCOUNT, secret), deadline_in(seconds))


def status(on: Session, seconds: float = SOON) -> dict[str, object]:
    """What run-status says of a run that is not there."""
    parameters = {"RunId": "run-1", "LogOffset": 0, "LogLimit": 1000, "Log": "setup"}
    return on.run(load_script("run-status"), parameters, deadline=deadline_in(seconds))


def stage(on: Session, seconds: float = SOON) -> dict[str, object]:
    """Stage a run with one file of some length."""
    parameters = {
        "RunId": "run-1",
        "Account": ACCOUNT,
        "Files": [{"name": "job.json", "content": "e30="}],
    }
    return on.run(load_script("stage-run"), parameters, deadline=deadline_in(seconds))  # type: ignore[arg-type]


def faults(served: ServedEstate) -> list[tuple[str, str]]:
    """(kind, moment) of the faults that the estate says were switched on."""
    return [(row["kind"], row["when"]) for row in served.estate.report()["faults"]]
