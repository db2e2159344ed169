"""Faults that come while the estate runs: connections, machines that go away, passwords, disks, and setup itself.

Each takes the estate, the fault as its scenario has it, and the node whose moment it is; it gives what takes it back,
or None where nothing does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vmm_wizard.lab import contoso
from vmm_wizard.lab.setup_course import LEFTOVERS, Dialog, LateFailure, SuddenEnd
from vmm_wizard.lab.wire import Garbage

if TYPE_CHECKING:
    from vmm_wizard.lab.estate import Estate
    from vmm_wizard.lab.node import Node

Fault = Mapping[str, Any]
Undo = Callable[[], None]
#: Windows' default banner of a logon script, as a profile writes it before everything else.
BANNER = "WARNING: Authorized use only. All activity on this system is monitored."


class FaultError(ValueError):
    """A fault says something that cannot be. The text is a sentence's end."""


@dataclass(frozen=True)
class RuntimeFault:
    """A kind of fault. `keys` it may have (those with `node` are about one node, by default that of the moment).

    `passes`: `for_seconds` may end it. `when` is its moment where none is said.
    """

    act: Callable[[Estate, Fault, str], Undo | None]
    keys: frozenset[str]
    passes: bool = False
    when: str = "start"
    needed: frozenset[str] = frozenset()


def _node(estate: Estate, fault: Fault, where: str) -> Node:
    return estate.machines[fault.get("node", where)]


def _winrm_refused(estate: Estate, fault: Fault, where: str) -> Undo:
    """Connections are cut and refused."""
    return _node(estate, fault, where).wire.shut()


def _winrm_silent(estate: Estate, fault: Fault, where: str) -> Undo:
    """Connections are accepted, and nothing is ever answered."""
    return _node(estate, fault, where).wire.silence()


def _winrm_cut(estate: Estate, fault: Fault, where: str) -> Undo | None:
    """The answer that carries a script's output breaks off in the middle: the next one, or all for some seconds."""
    wire = _node(estate, fault, where).wire
    if "for_seconds" in fault:
        return wire.cut_all_answers()
    wire.cut_answers(fault.get("count", 1))
    return None


def _winrm_garbage(estate: Estate, fault: Fault, where: str) -> Undo | None:
    """A script's output arrives with something before or after it, or not whole: the next one, or all for a time."""
    wire = _node(estate, fault, where).wire
    spoils = fault.keys() & {"before", "after", "kept"}
    garbage = Garbage(
        fault.get("before", "" if spoils else BANNER), fault.get("after", ""), float(fault.get("kept", 1.0))
    )
    if "for_seconds" in fault:
        return wire.spoil_all(garbage)
    wire.spoil_next(garbage)
    return None


def _password_changed(estate: Estate, fault: Fault, where: str) -> Undo:  # noqa: ARG001
    """An account of the domain, or a SQL Server's own login, has another password from now on."""
    if "login" in fault:
        server = estate.sql_servers[fault.get("server", next(iter(estate.sql_servers)))]
        holder: Any = next(row for row in server.logins if row.name.casefold() == fault["login"].casefold())
    else:
        holder = estate.account(fault["account"])
    before, holder.password = holder.password, contoso.new_password()

    def back() -> None:
        holder.password = before

    return back


def _node_reboots(estate: Estate, fault: Fault, where: str) -> None:
    """Windows restarts, and is back after some estate seconds."""
    _node(estate, fault, where).power.restart(float(fault.get("for_seconds", 120)))


def _node_gone(estate: Estate, fault: Fault, where: str) -> None:
    """A node goes down and never comes back."""
    _node(estate, fault, where).power.restart(None)


def _dc_gone(estate: Estate, fault: Fault, where: str) -> Undo:  # noqa: ARG001
    """A domain controller answers nobody. Without any, nobody logs on."""
    return _away(estate, fault.get("host", contoso.DC))


def _sql_gone(estate: Estate, fault: Fault, where: str) -> Undo:  # noqa: ARG001
    """A SQL Server's service has ended: connections are cut and refused."""
    return _away(estate, fault.get("server", next(iter(estate.sql_servers))))


def _away(estate: Estate, host: str) -> Undo:
    estate.host_away(host)
    return lambda: estate.host_back(host)


def _disk_full(estate: Estate, fault: Fault, where: str) -> Undo:
    """Nothing more can be written on a node's system disk."""
    node = _node(estate, fault, where)
    disk = node.state.disks[0]
    before, disk.free, node.files.full = disk.free, 0, True

    def room() -> None:
        node.files.full, disk.free = False, before

    return room


def _clock_jump(estate: Estate, fault: Fault, where: str) -> Undo:
    """A node's date jumps by some seconds, forwards or back."""
    node = _node(estate, fault, where)
    node.date_shift += fault["seconds"]

    def back() -> None:
        node.date_shift -= fault["seconds"]

    return back


def _setup_hangs(estate: Estate, fault: Fault, where: str) -> None:
    """Setup stands at a dialog that nobody sees; with `for_seconds` somebody closes it."""
    title = fault.get("title", "Virtual Machine Manager Setup")
    _node(estate, fault, where).course.dialog = Dialog(title, fault.get("for_seconds"))


def _setup_slow(estate: Estate, fault: Fault, where: str) -> None:
    """The log stands still for some seconds, and the worker works."""
    _node(estate, fault, where).course.pause = float(fault["for_seconds"])


def _setup_fails(estate: Estate, fault: Fault, where: str) -> None:
    """Setup breaks with this line in its log, rolls back, and ends with an exit code."""
    text = fault.get("text", "The operation was not successful")
    failure = LateFailure(fault.get("name", "InvalidOperation"), text, fault.get("exit_code", 1))
    _node(estate, fault, where).course.failure = failure


def _setup_exit(estate: Estate, fault: Fault, where: str) -> None:
    """Setup does all that it does, and ends with another exit code."""
    _node(estate, fault, where).course.exit_code = fault["exit_code"]


def _half_done(estate: Estate, fault: Fault, where: str) -> None:
    """Setup's processes go away: what it has done stays, and so does what `leaves` names."""
    leaves = tuple(fault.get("leaves", ()))
    wrong = [name for name in leaves if name not in LEFTOVERS]
    if wrong:
        raise FaultError(f"leaves {wrong[0]!r}: expected some of {', '.join(LEFTOVERS)}")
    _node(estate, fault, where).course.sudden_end = SuddenEnd(leaves, fault.get("exit_code", 1))


def _keys(*names: str) -> frozenset[str]:
    return frozenset(names)


_MIDDLE, _LATE, _END = "setup 40%", "setup 96%", "setup 100%"

RUNTIME_FAULTS: Mapping[str, RuntimeFault] = {
    "winrm_refused": RuntimeFault(_winrm_refused, _keys("node"), passes=True),
    "winrm_silent": RuntimeFault(_winrm_silent, _keys("node"), passes=True),
    "winrm_cut": RuntimeFault(_winrm_cut, _keys("node", "count"), passes=True),
    "winrm_garbage": RuntimeFault(_winrm_garbage, _keys("node", "before", "after", "kept"), passes=True),
    "password_changed": RuntimeFault(_password_changed, _keys("account", "login", "server"), passes=True),
    "node_reboots": RuntimeFault(_node_reboots, _keys("node"), passes=True),
    "node_gone": RuntimeFault(_node_gone, _keys("node")),
    "dc_gone": RuntimeFault(_dc_gone, _keys("host"), passes=True),
    "sql_gone": RuntimeFault(_sql_gone, _keys("server"), passes=True),
    "disk_full": RuntimeFault(_disk_full, _keys("node"), passes=True),
    "clock_jump": RuntimeFault(_clock_jump, _keys("node", "seconds"), passes=True, needed=_keys("seconds")),
    "setup_hangs": RuntimeFault(_setup_hangs, _keys("title"), passes=True, when=_MIDDLE),
    "setup_slow": RuntimeFault(_setup_slow, _keys(), passes=True, when=_MIDDLE, needed=_keys("for_seconds")),
    "setup_fails": RuntimeFault(_setup_fails, _keys("name", "text", "exit_code"), when=_LATE),
    "setup_exit": RuntimeFault(_setup_exit, _keys("exit_code"), when=_END, needed=_keys("exit_code")),
    "half_done": RuntimeFault(_half_done, _keys("leaves", "exit_code"), when=_LATE),
}
