"""The journal of runs: what is about to be done is on disk before it is done, and what ended is there after.

SQLite in the user's state folder, in write-ahead mode with full synchronisation, so that a power cut loses nothing that
was said to be written. It holds no secret: steps, nodes, times and outcomes only.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import socket
import sqlite3
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from vmm_wizard.install.orders import Order
from vmm_wizard.texts import text

Outcome = Literal["running", "installed", "unchanged", "done", "refused", "failed", "cancelled", "interrupted"]
StepState = Literal["started", "done", "failed"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    id TEXT PRIMARY KEY, plan_key TEXT NOT NULL, plan_toml TEXT NOT NULL, job TEXT NOT NULL,
    started TEXT NOT NULL, ended TEXT, outcome TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS steps (
    run TEXT NOT NULL REFERENCES runs(id), node TEXT NOT NULL, step TEXT NOT NULL, state TEXT NOT NULL,
    started TEXT NOT NULL, ended TEXT, detail TEXT NOT NULL DEFAULT '', PRIMARY KEY (run, node, step));
"""
#: What version 2 has more: the order of a run, who runs it, and what it told.
_SECOND = """
ALTER TABLE runs ADD COLUMN order_json TEXT NOT NULL DEFAULT '{}';
ALTER TABLE runs ADD COLUMN owner TEXT NOT NULL DEFAULT '';
CREATE TABLE events (
    number INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL REFERENCES runs(id), at TEXT NOT NULL,
    event TEXT NOT NULL);
CREATE INDEX events_of_run ON events (run, number);
PRAGMA user_version = 2;
"""
_VERSION = 2


class JournalError(Exception):
    """The journal cannot be read or written. The text is one sentence naming the file."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a run on one node (empty node: the run as a whole). Times are aware, in UTC."""

    node: str
    step: str
    state: StepState
    started: datetime
    ended: datetime | None
    detail: str


@dataclass(frozen=True, slots=True)
class Run:
    """One run. `plan_key` is the same for equal plans; `outcome` "running" until it ended. `owner` is who carries it
    out: `user@computer`."""

    id: str
    plan_key: str
    plan_toml: str
    job: str
    started: datetime
    ended: datetime | None
    outcome: Outcome
    order: Order = field(default_factory=Order)
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """One event of a run as it was told, without secrets. `number` grows with each; `event` is its JSON."""

    number: int
    at: datetime
    event: dict[str, Any]


def whoami() -> str:
    """Who is at work here: `user@computer`."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):
        user = "somebody"
    return f"{user}@{socket.gethostname()}"


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


class Journal:
    """The journal in one file. Thread-safe: each call opens its own short transaction."""

    def __init__(self, path: Path) -> None:
        """Open or create the journal at `path`; raises JournalError."""
        self.path = path
        try:
            with self._open() as db:
                self._bring_up(db)
            if os.name == "posix":
                path.chmod(0o600)
        except (sqlite3.Error, OSError) as error:
            raise JournalError(text("engine.journal.cannot_be_opened", path=path, error=error)) from None

    def _bring_up(self, db: sqlite3.Connection) -> None:
        """Make the tables, or bring older ones up to date. Raises JournalError for a newer version's."""
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version == _VERSION:
            return
        if version > _VERSION:
            raise JournalError(text("engine.journal.newer", path=self.path))
        # Two processes may come here at once: the second finds the work done.
        db.execute("BEGIN IMMEDIATE")
        (version,) = db.execute("PRAGMA user_version").fetchone()
        statements = (_SCHEMA + _SECOND) if version < _VERSION else ""
        for statement in filter(str.strip, statements.split(";")):
            db.execute(statement)
        db.execute("COMMIT")

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            db = sqlite3.connect(self.path, timeout=30, isolation_level=None)
        except sqlite3.Error as error:
            raise JournalError(text("engine.journal.cannot_be_opened", path=self.path, error=error)) from None
        try:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            db.execute("PRAGMA foreign_keys=ON")
            yield db
        except sqlite3.Error as error:
            raise JournalError(text("engine.journal.unusable", path=self.path, error=error)) from None
        finally:
            db.close()

    # --- runs

    def begin(self, plan_key: str, plan_toml: str, order: Order) -> Run:
        """Write a new run of `order` down and return it."""
        run_id = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:6]}"
        with self._open() as db:
            db.execute(
                "INSERT INTO runs (id, plan_key, plan_toml, job, started, outcome, order_json, owner)"
                " VALUES (?, ?, ?, ?, ?, 'running', ?, ?)",
                (run_id, plan_key, plan_toml, order.job.value, _now(), json.dumps(order.as_json()), whoami()),
            )
        return self.run(run_id)

    def end(self, run_id: str, outcome: Outcome) -> None:
        """Write down how a run ended."""
        with self._open() as db:
            db.execute("UPDATE runs SET ended = ?, outcome = ? WHERE id = ?", (_now(), outcome, run_id))

    def resume(self, run_id: str) -> None:
        """Write down that an unfinished run goes on."""
        with self._open() as db:
            db.execute("UPDATE runs SET ended = NULL, outcome = 'running' WHERE id = ?", (run_id,))

    def run(self, run_id: str) -> Run:
        """One run by its id; raises JournalError when there is none."""
        found = [run for run in self.runs() if run.id == run_id]
        if not found:
            raise JournalError(text("engine.journal.no_run", path=self.path, run_id=run_id))
        return found[0]

    def runs(self) -> tuple[Run, ...]:
        """All runs, newest first: in the order they were written, whatever the clock said."""
        with self._open() as db:
            rows = db.execute(
                "SELECT id, plan_key, plan_toml, job, started, ended, outcome, order_json, owner FROM runs"
                " ORDER BY rowid DESC"
            ).fetchall()
        return tuple(self._run(row) for row in rows)

    def _run(self, row: tuple[Any, ...]) -> Run:
        try:
            order = Order.from_json({"job": row[3], **json.loads(row[7])})
        except (ValueError, TypeError) as error:
            raise JournalError(text("engine.journal.bad_order", path=self.path, run=row[0], error=error)) from None
        started = datetime.fromisoformat(row[4])
        return Run(row[0], row[1], row[2], row[3], started, _time(row[5]), row[6], order, row[8])

    def unfinished(self, plan_key: str, order: Order) -> Run | None:
        """The newest run of this plan and order, when it never ended or was cut off; else None.

        A cancelled run left nothing behind: it is over, and the next one begins anew.
        """
        for run in self.runs():
            if run.plan_key == plan_key and run.order.key == order.key:
                return run if run.outcome in ("running", "interrupted") else None
        return None

    # --- steps

    def start(self, run_id: str, node: str, step: str, detail: str = "") -> None:
        """Write down, before it is done, that a step is about to be done. One done again moves to the end."""
        with self._open() as db:
            db.execute(
                "INSERT OR REPLACE INTO steps VALUES (?, ?, ?, 'started', ?, NULL, ?)",
                (run_id, node, step, _now(), detail),
            )

    def finish(self, run_id: str, node: str, step: str, state: StepState = "done", detail: str = "") -> None:
        """Write down how a step ended; without `detail` what was written at its start stays."""
        with self._open() as db:
            db.execute(
                "UPDATE steps SET state = ?, ended = ?, detail = CASE WHEN ? = '' THEN detail ELSE ? END"
                " WHERE run = ? AND node = ? AND step = ?",
                (state, _now(), detail, detail, run_id, node, step),
            )

    def steps(self, run_id: str) -> tuple[Step, ...]:
        """The steps of a run in the order they were last started, whatever the clock said."""
        with self._open() as db:
            rows = db.execute(
                "SELECT node, step, state, started, ended, detail FROM steps WHERE run = ? ORDER BY rowid", (run_id,)
            ).fetchall()
        return tuple(
            Step(row[0], row[1], row[2], datetime.fromisoformat(row[3]), _time(row[4]), row[5]) for row in rows
        )

    def step(self, run_id: str, node: str, step: str) -> Step | None:
        """One step of a run, as it was started last; None before it."""
        return next((row for row in self.steps(run_id) if (row.node, row.step) == (node, step)), None)

    def attempt(self, run_id: str, node: str) -> dict[str, Step]:
        """The steps of a run's last attempt on a node, by name: what was started since it was last staged there."""
        found: dict[str, Step] = {}
        for row in self.steps(run_id):
            if row.node == node:
                found = {} if row.step == "stage" else found
                found[row.step] = row
        return found if "stage" in found else {}

    def is_open(self, run_id: str, node: str) -> bool:
        """Whether something of this run may be on the node: it was staged there, and not cleared away since."""
        steps = self.attempt(run_id, node)
        return bool(steps) and ("clear" not in steps or steps["clear"].state != "done")

    def open_nodes(self, run_id: str) -> tuple[str, ...]:
        """The nodes where something of a run may be, in the order it came to them."""
        nodes = dict.fromkeys(row.node for row in self.steps(run_id) if row.node)
        return tuple(node for node in nodes if self.is_open(run_id, node))

    # --- events

    def tell(self, run_id: str, event: dict[str, Any]) -> None:
        """Keep an event for whoever attaches to the run later. A power cut may lose the last ones: steps count."""
        with self._open() as db:
            db.execute("PRAGMA synchronous=NORMAL")
            text = json.dumps(event, ensure_ascii=False)
            db.execute("INSERT INTO events (run, at, event) VALUES (?, ?, ?)", (run_id, _now(), text))

    def told(self, run_id: str, after: int = 0) -> tuple[Told, ...]:
        """The events of a run with a number above `after`, in the order they were told."""
        with self._open() as db:
            rows = db.execute(
                "SELECT number, at, event FROM events WHERE run = ? AND number > ? ORDER BY number", (run_id, after)
            ).fetchall()
        return tuple(Told(row[0], datetime.fromisoformat(row[1]), json.loads(row[2])) for row in rows)
