"""A process that has imported what the command may need, and becomes `vmm-wizard` once for each order: half of what a
command of a second costs is importing. `tests/commands.py` starts it, and gives the orders."""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import sys
import threading
from contextlib import suppress
from typing import Any

import vmm_wizard

#: What the product imports only where it is used; `lab` and the two faces of the wizard are not needed to come to a
#: verdict.
LATE = ("dns.resolver", "ldap3", "pyodbc", "pytds", "requests_ntlm", "winrm.encryption", "winrm.protocol")
LEFT_OUT = tuple(f"vmm_wizard.{name}" for name in ("__main__", "lab", "plain", "tui"))


def import_all() -> None:
    """Import what is imported late, too."""
    for name in LATE:
        importlib.import_module(name)
    for found in pkgutil.walk_packages(vmm_wizard.__path__, "vmm_wizard.", onerror=lambda _: None):
        if not found.name.startswith(LEFT_OUT):
            importlib.import_module(found.name)


def receive(control: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """The next order, and its files: standard output, standard error, and where its end is told. Raises EOFError."""
    head, files, _, _ = socket.recv_fds(control, 8, 3)
    if not head:
        raise EOFError
    length, body = int(head), b""
    while len(body) < length:
        body += control.recv(length - len(body))
    return json.loads(body), files


def speak_into(out: int, err: int) -> None:
    """Make these files standard output and standard error, as Python opens them where no terminal is."""
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.close(out)
    os.close(err)
    encoding, errors = sys.stdout.encoding, sys.stdout.errors
    sys.stdout = sys.__stdout__ = os.fdopen(1, "w", encoding=encoding, errors=errors, closefd=False)  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = os.fdopen(  # type: ignore[misc]
        2, "w", buffering=1, encoding=encoding, errors="backslashreplace", closefd=False
    )


def forget_the_dead() -> None:
    """Let the system forget the children that have ended; what they took of the processor counts as this process'."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def await_order(control: socket.socket) -> list[str]:
    """Fork for each order; return in the child, with its arguments, as the process that is to carry it out. Raises
    EOFError when nobody gives orders any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        order, (out, err, told) = receive(control)
        forget_the_dead()
        if os.fork() == 0:
            break
        for file in (out, err, told):
            os.close(file)
    control.close()
    child = os.fork()
    if child:
        # Only tells how the other one ends: whoever reads its output must see that end.
        os.close(out)
        os.close(err)
        os.write(told, b"%d\n" % child)
        _, status = os.waitpid(child, 0)
        os.write(told, b"%d\n" % os.waitstatus_to_exitcode(status))
        os._exit(0)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    speak_into(out, err)
    os.close(told)
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    arguments: list[str] = order["arguments"]
    return arguments


def main() -> None:
    """Carry out orders that come over the socket named by the first argument."""
    import_all()
    gc.freeze()
    assert threading.active_count() == 1, "a process with threads cannot be forked"
    try:
        arguments = await_order(socket.socket(fileno=int(sys.argv[1])))
    except EOFError:
        forget_the_dead()
        return
    sys.argv[1:] = arguments
    runpy.run_module("vmm_wizard", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
