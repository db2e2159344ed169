"""Faults of a run by the step at which they come: each cell of the table is an install over an estate of its own.

`python -m tests.install.fault_cells` renders fault_table.toml as fault_table.md. With words it runs the cells that have
one of them, with `all` every one, and prints what came of them in the table's own form.
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.install.installing import FIRST, SECOND, Site, finished, newest, site
from tests.lab.faulty import faulty
from vmm_wizard.install.endings import Pace
from vmm_wizard.install.events import Event, Notice, Progress, StepChanged
from vmm_wizard.install.journal import Journal, JournalError
from vmm_wizard.install.results import GOOD_RESULTS
from vmm_wizard.lab import contoso
from vmm_wizard.lab.scenarios import Scenario

FOLDER = Path(__file__).parent
TABLE, RENDERED = FOLDER / "fault_table.toml", FOLDER / "fault_table.md"

#: A node that is away is soon given up here: what comes then is what the table is about.
PACE = Pace(poll=0.05, patience=3.0, starting=10.0, limit=120.0, stall=0.3, settling=1.0, clearing=3.0)

#: The steps, in order, by the estate's moment for each; all on the first node. In the preflight it is that of the
#: rehearsal, when everything else has been asked.
STEPS = {
    "preflight": "script stage-run",
    "stage": "stage",
    "start-task": "start-task",
    "secrets": "secrets",
    "setup 10%": "setup 10%",
    "setup 40%": "setup 40%",
    "setup 90%": "setup 90%",
    "clear": "clear",
    "verify": "verify",
}
#: Seconds in which a setup that was left running ends.
_SETTLING = 20.0
_IN_SETUP = ("setup 10%", "setup 40%", "setup 90%")


#: Where setup does not need a controller that comes back soon. (Missed at a logon: test_told_after.py, in slower time.)
_COMES_BACK = ("setup 10%", "clear")


@dataclass(frozen=True)
class Kind:
    """A fault: what the scenario says beside its moment, and the steps at which it can come. None: it is this
    computer's disk, and none of the estate's."""

    fault: Mapping[str, Any] | None
    steps: tuple[str, ...] = tuple(STEPS)


FAULTS = {
    "WinRM refuses": Kind({"kind": "winrm_refused"}),
    "connection cut in mid-answer": Kind({"kind": "winrm_cut"}),
    "WinRM is silent for a time": Kind({"kind": "winrm_silent", "for_seconds": 300}),
    "password changed": Kind({"kind": "password_changed", "account": contoso.INSTALLER}),
    "node restarts": Kind({"kind": "node_reboots", "for_seconds": 120}),
    "node gone for good": Kind({"kind": "node_gone"}),
    "domain controller gone": Kind({"kind": "dc_gone"}),
    "domain controller gone for a time": Kind({"kind": "dc_gone", "for_seconds": 450}, _COMES_BACK),
    "SQL Server gone": Kind({"kind": "sql_gone"}),
    "disk full on the node": Kind({"kind": "disk_full"}),
    "disk full here": Kind(None),
    "clock jumps": Kind({"kind": "clock_jump", "seconds": 7200}),
    "answer cut short": Kind({"kind": "winrm_garbage", "kept": 0.5}),
    "setup hangs at a dialog": Kind({"kind": "setup_hangs", "for_seconds": 1800}, _IN_SETUP),
    "setup fails and rolls back": Kind({"kind": "setup_fails"}, _IN_SETUP),
    "setup is half done": Kind({"kind": "half_done", "leaves": ["files", "database", "service"]}, _IN_SETUP),
}

CELLS = tuple((name, step) for name, kind in FAULTS.items() for step in kind.steps)


@dataclass(frozen=True)
class Outcome:
    """What came of a cell: how the call ended, how the journal has the run, exit codes of setup by node (`-`: it was
    ended from outside), and the sentence (in the table a line for each
    that it may be). `then`: how the same command ended without the fault, and the codes."""

    result: str
    journal: str
    setups: str
    says: str
    then: str = ""

    @classmethod
    def read(cls, row: Mapping[str, str]) -> Outcome:
        return cls(row["result"], row["journal"], row["setups"], row["says"], row.get("then", ""))


@dataclass(frozen=True)
class Told:
    """What a cell showed beside its outcome: all that was said, and whatever must not be there."""

    outcome: Outcome
    said: str
    wrong: tuple[str, ...]


class FullDisk:
    """This computer's disk: from a moment on nothing can be written into the journal."""

    def __init__(self, step: str) -> None:
        self._step = step
        self._is_full = self._is_over = False

    def saw(self, event: Event) -> None:
        """Fill it when the step has begun on the first node."""
        if self._is_over:
            return
        if isinstance(event, Progress) and event.node == FIRST and self._step.startswith("setup "):
            self._is_full |= event.percent >= int(self._step.removeprefix("setup ").rstrip("%"))
        elif isinstance(event, StepChanged) and event.node == FIRST and event.state == "started":
            begun = {"start": "start-task"}.get(event.step, event.step)
            self._is_full |= begun == self._step or (self._step == "secrets" and event.step == "setup")

    def lift(self) -> None:
        """Somebody has made room."""
        self._is_full, self._is_over = False, True

    def require_room(self, journal: Path) -> None:
        if self._is_full:
            raise JournalError(f"{journal}: the journal cannot be used (database or disk is full)")


class SmallJournal(Journal):
    """The journal on that disk. Everything but its writes is as ever."""

    def __init__(self, path: Path, disk: FullDisk) -> None:
        self._disk = disk
        super().__init__(path)

    def start(self, *what: Any, **how: Any) -> None:
        self._disk.require_room(self.path)
        super().start(*what, **how)

    def finish(self, *what: Any, **how: Any) -> None:
        self._disk.require_room(self.path)
        super().finish(*what, **how)

    def end(self, *what: Any) -> None:
        self._disk.require_room(self.path)
        super().end(*what)

    def tell(self, *what: Any) -> None:
        self._disk.require_room(self.path)
        super().tell(*what)


@dataclass
class CellSite:
    """One cell's estate, and the call of its commands."""

    place: Site
    disk: FullDisk | None

    def call(self) -> list[Event]:
        installer = self.place.installer()
        if self.disk is not None:
            installer.journal = SmallJournal(self.place.state / "journal.sqlite", self.disk)
        events = []
        for event in installer.run():
            events.append(event)
            if self.disk is not None:
                self.disk.saw(event)
        installer.preflight.close()
        return events

    def lift(self) -> None:
        """Somebody has mended it."""
        if self.disk is not None:
            self.disk.lift()
        self.place.served.estate.moments.lift()

    def setups(self) -> str:
        """Exit codes by node, once nothing runs any more."""
        estate, due = self.place.served.estate, time.monotonic() + _SETTLING
        while any(node.processes for node in estate.nodes.values()) and time.monotonic() < due:
            estate.stop.wait(0.02)
        found = self.place.setups()
        rows = (["-" if code is None else str(code) for code in found.get(node, [])] for node in (FIRST, SECOND))
        return " ".join("+".join(row) or "none" for row in rows)


def scenario_of(name: str, step: str) -> Scenario | None:
    fault = FAULTS[name].fault
    return None if fault is None else faulty({**fault, "when": STEPS[step], "on": FIRST})


def run_cell(name: str, step: str, folder: Path) -> Told:
    """Install over an estate with this fault at this step; then, where that did not end well, again without it."""
    with site(folder, scenario_of(name, step), PACE) as place:
        cell = CellSite(place, FullDisk(step) if FAULTS[name].fault is None else None)
        events = cell.call()
        end, setups = finished(events), cell.setups()
        kept, then = newest(place.journal).outcome, ""
        wrong = list(_wrong(place, over=kept not in ("running", "interrupted")))
        said = _said(events)
        if end.result not in GOOD_RESULTS:
            cell.lift()
            again = cell.call()
            said += "\n--- then\n" + _said(again)
            then = f"{finished(again).result}, {cell.setups()}"
            wrong += _wrong(place, over=newest(place.journal).outcome != "interrupted")
        return Told(Outcome(end.result, kept, setups, end.text, then), said, tuple(wrong))


def _said(events: list[Event]) -> str:
    rows = []
    for event in events:
        if isinstance(event, Notice):
            rows.append(f"! {event.text}" + (f" -> {event.remedy}" if event.remedy else ""))
        elif isinstance(event, StepChanged):
            rows.append(f"{event.node} {event.step} {event.state.value} {event.text}")
    return "\n".join([*rows, f"= {finished(events).result}: {finished(events).text}"])


def _wrong(place: Site, *, over: bool) -> Iterator[str]:
    """What no end may leave: a password on either side, more than one bad logon, and of a run that is over anything."""
    yield from (f"a password in {path.name}" for path in place.told())
    left = [row for row in place.left() if over or row.partition(": ")[2].startswith("password in")]
    # What was staged on a node that is gone stays there.
    yield from (row for row in left if not place.served.estate.nodes[row.partition(":")[0]].power.is_down)
    counts = place.served.estate.report()["bad_logons"]
    yield from (f"{count} bad logons of {account}" for account, count in counts.items() if count > 1)
    journal = place.journal.path.read_bytes()
    if not journal.startswith(b"SQLite format 3"):
        yield "the journal is none"


# --- the table


#: What may be another one the next time: times, runs, where the journal is, how a controller's connection broke.
_VARYING = re.compile(
    r"\d\d:\d\d:\d\d UTC|\d{8}-\d{6}-[0-9a-f]{6}|\S+(?=[\\/]journal\.sqlite)"
    r"|(?<=:636: )(?:it ended the TLS handshake \([^)]*\)|refused)"
)


def generalized(says: str) -> str:
    """A sentence with `...` for what may be another one the next time."""
    return _VARYING.sub("...", says)


def is_said(says: str, text: str) -> bool:
    """Whether a sentence is one of the table's lines, in which `...` stands for anything."""
    patterns = (".*".join(map(re.escape, line.split("..."))) for line in says.splitlines())
    return any(re.fullmatch(pattern, text) for pattern in patterns)


def expected() -> dict[tuple[str, str], Outcome]:
    """The table: every cell's outcome, in order."""
    document = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return {(name, step): Outcome.read(row) for name, rows in document.items() for step, row in rows.items()}


HEAD = """# Faults by step

Made by `python -m tests.install.fault_cells` from fault_table.toml, which the tests hold against the estate. Each cell
is an install on two nodes, with the fault at this step of the first one. *Journal*: whether the run is over, or is gone
on with by the same command. *Setups*: exit codes of setup by node, `none` where it was not begun, `-` where it was
ended from outside. *Then*: how the same command ended without the fault, and the exit codes.
"""
COLUMNS = ("step", "ends", "journal", "setups", "it says", "then")


def rendered() -> str:
    """The table as Markdown."""
    lines = [HEAD.rstrip()]
    rows = expected()
    for name in FAULTS:
        lines += ["", f"## {name}", "", f"| {' | '.join(COLUMNS)} |", f"|{'---|' * len(COLUMNS)}"]
        for (fault, step), row in rows.items():
            if fault == name:
                cells = (
                    step,
                    row.result,
                    row.journal,
                    row.setups,
                    row.says.replace("|", "\\|").replace("\n", "<br>"),
                    row.then,
                )
                lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def as_toml(name: str, step: str, row: Outcome) -> str:
    """A cell as the table holds it."""
    head = f'["{name}"."{step}"]\nresult = "{row.result}"\njournal = "{row.journal}"\nsetups = "{row.setups}"\n'
    return head + f"says = '''{generalized(row.says)}'''\n" + (f'then = "{row.then}"\n' if row.then else "")


def main(arguments: list[str], say: Callable[[str], Any] = sys.stdout.write) -> None:
    if not arguments:
        RENDERED.write_text(rendered(), encoding="utf-8", newline="\n")
        return
    from vmm_wizard.facts import rehearsal

    rehearsal.POLL, rehearsal.PATIENCE = 0.05, PACE.patience
    for name, step in CELLS:
        if arguments != ["all"] and not any(word in f"{name} @ {step}" for word in arguments):
            continue
        with tempfile.TemporaryDirectory() as folder:
            told = run_cell(name, step, Path(folder))
        say(as_toml(name, step, told.outcome) + "".join(f"# wrong: {each}\n" for each in told.wrong) + "\n")
        if arguments != ["all"]:
            say("".join(f"#   {line}\n" for line in told.said.splitlines()) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
