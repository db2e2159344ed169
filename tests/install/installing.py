"""One administrator's computer beside a served estate: installs there, and what is left on either side afterwards."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.estates import ServedEstate, contoso_plan, serving_estate
from vmm_wizard import log
from vmm_wizard.install.context import open_task
from vmm_wizard.install.endings import Pace
from vmm_wizard.install.engine import Runner
from vmm_wizard.install.events import Event, Finished, Notice, StepChanged
from vmm_wizard.install.journal import Journal, Run
from vmm_wizard.lab.scenarios import Scenario
from vmm_wizard.plan.model import Plan
from vmm_wizard.plan.names import AccountName
from vmm_wizard.plan.secrets import Secret, Secrets
from vmm_wizard.remote.task import RemoteTask

FIRST, SECOND = "vmm01.contoso.lab", "vmm02.contoso.lab"
ROOT = r"C:\ProgramData\vmm-wizard"

#: Fast as the estate is; a node that is away is given up after so long that a slow machine changes nothing.
QUICK = Pace(poll=0.3, patience=30.0, starting=10.0, limit=120.0, settling=2.0, clearing=5.0, closing=1.5)


@dataclass
class Site:
    """A served estate, and the state folder of somebody who installs on it."""

    served: ServedEstate
    state: Path
    pace: Pace = QUICK
    plan: Plan = field(default_factory=contoso_plan)

    @property
    def journal(self) -> Journal:
        self.state.mkdir(exist_ok=True)
        return Journal(self.state / "journal.sqlite")

    def installer(self, plan: Plan | None = None, secrets: Secrets | None = None, **how: object) -> Runner:
        """A new process' installer: nothing is remembered but what the journal holds."""
        secrets = secrets or self.served.secrets
        pace = how.pop("pace", self.pace)
        assert isinstance(pace, Pace)
        return Runner(
            plan or self.plan,
            secrets,
            self.served.preflight(secrets),
            self.journal,
            self.state,
            pace=pace,
            **how,  # type: ignore[arg-type]
        )

    def install(
        self,
        plan: Plan | None = None,
        *,
        on: Callable[[Event], None] = lambda _: None,
        cancel: threading.Event | None = None,
        **how: object,
    ) -> list[Event]:
        """All events of one call; `on` is called with each as it comes."""
        events = []
        installer = self.installer(plan, **how)  # type: ignore[arg-type]
        for event in installer.run(cancel):
            events.append(event)
            on(event)
        installer.preflight.close()
        return events

    def install_until(self, stop: Callable[[Event], bool], **how: object) -> list[Event]:
        """Install, and leave right after the first event that `stop` is true for, as a process that ends there."""
        events: list[Event] = []
        installer = self.installer(**how)  # type: ignore[arg-type]
        with closing(installer.run()) as run:  # type: ignore[type-var]
            for event in run:
                events.append(event)
                if stop(event):
                    break
        installer.preflight.close()
        return events

    @contextmanager
    def held_in_setup(self) -> Iterator[None]:
        """A setup that begins meanwhile gets no further until the block ends, however busy the machine is."""
        estate = self.served.estate
        before, once = estate.on_change, threading.Lock()
        with ExitStack() as held:

            def look() -> None:
                before()
                if any(node.processes for node in estate.nodes.values()) and once.acquire(blocking=False):
                    held.enter_context(self.served.clock.held())

            estate.on_change = look
            try:
                yield
            finally:
                estate.on_change = before

    # --- what the estate says of itself

    def setups(self) -> dict[str, list[int | None]]:
        """Exit codes of every setup, by node; None for one that runs or was killed."""
        return {
            name: [row.exit_code for row in node.setups]
            for name, node in self.served.estate.nodes.items()
            if node.setups
        }

    def left(self) -> list[str]:
        """Every task, run folder, and file with one of the plan's passwords in it, on any node."""
        passwords = [secret.reveal() for secret in self.served.secrets.values()]
        found = []
        for name, node in self.served.estate.nodes.items():
            found += [f"{name}: task {task}" for task in node.scheduler.names()]
            found += [f"{name}: {path}" for path in node.files.inside(ROOT)]
            found += [f"{name}: {ROOT}"] if node.files.has_folder(ROOT) else []
            found += [f"{name}: password in {path}" for word in passwords for path in node.files.holding(word)]
        return found

    def told(self) -> list[Path]:
        """The files of the administrator's computer that hold a password."""
        passwords = [secret.reveal().encode() for secret in self.served.secrets.values()]
        files = [path for path in self.state.rglob("*") if path.is_file()]
        return [path for path in files if any(word in path.read_bytes() for word in passwords)]

    def is_clean(self) -> bool:
        """Both nodes installed by one setup each, nothing left anywhere."""
        return self.setups() == {FIRST: [0], SECOND: [0]} and not self.left() and not self.told()


@contextmanager
def site(folder: Path, scenario: Scenario | None = None, pace: Pace = QUICK, **how: float) -> Iterator[Site]:
    """An estate with an administrator's computer beside it, its log included."""
    state = folder / "state"
    state.mkdir()
    logger = logging.getLogger("vmm_wizard")
    before = (logger.level, logger.propagate, list(logger.handlers))
    log.open_log(state / "vmm-wizard.log")
    try:
        with serving_estate(folder / "estate", scenario, **how) as served:
            yield Site(served, state, pace)
    finally:
        for handler in set(logger.handlers) - set(before[2]):
            logger.removeHandler(handler)
            handler.close()
        logger.setLevel(before[0])
        logger.propagate = before[1]


def finished(events: list[Event]) -> Finished:
    """The last event, which every run ends with."""
    last = events[-1]
    assert isinstance(last, Finished)
    assert [event for event in events if isinstance(event, Finished)] == [last]
    return last


def steps(events: list[Event], node: str) -> list[tuple[str, str]]:
    """(step, state) of one node, in order."""
    return [
        (event.step, event.state.value) for event in events if isinstance(event, StepChanged) and event.node == node
    ]


def notices(events: list[Event]) -> list[Notice]:
    """What the user is told to read."""
    return [event for event in events if isinstance(event, Notice)]


def runs(journal: Journal) -> list[tuple[str, str]]:
    """(id, outcome) of each run, newest first."""
    return [(run.id, run.outcome) for run in journal.runs()]


def newest(journal: Journal) -> Run:
    """The run that was begun last."""
    return journal.runs()[0]


def remote_task(site: Site, run_id: str, node: str) -> RemoteTask:
    """A run of ours on a node, driven by hand."""
    secrets = site.served.secrets

    def password(account: AccountName) -> Secret:
        secret = secrets.get(account)
        assert secret is not None
        return secret

    addresses = site.served.preflight(secrets).addresses
    return open_task(site.plan, node, run_id, password, addresses, threading.Event())
