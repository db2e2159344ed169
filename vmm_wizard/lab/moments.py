"""When a fault of a scenario is switched on: a moment of a run by name, on which node, how often, and for how long.

The estate's parts say what happens (`Moments.reached`), in the thread in which it happens: what is switched on there is
in force before they go on.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Literal

from vmm_wizard.lab.clock import Clock

_log = logging.getLogger(__name__)

Kind = Literal["start", "boot", "verify", "script", "after script", "setup", "uninstall"]

#: Steps of a run, which is no rehearsal, by the script that begins them on a node.
_STEPS = {"stage": "stage-run", "start-task": "start-task", "secrets": "put-secrets", "clear": "remove-run"}
_PERCENT = re.compile(r"(setup|uninstall) (\d{1,3})%")
_SCRIPT = re.compile(r"((?:after )?script)(?: ([a-z0-9-]+))?")

EXPECTED = (
    '"start", "boot", "stage", "start-task", "secrets", "clear", "verify", "setup 40%", "uninstall 40%", "script NAME" '
    'or "after script NAME"'
)


class MomentError(ValueError):
    """A moment that nothing ever reaches. The text says what was read and what is expected."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment. `script` is the name of one of our scripts (empty: any), `percent` how far setup is.

    `verify`: a node is asked what it is (node-facts) while VMM's server is on it. `boot`: a node has come back.
    `of_run`: the script is about a run that is no rehearsal.
    """

    kind: Kind
    script: str = ""
    percent: int = 0
    of_run: bool = False

    def covers(self, happening: Moment) -> bool:
        """Whether this is the moment that was reached."""
        if self.kind != happening.kind or self.percent != happening.percent:
            return False
        return self.script in ("", happening.script) and self.of_run <= happening.of_run

    def __str__(self) -> str:
        if self.of_run and self.kind == "script" and self.script in _STEPS.values():
            return next(step for step, script in _STEPS.items() if script == self.script)
        tail = f" {self.script}" if self.script else ""
        return f"{self.kind} {self.percent}%" if self.kind in ("setup", "uninstall") else f"{self.kind}{tail}"


START, BOOT, VERIFY = Moment("start"), Moment("boot"), Moment("verify")


def parse_moment(text: object, scripts: Collection[str]) -> Moment:
    """The moment of a scenario's `when`; `scripts` are the names of those that a node answers. Raises MomentError."""
    for known in (START, BOOT, VERIFY):
        if text == known.kind:
            return known
    if not isinstance(text, str):
        raise MomentError(f"when = {text!r}: expected {EXPECTED}")
    if text in _STEPS:
        return Moment("script", _STEPS[text], of_run=True)
    percent, script = _PERCENT.fullmatch(text), _SCRIPT.fullmatch(text)
    if percent and int(percent[2]) <= 100:
        return Moment("uninstall" if percent[1] == "uninstall" else "setup", percent=int(percent[2]))
    if script:
        if script[2] and script[2] not in scripts:
            names = ", ".join(sorted(scripts))
            raise MomentError(f'when = "{text}": there is no script {script[2]}; there are {names}')
        return Moment("script" if script[1] == "script" else "after script", script[2] or "")
    raise MomentError(f'when = "{text}": expected {EXPECTED}')


#: Puts a fault into force at a node's moment (its DNS name; empty at the start), and gives what takes it back, or None.
Act = Callable[[str], Callable[[], None] | None]


@dataclass
class Switch:
    """A fault with its moment. `on` is the node whose moment it is (empty: any), `left` how often it is still to be
    switched on (None: always), `seconds` of estate time after which it passes (None: it stays)."""

    kind: str
    when: Moment
    act: Act
    on: str = ""
    left: int | None = 1
    seconds: float | None = None

    def is_meant(self, happening: Moment, node: str) -> bool:
        """Whether it is switched on by this."""
        return self.left != 0 and self.when.covers(happening) and self.on.casefold() in ("", node.casefold())


@dataclass
class Switched:
    """A fault that was switched on, in estate seconds; `over` None while it is in force, `error` when it could not."""

    kind: str
    when: str
    node: str
    seconds: float
    over: float | None = None
    error: str = ""

    def report(self) -> dict[str, Any]:
        """For state.json."""
        return {
            "kind": self.kind,
            "when": self.when,
            "node": self.node,
            "seconds": round(self.seconds, 1),
            "over": None if self.over is None else round(self.over, 1),
            **({"error": self.error} if self.error else {}),
        }

    def __str__(self) -> str:
        where = f" on {self.node}" if self.node else ""
        if self.error:
            return f"fault {self.kind} at {self.when}{where} could not be switched on: {self.error}"
        state = "switched on" if self.over is None else "over"
        at = self.seconds if self.over is None else self.over
        return f"fault {self.kind} {state} at {self.when}{where}, {at:.0f} seconds after the estate's start"


class Moments:
    """The faults of an estate that wait for their moment, and those that were switched on. Thread-safe.

    `told` is called with each that is switched on or over, `changed` after it.
    """

    def __init__(self, clock: Clock, stop: threading.Event, changed: Callable[[], None]) -> None:
        self._clock = clock
        self._stop = stop
        self._changed = changed
        self._lock = threading.Lock()
        self._waiting: list[Switch] = []
        self._switched: list[Switched] = []
        self._undos: list[tuple[Switched, Callable[[], None]]] = []
        self.told: Callable[[Switched], None] = lambda _: None

    def add(self, switch: Switch) -> None:
        """One more fault; what is meant for the start is switched on at once."""
        with self._lock:
            self._waiting.append(switch)
        if switch.when == START and switch.is_meant(START, switch.on):
            self._switch_on(switch, switch.on)

    def percents(self, work: str) -> tuple[int, ...]:
        """How far a `setup` or `uninstall` is when something waits for it, in order."""
        with self._lock:
            found = {each.when.percent for each in self._waiting if each.when.kind == work and each.left != 0}
        return tuple(sorted(found))

    def reached(self, happening: Moment, node: str) -> None:
        """This happens on a node now: what waits for it is in force when this comes back."""
        with self._lock:
            meant = [each for each in self._waiting if each.is_meant(happening, node)]
        for each in meant:
            self._switch_on(each, node)

    def lift(self) -> None:
        """Somebody has mended it: what is in force and can be taken back is over, and nothing more is switched on."""
        with self._lock:
            self._waiting.clear()
            undos, self._undos = self._undos, []
        for row, undo in undos:
            self._take_back(row, undo)

    @property
    def switched(self) -> tuple[Switched, ...]:
        """All that were switched on, in order."""
        with self._lock:
            return tuple(self._switched)

    def _switch_on(self, switch: Switch, node: str) -> None:
        row = Switched(switch.kind, str(switch.when), node, self._clock.seconds())
        with self._lock:
            if switch.left == 0:
                return
            switch.left = None if switch.left is None else switch.left - 1
            self._switched.append(row)
        undo: Callable[[], None] | None = None
        try:
            undo = switch.act(node)
        except Exception as error:
            if switch.when == START:
                raise  # whoever puts it in is there to hear of it
            # In a thread of the estate's own: whatever it stumbled over is told, and the estate goes on without it.
            _log.exception("the fault %s could not be switched on", switch.kind)
            row.error = f"{type(error).__name__}: {error}"
        self._tell(row)
        if undo is None:
            return
        with self._lock:
            self._undos.append((row, undo))
        if switch.seconds is not None:
            arguments = (row, switch.seconds, undo)
            threading.Thread(target=self._pass, args=arguments, name=f"fault {switch.kind}", daemon=True).start()

    def _pass(self, row: Switched, seconds: float, undo: Callable[[], None]) -> None:
        if self._clock.wait(seconds, self._stop):
            return
        with self._lock:
            if (row, undo) not in self._undos:
                return
            self._undos.remove((row, undo))
        self._take_back(row, undo)

    def _take_back(self, row: Switched, undo: Callable[[], None]) -> None:
        undo()
        row.over = self._clock.seconds()
        self._tell(row)

    def _tell(self, row: Switched) -> None:
        self.told(row)
        self._changed()
