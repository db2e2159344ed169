"""A fault as a scenario has it -> what the estate switches on at its moment; says what a scenario has wrong."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from vmm_wizard.lab.inside_scripts import INSIDE_SCRIPTS
from vmm_wizard.lab.moments import START, Moment, Switch, parse_moment
from vmm_wizard.lab.runtime_faults import RUNTIME_FAULTS, Fault, FaultError, RuntimeFault, Undo
from vmm_wizard.lab.windows import HANDLERS

if TYPE_CHECKING:
    from vmm_wizard.lab.estate import Estate

#: Kinds of faults that change an estate: each takes it and the fault.
Changes = Mapping[str, Callable[["Estate", Fault], None]]

_COMMON = frozenset({"kind", "when", "on", "times", "for_seconds"})
#: What servers are started for: it is there from the start or not at all.
_BEFORE_SERVING = frozenset({"second_controller", "hidden", "library", "availability_group"})
#: Faults of setup itself: something of it must be on its way.
_OF_SETUP = frozenset({"setup_hangs", "setup_slow", "setup_fails", "setup_exit", "half_done"})


def switch_of(estate: Estate, fault: Fault, changes: Changes) -> Switch:
    """What switches a fault on. Raises FaultError or MomentError, whose text is the end of a sentence."""
    kind = str(fault.get("kind", ""))
    running = RUNTIME_FAULTS.get(kind)
    change = changes.get(kind)
    if running is None and change is None:
        raise FaultError(f"there is no fault {kind!r}")
    when = parse_moment(fault.get("when", running.when if running else START.kind), {*HANDLERS, *INSIDE_SCRIPTS})
    _require_places(estate, fault)
    if running is not None:
        _require_keys(fault, running)
        _require_known(fault, "server", estate.sql_servers)
        _require_node(fault, running, when)
    elif "for_seconds" in fault:
        passing = ", ".join(name for name, row in RUNTIME_FAULTS.items() if row.passes)
        raise FaultError(f"{kind} does not pass by itself: for_seconds goes with {passing}")
    if kind in _BEFORE_SERVING and when != START:
        raise FaultError(f'{kind} is there from the start or not at all: expected when = "start"')
    if kind in _OF_SETUP and when.kind not in ("setup", "uninstall"):
        raise FaultError(f'when = "{when}": {kind} needs a moment of setup, such as when = "setup 40%"')
    if running is not None:
        act = partial(running.act, estate, fault)
    else:
        assert change is not None
        act = partial(_change, estate, fault, change)
    return Switch(kind, when, act, str(fault.get("on", "")), _times(fault), _seconds(fault))


def _change(estate: Estate, fault: Fault, change: Callable[[Estate, Fault], None], where: str) -> Undo | None:
    """A change of the estate; one that is about a node and names none is about the node whose moment it is."""
    change(estate, {"node": where, **fault} if where else fault)
    estate.changed()
    return None


def _require_places(estate: Estate, fault: Fault) -> None:
    for key in ("on", "node"):
        _require_known(fault, key, estate.machines)


def _require_known(fault: Fault, key: str, known: Collection[str]) -> None:
    if key in fault and fault[key] not in known:
        raise FaultError(f"{key} = {fault[key]!r}: expected one of {', '.join(sorted(known))}")


def _require_keys(fault: Fault, running: RuntimeFault) -> None:
    known = running.keys | _COMMON
    for key in fault:
        if key not in known:
            raise FaultError(f"{fault['kind']} knows no {key!r}: expected {', '.join(sorted(known))}")
    if "for_seconds" in fault and not running.passes:
        raise FaultError(f"{fault['kind']} does not pass by itself: for_seconds says nothing")
    for key in sorted(running.needed - fault.keys()):
        raise FaultError(f"{fault['kind']} needs {key}")
    if fault["kind"] == "password_changed" and not fault.keys() & {"account", "login"}:
        raise FaultError("password_changed needs account (of the domain) or login (of a SQL Server)")


def _require_node(fault: Fault, running: RuntimeFault, when: Moment) -> None:
    if "node" in running.keys and when == START and not fault.keys() & {"node", "on"}:
        raise FaultError(f'{fault["kind"]} at the start needs node, such as node = "vmm01.contoso.lab"')


def _times(fault: Fault) -> int | None:
    value: Any = fault.get("times", 1)
    if value == "always":
        return None
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    raise FaultError(f'times = {value!r}: expected a number from 1, or "always"')


def _seconds(fault: Fault) -> float | None:
    value: Any = fault.get("for_seconds")
    if value is None:
        return None
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0:
        return float(value)
    raise FaultError(f"for_seconds = {value!r}: expected estate seconds above 0")
